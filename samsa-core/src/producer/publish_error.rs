//! Why a record failed, and the record itself, which the failed batch keeps.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{self, Flags, Record, Sealed};

use crate::error::{AppendError, Certainty, PublishFailure};
use crate::producer::record::{OutgoingRecord, OwnedRecord};
use crate::time::{Now, UnixMillis};

/// Why an accepted record has no [`Receipt`](crate::Receipt). Cheap to clone: it shares its batch.
#[derive(Clone)]
pub struct PublishError {
    batch: Arc<FailedBatch>,
    index: u32,
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
    Record(OwnedRecord),
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
        Self { batch, index }
    }

    /// Of a record that was not even accepted, for callers who await its outcome all the same.
    #[cold]
    pub fn not_accepted(topic: &Arc<str>, record: &OutgoingRecord<'_>, now: Now, error: AppendError) -> Self {
        let failure = match error {
            AppendError::Closed => PublishFailure::Closed,
            error => PublishFailure::Unacceptable(error),
        };
        let batch = FailedBatch {
            topic: Arc::clone(topic),
            partition: record.partition,
            failure,
            certainty: Certainty::NotSent,
            kept: Kept::Record(OwnedRecord::new(record, now)),
        };
        Self::new(Arc::new(batch), 0)
    }

    /// Whether the record may be in the log all the same.
    pub fn certainty(&self) -> Certainty {
        self.batch.certainty
    }

    /// What went wrong.
    pub fn failure(&self) -> &PublishFailure {
        &self.batch.failure
    }

    /// Whether publishing the same record again may succeed. When it is [`PossiblySent`](Certainty::PossiblySent),
    /// that may store it twice.
    pub fn is_retriable(&self) -> bool {
        match &self.batch.failure {
            PublishFailure::TimedOut { .. } => true,
            PublishFailure::Refused(code) => code.is_retriable(),
            PublishFailure::Unacceptable(_) | PublishFailure::Closed => false,
        }
    }

    /// The record, decoded from its batch at each call.
    pub fn message(&self) -> FailedMessage {
        match &self.batch.kept {
            Kept::Record(record) => self.kept_record(record),
            Kept::Batch(sealed) => self.decode(sealed).unwrap_or_else(|| self.empty()),
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

    /// None only for a batch that its own builder would not have made.
    fn decode(&self, sealed: &Sealed) -> Option<FailedMessage> {
        let mut found = None;
        each_record(sealed, |index, record| {
            if index == self.index {
                found = Some(self.decoded(record));
            }
        });
        found
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
        self.index == other.index && Arc::ptr_eq(&self.batch, &other.batch)
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
    fn a_topic_is_named_once() {
        let topic: Arc<str> = "lines".into();
        let error = AppendError::UnknownPartition { topic: Arc::clone(&topic), partition: 9, count: 4 };
        let error = PublishError::not_accepted(&topic, &OutgoingRecord::default(), Now::default(), error);
        assert_eq!(
            error.to_string(),
            "topic \"lines\" has no partition 9: it has 4; the message was not written"
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
