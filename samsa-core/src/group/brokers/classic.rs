//! The classic protocol: all members join, one of them shares out, each is told its part (KIP-62 and what came before it).
//!
//! | phase     | input                                | then      | asks, does                                   |
//! |-----------|--------------------------------------|-----------|----------------------------------------------|
//! | Joining   | a name                               | Joining   | a join under that name (KIP-394)             |
//! | Joining   | all have joined, another one leads   | Syncing   | its part                                     |
//! | Joining   | all have joined, it leads            | Sharing   | the metadata of all topics                   |
//! | Sharing   | the topics are known, time over      | Syncing   | hands in the shares, and asks for its own    |
//! | Syncing   | its part                             | Joined    | begins to hold that                          |
//! | Joined    | a rebalance, other topics            | Preparing | revokes everything                           |
//! | Joined    | it leads, and partitions have come   | Preparing | revokes everything                           |
//! | Preparing | it holds nothing any more            | Joining   | a join                                       |
//! | Syncing   | a rebalance                          | Joining   | a join                                       |
//! | any       | unknown, of an older generation      | Resting   | tells what is lost                           |
//!
//! Nothing is held across a join: whoever has shared out may have given it to another, who begins as soon as it is told. So what is
//! done is committed before, in the generation that is about to end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};

use super::leading::{Leading, PLAIN};
use super::member::{Member, Phase, Protocol};
use super::world::BrokerWorld;
use crate::group::assign::Counts;
use crate::group::coordinator::{Identity, Join, Joined, MemberAsk, Refusal, Sync};
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Instant, Now};
use crate::topology::TopicPartition;

#[derive(Clone, Debug, Default)]
pub(super) struct Classic {
    /// Who is to get something, while it leads and does not know yet how much there is.
    pub(super) leading: Option<Leading>,
    /// How many partitions there were when it shared them out.
    pub(super) shared: Option<Counts>,
    /// How long others wait for it in a rebalance.
    waits: Duration,
}

impl Member {
    pub(super) fn assignor_name(&self) -> &'static str {
        self.settings.assignor.name().unwrap_or_default()
    }

    fn identity(&self) -> Identity {
        Identity { member: Arc::clone(&self.name), generation: self.generation }
    }

    pub(super) fn join(&mut self, now: Now, world: &mut impl BrokerWorld) {
        let topics = self.choice.topics().iter().map(|topic| &**topic).collect();
        let wish = ConsumerProtocolSubscription { topics, ..Default::default() };
        let join = Join {
            member: Arc::clone(&self.name),
            session_timeout: self.settings.times.session_timeout,
            rebalance_timeout: self.settings.times.rebalance_timeout,
            assignor: self.assignor_name(),
            subscription: wish.write(PLAIN).unwrap_or_default(),
        };
        self.phase = Phase::Joining;
        self.choice.tell();
        self.heartbeat_due = None;
        world.end_lease();
        world.act_as(None);
        self.attendance.forget_own();
        self.attendance.ask(world, now, MemberAsk::Join(join));
    }

    pub(super) fn has_joined(&mut self, now: Now, joined: Joined, world: &mut impl BrokerWorld) {
        let Joined { generation, lasts, waits, member, members } = joined;
        self.attendance.lasts(lasts);
        if matches!(self.phase, Phase::Joining | Phase::Leaving { .. }) {
            (self.name, self.generation) = (member, generation);
        }
        let Protocol::Classic(classic) = &mut self.protocol else { return };
        if self.phase != Phase::Joining {
            return;
        }
        (classic.leading, classic.shared, classic.waits) = (None, None, waits);
        match members {
            Some(members) => self.lead(now, &members, world),
            None => self.sync(now, Vec::new(), world),
        }
    }

    pub(super) fn sync(
        &mut self,
        now: Now,
        assignments: Vec<(String, Vec<u8>)>,
        world: &mut impl BrokerWorld,
    ) {
        self.phase = Phase::Syncing;
        let sync = Sync {
            identity: self.identity(),
            rebalance_timeout: self.settings.times.rebalance_timeout,
            assignor: self.assignor_name(),
            assignments,
        };
        self.attendance.ask(world, now, MemberAsk::Sync(sync));
    }

    pub(super) fn has_synced(&mut self, now: Now, assignment: &[u8], world: &mut impl BrokerWorld) {
        if self.phase != Phase::Syncing {
            return;
        }
        world.act_as(Some(self.identity()));
        let interval = self.settings.times.heartbeat_interval;
        // It may have waited long for others, and what is proved is that it was there when it asked.
        let has_waited = self.attendance.proved() + interval <= now.mono;
        self.enter(now, if has_waited { Duration::ZERO } else { interval }, world);
        let own = self.read_assignment(assignment);
        let is_idle = own.is_empty() && self.has_something_to_read(world);
        self.hold(now, &own, world);
        self.has_its_share(world);
        self.tell_idle(is_idle, world);
        // Others were chosen while it waited.
        if !self.choice.is_told() {
            self.prepare(now, world);
        }
    }

    /// What is given to it beyond what it reads is left alone, and nobody reads it.
    fn read_assignment(&self, assignment: &[u8]) -> BTreeSet<TopicPartition> {
        if assignment.is_empty() {
            return BTreeSet::new();
        }
        let read = match ConsumerProtocolAssignment::read(assignment) {
            Ok((_, read)) => read,
            Err(error) => {
                tracing::warn!(group = %self.settings.group, %error, "what the leader has given cannot be read");
                return BTreeSet::new();
            }
        };
        let mut own = BTreeSet::new();
        for topic in read.assigned_partitions {
            if let Some(name) = self.choice.topics().get(topic.topic) {
                let known = topic.partitions.into_iter().filter(|number| *number >= 0);
                own.extend(known.map(|number| TopicPartition::new(Arc::clone(name), number)));
            } else {
                let (group, topic) = (&self.settings.group, topic.topic);
                tracing::warn!(%group, topic, "the leader has given partitions of a topic that this member does not read");
            }
        }
        own
    }

    pub(super) fn is_alive(&mut self, now: Now, world: &mut impl BrokerWorld) {
        self.heartbeat_due = Some(self.next_heartbeat(now, self.settings.times.heartbeat_interval));
        self.renew_lease(world);
    }

    pub(super) fn tick_classic(&mut self, now: Now, world: &mut impl BrokerWorld) {
        match self.phase {
            Phase::Sharing(until) => self.share_out(now, until, world),
            Phase::Joined if self.partitions_have_come(world) => self.prepare(now, world),
            _ => {}
        }
        if self.phase == Phase::Preparing && self.holdings.is_empty() {
            return self.join(now, world);
        }
        if self.heartbeat_is_due(now) {
            self.heartbeat_due = None;
            self.attendance.ask(world, now, MemberAsk::Heartbeat(self.identity()));
        }
    }

    /// Everything goes, and then it joins anew. Others wait for it meanwhile.
    pub(super) fn prepare(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if is_planted(PlantedBug::KeepsAcrossJoin) {
            self.holdings.clear();
            return self.join(now, world);
        }
        self.phase = Phase::Preparing;
        self.commit_due = None;
        let Protocol::Classic(classic) = &self.protocol else { return };
        self.revoke(now, |_| true, now.mono + classic.waits / 2, world);
    }

    pub(super) fn refused_classic(
        &mut self,
        now: Now,
        (issued, doubts): (Instant, u64),
        refusal: Refusal,
        world: &mut impl BrokerWorld,
    ) {
        self.trouble = refusal.code.to_string();
        let is_joining = matches!(self.phase, Phase::Joining | Phase::Sharing(_) | Phase::Syncing);
        match refusal.code {
            ErrorCode::MEMBER_ID_REQUIRED if self.phase == Phase::Joining && self.name.is_empty() => {
                self.name = refusal.member.unwrap_or_else(|| Arc::from(""));
                if self.name.is_empty() { self.rejoin_later(now) } else { self.join(now, world) }
            }
            // What is done may be committed before it joins. Brokers before 0.10.1 say so even to whom they have taken out of
            // the group, and refuse its commits: so nothing is handed out on this word.
            ErrorCode::REBALANCE_IN_PROGRESS if !is_joining => {
                if self.phase == Phase::Joined {
                    self.prepare(now, world);
                }
                self.attendance.is_proved(issued, doubts);
                self.is_alive(now, world);
            }
            ErrorCode::REBALANCE_IN_PROGRESS => self.rejoin(now),
            code @ (ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::ILLEGAL_GENERATION) => {
                self.is_fenced(now, code, world);
            }
            _ if is_joining => self.refuse(now, refusal, world),
            _ => self.lose(now, &refusal.code.to_string(), world),
        }
    }
}
