//! How a partition is given up: what is done is committed, then it is let go.

use super::{Beginning, Holding, State};
use crate::group::desk::Desk;
use crate::group::standing::Standing;
use crate::group::world::World;
use crate::time::Instant;

impl Holding {
    /// Whether the application has let go of what is revoked, or has had its time.
    pub(in crate::group) fn parts(&self, now: Instant) -> bool {
        matches!(&self.state, State::Revoking { held, until } if !held.is_held() || *until <= now)
    }

    pub(super) fn part(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        self.state = State::Parting { is_last: false };
        if self.offsets.is_idle() {
            self.settled(desk);
        }
    }

    /// No commit is under way any more, if it is none in another place. Who parts commits what is still to be, once, and goes.
    pub(super) fn settled(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        if !self.offsets.is_idle() {
            return;
        }
        if self.beginning == Beginning::Committing {
            self.beginning = Beginning::Known;
            desk.world.read_on(&self.partition);
        }
        let State::Parting { is_last } = self.state else { return };
        if !is_last && desk.session.is_in_doubt() {
            return;
        }
        self.state = State::Parting { is_last: true };
        let done = desk.world.done(&self.partition);
        let due = done.filter(|_| desk.commits_by_itself && !is_last);
        let asks = due.map(|done| self.offsets.commit(done)).unwrap_or_default();
        if !asks.is_empty() {
            return self.ask(desk, asks);
        }
        if self.has_more(&*desk.world) {
            desk.notes.left_behind.push(self.partition.clone());
        }
        let failed =
            self.commit_failed.take().filter(|_| done.is_some_and(|done| self.offsets.is_behind(done)));
        desk.notes.uncommitted.extend(failed.map(|reason| (self.partition.clone(), reason)));
        self.let_go(desk);
    }

    /// What was done of it is forgotten.
    pub(in crate::group) fn let_go(&mut self, desk: &mut Desk<'_, impl World, impl Standing>) {
        (self.state, self.due) = (State::Absent, None);
        desk.world.forget(&self.partition);
    }
}
