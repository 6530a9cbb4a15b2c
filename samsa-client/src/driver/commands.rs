//! Commands between the handles and the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_core::{Command, Input, OpId, Reply};

use crate::command_queue::{Answer, Slot, WaitingCommand};
use crate::link::Shared;

/// The commands that the engine has and has not answered.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    waiting: BTreeMap<OpId, Arc<Slot>>,
    /// Whether the engine was told to close.
    closing: bool,
    /// Answers to close, kept until the driver has really ended.
    farewells: Vec<(Arc<Slot>, usize)>,
}

impl Commands {
    /// What the handles ask for since the last call, and what they ask for no more. When all of them are gone, that is to
    /// close.
    pub(crate) fn take(&mut self, shared: &Shared) -> Vec<Input> {
        let (commands, forgotten) = shared.commands.take();
        // These first: they leave room for the others.
        let mut taken = self.forget(&forgotten);
        for WaitingCommand { op, command, within, slot } in commands {
            self.closing |= command == Command::Close;
            self.waiting.insert(op, slot);
            taken.push(Input::Command { op, command, within });
        }
        taken.extend(self.forget(&forgotten));
        if shared.is_orphaned() && !self.closing {
            self.closing = true;
            let (op, within) = (shared.commands.next_op(), shared.outcomes_within);
            taken.push(Input::Command { op, command: Command::Close, within });
        }
        taken
    }

    fn forget(&mut self, forgotten: &[OpId]) -> Vec<Input> {
        let known = forgotten.iter().filter(|op| self.waiting.remove(op).is_some());
        known.map(|op| Input::Forget { op: *op }).collect()
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
}
