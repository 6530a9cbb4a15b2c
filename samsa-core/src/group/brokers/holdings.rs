//! What a member holds as a whole: what comes, what goes, and when it is committed.

use std::collections::{BTreeMap, BTreeSet};

use super::attendance::Attendance;
use super::member::{Member, Phase};
use super::world::BrokerWorld;
use crate::consumer::ConsumerEvent;
use crate::group::Commit;
use crate::group::commits::still_waits;
use crate::group::desk::{Desk, Notes};
use crate::group::holding::Holding;
use crate::group::offsets::{OffsetStorage, Offsets};
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;

impl Member {
    /// These come; what is held already stays as it is.
    pub(super) fn hold(
        &mut self,
        now: Now,
        partitions: &BTreeSet<TopicPartition>,
        world: &mut impl BrokerWorld,
    ) {
        for partition in partitions {
            let start = self.choice.start_of(partition, self.settings.start);
            let offsets = Offsets::new(OffsetStorage::Brokers, String::new());
            let fresh = || Holding::new(partition.clone(), offsets, start);
            self.holdings.entry(partition.clone()).or_insert_with(fresh);
        }
        self.each_holding(now, world, |holding, desk| {
            if holding.is_absent() && partitions.contains(holding.partition()) {
                holding.begin(desk);
            }
        });
    }

    /// These go, once the application has let go of them, or at this time.
    pub(super) fn revoke(
        &mut self,
        now: Now,
        goes: impl Fn(&TopicPartition) -> bool,
        until: Instant,
        world: &mut impl BrokerWorld,
    ) {
        self.holdings.values_mut().for_each(|holding| holding.hurry(until));
        let goes = |holding: &&Holding| goes(holding.partition());
        let revoked = self.holdings.values().filter(|holding| holding.is_active()).filter(goes);
        let revoked: Vec<_> = revoked.map(|holding| holding.partition().clone()).collect();
        let unread = self.holdings.values().filter(|holding| holding.is_starting()).filter(goes);
        let unread: BTreeSet<_> = unread.map(|holding| holding.partition().clone()).collect();
        self.each_holding(now, world, |holding, desk| {
            if unread.contains(holding.partition()) {
                holding.let_go(desk);
            }
        });
        if !revoked.is_empty() {
            let held = world.revoking(revoked.clone(), until);
            self.each_holding(now, world, |holding, desk| {
                if revoked.contains(holding.partition()) {
                    holding.revoke(desk, held.clone(), until);
                }
            });
            self.show(world);
        }
        self.tick_holdings(now, world);
    }

    pub(super) fn tick_holdings(&mut self, now: Now, world: &mut impl BrokerWorld) {
        self.each_holding(now, world, Holding::tick);
        self.holdings.retain(|_, holding| !holding.is_absent());
    }

    /// Nothing of what it held is its own any more. Says how many of the partitions had more to commit.
    pub(super) fn drop_all(&mut self, reason: &str, world: &mut impl BrokerWorld) -> usize {
        world.end_lease();
        let assigned = self.holdings.values().filter(|holding| holding.is_assigned());
        let partitions: Vec<_> = assigned.map(|holding| holding.partition().clone()).collect();
        let withdrawn: &[_] = if is_planted(PlantedBug::HandsOutAfterLost) { &[] } else { &partitions };
        for partition in withdrawn {
            world.withdraw(partition);
        }
        let has_more = self.holdings.values().filter(|holding| holding.has_more(&*world));
        let left_behind = has_more.map(|holding| holding.partition().clone()).collect();
        for partition in withdrawn {
            world.forget(partition);
        }
        self.holdings.clear();
        self.attendance.forget(world);
        world.act_as(None);
        (self.heartbeat_due, self.is_idle) = (None, false);
        if !partitions.is_empty() {
            tracing::warn!(group = %self.settings.group, reason, "partitions are lost");
            world.tell(ConsumerEvent::Lost { partitions });
        }
        world.show(Vec::new());
        self.commits.lose(left_behind, reason, world)
    }

    pub(super) fn next_commit(&self, now: Now) -> Option<Instant> {
        (self.settings.commit != Commit::Manual).then(|| now.mono + self.settings.commit_interval)
    }

    pub(super) fn commit_by_itself(&mut self, now: Now, world: &mut impl BrokerWorld) {
        self.commit_due = self.next_commit(now);
        if !self.is_in_doubt() {
            self.each_holding(now, world, Holding::commit);
        }
    }

    pub(super) fn commit_all(&mut self, now: Now, world: &mut impl BrokerWorld) {
        let assigned = self.holdings.values().filter(|holding| holding.is_assigned());
        self.commits.begin(assigned.map(|holding| holding.partition().clone()));
        self.settle_commit(now, world);
    }

    /// Nobody waits for the commit any more.
    pub(crate) fn is_not_awaited(&mut self) {
        self.commits.is_not_awaited();
    }

    pub(super) fn settle_commit(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if self.is_in_doubt() {
            return;
        }
        let Some(mut waiting) = self.commits.take_waiting() else { return };
        waiting.retain(|partition, is_looked_at| {
            still_waits(is_looked_at, |commits| {
                if commits {
                    self.one_holding(now, world, partition, Holding::commit);
                }
                let holding = self.holdings.get(partition).filter(|holding| holding.is_assigned())?;
                Some(holding.is_quiet())
            })
        });
        self.commits.settle(waiting, world);
    }

    /// Lets each of them do something, and tells what came of it.
    pub(super) fn each_holding<W: BrokerWorld>(
        &mut self,
        now: Now,
        world: &mut W,
        mut act: impl FnMut(&mut Holding, &mut Desk<'_, W, Attendance>),
    ) {
        self.with_holdings(now, world, |all, desk| all.values_mut().for_each(|holding| act(holding, desk)));
    }

    pub(super) fn one_holding<W: BrokerWorld>(
        &mut self,
        now: Now,
        world: &mut W,
        partition: &TopicPartition,
        act: impl FnOnce(&mut Holding, &mut Desk<'_, W, Attendance>),
    ) {
        self.with_holdings(now, world, |all, desk| {
            if let Some(holding) = all.get_mut(partition) {
                act(holding, desk);
            }
        });
    }

    fn with_holdings<W: BrokerWorld>(
        &mut self,
        now: Now,
        world: &mut W,
        act: impl FnOnce(&mut BTreeMap<TopicPartition, Holding>, &mut Desk<'_, W, Attendance>),
    ) {
        let mut desk = Desk {
            now,
            world,
            session: &mut self.attendance,
            rng: &mut self.rng,
            backoff: self.settings.backoff,
            commits_by_itself: self.settings.commit != Commit::Manual,
            notes: Notes::default(),
        };
        act(&mut self.holdings, &mut desk);
        let mut notes = desk.notes;
        self.commits.note(&mut notes, matches!(self.phase, Phase::Leaving { .. }));
        if !notes.assigned.is_empty() {
            self.show(world);
            world.tell(ConsumerEvent::Assigned { partitions: notes.assigned });
        }
    }

    fn show(&self, world: &mut impl BrokerWorld) {
        let active = self.holdings.values().filter(|holding| holding.is_active());
        world.show(active.map(|holding| holding.partition().clone()).collect());
    }
}
