//! Commands between the handles and the engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_core::{Command, OpId, Reply};

use crate::command_queue::{Answer, Slot};
use crate::link::Shared;

/// The commands that the engine has and has not answered.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    waiting: BTreeMap<OpId, Arc<Slot>>,
    /// Whether the engine was told to close.
    closing: bool,
    /// Answers to close, kept until the driver has really ended.
    farewells: Vec<(Arc<Slot>, usize)>,
    asked: u64,
}

impl Commands {
    /// What the handles ask for since the last call. When all of them are gone, that is to close.
    pub(crate) fn take(&mut self, shared: &Shared) -> Vec<(OpId, Command, Duration)> {
        let mut taken = Vec::new();
        for waiting in shared.commands.take() {
            let op = self.next_op();
            self.closing |= waiting.command == Command::Close;
            self.waiting.insert(op, waiting.slot);
            taken.push((op, waiting.command, waiting.within));
        }
        if shared.is_orphaned() && !self.closing {
            self.closing = true;
            taken.push((self.next_op(), Command::Close, shared.outcomes_within));
        }
        taken
    }

    pub(crate) fn complete(&mut self, op: OpId, reply: Reply) {
        if let Some(slot) = self.waiting.remove(&op) {
            slot.fill(Answer::Given(reply));
        }
    }

    pub(crate) fn keep_farewell(&mut self, op: OpId, given_up: usize) {
        self.farewells.extend(self.waiting.remove(&op).map(|slot| (slot, given_up)));
    }

    /// The driver has ended.
    pub(crate) fn close(&mut self) {
        for (slot, given_up) in self.farewells.drain(..) {
            slot.fill(Answer::Given(Reply::Close(given_up)));
        }
        while let Some((_, slot)) = self.waiting.pop_first() {
            slot.fill(Answer::Closed);
        }
    }

    fn next_op(&mut self) -> OpId {
        self.asked += 1;
        OpId(self.asked)
    }
}
