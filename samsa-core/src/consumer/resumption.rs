//! Where a partition is read on after its position was lost.

use super::place::{NOWHERE, Place};
use crate::group::Done;
use crate::sync::atomic::{AtomicI64, Ordering};

/// Up to where it was fetched before its position was lost, and where the turn begins that came then.
#[derive(Debug)]
pub(super) struct Resumption {
    lost: Place,
    begun: AtomicI64,
}

impl Resumption {
    /// It was fetched up to there. What is lost again before anything of it was fetched leaves nothing to hand out.
    pub(super) fn lose(&self, position: Done) {
        if self.begun.swap(NOWHERE, Ordering::Relaxed) != position.offset {
            self.lost.set(position);
        }
    }

    pub(super) fn begin(&self, offset: i64) {
        self.begun.store(offset, Ordering::Relaxed);
    }

    /// Reading goes on elsewhere.
    pub(super) fn forget(&self) {
        self.begin(NOWHERE);
    }

    pub(super) fn lost(&self) -> Done {
        self.lost.get()
    }

    /// Where the turn begins, once that is known.
    pub(super) fn begun(&self) -> Option<i64> {
        Some(self.begun.load(Ordering::Relaxed)).filter(|offset| *offset != NOWHERE)
    }
}

impl Default for Resumption {
    fn default() -> Self {
        Self { lost: Place::default(), begun: AtomicI64::new(NOWHERE) }
    }
}
