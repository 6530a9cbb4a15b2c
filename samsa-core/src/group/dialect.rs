//! How the members of a group speak: everything in which the dialects of groups in ZooKeeper differ, but for what one of them
//! [names its locks](super::lock).
//!
//! |                    | Scala                       | Samsa                        | Scala07                         |
//! |--------------------|-----------------------------|------------------------------|---------------------------------|
//! | a member reads     | topics                      | one topic                    | topics                          |
//! | it is called       | `G_client-ms-8 hex`         | `client:uuid`                | `G_client-ms-8 hex`             |
//! | partitions are     | in the topic's node         | in the topic's node          | [counted by its brokers](scala07) |
//! | its locks are      | `owners/T/P`, holding `C-n` | `owners/T/L-P`, holding `C`  | `owners/T/B-P`, holding `C-n`   |
//! | partitions go      | by number, to streams       | by `L-P` as text, to members | by `B-P` as text, to streams    |
//! | offsets are        | in ZooKeeper, unless said   | on the brokers               | in ZooKeeper                    |
//!
//! `n` is the stream of the member to which the partition is dealt when it is claimed. With who comes and goes it may be dealt to
//! another stream of the same member; the partition stays, and so does what its lock holds: nobody goes by that. Scala's
//! consumers look at what a lock holds only where they find it in their way, for whether it is their own, and tools show it.
//! To write it anew would be of use to no member, and a lock that was written has another version than the one it is deleted by.
//!
//! Scala07 is refused in two places. What an application asks for is refused in any case ([`Spoken::dialect`]), since this
//! client has no connections to brokers of 0.7. A member by itself, as simulations have it, is refused by clusters whose brokers
//! are not of 0.7 ([`scala07::Refusal`]): before it registers, and in each round.
//!
//! `L` is whoever leads the partition. While nobody does, it is the first of those in sync, else the first replica: all
//! members see the same. pykafka keeps to the last leader that it has heard of, which is mostly the one in sync.
//!
//! pykafka on Python 3 has its locks below `owners/b'T'`. Members that lock in different folders do not see each other's
//! locks, so one that finds locks in the other folder does not join.

mod scala07;

use std::borrow::Cow;
use std::collections::BTreeMap;

use samsa_proto::zookeeper::{
    ConsumerRegistration, Dialect, InexpressibleError, Owner, PartitionNode, PartitionReplicas,
    PartitionState, Subscription, TopicRegistration, path,
};

use super::assign::{Assignor, Leaders, Members, Share, share_by_broker};
use super::claim::Claim;
use super::lock::Lock;
use super::member::Member;
use super::offsets::OffsetStorage;
use super::session::Question;
use super::settings::Settings;
use super::view::View;
use super::world::World;
use crate::group::GroupError;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::rng::Rng;
use crate::time::{Now, UnixMillis};
use crate::topology::TopicPartition;
use crate::zookeeper::ZkOp;

pub(super) use self::scala07::{Asked, Refusal};

/// The dialect in which members of a group in ZooKeeper are to speak, and what they can be asked for in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spoken(pub(super) Dialect);

impl Spoken {
    /// How its members speak, if messages could be handed out in such a group.
    pub(super) fn dialect(self) -> Result<Dialect, GroupError> {
        match self {
            Self(Dialect::Scala07) => Err(GroupError::Scala07),
            Self(dialect) => Ok(dialect),
        }
    }

    /// Whether locks are where pykafka has them on Python 3.
    pub(super) fn python3_owners(self, is_said: bool) -> Result<bool, GroupError> {
        match self {
            Self(Dialect::Samsa) => Ok(is_said),
            Self(_) if is_said => Err(GroupError::Python3Owners),
            Self(_) => Ok(false),
        }
    }

    /// Where the group keeps its offsets.
    pub(super) fn storage(self, said: Option<OffsetStorage>) -> Result<OffsetStorage, GroupError> {
        match (self, said) {
            (Self(Dialect::Samsa), None | Some(OffsetStorage::Brokers)) => Ok(OffsetStorage::Brokers),
            (Self(Dialect::Samsa), Some(_)) => Err(GroupError::OffsetsElsewhere),
            (Self(Dialect::Scala07), Some(OffsetStorage::Brokers | OffsetStorage::Both)) => {
                Err(GroupError::OffsetsInZooKeeper)
            }
            (_, said) => Ok(said.unwrap_or_default()),
        }
    }

    /// With how many streams a member takes part.
    pub(super) fn streams(self, said: u16) -> Result<u16, GroupError> {
        match (self, said) {
            (_, 0) => Err(GroupError::NoStream),
            (_, streams) if streams > limits::STREAMS => {
                Err(GroupError::TooManyStreams { streams, most: limits::STREAMS })
            }
            (Self(Dialect::Samsa), 2..) => Err(GroupError::StreamsUnknown { streams: said }),
            _ => Ok(said),
        }
    }

    /// How its members share.
    pub(super) fn assignor(self, said: Assignor) -> Result<Assignor, GroupError> {
        match self {
            Self(Dialect::Scala07) if said != Assignor::Range => Err(GroupError::RangeAlone),
            Self(_) => Ok(said),
        }
    }
}

impl Settings {
    /// Whether the leader is part of a lock's name.
    fn names_leaders(&self) -> bool {
        self.dialect == Dialect::Samsa
    }

    /// Whether each broker counts its own partitions.
    fn counts_by_broker(&self) -> bool {
        self.dialect == Dialect::Scala07
    }

    pub(super) fn member_id(&self, client: &str, now: UnixMillis, rng: &mut Rng) -> String {
        let low = u128::from(rng.next());
        let random = if self.names_leaders() { u128::from(rng.next()) << 64 | low } else { low };
        self.dialect.member_id(&self.group, client, now.0, random)
    }

    /// What the member registers.
    pub(super) fn registration(&self, now: UnixMillis) -> Result<Vec<u8>, InexpressibleError> {
        let topics = || self.topics.iter().map(|topic| (topic.to_string(), self.streams)).collect();
        let chosen = self.pattern.as_ref().map(|pattern| pattern.subscription(self.streams));
        let subscription = chosen.unwrap_or_else(|| Subscription::Topics(topics()));
        ConsumerRegistration { subscription, timestamp: now.0 }.to_bytes(self.dialect)
    }

    /// Who it says it is, in the lock of a partition that was dealt to this stream.
    pub(super) fn owner(&self, member: &str, stream: u16) -> Vec<u8> {
        let stream = (!self.names_leaders()).then_some(stream);
        Owner { member: member.to_owned(), stream }.to_bytes()
    }

    /// The folder of a topic's locks.
    pub(super) fn owners_folder<'a>(&self, topic: &'a str) -> Cow<'a, str> {
        folder(topic, self.names_leaders() && self.python3_owners)
    }

    /// Whether it has to know the partitions of topics that the member itself does not read.
    pub(super) fn looks_at_all_topics(&self) -> bool {
        !self.names_leaders() && self.assignor.looks_at_all_topics()
    }

    pub(super) fn share_of(&self, member: &str, members: &Members, view: &View) -> Share {
        match self.dialect {
            Dialect::Scala => self.assignor.share_of(member, members, &view.topics),
            Dialect::Samsa => self.assignor.share_by_leader(member, members, &view.leaders),
            Dialect::Scala07 => share_by_broker(member, members, &view.topics),
        }
    }

    /// What says which partitions a topic has, with a watch: its node, or the nodes in it.
    pub(super) fn reads_topic(&self, path: String) -> ZkOp {
        if self.counts_by_broker() {
            ZkOp::Children { path, watch: true }
        } else {
            ZkOp::Get { path, watch: true }
        }
    }

    /// The name of a partition's nodes, where its leader has no part in it.
    fn node_of(&self, partition: i32) -> Option<PartitionNode> {
        if self.counts_by_broker() {
            scala07::node_of(partition)
        } else {
            Some(PartitionNode { broker: None, partition })
        }
    }

    /// The node of a partition's offset.
    pub(super) fn offset_of(&self, partition: &TopicPartition) -> Option<String> {
        let begin = || self.group.split_once('-').map(|(begin, _)| begin);
        let cut = is_planted(PlantedBug::CutsGroupNames).then(begin).flatten();
        let group = cut.unwrap_or(&self.group);
        path::offset(group, &partition.topic, self.node_of(partition.partition)?).ok()
    }

    /// The folder in which there must be no locks.
    fn other_folder(&self) -> Option<Cow<'_, str>> {
        let topic = self.topics.first().filter(|_| self.names_leaders())?;
        Some(folder(topic, !self.python3_owners))
    }

    pub(super) fn locks_elsewhere(&self) -> GroupError {
        let is_python3 = !self.python3_owners;
        GroupError::OwnersElsewhere {
            group: self.group.clone(),
            folder: self.other_folder().unwrap_or_default().into_owned(),
            python: if is_python3 { "on Python 3" } else { "on Python 2" },
            is_python3,
        }
    }
}

fn folder(topic: &str, is_python3: bool) -> Cow<'_, str> {
    if is_python3 { path::python3_folder(topic).into() } else { topic.into() }
}

impl Member {
    /// Asks for the leaders of a topic's partitions, where those matter.
    pub(super) fn ask_for_leaders(&mut self, now: Now, topic: &str, world: &mut impl World) {
        if !self.settings.names_leaders() {
            return;
        }
        let Some(round) = &self.round else { return };
        let partitions = round.partitions(topic);
        for partition in partitions {
            if let Ok(path) = path::partition_state(topic, partition) {
                let question = Question::Leader(self.rounds, TopicPartition::new(topic, partition));
                self.ask_round(now, world, question, ZkOp::Get { path, watch: true });
            }
        }
    }

    /// Asks whether others lock partitions where this member does not look.
    pub(super) fn ask_for_locks_elsewhere(&mut self, now: Now, world: &mut impl World) {
        let folder = self.settings.other_folder();
        let path = folder.map(|folder| path::topic_owners(&self.settings.group, &folder));
        if let Some(Ok(path)) = path {
            let question = Question::OtherFolder(self.rounds);
            self.ask_round(now, world, question, ZkOp::Children { path, watch: false });
        }
    }

    pub(super) fn remember_leaders(&mut self, view: &View) {
        if self.settings.names_leaders() {
            self.leaders.clone_from(&view.leaders);
        }
    }

    /// A partition's lock, by the name that it is to have now.
    pub(super) fn lock_of(&self, partition: &TopicPartition) -> Option<Lock> {
        let (group, TopicPartition { topic, partition: number }) = (&self.settings.group, partition);
        if !self.settings.names_leaders() {
            return Some(Lock::new(path::owner(group, topic, self.settings.node_of(*number)?).ok()?));
        }
        let folder = path::topic_owners(group, &self.settings.owners_folder(topic)).ok()?;
        let leader = *self.leaders.get(&(topic.to_string(), *number))?;
        Some(Lock::among(&folder, PartitionNode { broker: Some(leader), partition: *number }))
    }

    /// Gives the locks the names that they are to have by now.
    pub(super) fn name_locks(&mut self, now: Now, world: &mut impl World) {
        if !self.settings.names_leaders() {
            return;
        }
        let claimed = self.claims.keys();
        let locks = claimed.filter_map(|partition| Some((partition.clone(), self.lock_of(partition)?)));
        let locks: BTreeMap<TopicPartition, Lock> = locks.collect();
        self.each_claim(now, world, |claim: &mut Claim, desk| {
            if let Some(lock) = locks.get(claim.partition()) {
                claim.is_called(desk, lock.path());
            }
        });
    }
}

impl View {
    /// What a partition's state says of its leader.
    pub(super) fn leader(&mut self, partition: &TopicPartition, data: &[u8]) {
        match PartitionState::from_bytes(data) {
            Ok(state) => {
                let leader = state.leader.or_else(|| state.isr.first().copied());
                let place = (partition.topic.to_string(), partition.partition);
                self.leaders.extend(leader.map(|leader| (place, leader)));
            }
            Err(error) => tracing::warn!(%partition, %error, "the partition's state cannot be read"),
        }
    }
}

/// Who leads the partitions of a topic before anybody was elected.
pub(super) fn preferred(topic: &str, registration: &TopicRegistration) -> Leaders {
    let first = |(number, partition): (&i32, &PartitionReplicas)| {
        Some(((topic.to_owned(), *number), *partition.replicas.first()?))
    };
    registration.partitions.iter().filter_map(first).collect()
}
