//! When a member commits what is done, and what it owns as a whole.

use super::Commit;
use super::claim::Claim;
use super::desk::Desk;
use super::member::Member;
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
        if self.session.as_ref().is_some_and(|session| !session.is_in_doubt()) {
            self.each_claim(now, world, Claim::commit);
        }
    }

    pub(super) fn commit_all(&mut self, now: Now, world: &mut impl World) {
        let assigned = self.claims.values().filter(|claim| claim.is_assigned());
        self.committing = Some(assigned.map(|claim| (claim.partition().clone(), false)).collect());
        self.commit_trouble = None;
        self.settle_commit(now, world);
    }

    pub(super) fn settle_commit(&mut self, now: Now, world: &mut impl World) {
        let Some(mut waiting) = self.committing.take() else { return };
        let mut gone = None;
        waiting.retain(|partition, is_looked_at| {
            let claim = self.claims.get(partition).filter(|claim| claim.is_assigned());
            let Some(claim) = claim else {
                gone = Some(format!("{partition} is not this member's any more"));
                return false;
            };
            if !claim.is_quiet() {
                return true;
            }
            !std::mem::replace(is_looked_at, true) && {
                self.one_claim(now, world, partition, Claim::commit);
                self.claims.get(partition).is_some_and(|claim| !claim.is_quiet())
            }
        });
        self.commit_trouble = self.commit_trouble.take().or(gone);
        if waiting.is_empty() {
            world.committed(self.commit_trouble.take().map_or(Ok(()), Err));
        } else {
            self.committing = Some(waiting);
        }
    }
}

/// The claims.
impl Member {
    /// Lets each of them do something, and tells what came of it.
    pub(super) fn each_claim<W: World>(
        &mut self,
        now: Now,
        world: &mut W,
        act: impl FnMut(&mut Claim, &mut Desk<'_, W>),
    ) {
        let partitions: Vec<_> = self.claims.keys().cloned().collect();
        self.some_claims(now, world, &partitions, act);
    }

    pub(super) fn one_claim<W: World>(
        &mut self,
        now: Now,
        world: &mut W,
        partition: &TopicPartition,
        act: impl FnMut(&mut Claim, &mut Desk<'_, W>),
    ) {
        self.some_claims(now, world, std::slice::from_ref(partition), act);
    }

    fn some_claims<W: World>(
        &mut self,
        now: Now,
        world: &mut W,
        partitions: &[TopicPartition],
        mut act: impl FnMut(&mut Claim, &mut Desk<'_, W>),
    ) {
        let Some(session) = &mut self.session else { return };
        let mut desk = Desk {
            now,
            world,
            session,
            rng: &mut self.rng,
            backoff: self.settings.backoff,
            start: self.settings.start,
            commits_by_itself: self.settings.commit != Commit::Manual,
            assigned: Vec::new(),
            failed: None,
        };
        for partition in partitions {
            if let Some(claim) = self.claims.get_mut(partition) {
                act(claim, &mut desk);
            }
        }
        let Desk { assigned, failed, .. } = desk;
        if self.committing.is_some() {
            self.commit_trouble = self.commit_trouble.take().or(failed);
        }
        if !assigned.is_empty() {
            self.show(world);
            world.tell(ConsumerEvent::Assigned { partitions: assigned });
        }
    }

    pub(super) fn show(&self, world: &mut impl World) {
        let active = self.claims.values().filter(|claim| claim.is_active());
        world.show(active.map(|claim| claim.partition().clone()).collect());
    }
}
