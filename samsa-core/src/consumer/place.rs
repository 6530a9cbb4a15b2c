//! An offset that two threads know.

use crate::group::Done;
use crate::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// An offset that is still to be found out.
pub(super) const NOWHERE: i64 = -1;

/// An offset, and the turn in which it means something. One side writes it, and both read it.
///
/// On the way to a later turn the offset is written first, on the way back the turn; the turn is read before the offset and
/// after it, and the earlier one counts: an offset may be taken for one of an earlier turn, and never for one of a later.
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

    /// Where it was before, in the same turn or an earlier one.
    pub(super) fn take_back(&self, before: Done) {
        self.take_back_in_steps(before, || ());
    }

    fn take_back_in_steps(&self, Done { offset, turn }: Done, between: impl FnOnce()) {
        self.turn.store(turn, Ordering::SeqCst);
        between();
        self.offset.store(offset, Ordering::Release);
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
        self.get_in_steps(|| ())
    }

    fn get_in_steps(&self, between: impl FnOnce()) -> Done {
        let turn = self.turn();
        between();
        let offset = self.offset.load(Ordering::Acquire);
        Done { offset, turn: turn.min(self.turn()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Done = Done { offset: 90, turn: 1 };
    const LATER: Done = Done { offset: 5, turn: 2 };

    /// It was at the first, and is at the second.
    fn place() -> Place {
        let place = Place::default();
        place.set(BEFORE);
        place.set(LATER);
        place
    }

    #[test]
    fn what_is_taken_back_is_where_it_was() {
        let place = place();
        place.take_back(BEFORE);
        assert_eq!(place.get(), BEFORE);
    }

    #[test]
    fn who_looks_while_it_is_taken_back_sees_no_offset_of_the_earlier_turn_in_the_later() {
        let place = place();
        let mut seen = None;
        place.take_back_in_steps(BEFORE, || seen = Some(place.get()));
        assert_eq!(seen, Some(Done { turn: BEFORE.turn, ..LATER }));
    }

    #[test]
    fn nor_does_who_has_looked_at_the_turn_before() {
        let place = place();
        assert_eq!(place.get_in_steps(|| place.take_back(BEFORE)), BEFORE);
    }
}
