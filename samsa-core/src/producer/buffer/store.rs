//! What all lanes of one publisher share: limits, memory, idle buffers, and the way to the sender.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use samsa_proto::records::HEADER_LEN;

use super::lane::LaneId;
use super::memory::Memory;
use super::pool::Pool;
use super::topic::TopicBatches;
use crate::config::PublishConfig;
use crate::limits;
use crate::producer::partitioner::Partitioner;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::wake::{DriverSignal, Notices, Wakers, lock};

#[derive(Debug)]
pub(crate) struct Store {
    batch_bytes: usize,
    message_bytes: usize,
    partitioner: Partitioner,
    closed: AtomicBool,
    /// The first thread that published without a key.
    first_thread: OnceLock<u64>,
    driver: Arc<DriverSignal>,
    memory: Memory,
    pool: Pool,
    /// Lanes that the sender has to look at; each is here once at most.
    ready: Mutex<Vec<LaneId>>,
    topics: Mutex<Topics>,
}

#[derive(Debug, Default)]
struct Topics {
    by_name: BTreeMap<Arc<str>, Arc<TopicBatches>>,
    by_index: Vec<Arc<TopicBatches>>,
}

impl Store {
    pub(super) fn new(config: &PublishConfig, driver: Arc<DriverSignal>) -> Self {
        let message_bytes = config.message_bytes.min(config.buffer_bytes);
        Self {
            batch_bytes: config.batch_bytes.min(message_bytes).saturating_sub(HEADER_LEN).max(1),
            message_bytes,
            partitioner: config.partitioner.clone(),
            closed: AtomicBool::new(false),
            first_thread: OnceLock::new(),
            driver,
            memory: Memory::new(config.buffer_bytes),
            pool: Pool::new(config.buffer_bytes / 4),
            ready: Mutex::default(),
            topics: Mutex::default(),
        }
    }

    /// Bytes of records, without the header, at which a batch is full.
    #[inline]
    pub(in crate::producer) fn batch_bytes(&self) -> usize {
        self.batch_bytes
    }

    /// The largest message that there is ever room for, alone in a batch with its header.
    pub(super) fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// A record that takes no more than this is within the limit, whatever its exact size.
    #[inline]
    pub(super) fn carefree_bytes(&self) -> usize {
        self.message_bytes.saturating_sub(HEADER_LEN)
    }

    #[inline]
    pub(super) fn partitioner(&self) -> &Partitioner {
        &self.partitioner
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Looked at under the mutex of a lane or of a topic. [`close`](Self::close) passes through all of these.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Puts a lane on the ready list. Called with the lane's mutex held.
    pub(super) fn list(&self, lane: LaneId) {
        lock(&self.ready).push(lane);
    }

    /// Tells the driver that batches changed. Called without any mutex.
    pub(super) fn signal(&self) {
        self.driver.notify(Notices::BATCHES);
    }

    /// Somebody found no room: what lingers has to go.
    pub(super) fn press(&self) {
        if self.memory.press() {
            self.signal();
        }
    }

    /// Which slot the calling thread's keyless records go to; the first thread's is slot 0.
    #[inline]
    pub(super) fn free_slot(&self) -> usize {
        let thread = thread_number();
        let first = *self.first_thread.get_or_init(|| thread);
        thread.wrapping_sub(first) as usize % limits::FREE_SLOTS
    }

    /// The topic's lanes; the same for the same name. When there are too many topics already, one that takes nothing.
    pub(super) fn topic(&self, name: &str) -> Arc<TopicBatches> {
        let mut topics = lock(&self.topics);
        if let Some(topic) = topics.by_name.get(name) {
            return Arc::clone(topic);
        }
        let index = topics.by_index.len();
        if index >= limits::TOPICS {
            return Arc::new(TopicBatches::refusing(Arc::from(name)));
        }
        let topic = Arc::new(TopicBatches::new(Arc::from(name), index as u32));
        topics.by_name.insert(Arc::clone(topic.name()), Arc::clone(&topic));
        topics.by_index.push(Arc::clone(&topic));
        topic
    }

    /// The topics from this number on, which the sender has not seen.
    pub(crate) fn topics_from(&self, index: usize) -> Vec<Arc<TopicBatches>> {
        lock(&self.topics).by_index.get(index..).unwrap_or_default().to_vec()
    }

    /// The lanes that changed, each once.
    pub(crate) fn take_ready(&self) -> Vec<LaneId> {
        std::mem::take(&mut lock(&self.ready))
    }

    /// Whether somebody found no room since the last call.
    pub(crate) fn take_pressed(&self) -> bool {
        self.memory.take_pressed()
    }

    /// Bytes that are charged now.
    pub(crate) fn used(&self) -> usize {
        self.memory.used()
    }

    /// What of it is room that the application has taken and not used yet.
    pub(in crate::producer) fn lent(&self) -> usize {
        self.memory.lent()
    }

    /// The most that is charged before others have to wait.
    pub(in crate::producer) fn limit(&self) -> usize {
        self.memory.limit()
    }

    /// A batch has its outcome, or another form.
    pub(crate) fn give_back(&self, bytes: usize, wakers: &mut Wakers) {
        self.memory.give_back(bytes, wakers);
    }

    pub(crate) fn charge_anyway(&self, bytes: usize) {
        self.memory.charge_anyway(bytes);
    }

    /// Takes the bytes of a batch that is done with for the next ones.
    pub(crate) fn recycle(&self, bytes: Bytes) {
        self.pool.recycle(bytes);
    }

    /// Nothing is accepted from now on. Having passed through every mutex under which records are accepted, whatever
    /// was accepted is on the ready list or with the sender when this returns.
    pub(crate) fn close(&self, wakers: &mut Wakers) {
        self.closed.store(true, Ordering::Release);
        for topic in self.topics_from(0) {
            topic.pass_through();
        }
        self.memory.end_waits(wakers);
    }
}

/// A number for each thread of the process, in the order in which they first ask.
#[inline]
fn thread_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};

    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "threads are told apart")]

    use super::*;

    fn store() -> Store {
        Store::new(&PublishConfig::default(), Arc::default())
    }

    #[test]
    fn a_name_is_one_topic() {
        let store = store();
        let events = store.topic("events");
        assert!(Arc::ptr_eq(&events, &store.topic("events")));
        assert!(!Arc::ptr_eq(&events, &store.topic("audit")));
        assert_eq!(store.topics_from(1).len(), 1);
        assert!(store.topics_from(2).is_empty() && store.topics_from(9).is_empty());
    }

    #[test]
    fn the_first_thread_always_has_slot_0_and_keeps_it() {
        std::thread::spawn(thread_number).join().unwrap();
        let store = store();
        assert_eq!([store.free_slot(), store.free_slot()], [0, 0]);
        let other = std::thread::scope(|scope| scope.spawn(|| store.free_slot()).join().unwrap());
        assert!(other < limits::FREE_SLOTS);
    }
}
