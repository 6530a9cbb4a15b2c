//! What was decided about a batch, once.

use super::{BatchOutcome, End, Written};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicI32, AtomicI64, AtomicU8, Ordering};
use crate::wake::lock;

/// No verdict yet.
const NONE: u8 = 0;
/// Written, in a format with timestamps or without.
const WRITTEN: u8 = 1;
const WRITTEN_WITHOUT_TIMES: u8 = 2;
/// Anything else.
const OTHER: u8 = 3;

#[derive(Debug)]
pub(super) enum Fate {
    Ended(End),
    /// The batch was too large for the broker; its parts go on, each with the records from this place on.
    Split(Vec<(u32, BatchOutcome)>),
}

/// Set once, then read by whoever holds a ticket: that a batch was written, as nearly all are, is read without a lock.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    state: AtomicU8,
    partition: AtomicI32,
    base_offset: AtomicI64,
    append_time: AtomicI64,
    /// Whoever gives a verdict holds this.
    other: Mutex<Option<Fate>>,
}

impl Verdict {
    /// Gives it, unless there is one; says whether that was so.
    pub(super) fn give(&self, fate: Fate) -> bool {
        let mut other = lock(&self.other);
        if self.is_given() {
            return false;
        }
        let state = match fate {
            Fate::Ended(End::Written(written)) => self.note(&written),
            fate => {
                *other = Some(fate);
                OTHER
            }
        };
        self.state.store(state, Ordering::Release);
        true
    }

    fn note(&self, written: &Written) -> u8 {
        self.partition.store(written.partition, Ordering::Relaxed);
        self.base_offset.store(written.base_offset, Ordering::Relaxed);
        self.append_time.store(written.append_time, Ordering::Relaxed);
        if written.has_timestamps { WRITTEN } else { WRITTEN_WITHOUT_TIMES }
    }

    #[inline]
    pub(super) fn is_given(&self) -> bool {
        self.state.load(Ordering::Acquire) != NONE
    }

    /// Whether more than a few numbers hang on it.
    #[inline]
    pub(super) fn is_heavy(&self) -> bool {
        self.state.load(Ordering::Acquire) == OTHER
    }

    /// Hands it to `then`, if it was given.
    #[inline]
    pub(super) fn read<T>(&self, then: impl FnOnce(&Fate) -> T) -> Option<T> {
        let has_timestamps = match self.state.load(Ordering::Acquire) {
            NONE => return None,
            OTHER => return lock(&self.other).as_ref().map(then),
            state => state == WRITTEN,
        };
        let written = Written {
            partition: self.partition.load(Ordering::Relaxed),
            base_offset: self.base_offset.load(Ordering::Relaxed),
            append_time: self.append_time.load(Ordering::Relaxed),
            has_timestamps,
        };
        Some(then(&Fate::Ended(End::Written(written))))
    }

    /// Forgets it: the slot is for another batch.
    pub(super) fn clear(&self) {
        let fate = lock(&self.other).take();
        self.state.store(NONE, Ordering::Release);
        drop(fate);
    }
}
