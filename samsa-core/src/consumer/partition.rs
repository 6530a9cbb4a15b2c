//! One partition of a reader: where it stands, who leads it, when it may be asked for again.
//!
//! | position | input                             | then                                          |
//! |----------|-----------------------------------|-----------------------------------------------|
//! | Sought   | an offset                         | At                                            |
//! | Sought   | nothing at that time              | Sought, at the end                            |
//! | At       | batches                           | At their end                                  |
//! | any      | an error that may pass, no answer | the same, after a backoff and fresh metadata  |
//! | At       | corrupt batches, time after time  | stopped, told once                            |
//! | any      | out of range, refused             | stopped, told once                            |

use std::sync::Arc;

use super::buffer::Source;
use super::scope::Scope;
use crate::command::{Offset, PartitionInfo};
use crate::error::ReadError;
use crate::id::BrokerId;
use crate::time::Instant;

/// Corrupt batches are fetched so often before they are believed.
const CORRUPT_ATTEMPTS: u32 = 3;

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) source: Arc<Source>,
    pub(crate) leader: Option<BrokerId>,
    pub(crate) leader_epoch: Option<i32>,
    pub(crate) position: Position,
    /// The request that it is in.
    pub(crate) request: Option<u64>,
    /// Lower ones go first.
    pub(crate) turn: u64,
    /// How much of it one response may bring.
    pub(crate) bytes: usize,
    pub(crate) stopped: bool,
    pub(crate) not_before: Instant,
    /// What went wrong last, while it has not gone right since.
    pub(crate) trouble: Option<String>,
    failures: u32,
    corrupt: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Still to be found out.
    Sought(Offset),
    /// The next offset to fetch.
    At(i64),
}

impl Partition {
    pub(crate) fn new(source: Arc<Source>, start: Offset, bytes: usize) -> Self {
        let position = match start {
            Offset::Exact(offset) => Position::At(offset),
            sought => Position::Sought(sought),
        };
        Self {
            source,
            leader: None,
            leader_epoch: None,
            position,
            request: None,
            turn: 0,
            bytes,
            stopped: false,
            not_before: Instant::START,
            trouble: None,
            failures: 0,
            corrupt: 0,
        }
    }

    /// A new leader is asked at once.
    pub(crate) fn follow(&mut self, info: &PartitionInfo) {
        if self.leader != info.leader || self.leader_epoch != info.leader_epoch {
            self.not_before = Instant::START;
        }
        self.leader = info.leader;
        self.leader_epoch = info.leader_epoch;
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped || self.source.is_stopped()
    }

    /// Whether it waits for nothing but to be asked for.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.request.is_none() && self.not_before <= now && !self.is_stopped()
    }

    pub(crate) fn is_at(&self) -> bool {
        matches!(self.position, Position::At(_))
    }

    /// When it is due again, if that lies ahead.
    pub(crate) fn due_after(&self, now: Instant) -> Option<Instant> {
        let waits = self.request.is_none() && self.not_before > now && !self.is_stopped();
        waits.then_some(self.not_before)
    }

    /// It went right.
    pub(crate) fn succeed(&mut self) {
        self.failures = 0;
        self.corrupt = 0;
        self.trouble = None;
    }

    /// It went wrong, and may go right later: after a wait, and a look at fresh metadata.
    pub(crate) fn fail(&mut self, scope: &mut Scope<'_>, trouble: String) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = scope.now + scope.config.retry_backoff.wait(self.failures, scope.rng);
        self.trouble = Some(trouble);
        scope.refresh = true;
    }

    /// The log does not hold its position.
    pub(crate) fn out_of_range(&self) -> ReadError {
        let offset = match self.position {
            Position::At(offset) => offset,
            Position::Sought(_) => -1,
        };
        ReadError::OutOfRange {
            topic: Arc::clone(self.source.topic()),
            partition: self.source.partition(),
            offset,
        }
    }

    /// Whether corrupt batches came so often now that the log itself must be corrupt.
    pub(crate) fn is_hopeless(&mut self) -> bool {
        self.corrupt += 1;
        self.corrupt >= CORRUPT_ATTEMPTS
    }
}
