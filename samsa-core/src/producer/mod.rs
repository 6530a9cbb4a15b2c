//! Publishing: the buffer that is shared with the application's threads, and the sender that empties it.

mod buffer;
pub(crate) mod compression;
mod outcome;
pub(crate) mod partitioner;
mod publish_error;
mod record;
mod sender;
#[cfg(test)]
mod tests;
mod ticket;
mod waiting;

pub use buffer::{BatchBuffer, Room, TopicBuffer};
pub use compression::{CompressedBatch, CompressionJob};
pub use partitioner::{CustomPartitioner, Partitioner};
pub use publish_error::{FailedMessage, PublishError};
pub use record::{OutgoingRecord, OutgoingSet};
pub use ticket::{Receipt, SetReceipt, SetTicket, Ticket};

use std::sync::Arc;

use bytes::Bytes;

use crate::cluster::Cluster;
use crate::config::Config;
use crate::connection::{Failure, Network, Peer, Role};
use crate::explanation::Explanation;
use crate::id::{JobId, OpId};
use crate::intent::JobOutput;
use crate::metrics::{PublishMetrics, PublishedPartition};
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::{Deadline, Instant};
use crate::wake::DriverSignal;
use sender::{Sender, Surroundings};

/// What happened, for the producer.
#[derive(Debug)]
pub(crate) enum ProducerInput {
    BatchesReady,
    MetadataChanged,
    /// The broker that is asked what any could answer is there, or is another one.
    ContactChanged,
    Ready {
        peer: Peer,
    },
    Unreachable {
        peer: Peer,
        reason: String,
    },
    Response {
        token: u64,
        version: i16,
        frame: Bytes,
    },
    Failed {
        token: u64,
        failure: Failure,
    },
    Computed {
        id: JobId,
        output: JobOutput,
    },
    Tick,
    Flush {
        op: OpId,
        until: Instant,
    },
    Close {
        op: OpId,
        until: Instant,
    },
    /// Nobody waits for the answer to this flush any more.
    Forget {
        op: OpId,
    },
}

/// One publisher: its buffer and its sender.
#[derive(Debug)]
pub(crate) struct Producer {
    buffer: BatchBuffer,
    sender: Sender,
}

impl Producer {
    pub(crate) fn new(config: &Config, driver: Arc<DriverSignal>, rng: Rng) -> Self {
        let buffer = BatchBuffer::new(&config.publish, driver);
        let sender = Sender::new(config, Arc::clone(buffer.store()), rng);
        Self { buffer, sender }
    }

    pub(crate) fn buffer(&self) -> BatchBuffer {
        self.buffer.clone()
    }

    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, input: ProducerInput) {
        self.sender.handle(&mut Surroundings { cx, cluster }, input);
    }

    /// A close was answered: every record that was accepted has its outcome.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(crate) fn deadline(&self, net: &Network) -> Option<Deadline> {
        self.sender.deadline(&|broker| net.late_from(Peer::Broker(broker), Role::Produce), &|broker| {
            net.held_from(Peer::Broker(broker), Role::Produce)
        })
    }

    /// The driver goes: every record and every waiting command gets its outcome.
    pub(crate) fn abort(&mut self, out: &mut Out) {
        self.sender.abort(out);
    }

    pub(crate) fn metrics(&self) -> (PublishMetrics, Vec<PublishedPartition>) {
        self.sender.metrics()
    }

    /// Holds what is under way to [`limits`](crate::limits).
    pub(crate) fn assert_bounds(&self) {
        self.sender.assert_bounds();
    }

    /// What is charged stays within its limit, but for one batch that grows or is written anew; nothing is left of it when the
    /// last record has its outcome, but for room that the application keeps.
    pub(crate) fn assert_memory(&self) {
        let store = self.buffer.store();
        let (used, limit) = (store.used(), store.limit());
        let most = limit.saturating_add(2 * store.batch_bytes());
        assert!(used <= most, "{used} bytes are charged for records, of {limit}");
        let lent = store.lent();
        let is_empty = !self.is_closed() || used == lent;
        assert!(is_empty, "{used} bytes are charged after the close, and {lent} lent");
    }

    pub(crate) fn explain(&self, now: Instant, explanation: &mut Explanation) {
        self.sender.explain(now, explanation);
    }
}
