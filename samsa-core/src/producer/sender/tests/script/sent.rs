//! Requests as brokers of a script see them.

use bytes::Bytes;
use samsa_proto::records::{self, OwnedBatch};

use crate::id::ConnId;

/// A request as a broker sees it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) broker: i32,
    pub(crate) conn: ConnId,
    pub(crate) version: i16,
    pub(crate) token: u64,
    pub(crate) acks: i16,
    pub(crate) timeout_ms: i32,
    pub(crate) batches: Vec<SentBatch>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentBatch {
    pub(crate) topic: String,
    pub(crate) id: [u8; 16],
    pub(crate) partition: i32,
    pub(crate) wire: Bytes,
}

impl SentBatch {
    pub(crate) fn read(&self) -> OwnedBatch {
        let batch = records::batches(&self.wire).next().unwrap().unwrap();
        batch.verify().unwrap();
        batch.into_owned(&self.wire, 1 << 30).unwrap()
    }

    pub(crate) fn values(&self) -> Vec<String> {
        let batch = self.read();
        let values = batch.records().map(|record| record.unwrap().value().unwrap_or_default().to_vec());
        values.map(|value| String::from_utf8(value).unwrap()).collect()
    }
}

impl Sent {
    pub(crate) fn partitions(&self) -> Vec<i32> {
        self.batches.iter().map(|batch| batch.partition).collect()
    }

    pub(crate) fn values(&self) -> Vec<String> {
        self.batches.iter().flat_map(SentBatch::values).collect()
    }
}
