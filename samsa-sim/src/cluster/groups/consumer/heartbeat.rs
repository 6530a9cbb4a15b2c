//! What a member says in a heartbeat, and what it hears.

use std::collections::BTreeSet;
use std::time::Duration;

use samsa_core::Instant;
use samsa_proto::ErrorCode;

use super::super::held::Held;
use super::assign::{assign, preferred};
use super::{ConsumerGroup, Member, Part, Topics};

/// A heartbeat, in which nothing stands that has not changed.
#[derive(Debug)]
pub(in super::super) struct Beat {
    pub(in super::super) member: String,
    /// 0 joins.
    pub(in super::super) epoch: i32,
    pub(in super::super) client: String,
    pub(in super::super) rebalance_timeout: Option<Duration>,
    pub(in super::super) topics: Option<BTreeSet<String>>,
    pub(in super::super) assignor: Option<String>,
    /// What it has.
    pub(in super::super) owned: Option<BTreeSet<Part>>,
}

/// What a member hears.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Heard {
    pub(in super::super) epoch: i32,
    /// What it may have from now on, if that is new or it may not know.
    pub(in super::super) assigned: Option<BTreeSet<Part>>,
}

impl ConsumerGroup {
    pub(in super::super) fn heartbeat(
        &mut self,
        now: Instant,
        beat: &Beat,
        topics: &Topics,
        held: &mut Held,
    ) -> Result<Heard, ErrorCode> {
        let is_new = beat.epoch == 0 && !self.members.contains_key(&beat.member);
        if is_new {
            self.members.insert(beat.member.clone(), Member::default());
        }
        let member = self.members.get_mut(&beat.member).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        member.check(beat)?;
        let is_changed = member.update(beat);
        member.expires = Some(now + self.session_timeout);
        let before: BTreeSet<Part> = member.assigned.keys().copied().collect();

        let subscribed = self.look_at_topics(topics);
        if is_new || is_changed || subscribed != self.subscribed {
            self.epoch += 1;
            self.subscribed = subscribed;
        }
        if self.epoch > self.target_epoch {
            self.make_target(held);
        }
        let taken = self.taken();
        let target = self.target.get(&beat.member).cloned().unwrap_or_default();
        let member = self.members.get_mut(&beat.member).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        member.reconcile(now, (self.target_epoch, &target), beat.owned.as_ref(), &taken);
        let after: BTreeSet<Part> = member.assigned.keys().copied().collect();
        let is_told = beat.is_full() || after != before;
        Ok(Heard { epoch: member.epoch, assigned: is_told.then_some(after) })
    }

    /// Of the topics that there are those to which somebody subscribes.
    fn look_at_topics(&self, topics: &Topics) -> Topics {
        let is_wanted = |topic: &String| self.members.values().any(|member| member.topics.contains(topic));
        let wanted = topics.iter().filter(|(topic, _)| is_wanted(topic));
        wanted.map(|(topic, found)| (topic.clone(), *found)).collect()
    }

    fn make_target(&mut self, held: &mut Held) {
        let assignor = preferred(&self.members);
        self.target = assign(assignor, &self.members, &self.subscribed, &self.target);
        self.target_epoch = self.epoch;
        let (name, epoch, count) = (&self.name, self.epoch, self.members.len());
        held.tell(format!("{name} has a target for epoch {epoch}, {count} members"));
    }

    /// What anybody has or has not given back.
    fn taken(&self) -> BTreeSet<Part> {
        let parts =
            self.members.values().flat_map(|member| member.assigned.keys().chain(member.revoking.keys()));
        parts.copied().collect()
    }

    /// What a member says that it has, and was never given, or has said that it gave back.
    pub(in super::super) fn wrongly_owned(&self, beat: &Beat) -> Vec<Part> {
        let Some(member) = self.members.get(&beat.member) else { return Vec::new() };
        beat.owned.iter().flatten().filter(|part| !member.has(part)).copied().collect()
    }
}

impl Beat {
    /// Whether all stands in it, since the member joins or may not know what it would have heard last.
    fn is_full(&self) -> bool {
        let says_all = self.rebalance_timeout.is_some() && self.topics.is_some() && self.owned.is_some();
        self.epoch == 0 || says_all
    }
}

impl Member {
    /// An epoch is also that of the last answer but one, which may be the last that the member has; but then it has nothing
    /// that it is not to have.
    fn check(&self, beat: &Beat) -> Result<(), ErrorCode> {
        let has_only_its_own = || {
            let owned = beat.owned.as_ref();
            owned.is_some_and(|owned| owned.iter().all(|part| self.assigned.contains_key(part)))
        };
        let is_last_but_one = || beat.epoch == self.previous_epoch && has_only_its_own();
        let is_it = beat.epoch == 0 || beat.epoch == self.epoch;
        if is_it || (beat.epoch < self.epoch && is_last_but_one()) {
            Ok(())
        } else {
            Err(ErrorCode::FENCED_MEMBER_EPOCH)
        }
    }

    /// Says whether it subscribes to something else now.
    fn update(&mut self, beat: &Beat) -> bool {
        self.client.clone_from(&beat.client);
        self.rebalance_timeout = beat.rebalance_timeout.unwrap_or(self.rebalance_timeout);
        self.assignor = beat.assignor.clone().or_else(|| self.assignor.take());
        let is_changed = beat.topics.as_ref().is_some_and(|topics| *topics != self.topics);
        if let Some(topics) = &beat.topics {
            self.topics.clone_from(topics);
        }
        is_changed
    }
}
