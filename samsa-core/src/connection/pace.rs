//! How fast a connection answers, and from when on its oldest answer is late.
//!
//! A broker reads the next request of a connection when it has answered the one before, so it owes one answer at a time: that
//! to the oldest request, since the request was handed to the driver, last made progress there, and had its turn. What a
//! throttled connection holds back is owed by nobody.

use std::time::Duration;

use crate::limits;
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct Pace {
    /// Before this nothing was owed for longer than a moment.
    still_since: Instant,
    /// How long an answer may take now.
    patience: Duration,
    /// How long a quick answer takes: one that is slower counts for twice what was known at most.
    quick: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { still_since: Instant::START, patience: limits::PRODUCE_ANSWER, quick: limits::PRODUCE_ANSWER }
    }
}

impl Pace {
    /// The oldest request goes on only now.
    pub(super) fn moved(&mut self, at: Instant) {
        self.still_since = self.still_since.max(at);
    }

    /// The oldest request was answered. Who takes long is given twice the time from then on, and half as much with each answer
    /// that comes sooner.
    pub(super) fn answered(&mut self, now: Instant, asked: Instant) {
        let took = now - self.owed_since(asked);
        self.patience = limits::PRODUCE_ANSWER.max(took.saturating_mul(2)).max(self.patience / 2);
        self.quick = took.min(self.quick.saturating_mul(2));
        self.moved(now);
    }

    /// From when on the answer to the oldest request, which was made then, is late.
    pub(super) fn late_from(&self, asked: Instant) -> Instant {
        self.owed_since(asked) + self.patience
    }

    /// From when on the broker seems to hold the oldest request back, which was made then, as it does until replicas have what is in
    /// it.
    pub(super) fn held_from(&self, asked: Instant) -> Instant {
        self.owed_since(asked) + limits::PRODUCE_HELD.max(self.quick.saturating_mul(4))
    }

    fn owed_since(&self, asked: Instant) -> Instant {
        self.still_since.max(asked)
    }
}
