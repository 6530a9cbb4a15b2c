//! How application threads and the driver wake each other. With the batch buffer, the fetch buffer and the pool of
//! frames, the only place in this crate that knows threads.

use std::sync::PoisonError;
use std::task::Waker;

use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// Tasks to wake; the driver wakes them after [`Engine::handle`](crate::Engine::handle) has returned, so that the
/// engine never runs an application's code.
#[derive(Debug, Default)]
pub struct Wakers(Vec<Waker>);

impl Wakers {
    /// Wakes them all.
    pub fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, waker: Waker) {
        self.0.push(waker);
    }

    pub(crate) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }
}

/// What application threads have for the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notices(u8);

impl Notices {
    /// Batches changed: [`Input::BatchesReady`](crate::Input::BatchesReady).
    pub const BATCHES: Self = Self(1);
    /// Fetch memory came back: [`Input::Credit`](crate::Input::Credit).
    pub const CREDIT: Self = Self(2);
    /// The command queue has something for the driver.
    pub const COMMANDS: Self = Self(4);

    /// Whether all of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// One bell for the driver, rung by all application threads.
///
/// The driver calls [`register`](Self::register) *before* [`take`](Self::take): a notice that comes in between is
/// then either taken, or wakes.
#[derive(Debug, Default)]
pub struct DriverSignal {
    notices: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

impl DriverSignal {
    /// Says which task drives the engine now.
    pub fn register(&self, waker: &Waker) {
        let mut slot = lock(&self.waker);
        if !slot.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    /// Takes what has been said since the last call.
    pub fn take(&self) -> Notices {
        Notices(self.notices.swap(0, Ordering::AcqRel))
    }

    /// Says something to the driver; wakes it only when nothing of the kind was waiting.
    pub fn notify(&self, notice: Notices) {
        let before = self.notices.fetch_or(notice.0, Ordering::AcqRel);
        if before & notice.0 != notice.0 {
            let waker = lock(&self.waker).clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// A lock that a panicking thread left is still good: no invariant spans two statements under it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A waker that counts.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Count(std::sync::atomic::AtomicUsize);

#[cfg(test)]
impl Count {
    pub(crate) fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl std::task::Wake for Count {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_driver_is_woken_once_for_each_kind_of_notice_until_it_takes_them() {
        let count = Arc::new(Count::default());
        let signal = DriverSignal::default();
        signal.register(&Waker::from(Arc::clone(&count)));

        signal.notify(Notices::BATCHES);
        signal.notify(Notices::BATCHES);
        signal.notify(Notices::CREDIT);
        assert_eq!(count.woken(), 2);

        let taken = signal.take();
        assert!(taken.contains(Notices::BATCHES) && taken.contains(Notices::CREDIT));
        assert!(!taken.contains(Notices::COMMANDS));
        assert!(signal.take().is_empty());

        signal.notify(Notices::BATCHES);
        assert_eq!(count.woken(), 3);
    }
}
