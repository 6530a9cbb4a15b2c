//! The memory of a batch buffer: charged as batches take it, given back when they have their outcome.

use std::task::Waker;

use crate::producer::waiting::WaitingTasks;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::wake::Wakers;

#[derive(Debug)]
pub(super) struct Memory {
    used: AtomicUsize,
    /// What of it is room for records that the application has not published yet.
    lent: AtomicUsize,
    limit: usize,
    /// Somebody found no room since the sender looked last: what lingers shall go.
    pressed: AtomicBool,
    waiting: WaitingTasks,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            lent: AtomicUsize::new(0),
            limit,
            pressed: AtomicBool::new(false),
            waiting: WaitingTasks::default(),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn lent(&self) -> usize {
        self.lent.load(Ordering::Relaxed)
    }

    /// So many of the bytes that were taken are the application's for now.
    pub(super) fn lend(&self, bytes: usize) {
        self.lent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// They are the application's no more. They stay taken.
    pub(super) fn end_loan(&self, bytes: usize) {
        self.lent.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Takes `bytes` if there is room for them. Never takes too much even for a moment: another thread that found no
    /// room because of it would wait for nothing.
    pub(super) fn charge(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok()
    }

    /// Takes `bytes` whether there is room or not: they were accepted already, in another form.
    pub(super) fn charge_anyway(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(super) fn give_back(&self, bytes: usize, wakers: &mut Wakers) {
        let before = self.used.fetch_sub(bytes, Ordering::AcqRel);
        debug_assert!(before >= bytes, "more memory came back than was taken");
        self.waiting.leave(wakers);
    }

    /// Notes that there is no room. True when the driver has to be told.
    pub(super) fn press(&self) -> bool {
        !self.pressed.swap(true, Ordering::AcqRel)
    }

    pub(super) fn take_pressed(&self) -> bool {
        self.pressed.swap(false, Ordering::AcqRel)
    }

    /// Waits for room unless `retry` finds some. Room that comes while `retry` looks wakes the task.
    pub(super) fn wait_unless<T>(&self, waker: &Waker, retry: impl FnOnce() -> Option<T>) -> Option<T> {
        self.waiting.join_unless(waker, || None::<()>);
        retry()
    }

    /// Wakes everybody who waits for room: there will be none.
    pub(super) fn end_waits(&self, wakers: &mut Wakers) {
        self.waiting.leave(wakers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let memory = Memory::new(100);
        assert!(memory.charge(60));
        assert!(!memory.charge(41));
        assert!(memory.charge(40));
        assert!(!memory.charge(usize::MAX));
        assert_eq!(memory.used(), 100);
    }

    #[test]
    fn who_waits_leaves_when_memory_comes_back() {
        let memory = Memory::new(100);
        assert!(memory.charge(100));
        let waited = memory.wait_unless(Waker::noop(), || memory.charge(1).then_some(()));
        assert_eq!(waited, None);

        let mut wakers = Wakers::default();
        memory.give_back(10, &mut wakers);
        assert!(!wakers.is_empty());
        assert!(memory.charge(10));
    }

    #[test]
    fn the_driver_is_told_of_pressure_once_until_it_looks() {
        let memory = Memory::new(0);
        assert!(memory.press());
        assert!(!memory.press());
        assert!(memory.take_pressed());
        assert!(!memory.take_pressed());
        assert!(memory.press());
    }
}
