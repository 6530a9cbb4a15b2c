//! Records of a topic whose partitions are not known yet, unencoded and in order.

use std::collections::VecDeque;
use std::time::Duration;

use crate::producer::outcome::BatchOutcome;
use crate::producer::record::{OwnedRecord, OwnedSet};
use crate::time::Instant;

/// What a waiting record takes beside its bytes: its place in the queue, itself, and the slot of its outcome.
pub(super) const OVERHEAD: usize =
    size_of::<UnsettledRecord>() + size_of::<OwnedRecord>() + BatchOutcome::SLOT_BYTES;

/// A record, or a set of them, without a batch. It has an outcome of its own, which follows that of the batch it will be put
/// in.
#[derive(Debug)]
pub(crate) struct UnsettledRecord {
    pub(crate) set: OwnedSet,
    pub(crate) outcome: BatchOutcome,
    pub(crate) charge: usize,
}

/// The queue of one topic. Bounded by the memory that its records are charged to.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    pub(super) records: VecDeque<UnsettledRecord>,
    /// The sender knows that there are records.
    pub(super) listed: bool,
}

impl Unsettled {
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.records.front().map(|waiting| waiting.set.accepted)
    }

    pub(super) fn take_expired(&mut self, now: Instant, timeout: Duration) -> Option<UnsettledRecord> {
        let is_expired = self.records.front().is_some_and(|first| first.set.accepted + timeout <= now);
        if is_expired { self.records.pop_front() } else { None }
    }
}
