//! A group of KIP-848: its coordinator says who is to have what, and leads each member there in heartbeats.
//!
//! Three epochs go up: that of the group when something has changed, that of the target when it has been made anew, and that of a
//! member when it has got there. A partition goes to its next owner only when the last one has said that it does not have it any
//! more, or was taken out.
//!
//! As `GroupMetadataManager` and `CurrentAssignmentBuilder` of Kafka 4.4. Not modelled: static members, patterns, racks, and
//! that members of the classic protocol are in the same group.

mod assign;
mod heartbeat;
mod reconcile;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use samsa_core::Instant;
use samsa_proto::ErrorCode;
use samsa_proto::wire::Uuid;

pub(super) use self::assign::ASSIGNORS;
pub(super) use self::heartbeat::{Beat, Heard};

use self::reconcile::Progress;
use super::held::Held;

/// A topic's id, and a partition's number.
pub(super) type Part = (Uuid, i32);
/// By names: ids and how many partitions there are.
pub(super) type Topics = BTreeMap<String, (Uuid, i32)>;

/// From here on a commit of a member is understood.
const WITH_EPOCH: i16 = 9;

/// A member.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) client: String,
    pub(super) epoch: i32,
    /// The one before it: the answer with the present one may have been lost.
    previous_epoch: i32,
    rebalance_timeout: Duration,
    pub(super) topics: BTreeSet<String>,
    assignor: Option<String>,
    progress: Progress,
    /// What it has, or may have, each with the epoch in which it got it.
    pub(super) assigned: BTreeMap<Part, i32>,
    /// What it has to give back, and has not said yet that it did.
    revoking: BTreeMap<Part, i32>,
    /// When it is taken out, unless it is heard of.
    expires: Option<Instant>,
    /// When it is taken out, unless it has given back what it has to.
    revokes_until: Option<Instant>,
}

#[derive(Clone, Debug)]
pub(super) struct ConsumerGroup {
    name: String,
    session_timeout: Duration,
    pub(super) epoch: i32,
    /// The epoch for which the target was made.
    pub(super) target_epoch: i32,
    pub(super) target: BTreeMap<String, BTreeSet<Part>>,
    /// What its members subscribe to, as it was when it was looked at last.
    pub(super) subscribed: Topics,
    pub(super) members: BTreeMap<String, Member>,
}

impl ConsumerGroup {
    pub(super) fn new(name: &str, session_timeout: Duration) -> Self {
        Self {
            name: name.to_owned(),
            session_timeout,
            epoch: 0,
            target_epoch: 0,
            target: BTreeMap::new(),
            subscribed: Topics::new(),
            members: BTreeMap::new(),
        }
    }

    /// The name of the assignor that makes its targets.
    pub(super) fn assignor(&self) -> &'static str {
        assign::preferred(&self.members)
    }

    /// As brokers tell it.
    pub(super) fn state(&self) -> &'static str {
        if self.members.is_empty() {
            "Empty"
        } else if self.epoch > self.target_epoch {
            "Assigning"
        } else if self.members.values().all(|member| member.is_reconciled_to(self.target_epoch)) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// When something happens by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.members.values().filter_map(Member::deadline).min()
    }

    /// Lets happen what is due.
    pub(super) fn tick(&mut self, now: Instant, held: &mut Held) {
        let due = self.members.iter().filter(|(_, member)| member.deadline().is_some_and(|at| at <= now));
        for id in due.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            let is_silent = self.members[&id].expires.is_some_and(|at| at <= now);
            let why = if is_silent { "has not been heard of" } else { "has not given back what it has to" };
            held.tell(format!("{}: {id} {why} for too long", self.name));
            self.remove(&id);
        }
    }

    /// A member is there no more, and what it had is free.
    fn remove(&mut self, id: &str) {
        self.members.remove(id);
        self.target.remove(id);
        self.epoch += 1;
    }

    pub(super) fn leave(&mut self, member: &str, held: &mut Held) -> Result<(), ErrorCode> {
        if !self.members.contains_key(member) {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        held.tell(format!("{}: {member} leaves", self.name));
        self.remove(member);
        Ok(())
    }

    /// Whether who says that may commit. With an epoch that has passed it may only where that is taken, and then what it had since.
    pub(super) fn commit(
        &self,
        member: &str,
        epoch: i32,
        version: i16,
        takes_older: bool,
    ) -> Result<(), ErrorCode> {
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        let member = self.members.get(member).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if version < WITH_EPOCH {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        let is_older = (0..member.epoch).contains(&epoch) && takes_older;
        if epoch == member.epoch || is_older { Ok(()) } else { Err(ErrorCode::STALE_MEMBER_EPOCH) }
    }

    /// Whether a member that may commit has had a partition since this epoch; who has the present one is believed.
    pub(super) fn has_since(&self, member: &str, epoch: i32, part: Part) -> Result<(), ErrorCode> {
        match self.members.get(member) {
            Some(member) if epoch < member.epoch => {
                let since = member.assigned.get(&part).or_else(|| member.revoking.get(&part));
                let has = since.is_some_and(|since| *since <= epoch);
                if has { Ok(()) } else { Err(ErrorCode::STALE_MEMBER_EPOCH) }
            }
            _ => Ok(()),
        }
    }

    /// Whether a member has a partition, or has not given it back yet.
    pub(super) fn owns(&self, member: &str, part: Part) -> Option<bool> {
        Some(self.members.get(member)?.has(&part))
    }

    /// The coordinator is none any more. All is in the log.
    pub(super) fn put_down(&mut self) {
        for member in self.members.values_mut() {
            (member.expires, member.revokes_until) = (None, None);
        }
    }

    /// A coordinator has read the log: all time limits begin anew.
    pub(super) fn take_up(&mut self, now: Instant) {
        for member in self.members.values_mut() {
            member.expires = Some(now + self.session_timeout);
            member.limit_revocation(now);
        }
    }
}

impl Member {
    /// Since which epoch it has a partition, be it one that it has to give back.
    pub(super) fn since(&self, part: &Part) -> Option<i32> {
        self.assigned.get(part).or_else(|| self.revoking.get(part)).copied()
    }

    fn deadline(&self) -> Option<Instant> {
        self.expires.into_iter().chain(self.revokes_until).min()
    }

    fn has(&self, part: &Part) -> bool {
        self.assigned.contains_key(part) || self.revoking.contains_key(part)
    }
}

#[cfg(test)]
mod tests;
