//! What the application tells of what it was given.

use std::sync::Arc;

use super::source::Source;

/// What the application tells of a chunk that it has in hand.
#[derive(Clone, Debug)]
pub struct Progress {
    source: Arc<Source>,
    turn: u64,
}

impl Progress {
    pub(super) fn new(source: &Arc<Source>, turn: u64) -> Self {
        Self { source: Arc::clone(source), turn }
    }

    /// The application is given what lies before this offset. `false` if it must not be: the partition is another member's
    /// now, or read on elsewhere.
    #[must_use]
    pub fn hand_out(&self, offset: i64) -> bool {
        self.source.hand_out(self.turn, offset)
    }

    /// It is done with everything before this offset.
    pub fn done_to(&self, offset: i64) {
        self.source.done_to(self.turn, offset);
    }

    /// It is done with all of it.
    pub fn done(&self) {
        self.source.let_go(self.turn);
    }
}
