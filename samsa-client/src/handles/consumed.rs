//! What is read.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use samsa_core::{OwnedRecord, UnixMillis};

/// A message that was read: owned, to keep or to send elsewhere.
///
/// It holds on to the memory of the batch it came in. Where that is too much, copy what is wanted; where copying is too
/// much, read [chunks](crate::Reader::next_chunk).
#[derive(Clone, PartialEq, Eq)]
pub struct ConsumedMessage {
    topic: Arc<str>,
    partition: i32,
    record: OwnedRecord,
}

impl ConsumedMessage {
    pub(crate) fn new(topic: Arc<str>, partition: i32, record: OwnedRecord) -> Self {
        Self { topic, partition, record }
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The partition's number.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// Its offset in the partition. Offsets grow, but not always by one.
    pub fn offset(&self) -> i64 {
        self.record.offset
    }

    /// When it was made, or appended, as the topic has it; `None` where nobody said, and before Kafka 0.10.
    pub fn timestamp(&self) -> Option<UnixMillis> {
        self.record.timestamp
    }

    /// Its key, if it has one.
    pub fn key(&self) -> Option<&[u8]> {
        self.record.key.as_deref()
    }

    /// Its value; `None` is a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        self.record.value.as_deref()
    }

    /// Its headers, in the order in which they were written: a name, UTF-8 by custom, and a value that may be null.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        self.record.headers.iter().map(|(name, value)| (&name[..], value.as_deref()))
    }

    /// The key, to keep apart.
    pub fn key_bytes(&self) -> Option<Bytes> {
        self.record.key.clone()
    }

    /// The value, to keep apart.
    pub fn value_bytes(&self) -> Option<Bytes> {
        self.record.value.clone()
    }
}

impl fmt::Debug for ConsumedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumedMessage")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.record.offset)
            .field("key", &self.record.key)
            .field("value", &self.record.value)
            .finish_non_exhaustive()
    }
}
