//! Why a record failed, and the record itself, which the failed batch keeps.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{self, Flags, Record, Sealed};

use crate::error::{AppendError, Certainty, PublishFailure};
use crate::producer::record::{OutgoingRecord, OutgoingSet, OwnedRecord, OwnedSet};
use crate::time::{Now, UnixMillis};

/// Why an accepted record has no [`Receipt`](crate::Receipt). Cheap to clone: it shares its batch.
#[derive(Clone)]
pub struct PublishError {
    batch: Arc<FailedBatch>,
    index: u32,
    count: u32,
}

/// A batch that was given up.
#[derive(Debug)]
pub(crate) struct FailedBatch {
    pub(crate) topic: Arc<str>,
    /// Its partition, if it had one.
    pub(crate) partition: Option<i32>,
    pub(crate) failure: PublishFailure,
    pub(crate) certainty: Certainty,
    pub(crate) kept: Kept,
}

/// The records of a failed batch.
#[derive(Debug)]
pub(crate) enum Kept {
    Batch(Sealed),
    Records(Vec<OwnedRecord>),
}

/// A record that was not acknowledged, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedMessage {
    /// Its topic.
    pub topic: Arc<str>,
    /// The partition that it was bound to when it failed.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers in order.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// The timestamp that it would have been stored with; `None` where the format has none.
    pub timestamp: Option<UnixMillis>,
}

impl PublishError {
    pub(crate) fn new(batch: Arc<FailedBatch>, index: u32) -> Self {
        Self { batch, index, count: 1 }
    }

    /// Of so many records that were to stay together.
    pub(crate) fn of_set(batch: Arc<FailedBatch>, first: u32, count: u32) -> Self {
        Self { batch, index: first, count }
    }

    /// Of a record that was not even accepted, for callers who await its outcome all the same.
    #[cold]
    pub fn not_accepted(topic: &Arc<str>, record: &OutgoingRecord<'_>, now: Now, error: AppendError) -> Self {
        Self::of_kept(topic, record.partition, OwnedSet::of_one(record, now), error)
    }

    /// The same of a set.
    #[cold]
    pub fn set_not_accepted(topic: &Arc<str>, set: &OutgoingSet<'_>, now: Now, error: AppendError) -> Self {
        Self::of_kept(topic, set.partition, OwnedSet::new(set, now), error)
    }

    fn of_kept(topic: &Arc<str>, partition: Option<i32>, kept: OwnedSet, error: AppendError) -> Self {
        let failure = match error {
            AppendError::Closed => PublishFailure::Closed,
            error => PublishFailure::Unacceptable(error),
        };
        let count = kept.records.len() as u32;
        let batch = FailedBatch {
            topic: Arc::clone(topic),
            partition,
            failure,
            certainty: Certainty::NotSent,
            kept: Kept::Records(kept.records),
        };
        Self::of_set(Arc::new(batch), 0, count)
    }

    /// Whether the record may be in the log all the same.
    pub fn certainty(&self) -> Certainty {
        self.batch.certainty
    }

    /// What went wrong.
    pub fn failure(&self) -> &PublishFailure {
        &self.batch.failure
    }

    /// Whether publishing the same record again may succeed, with nothing changed. When it is
    /// [`PossiblySent`](Certainty::PossiblySent), that may store it twice.
    pub fn is_retriable(&self) -> bool {
        self.batch.failure.is_retriable()
    }

    /// The record, decoded from its batch at each call; of a set the first.
    pub fn message(&self) -> FailedMessage {
        self.decode(1).pop().unwrap_or_else(|| self.empty())
    }

    /// The records of a set in order, decoded from their batch at each call; of a single record, that one.
    pub fn messages(&self) -> Vec<FailedMessage> {
        self.decode(self.count)
    }

    /// So many records from the first on; none only for a batch that its own builder would not have made.
    fn decode(&self, count: u32) -> Vec<FailedMessage> {
        let wanted = self.index..self.index.saturating_add(count);
        match &self.batch.kept {
            Kept::Records(records) => {
                let kept = records.get(wanted.start as usize..).unwrap_or_default();
                kept.iter().take(count as usize).map(|record| self.kept_record(record)).collect()
            }
            Kept::Batch(sealed) => {
                let mut found = Vec::new();
                each_record(sealed, |index, record| {
                    if wanted.contains(&index) {
                        found.push(self.decoded(record));
                    }
                });
                found
            }
        }
    }

    fn empty(&self) -> FailedMessage {
        FailedMessage {
            topic: Arc::clone(&self.batch.topic),
            partition: self.batch.partition,
            key: None,
            value: None,
            headers: Vec::new(),
            timestamp: None,
        }
    }

    fn kept_record(&self, record: &OwnedRecord) -> FailedMessage {
        FailedMessage {
            partition: record.partition,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
            timestamp: Some(record.timestamp),
            ..self.empty()
        }
    }

    fn decoded(&self, record: &Record<'_>) -> FailedMessage {
        let headers = record.headers();
        let headers =
            headers.map(|header| (header.key().into_owned(), header.value().map(Bytes::copy_from_slice)));
        FailedMessage {
            key: record.key().map(Bytes::copy_from_slice),
            value: record.value().map(Bytes::copy_from_slice),
            headers: headers.collect(),
            timestamp: (record.timestamp() != records::NO_TIMESTAMP)
                .then_some(UnixMillis(record.timestamp())),
            ..self.empty()
        }
    }
}

/// Goes through the records of a batch that was made here, with their places in it.
pub(crate) fn each_record(sealed: &Sealed, mut each: impl FnMut(u32, &Record<'_>)) {
    let header = sealed.header(None, Flags::default());
    let mut wire = BytesMut::with_capacity(header.len() + sealed.body().len());
    wire.extend_from_slice(&header);
    wire.extend_from_slice(sealed.body());
    let wire = wire.freeze();
    let mut index = 0;
    for batch in records::batches(&wire).map_while(Result::ok) {
        // Our own records: what they take when decompressed was bounded when they were appended.
        let Ok(batch) = batch.into_owned(&wire, usize::MAX) else { return };
        for record in batch.records().map_while(Result::ok) {
            each(index, &record);
            index += 1;
        }
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.batch.failure.names_topic() {
            write!(f, "topic {:?}", self.batch.topic)?;
            if let Some(partition) = self.batch.partition {
                write!(f, " partition {partition}")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", self.batch.failure)?;
        f.write_str(match self.batch.certainty {
            Certainty::NotSent => "; the message was not written",
            Certainty::PossiblySent => "; the message may have been written",
        })
    }
}

impl fmt::Debug for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishError")
            .field("topic", &self.batch.topic)
            .field("partition", &self.batch.partition)
            .field("failure", &self.batch.failure)
            .field("certainty", &self.batch.certainty)
            .finish_non_exhaustive()
    }
}

impl PartialEq for PublishError {
    fn eq(&self, other: &Self) -> bool {
        (self.index, self.count) == (other.index, other.count) && Arc::ptr_eq(&self.batch, &other.batch)
    }
}

impl std::error::Error for PublishError {}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_proto::ErrorCode;
    use samsa_proto::records::{Builder, Codec, Format, Header};

    fn failed(kept: Kept, failure: PublishFailure) -> Arc<FailedBatch> {
        let topic = Arc::from("events");
        Arc::new(FailedBatch { topic, partition: Some(1), failure, certainty: Certainty::NotSent, kept })
    }

    fn batch(format: Format) -> Sealed {
        let mut builder = Builder::new(BytesMut::new(), format);
        builder.append(10, None, Some(b"first"), []).unwrap();
        builder.append(11, Some(b"k"), None, []).unwrap();
        builder.seal()
    }

    #[test]
    fn a_message_is_decoded_from_its_failed_batch_in_every_format_compressed_or_not() {
        for format in [Format::V0, Format::V1, Format::V2] {
            for codec in [Codec::None, Codec::Lz4] {
                let sealed = batch(format).compress(codec, None).unwrap();
                let error = PublishError::new(failed(Kept::Batch(sealed), PublishFailure::Closed), 1);
                let message = error.message();
                assert_eq!((message.key.as_deref(), message.value), (Some(&b"k"[..]), None), "{format:?}");
                let timestamp = (format != Format::V0).then_some(UnixMillis(11));
                assert_eq!(message.timestamp, timestamp);
            }
        }
    }

    #[test]
    fn the_messages_of_a_failed_set_come_back_in_order() {
        let error =
            PublishError::of_set(failed(Kept::Batch(batch(Format::V2)), PublishFailure::Closed), 0, 2);
        let values: Vec<_> = error.messages().into_iter().map(|message| message.value).collect();
        assert_eq!(values, [Some(Bytes::from_static(b"first")), None]);
        assert_eq!(error.message().value.as_deref(), Some(&b"first"[..]));

        let records = [OutgoingRecord { value: Some(b"a"), ..Default::default() }; 3];
        let set = OutgoingSet { key: Some(b"k"), records: &records, ..Default::default() };
        let error = PublishError::set_not_accepted(&"t".into(), &set, Now::default(), AppendError::Closed);
        assert_eq!(error.messages().len(), 3);
        assert!(error.messages().iter().all(|message| message.key.as_deref() == Some(b"k")));
    }

    #[test]
    fn a_topic_is_named_once() {
        let topic: Arc<str> = "lines".into();
        let error = AppendError::UnknownPartition { topic: Arc::clone(&topic), partition: 9, count: 4 };
        let error = PublishError::not_accepted(&topic, &OutgoingRecord::default(), Now::default(), error);
        assert_eq!(
            error.to_string(),
            "topic \"lines\" has no partition 9: it has 4, from 0 on; name one of these, or none; the message was not written"
        );
    }

    #[test]
    fn headers_come_back_with_the_message() {
        let mut builder = Builder::new(BytesMut::new(), Format::V2);
        builder.append(10, None, None, [Header::new("trace", Some(b"7"))]).unwrap();
        let error = PublishError::new(failed(Kept::Batch(builder.seal()), PublishFailure::Closed), 0);
        assert_eq!(error.message().headers, [("trace".to_owned(), Some(Bytes::from_static(b"7")))]);
    }

    #[test]
    fn the_text_says_where_why_and_whether_it_was_written() {
        let failure = PublishFailure::Refused(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        let error = PublishError::new(failed(Kept::Batch(batch(Format::V2)), failure), 0);
        let text = error.to_string();
        assert!(text.starts_with("topic \"events\" partition 1: refused by the broker: "), "{text}");
        assert!(text.ends_with("; the message was not written"), "{text}");
        assert!(!error.is_retriable());
    }
}
