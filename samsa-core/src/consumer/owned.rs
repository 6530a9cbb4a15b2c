//! A record that outlives its chunk.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use samsa_proto::records::{OwnedBatch, Record};

use crate::time::UnixMillis;

/// What all records of a chunk share, so that each of them holds on to one thing only.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) turn: u64,
    pub(super) batch: OwnedBatch,
}

/// A record that can be kept and sent elsewhere. It holds on to the memory of its chunk.
#[derive(Clone)]
pub struct OwnedRecord {
    kept: Arc<Kept>,
    offset: i64,
    timestamp: Option<UnixMillis>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<(Range<usize>, Option<Range<usize>>)>,
}

impl OwnedRecord {
    #[inline]
    pub(super) fn new(kept: &Arc<Kept>, record: &Record<'_>) -> Self {
        let place = |part| kept.batch.place_of(part);
        Self {
            offset: record.offset(),
            timestamp: (record.timestamp() >= 0).then(|| UnixMillis(record.timestamp())),
            key: record.key().map(place),
            value: record.value().map(place),
            headers: record
                .headers()
                .map(|header| (place(header.key_bytes()), header.value().map(place)))
                .collect(),
            kept: Arc::clone(kept),
        }
    }

    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        &self.kept.topic
    }

    /// The partition's number.
    pub fn partition(&self) -> i32 {
        self.kept.partition
    }

    /// In which turn of its partition it was handed out.
    pub(super) fn turn(&self) -> u64 {
        self.kept.turn
    }

    /// Its offset in the partition.
    #[inline]
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// When it was made or appended, as the topic has it; `None` where nobody said, and before Kafka 0.10.
    #[inline]
    pub fn timestamp(&self) -> Option<UnixMillis> {
        self.timestamp
    }

    /// Its key; null is not empty.
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        self.key.as_ref().map(|key| self.part(key))
    }

    /// Its value; null deletes its key when the topic is compacted.
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_ref().map(|value| self.part(value))
    }

    /// Its headers in their order, names as they were written (UTF-8 by custom).
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        self.headers
            .iter()
            .map(|(name, value)| (self.part(name), value.as_ref().map(|value| self.part(value))))
    }

    /// The key, with a share of the memory.
    pub fn key_bytes(&self) -> Option<Bytes> {
        self.key().map(|key| self.kept.batch.share(key))
    }

    /// The value, with a share of the memory.
    pub fn value_bytes(&self) -> Option<Bytes> {
        self.value().map(|value| self.kept.batch.share(value))
    }

    #[inline]
    fn part(&self, place: &Range<usize>) -> &[u8] {
        &self.kept.batch.bytes()[place.clone()]
    }
}

/// What they say, and where they stand.
impl PartialEq for OwnedRecord {
    fn eq(&self, other: &Self) -> bool {
        (self.topic(), self.partition(), self.offset, self.timestamp)
            == (other.topic(), other.partition(), other.offset, other.timestamp)
            && (self.key(), self.value()) == (other.key(), other.value())
            && self.headers().eq(other.headers())
    }
}

impl Eq for OwnedRecord {}

impl fmt::Debug for OwnedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedRecord")
            .field("topic", self.topic())
            .field("partition", &self.partition())
            .field("offset", &self.offset)
            .field("key", &self.key_bytes())
            .field("value", &self.value_bytes())
            .finish_non_exhaustive()
    }
}
