//! What the handles and the driver share, besides the buffers of the core.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samsa_core::{
    Assignor, BatchBuffer, BrokerInfo, Clock, DriverSignal, FetchConfig, GroupProtocol, GroupTimes, Instant,
    Notices,
};

use crate::command_queue::CommandQueue;
use crate::events::EventBoard;
use crate::lock::lock;

/// What every handle holds. When the last one goes, the driver brings the client to its end.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) buffer: BatchBuffer,
    /// How readers fetch that are not told otherwise.
    pub(crate) fetch: FetchConfig,
    /// How often members of groups commit that are not told otherwise.
    pub(crate) commit_interval: Duration,
    /// Of what kind the groups are whose members are not told otherwise.
    pub(crate) group_protocol: Option<GroupProtocol>,
    pub(crate) assignor: Option<Assignor>,
    pub(crate) group_times: GroupTimes,
    /// How long questions and orders may take that are not told otherwise.
    pub(crate) api_timeout: Duration,
}

impl Link {
    /// Bytes that a batch of the application gathers: those of a batch of the wire, but so few that many batches fit into
    /// the buffer.
    pub(crate) fn batch_bytes(&self) -> usize {
        self.buffer.batch_bytes().min(self.buffer.limit_bytes() / 8).max(1)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.orphaned.store(true, Ordering::Release);
        self.shared.signal.notify(Notices::COMMANDS);
    }
}

/// What the driver holds as well.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) signal: Arc<DriverSignal>,
    pub(crate) commands: CommandQueue,
    pub(crate) events: Arc<EventBoard>,
    /// By when every message that was accepted must have its outcome.
    pub(crate) outcomes_within: Duration,
    brokers: Mutex<Arc<[BrokerInfo]>>,
    orphaned: AtomicBool,
    /// When the driver last ran, in microseconds of its clock.
    ran: AtomicU64,
}

impl Shared {
    pub(crate) fn new(signal: Arc<DriverSignal>, outcomes_within: Duration) -> Self {
        Self {
            commands: CommandQueue::default(),
            events: Arc::default(),
            outcomes_within,
            brokers: Mutex::new(Arc::from([])),
            orphaned: AtomicBool::new(false),
            ran: AtomicU64::new(0),
            signal,
        }
    }

    pub(crate) fn brokers(&self) -> Arc<[BrokerInfo]> {
        Arc::clone(&lock(&self.brokers))
    }

    pub(crate) fn publish_brokers(&self, brokers: Arc<[BrokerInfo]>) {
        *lock(&self.brokers) = brokers;
    }

    /// Whether no handle is left.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.orphaned.load(Ordering::Acquire)
    }

    pub(crate) fn ran_at(&self, now: Instant) {
        self.ran.store(now.as_micros(), Ordering::Relaxed);
    }

    pub(crate) fn last_ran(&self) -> Instant {
        Instant::from_micros(self.ran.load(Ordering::Relaxed))
    }

    /// The driver has ended.
    pub(crate) fn close(&self) {
        self.commands.close();
        self.events.close();
    }
}
