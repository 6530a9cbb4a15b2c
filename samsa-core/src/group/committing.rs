//! When a member commits what is done, and what it owns as a whole.

use std::collections::BTreeMap;

use super::Commit;
use super::claim::Claim;
use super::commits::still_waits;
use super::desk::{Desk, Notes};
use super::member::{Member, Phase};
use super::world::World;
use crate::consumer::ConsumerEvent;
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;

impl Member {
    pub(super) fn next_commit(&self, now: Now) -> Option<Instant> {
        (self.settings.commit != Commit::Manual).then(|| now.mono + self.settings.commit_interval)
    }

    pub(super) fn commit_by_itself(&mut self, now: Now, world: &mut impl World) {
        self.commit_due = self.next_commit(now);
        if !self.is_in_doubt() {
            self.each_claim(now, world, Claim::commit);
        }
    }

    pub(super) fn commit_all(&mut self, now: Now, world: &mut impl World) {
        let assigned = self.claims.values().filter(|claim| claim.is_assigned());
        self.commits.begin(assigned.map(|claim| claim.partition().clone()));
        self.settle_commit(now, world);
    }

    /// Nobody waits for the commit any more.
    pub(super) fn is_not_awaited(&mut self) {
        self.commits.is_not_awaited();
    }

    pub(super) fn settle_commit(&mut self, now: Now, world: &mut impl World) {
        if self.is_in_doubt() {
            return;
        }
        let Some(mut waiting) = self.commits.take_waiting() else { return };
        waiting.retain(|partition, is_looked_at| {
            still_waits(is_looked_at, |commits| {
                if commits {
                    self.one_claim(now, world, partition, Claim::commit);
                }
                let claim = self.claims.get(partition).filter(|claim| claim.is_assigned())?;
                Some(claim.is_quiet())
            })
        });
        self.commits.settle(waiting, world);
    }
}

/// The claims.
impl Member {
    /// Lets each of them do something, and tells what came of it.
    pub(super) fn each_claim<W: World>(
        &mut self,
        now: Now,
        world: &mut W,
        mut act: impl FnMut(&mut Claim, &mut Desk<'_, W>),
    ) {
        self.with_claims(now, world, |claims, desk| claims.values_mut().for_each(|claim| act(claim, desk)));
    }

    pub(super) fn one_claim<W: World>(
        &mut self,
        now: Now,
        world: &mut W,
        partition: &TopicPartition,
        act: impl FnOnce(&mut Claim, &mut Desk<'_, W>),
    ) {
        self.with_claims(now, world, |claims, desk| {
            if let Some(claim) = claims.get_mut(partition) {
                act(claim, desk);
            }
        });
    }

    fn with_claims<W: World>(
        &mut self,
        now: Now,
        world: &mut W,
        act: impl FnOnce(&mut BTreeMap<TopicPartition, Claim>, &mut Desk<'_, W>),
    ) {
        let Some(session) = &mut self.session else { return };
        let mut desk = Desk {
            now,
            world,
            session,
            rng: &mut self.rng,
            backoff: self.settings.backoff,
            commits_by_itself: self.settings.commit != Commit::Manual,
            notes: Notes::default(),
        };
        act(&mut self.claims, &mut desk);
        let mut notes = desk.notes;
        self.commits.note(&mut notes, matches!(self.phase, Phase::Leaving { .. }));
        let Notes { assigned, taken, without_folder, .. } = notes;
        if !assigned.is_empty() {
            self.show(world);
            world.tell(ConsumerEvent::Assigned { partitions: assigned });
        }
        self.revoke(now, &taken, None, world);
        self.make_folders_again(now, &without_folder);
    }

    pub(super) fn show(&self, world: &mut impl World) {
        let active = self.claims.values().filter(|claim| claim.is_active());
        world.show(active.map(|claim| claim.partition().clone()).collect());
    }
}
