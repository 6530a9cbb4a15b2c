//! Where the outcome of a batch stands, and who refers to it.
//!
//! A ticket is made for each record, so it must cost next to nothing: it is a plain reference to a slot that lives as long as
//! the process. Slots are used again, for another batch, when nobody refers to them any more. That is counted without an atomic
//! operation for each ticket:
//!
//! - Tickets are given under the mutex of their batch, by one thread at a time: `given` is an ordinary number there.
//! - Each thread counts the tickets that it drops, as long as they are of one batch, and takes them off the slot's `balance` when
//!   one of another batch comes, or when the thread ends. Until then the balance is below nothing.
//! - A ticket of a batch that failed takes with it at once what its thread has counted of that batch: the failure holds on to all
//!   records. Only where a thread dropped its last ticket before the batch failed is it kept until that thread drops another.
//! - When the last holder of the outcome leaves, no more tickets are given; those that were are added to the balance.
//!
//! So whoever brings the balance to nothing after that, or finds it at nothing then, is the last.

use super::verdict::Verdict;
use crate::producer::waiting::WaitingTasks;
use crate::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use crate::wake::Wakers;

#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Slot {
    pub(super) verdict: Verdict,
    pub(super) waiting: WaitingTasks,
    records: AtomicU32,
    given: AtomicU32,
    holders: AtomicU32,
    /// Tickets that were given, once it is certain how many, less those that were dropped.
    balance: AtomicI64,
}

impl Slot {
    /// A slot that nobody else has, with one holder.
    pub(super) fn take() -> &'static Self {
        let slot = idle::take().unwrap_or_else(|| Box::leak(Box::default()));
        slot.holders.store(1, Ordering::Relaxed);
        slot
    }

    pub(super) fn add_holder(&self) {
        self.holders.fetch_add(1, Ordering::Relaxed);
    }

    /// A holder goes.
    pub(super) fn leave(slot: &'static Self) {
        if slot.is_last_holder() {
            slot.reuse();
        }
    }

    /// Called by one thread at a time.
    #[inline]
    pub(super) fn add_claim(&self) {
        self.given.store(self.given.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// A ticket goes.
    #[inline]
    pub(super) fn give_up(slot: &'static Self) {
        // What a failure holds on to is not to wait for a ticket of another batch.
        if slot.verdict.is_heavy() {
            slot.give_up_counted();
        } else if !dropped::count(slot) {
            slot.give_up_many(1);
        }
    }

    #[inline]
    pub(super) fn set_records(&self, count: u32) {
        self.records.store(count, Ordering::Relaxed);
    }

    pub(super) fn records(&self) -> usize {
        self.records.load(Ordering::Relaxed) as usize
    }

    /// One, and those that this thread has counted.
    #[cold]
    fn give_up_counted(&'static self) {
        self.give_up_many(1 + dropped::take(self));
    }

    #[cold]
    fn give_up_many(&'static self, count: u32) {
        if self.is_last_claim(count) {
            self.reuse();
        }
    }

    fn is_last_holder(&self) -> bool {
        if self.holders.fetch_sub(1, Ordering::AcqRel) > 1 {
            return false;
        }
        let given = i64::from(self.given.load(Ordering::Relaxed));
        self.balance.fetch_add(given, Ordering::AcqRel) + given == 0
    }

    fn is_last_claim(&self, count: u32) -> bool {
        let count = i64::from(count);
        self.balance.fetch_sub(count, Ordering::AcqRel) == count
    }

    /// Nobody refers to it: as new again.
    fn reuse(&'static self) {
        self.verdict.clear();
        // A task that waited and gave up its ticket is not woken.
        self.waiting.leave(&mut Wakers::default());
        self.records.store(0, Ordering::Relaxed);
        self.given.store(0, Ordering::Relaxed);
        idle::put(self);
    }
}

/// Slots that nobody refers to. There are as many slots as were in use at once, however many batches there were.
#[cfg(not(shuttle))]
mod idle {
    use super::Slot;
    use crate::sync::Mutex;
    use crate::wake::lock;

    static IDLE: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());

    pub(super) fn take() -> Option<&'static Slot> {
        lock(&IDLE).pop()
    }

    pub(super) fn put(slot: &'static Slot) {
        lock(&IDLE).push(slot);
    }
}

/// Tickets that this thread has dropped of one batch, and that are not taken off its slot's balance.
#[cfg(not(shuttle))]
mod dropped {
    use std::cell::Cell;
    use std::ptr;

    use super::Slot;

    #[derive(Default)]
    struct Dropped {
        slot: Cell<Option<&'static Slot>>,
        count: Cell<u32>,
    }

    thread_local! {
        static DROPPED: Dropped = const { Dropped { slot: Cell::new(None), count: Cell::new(0) } };
    }

    /// Counts one. False while the thread ends.
    #[inline]
    pub(super) fn count(slot: &'static Slot) -> bool {
        let counted = DROPPED.try_with(|dropped| match dropped.slot.get() {
            Some(last) if ptr::eq(last, slot) => dropped.count.set(dropped.count.get() + 1),
            _ => dropped.begin(slot),
        });
        counted.is_ok()
    }

    /// Those that were counted of this batch. They are not counted any more.
    #[cold]
    pub(super) fn take(slot: &'static Slot) -> u32 {
        let taken = DROPPED.try_with(|dropped| match dropped.slot.get() {
            Some(last) if ptr::eq(last, slot) => {
                dropped.slot.set(None);
                dropped.count.take()
            }
            _ => 0,
        });
        taken.unwrap_or(0)
    }

    impl Dropped {
        #[cold]
        fn begin(&self, slot: &'static Slot) {
            let before = self.slot.replace(Some(slot));
            let count = self.count.replace(1);
            if let Some(before) = before {
                before.give_up_many(count);
            }
        }
    }

    impl Drop for Dropped {
        fn drop(&mut self) {
            if let Some(slot) = self.slot.take() {
                slot.give_up_many(self.count.take());
            }
        }
    }
}

/// One order of events after another is tried out in one process; nothing is to pass from one to the next.
#[cfg(shuttle)]
mod idle {
    use super::Slot;

    pub(super) fn take() -> Option<&'static Slot> {
        None
    }

    pub(super) fn put(_: &'static Slot) {}
}

#[cfg(shuttle)]
mod dropped {
    use super::Slot;

    pub(super) fn count(_: &'static Slot) -> bool {
        false
    }

    pub(super) fn take(_: &'static Slot) -> u32 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        let slot = Slot::default();
        slot.add_holder();
        slot
    }

    #[test]
    fn the_last_is_a_ticket_that_outlives_the_batch() {
        let slot = slot();
        (0..3).for_each(|_| slot.add_claim());
        assert!(!slot.is_last_claim(2));
        assert!(!slot.is_last_holder(), "one ticket is left");
        assert!(slot.is_last_claim(1));
    }

    #[test]
    fn the_last_is_the_holder_when_no_ticket_is_left() {
        let other = slot();
        assert!(other.is_last_holder(), "no ticket was given");
        let slot = slot();
        (0..3).for_each(|_| slot.add_claim());
        assert!(!slot.is_last_claim(3), "more may be given");
        slot.add_holder();
        assert!(!slot.is_last_holder());
        assert!(slot.is_last_holder());
    }
}
