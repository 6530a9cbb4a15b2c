//! What happens later: wakers to wake and calls to make, by time and then by the order of asking.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use samsa_core::Instant;

use crate::clock::VirtualClock;

/// What falls due at an instant.
pub(crate) enum Due {
    Wake(Waker),
    Call(Box<dyn FnOnce()>),
}

/// Names one entry of the schedule.
pub(crate) type Entry = (Instant, u64);

/// Everything that is to happen later.
pub(crate) struct Schedule {
    clock: Arc<VirtualClock>,
    due: RefCell<BTreeMap<Entry, Due>>,
    asked: Cell<u64>,
}

impl Schedule {
    pub(crate) const fn new(clock: Arc<VirtualClock>) -> Self {
        Self { clock, due: RefCell::new(BTreeMap::new()), asked: Cell::new(0) }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.instant()
    }

    /// Something is to happen at this time, or at once when that is over.
    pub(crate) fn at(&self, at: Instant, due: Due) -> Entry {
        let entry = (at.max(self.now()), self.asked.get());
        self.asked.set(entry.1 + 1);
        self.due.borrow_mut().insert(entry, due);
        entry
    }

    pub(crate) fn call_after(&self, delay: Duration, call: impl FnOnce() + 'static) {
        self.at(self.now() + delay, Due::Call(Box::new(call)));
    }

    /// Another task waits for this entry now. False when it has already fired.
    pub(crate) fn rewake(&self, entry: Entry, waker: &Waker) -> bool {
        match self.due.borrow_mut().get_mut(&entry) {
            Some(Due::Wake(old)) => {
                old.clone_from(waker);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn cancel(&self, entry: Entry) {
        self.due.borrow_mut().remove(&entry);
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.due.borrow().first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn fire_next(&self) {
        let next = self.due.borrow_mut().pop_first();
        match next {
            Some((_, Due::Wake(waker))) => waker.wake(),
            Some((_, Due::Call(call))) => call(),
            None => {}
        }
    }

    /// Forgets everything, for the end of a world.
    pub(crate) fn clear(&self) {
        let dropped = std::mem::take(&mut *self.due.borrow_mut());
        drop(dropped);
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").field("due", &self.due.borrow().len()).finish_non_exhaustive()
    }
}
