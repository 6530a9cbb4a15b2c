//! The protocol of KIP-848, which brokers call that of consumer groups: the coordinator shares out, and a heartbeat says everything.
//!
//! | phase   | input                                    | then    | asks, does                                        |
//! |---------|------------------------------------------|---------|---------------------------------------------------|
//! | Joining | an epoch, and what is its own            | Joined  | begins to hold that                               |
//! | Joined  | what is its own, without what it holds   | Joined  | revokes that                                      |
//! | Joined  | what it revoked is gone                  | Joined  | a heartbeat at once, with what it holds           |
//! | Joined  | what is its own, with what is free now   | Joined  | begins to hold that                               |
//! | Joined  | its epoch is over, it is not known       | Resting | tells what is lost, joins at epoch 0              |
//! | Joining | not taken in this protocol               | Joining | joins in the [classic](super::classic) one, if it may |
//!
//! What has not changed since a heartbeat was answered is not said again. After one that has no answer everything is.
//!
//! A coordinator does not tell after how long a silence it takes a member out; brokers allow no less than a heartbeat's interval, and
//! by default nine times that. It is taken to be three times that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use samsa_proto::ErrorCode;

use super::member::{Member, Phase, Protocol};
use super::settings::Speaks;
use super::world::{BrokerWorld, Seen};
use crate::group::GroupError;
use crate::group::coordinator::{Attend, Attending, Identity, MemberAsk, Refusal, Wish};
use crate::group::holding::Holding;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Now;
use crate::topology::TopicPartition;

/// After how many heartbeats a coordinator may take out who is silent.
const SILENCE: u32 = 3;

/// A member that has been given nothing so often is not waiting for others to give up theirs.
const IDLE_AFTER: u32 = 3;

/// Partitions by the ids of their topics.
type ById = BTreeMap<[u8; 16], Vec<i32>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Consumer {
    /// What is the member's own, as the coordinator said last.
    target: ById,
    /// The ids of the topics of which it holds something, or did.
    ids: BTreeMap<Arc<str>, [u8; 16]>,
    /// What it held by the last heartbeat that was answered, and by the last that was sent.
    told: Option<ById>,
    telling: ById,
    /// Whether it holds what is its own, and has said so.
    is_at_rest: bool,
    /// How often in a row it was given nothing.
    empty: u32,
}

impl Consumer {
    /// Nothing counts as said.
    pub(super) fn tell_all_again(&mut self) {
        (self.told, self.is_at_rest) = (None, false);
    }
}

impl Member {
    pub(super) fn join_by_heartbeat(&mut self, now: Now, world: &mut impl BrokerWorld) {
        let Protocol::Consumer(consumer) = &mut self.protocol else { return };
        *consumer = Consumer::default();
        self.name = Arc::clone(&self.id);
        (self.generation, self.phase) = (Attend::JOINS, Phase::Joining);
        self.attend(now, world);
    }

    /// What it holds, be it about to go.
    fn holds(&self) -> ById {
        let Protocol::Consumer(consumer) = &self.protocol else { return ById::new() };
        let mut holds = ById::new();
        for partition in self.holdings.keys() {
            if let Some(id) = consumer.ids.get(&partition.topic) {
                holds.entry(*id).or_default().push(partition.partition);
            }
        }
        holds
    }

    fn attend(&mut self, now: Now, world: &mut impl BrokerWorld) {
        let holds = self.holds();
        let wish = Wish {
            topics: self.choice.topics().iter().cloned().collect(),
            assignor: self.settings.names_assignor.then(|| self.settings.assignor.name_at_coordinators()),
            rack: self.settings.rack.clone(),
            rebalance_timeout: self.settings.times.rebalance_timeout,
        };
        let (member, epoch) = (Arc::clone(&self.name), self.generation);
        let Protocol::Consumer(consumer) = &mut self.protocol else { return };
        let is_change = consumer.told.as_ref() != Some(&holds);
        if consumer.told.is_none() {
            self.choice.tell();
        }
        let attend = Attend {
            member,
            epoch,
            wish: consumer.told.is_none().then_some(wish),
            holds: is_change.then(|| holds.clone()),
        };
        consumer.telling = holds;
        self.heartbeat_due = None;
        self.attendance.ask(world, now, MemberAsk::Attend(attend));
    }

    pub(super) fn attending(&mut self, now: Now, attending: Attending, world: &mut impl BrokerWorld) {
        let Attending { epoch, interval, assignment } = attending;
        let Protocol::Consumer(consumer) = &mut self.protocol else { return };
        consumer.told = Some(std::mem::take(&mut consumer.telling));
        if let Some(assignment) = assignment {
            (consumer.target, consumer.is_at_rest) = (assignment, false);
        }
        consumer.empty = if consumer.target.is_empty() { consumer.empty.saturating_add(1) } else { 0 };
        let is_empty_for_long = consumer.empty >= IDLE_AFTER;
        self.generation = epoch;
        world.act_as(Some(Identity { member: Arc::clone(&self.name), generation: epoch }));
        self.attendance.lasts((interval * SILENCE).min(self.settings.times.rebalance_timeout));
        self.heartbeat_due = Some(self.next_heartbeat(now, interval));
        match self.phase {
            Phase::Joining => self.enter(now, interval, world),
            _ => self.renew_lease(world),
        }
        if self.phase == Phase::Joined {
            if !self.choice.is_told() {
                self.tell_choice(now, world);
            }
            self.look_for_topics(world);
            self.reconcile(now, world);
            self.has_its_share(world);
            let is_idle = is_empty_for_long && self.has_something_to_read(world);
            self.tell_idle(is_idle, world);
        }
    }

    /// The metadata may not know yet what it was given partitions of.
    fn look_for_topics(&self, world: &mut impl BrokerWorld) {
        let Protocol::Consumer(consumer) = &self.protocol else { return };
        let names = names(self.choice.topics(), world);
        if consumer.target.keys().any(|id| !names.contains_key(id)) {
            world.refresh();
        }
    }

    /// Gives up what is not its own any more, and begins to hold what has come, as far as the topics are known.
    fn reconcile(&mut self, now: Now, world: &mut impl BrokerWorld) {
        let Protocol::Consumer(consumer) = &mut self.protocol else { return };
        let names = names(self.choice.topics(), world);
        let known = consumer.target.iter().filter_map(|(id, numbers)| Some((*id, names.get(id)?, numbers)));
        let mut own = BTreeMap::new();
        for (id, name, numbers) in known {
            own.extend(numbers.iter().map(|number| (TopicPartition::new(Arc::clone(name), *number), id)));
        }
        let ids = consumer.ids.clone();
        let stays = |partition: &TopicPartition| {
            let is_same = own.get(partition).is_some_and(|id| ids.get(&partition.topic) == Some(id));
            // A topic that is not known for now is not another's.
            let is_own = || ids.get(&partition.topic).is_some_and(|id| self.is_target(*id, partition));
            is_same || is_own()
        };
        let goes: BTreeSet<_> = self.holdings.keys().filter(|partition| !stays(partition)).cloned().collect();
        if is_planted(PlantedBug::AcknowledgesAtOnce) {
            self.holdings.retain(|partition, _| !goes.contains(partition));
        }
        let until = now.mono + self.settings.times.rebalance_timeout / 2;
        self.revoke(now, |partition| goes.contains(partition), until, world);
        let comes = own.keys().filter(|partition| !self.holdings.contains_key(partition));
        // What of a topic made anew is still held under its old id goes first.
        let is_free = |partition: &&TopicPartition| {
            ids.get(&partition.topic).is_none_or(|id| own.get(*partition) == Some(id))
                || self.holdings.keys().all(|held| held.topic != partition.topic)
        };
        let comes: BTreeSet<_> = comes.filter(is_free).cloned().collect();
        let Protocol::Consumer(consumer) = &mut self.protocol else { return };
        consumer.ids.retain(|topic, _| self.holdings.keys().any(|held| held.topic == *topic));
        consumer.ids.extend(comes.iter().map(|partition| (Arc::clone(&partition.topic), own[partition])));
        if !comes.is_empty() {
            self.hold(now, &comes, world);
        }
    }

    fn is_target(&self, id: [u8; 16], partition: &TopicPartition) -> bool {
        let Protocol::Consumer(consumer) = &self.protocol else { return false };
        consumer.target.get(&id).is_some_and(|numbers| numbers.contains(&partition.partition))
    }

    pub(super) fn tick_consumer(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if self.heartbeat_is_due(now) || self.has_news(now, world) {
            self.attend(now, world);
        }
    }

    /// Whether it holds something else than it has said.
    fn has_news(&mut self, now: Now, world: &mut impl BrokerWorld) -> bool {
        let is_at_rest = matches!(&self.protocol, Protocol::Consumer(consumer) if consumer.is_at_rest);
        if self.phase != Phase::Joined || is_at_rest {
            return false;
        }
        self.reconcile(now, world);
        let holds = self.holds();
        let is_waiting = self.attendance.waits();
        let stays = !self.holdings.values().any(Holding::is_going);
        let Protocol::Consumer(consumer) = &mut self.protocol else { return false };
        let is_told = consumer.told.as_ref() == Some(&holds);
        consumer.is_at_rest = is_told && stays && holds == consumer.target;
        !is_told && consumer.told.is_some() && !is_waiting
    }

    pub(super) fn refused_consumer(&mut self, now: Now, refusal: Refusal, world: &mut impl BrokerWorld) {
        self.trouble = refusal.code.to_string();
        let is_joining = self.phase == Phase::Joining;
        let may_be_classic = self.settings.speaks == Speaks::Either;
        match refusal.code {
            code @ (ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH) => {
                self.is_fenced(now, code, world);
            }
            ErrorCode::UNSUPPORTED_VERSION | ErrorCode::GROUP_ID_NOT_FOUND
                if is_joining && may_be_classic =>
            {
                self.speak_classic(now, world);
            }
            ErrorCode::UNSUPPORTED_VERSION if is_joining => {
                let group = Arc::clone(&self.settings.group);
                self.withdraw(now, GroupError::NoConsumerProtocol { group }, world);
            }
            ErrorCode::GROUP_ID_NOT_FOUND if is_joining => {
                let group = Arc::clone(&self.settings.group);
                self.withdraw(now, GroupError::ClassicMembers { group }, world);
            }
            _ if is_joining => self.refuse(now, refusal, world),
            code => self.lose(now, &code.to_string(), world),
        }
    }
}

/// The topics that are read, by their ids.
fn names(topics: &BTreeSet<Arc<str>>, world: &impl BrokerWorld) -> BTreeMap<[u8; 16], Arc<str>> {
    let named = topics.iter().filter_map(|topic| match world.seen(topic) {
        Seen::There { id: Some(id), .. } => Some((id, Arc::clone(topic))),
        _ => None,
    });
    named.collect()
}
