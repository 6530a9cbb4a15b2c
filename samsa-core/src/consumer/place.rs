//! An offset that two threads know.

use crate::group::Done;
use crate::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// An offset that is still to be found out.
pub(super) const NOWHERE: i64 = -1;

/// An offset, and the turn in which it means something. One side writes it, and both read it.
///
/// The offset is written first, and the turn is read first: an offset may be taken for one of an earlier turn, and never for
/// one of a later.
#[derive(Debug)]
pub(super) struct Place {
    turn: AtomicU64,
    offset: AtomicI64,
}

impl Place {
    /// Nowhere yet, in this turn.
    pub(super) fn new(turn: u64) -> Self {
        Self { turn: AtomicU64::new(turn), offset: AtomicI64::new(NOWHERE) }
    }

    pub(super) fn set(&self, Done { offset, turn }: Done) {
        self.offset.store(offset, Ordering::Release);
        self.turn.store(turn, Ordering::SeqCst);
    }

    /// Elsewhere, in the same turn.
    pub(super) fn move_to(&self, offset: i64) {
        self.offset.store(offset, Ordering::Release);
    }

    /// In no turn any more.
    pub(super) fn clear(&self) {
        self.turn.store(0, Ordering::Release);
    }

    pub(super) fn get(&self) -> Done {
        let turn = self.turn();
        Done { offset: self.offset.load(Ordering::Acquire), turn }
    }

    #[inline]
    pub(super) fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }
}

/// In no turn.
impl Default for Place {
    fn default() -> Self {
        Self::new(0)
    }
}
