//! When a member commits what is done, and what it owns as a whole.

use std::collections::BTreeMap;

use super::Commit;
use super::claim::Claim;
use super::desk::Desk;
use super::member::{Member, Phase};
use super::session::Session;
use super::world::World;
use crate::consumer::ConsumerEvent;
use crate::planted::{PlantedBug, is_planted};
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
        (self.is_awaited, self.commit_trouble) = (true, None);
        self.settle_commit(now, world);
    }

    /// Nobody waits for the commit any more. It goes on; what went is told to whoever waits for the next.
    pub(super) fn is_not_awaited(&mut self) {
        self.is_awaited = false;
    }

    pub(super) fn settle_commit(&mut self, now: Now, world: &mut impl World) {
        if self.session.as_ref().is_some_and(Session::is_in_doubt) {
            return;
        }
        let Some(mut waiting) = self.committing.take() else { return };
        waiting.retain(|partition, is_looked_at| {
            let claim = self.claims.get(partition).filter(|claim| claim.is_assigned());
            // What went without being committed was left behind.
            let Some(claim) = claim else { return false };
            if !claim.is_quiet() {
                return true;
            }
            !std::mem::replace(is_looked_at, true) && {
                self.one_claim(now, world, partition, Claim::commit);
                self.claims.get(partition).is_some_and(|claim| !claim.is_quiet())
            }
        });
        if waiting.is_empty() {
            let trouble = self.commit_trouble.take();
            self.answer_commit(trouble, world);
        } else {
            self.committing = Some(waiting);
        }
    }

    /// Answers whoever waits for the commit, and tells with that what went.
    pub(super) fn answer_commit(&mut self, trouble: Option<String>, world: &mut impl World) {
        if !std::mem::take(&mut self.is_awaited) {
            return;
        }
        let went = self.take_what_went();
        let reasons: Vec<String> = trouble.into_iter().chain(went).collect();
        world.committed(if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) });
    }

    fn take_what_went(&mut self) -> Option<String> {
        let gone = std::mem::take(&mut self.left_behind);
        let first = gone.first().filter(|_| !is_planted(PlantedBug::ForgetsWhatWent))?;
        let others = gone.len() - 1;
        let and = if others > 0 { format!(" and {others} others") } else { String::new() };
        Some(format!("{first}{and} went before what was handed out of it was committed"))
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
            assigned: Vec::new(),
            left_behind: Vec::new(),
            taken: Vec::new(),
            without_folder: Vec::new(),
            failed: None,
            uncommitted: Vec::new(),
            refused: None,
        };
        act(&mut self.claims, &mut desk);
        let Desk { assigned, left_behind, taken, without_folder, failed, uncommitted, refused, .. } = desk;
        self.refused = self.refused.take().or(refused);
        self.left_behind.extend(left_behind);
        if matches!(self.phase, Phase::Leaving { .. }) {
            let (count, first) = &mut self.uncommitted;
            *count += uncommitted.len();
            *first = first.take().or(uncommitted.first().map(|(place, why)| format!("{place}: {why}")));
        }
        if self.committing.is_some() {
            self.commit_trouble = self.commit_trouble.take().or(failed);
        }
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
