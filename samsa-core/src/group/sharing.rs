//! What a member does about its share: it claims what is new, and gives up what goes.

use std::collections::BTreeMap;

use super::assign::Share;
use super::claim::Claim;
use super::holding::Holding;
use super::member::Member;
use super::offsets::Offsets;
use super::world::World;
use crate::offset::Offset;
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;

impl Member {
    /// From now on these are wanted, and nothing else. `by` bounds how long the application may hold what goes.
    pub(super) fn want_only(&mut self, now: Now, share: &Share, by: Option<Instant>, world: &mut impl World) {
        let share: BTreeMap<TopicPartition, u16> = share
            .iter()
            .map(|((topic, partition), stream)| (TopicPartition::new(&**topic, *partition), *stream))
            .collect();
        for (partition, stream) in &share {
            self.claim_for(partition, *stream);
        }
        let mut revoked = Vec::new();
        self.each_claim(now, world, |claim, desk| {
            if claim.want(desk, share.contains_key(claim.partition())) {
                revoked.push(claim.partition().clone());
            }
        });
        self.revoke(now, &revoked, by, world);
        self.claims.retain(|_, claim| !claim.is_gone());
    }

    /// These go, once the application has let go of them.
    pub(super) fn revoke(
        &mut self,
        now: Now,
        revoked: &[TopicPartition],
        by: Option<Instant>,
        world: &mut impl World,
    ) {
        if revoked.is_empty() {
            return;
        }
        let timeout = self.session.as_ref().map_or(self.settings.session_timeout, |session| session.timeout);
        let until = now.mono + timeout / 2;
        let until = by.map_or(until, |by| by.min(until));
        let held = world.revoking(revoked.to_vec(), until);
        self.each_claim(now, world, |claim, desk| {
            if revoked.contains(claim.partition()) {
                claim.revoke(desk, held.clone(), until);
            }
        });
        self.show(world);
        self.each_claim(now, world, Claim::tick);
    }

    fn claim_for(&mut self, partition: &TopicPartition, stream: u16) {
        let name = self.settings.owner(&self.id, stream);
        if let Some(claim) = self.claims.get_mut(partition) {
            return claim.is_dealt_to(name);
        }
        if let (Some(lock), Some(offset)) = (self.lock_of(partition), self.settings.offset_of(partition)) {
            let offsets = Offsets::new(self.settings.offsets, offset);
            let holding = Holding::new(partition.clone(), offsets, self.start_of(partition));
            let claim = Claim::new(holding, lock, name);
            self.claims.insert(partition.clone(), claim);
        }
    }

    /// Where to start without a committed offset. All that there is of a partition that came while this member was there
    /// was published since. Who joined later cannot tell it from one that was always there.
    fn start_of(&self, partition: &TopicPartition) -> Offset {
        let is_later = self.shown_first.as_ref().is_some_and(|first| !first.contains(partition));
        let start = self.settings.start;
        if is_later && start == Offset::Latest { Offset::Earliest } else { start }
    }
}
