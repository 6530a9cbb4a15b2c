//! Publishing: the buffer that is shared with the application's threads, and the sender that empties it.

mod buffer;
mod compression;
mod outcome;
mod partitioner;
mod publish_error;
mod record;
mod waiting;

pub use buffer::{BatchBuffer, TopicBuffer};
pub use compression::{CompressedBatch, CompressionJob};
pub use outcome::{Receipt, Ticket};
pub use publish_error::{FailedMessage, PublishError};
pub use record::OutgoingRecord;

use std::sync::Arc;

use bytes::Bytes;

use crate::cluster::Cluster;
use crate::command::Waiting;
use crate::config::Config;
use crate::connection::{Failure, Peer};
use crate::id::{JobId, OpId};
use crate::intent::JobOutput;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::{Deadline, Instant};
use crate::wake::DriverSignal;

/// What happened, for the producer.
#[derive(Debug)]
pub(crate) enum ProducerInput {
    BatchesReady,
    MetadataChanged,
    Ready { peer: Peer },
    Unreachable { peer: Peer, reason: String },
    Response { token: u64, version: i16, frame: Bytes },
    Failed { token: u64, failure: Failure },
    Computed { id: JobId, output: JobOutput },
    Tick,
    Flush { op: OpId, until: Instant },
    Close { op: OpId, until: Instant },
}

#[derive(Debug)]
pub(crate) struct Producer {
    buffer: BatchBuffer,
}

impl Producer {
    pub(crate) fn new(config: &Config, driver: Arc<DriverSignal>, _rng: Rng) -> Self {
        Self { buffer: BatchBuffer::new(&config.publish, driver) }
    }

    pub(crate) fn buffer(&self) -> BatchBuffer {
        self.buffer.clone()
    }

    pub(crate) fn handle(&mut self, _cx: &mut Context<'_>, _cluster: &mut Cluster, _input: ProducerInput) {}

    pub(crate) fn is_closed(&self) -> bool {
        false
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        None
    }

    pub(crate) fn abort(&mut self, _out: &mut Out) {}

    pub(crate) fn explain(&self, _into: &mut Vec<Waiting>) {}
}
