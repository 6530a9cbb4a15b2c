//! The owner node of a partition, and the names under which it may stand, as [`Lock`](crate::group::lock) tells.

use super::{Claim, State};
use crate::group::desk::Desk;
use crate::group::lock::Step;
use crate::group::session::Question;
use crate::group::world::World;
use crate::planted::{PlantedBug, is_planted};
use crate::zookeeper::{ZkAnswer, ZkError};

impl Claim {
    pub(super) fn create(&mut self, desk: &mut Desk<'_, impl World>) {
        self.state = State::Claiming;
        desk.ask(Question::Owner(self.partition().clone()), self.lock.create(&self.name));
    }

    pub(super) fn delete(&self, desk: &mut Desk<'_, impl World>) {
        desk.ask(Question::Owner(self.partition().clone()), self.lock.delete());
    }

    /// Looks whether others have it under other names. Says whether there may be such.
    pub(super) fn surveys(&mut self, desk: &mut Desk<'_, impl World>, is_claimed: bool) -> bool {
        let survey = self.lock.survey().filter(|_| !is_planted(PlantedBug::LooksAtOneName));
        let Some(op) = survey else { return false };
        self.state = State::Surveying { is_claimed };
        desk.ask(Question::Owner(self.partition().clone()), op);
        true
    }

    pub(super) fn surveyed(&mut self, desk: &mut Desk<'_, impl World>, is_claimed: bool, names: &[String]) {
        match (self.lock.is_blocked(names), is_claimed) {
            (true, true) => {
                self.state = State::Yielding;
                self.delete(desk);
            }
            (false, true) if !self.wanted => self.release(desk),
            (false, true) => self.hold(desk),
            (true, false) if self.wanted => self.look(desk, false),
            (false, false) if self.wanted => self.create(desk),
            (_, false) => self.free(desk),
        }
    }

    /// What the owner node is to be called from now on.
    pub(in crate::group) fn is_called(&mut self, desk: &mut Desk<'_, impl World>, path: &str) {
        if !is_planted(PlantedBug::KeepsLocksName) {
            self.lock.is_called(path);
        }
        self.rename(desk);
    }

    fn rename(&mut self, desk: &mut Desk<'_, impl World>) {
        if self.is_active()
            && let Some(op) = self.lock.rename(&self.name)
        {
            desk.ask(Question::Name(self.partition().clone()), op);
        }
    }

    pub(super) fn look_at_name(&mut self, desk: &mut Desk<'_, impl World>) {
        if self.rename_due.take_if(|due| *due <= desk.now.mono).is_some()
            && let Some([sync, exists]) = self.lock.look_again()
        {
            desk.ask(Question::Synced, sync);
            desk.ask(Question::Name(self.partition().clone()), exists);
        }
        self.rename(desk);
    }

    /// What was asked about its other name has its answer.
    pub(in crate::group) fn name_answered(
        &mut self,
        desk: &mut Desk<'_, impl World>,
        result: &Result<ZkAnswer, ZkError>,
    ) {
        match self.lock.answered(result, desk.session.id, self.is_active()) {
            Step::Ask(op) => desk.ask(Question::Name(self.partition().clone()), op),
            Step::Rest => self.rename_due = Some(desk.later(1)),
            Step::Taken => desk.notes.taken.push(self.partition().clone()),
            Step::Named if matches!(self.state, State::Releasing) => self.delete(desk),
            Step::Named => self.rename(desk),
        }
    }
}
