//! Waiting for an instant.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use samsa_core::Instant;

use super::schedule::{Due, Entry, Schedule};

/// Ready at an instant of virtual time.
#[derive(Debug)]
pub(crate) struct Sleep {
    schedule: Rc<Schedule>,
    at: Instant,
    entry: Option<Entry>,
}

impl Sleep {
    pub(crate) const fn new(schedule: Rc<Schedule>, at: Instant) -> Self {
        Self { schedule, at, entry: None }
    }

    /// Waits for another instant from now on.
    pub(crate) fn reset(&mut self, at: Instant) {
        if let Some(entry) = self.entry.take() {
            self.schedule.cancel(entry);
        }
        self.at = at;
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.schedule.now() >= self.at {
            return Poll::Ready(());
        }
        if !self.entry.is_some_and(|entry| self.schedule.rewake(entry, cx.waker())) {
            let entry = self.schedule.at(self.at, Due::Wake(cx.waker().clone()));
            self.entry = Some(entry);
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.schedule.cancel(entry);
        }
    }
}
