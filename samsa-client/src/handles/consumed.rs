//! What is read.

use std::fmt;

use bytes::Bytes;
use samsa_core::{OwnedRecord, UnixMillis};

/// A message that was read: owned, to keep or to send elsewhere.
///
/// It holds on to the memory of the batch it came in. Where that is too much, copy what is wanted; where copying is too
/// much, read [chunks](crate::Reader::next_chunk).
#[derive(Clone, PartialEq, Eq)]
pub struct ConsumedMessage {
    record: OwnedRecord,
}

impl ConsumedMessage {
    #[inline]
    pub(crate) fn new(record: OwnedRecord) -> Self {
        Self { record }
    }

    pub(crate) fn record(&self) -> &OwnedRecord {
        &self.record
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        self.record.topic()
    }

    /// The partition's number.
    pub fn partition(&self) -> i32 {
        self.record.partition()
    }

    /// Its offset in the partition. Offsets grow, but not always by one.
    #[inline]
    pub fn offset(&self) -> i64 {
        self.record.offset()
    }

    /// When it was made, or appended, as the topic has it; `None` where nobody said, and before Kafka 0.10.
    #[inline]
    pub fn timestamp(&self) -> Option<UnixMillis> {
        self.record.timestamp()
    }

    /// Its key, if it has one.
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        self.record.key()
    }

    /// Its value; `None` is a tombstone.
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        self.record.value()
    }

    /// Its headers, in the order in which they were written: a name, UTF-8 by custom, and a value that may be null.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        self.record.headers()
    }

    /// The key, to keep apart.
    pub fn key_bytes(&self) -> Option<Bytes> {
        self.record.key_bytes()
    }

    /// The value, to keep apart.
    pub fn value_bytes(&self) -> Option<Bytes> {
        self.record.value_bytes()
    }
}

impl fmt::Debug for ConsumedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumedMessage")
            .field("topic", &self.topic())
            .field("partition", &self.partition())
            .field("offset", &self.offset())
            .field("key", &self.key_bytes())
            .field("value", &self.value_bytes())
            .finish_non_exhaustive()
    }
}
