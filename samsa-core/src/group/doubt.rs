//! Whether the clocks agree. When the wall clock has run ahead of the monotonic one by more than an eighth of the time after which
//! others may have what a member holds, the machine may have been suspended, and the monotonic clock tells too little. Members rely on three
//! quarters of that time, so that what goes unnoticed, with clocks that are a little slow, does not take them past its end.

use std::time::Duration;

use crate::consumer::ahead;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Now;

#[derive(Clone, Debug, Hash)]
pub(super) struct Doubt {
    /// How far the wall clock was ahead of the monotonic one at the last doubt, or at first.
    ahead: i64,
    is_open: bool,
    count: u64,
}

impl Doubt {
    pub(super) fn new(now: Now) -> Self {
        Self { ahead: ahead(now), is_open: false, count: 0 }
    }

    /// Looks at both clocks. Says whether there is a new doubt; again, if there is one already: what was asked before may be
    /// answered, and says nothing of the time since.
    pub(super) fn comes(&mut self, now: Now, timeout: Duration) -> bool {
        self.ahead = self.ahead.min(ahead(now));
        let is_new = ahead(now) > self.ahead_at_most(timeout);
        if is_new {
            (self.is_open, self.ahead) = (true, ahead(now));
            self.count += 1;
        }
        is_new
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// It was looked after so many doubts, and all is well.
    pub(super) fn is_over(&mut self, count: u64) {
        if count == self.count {
            self.is_open = false;
        }
    }

    /// How far the wall clock may be ahead before there is a doubt.
    pub(super) fn ahead_at_most(&self, timeout: Duration) -> i64 {
        if is_planted(PlantedBug::TrustsOneClock) {
            return i64::MAX;
        }
        let unnoticed = i64::try_from(timeout.as_millis() / 8).unwrap_or(i64::MAX);
        self.ahead.saturating_add(unnoticed)
    }
}
