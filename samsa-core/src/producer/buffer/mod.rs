//! The batch buffer: where application threads put records and the sender takes batches.
//!
//! ```text
//! BatchBuffer ── Store: limits, memory, idle buffers, ready list, driver's bell
//!    └ TopicBuffer ── TopicBatches
//!         ├ unsettled   records from before the topic's partitions and formats are known, unencoded, in order
//!         ├ bound       a lane for each partition: records with a key or an explicit partition
//!         └ free        a few lanes for keyless records, chosen by thread; a batch gets its partition when it is taken
//! ```
//!
//! To append is to read one number (how many partitions there are), to hold one lane's mutex, and to write the record
//! once, where it stays. Memory is charged, buffers are taken, the ready list and the bell are touched only when a
//! batch is opened, grows, or is full. The protocol between threads and sender is told in `lane`, that of waiting for
//! room in `memory`, that of closing in `store`.

mod lane;
mod memory;
mod open_batch;
mod pool;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod together;
mod topic;
mod unsettled;

pub(crate) use lane::{Form, Lane, LaneId, LaneKind, Look};
pub(crate) use open_batch::LaneBatch;
pub(crate) use store::Store;
pub use together::Room;
pub(crate) use topic::TopicBatches;
pub use topic::TopicBuffer;
pub(crate) use unsettled::UnsettledRecord;

use std::sync::Arc;

use crate::config::PublishConfig;
use crate::wake::DriverSignal;

/// Where an application publishes: one for each publisher, that is for each set of acknowledgement, compression and
/// linger. Clones share everything.
#[derive(Clone, Debug)]
pub struct BatchBuffer {
    store: Arc<Store>,
}

impl BatchBuffer {
    pub(crate) fn new(config: &PublishConfig, driver: Arc<DriverSignal>) -> Self {
        Self { store: Arc::new(Store::new(config, driver)) }
    }

    /// The buffer of a topic, which need not exist yet; the same for the same name.
    pub fn topic(&self, name: &str) -> TopicBuffer {
        TopicBuffer::new(self.store.topic(name), Arc::clone(&self.store))
    }

    /// Bytes that are held for records which have no outcome yet.
    pub fn used_bytes(&self) -> usize {
        self.store.used()
    }

    /// The most bytes that are held at once.
    pub fn limit_bytes(&self) -> usize {
        self.store.limit()
    }

    /// Bytes of records at which a batch is full.
    pub fn batch_bytes(&self) -> usize {
        self.store.batch_bytes()
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }
}
