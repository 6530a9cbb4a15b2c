//! What ZooKeeper and the brokers say about a group.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::zookeeper::{Dialect, Subscription};

use super::error::GroupResetError;
use super::obstacles::Obstacles;
use crate::group::{CoordinatedGroup, OffsetStorage, OffsetsError};

/// A group, where it lives. Each part was read at a moment of its own, so in the middle of a rebalance they need not fit
/// together.
///
/// One that lives on the brokers is told by [`coordinated`](Self::coordinated) and [`partitions`](Self::partitions); the other
/// parts are of what is in ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// The dialect of its members, or, where there are none, that of the nodes which they have left; `None` when these do not
    /// tell.
    pub dialect: Option<Dialect>,
    /// Who is in it, in ZooKeeper, in the order of their ids.
    pub members: Vec<GroupMember>,
    /// How many consumers the brokers coordinate under its name, which beside one in ZooKeeper make a group of another kind.
    /// While there are any, nobody else may commit on the brokers.
    pub members_on_brokers: Result<usize, OffsetsError>,
    /// The group as its coordinator tells it, where it lives on the brokers; `None` where it lives in ZooKeeper.
    pub coordinated: Option<CoordinatedGroup>,
    /// The partitions that have an owner or a committed offset, by topic and number.
    pub partitions: Vec<GroupPartition>,
    /// Of each topic whose offsets are in nodes that are not named by their partition alone, as in Kafka 0.7, one of these
    /// nodes. They are not set from here.
    pub foreign_nodes: BTreeMap<Arc<str>, String>,
    /// What could not be read in ZooKeeper, in words: it is in the way of the group's members, too.
    pub faults: Vec<String>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub id: String,
    /// The dialect in which it has registered itself; `None` when that is none that is known.
    pub dialect: Option<Dialect>,
    /// What it wants to read; `None` when that could not be read.
    pub subscription: Option<Subscription>,
}

/// A partition, as a group sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// In Kafka 0.7 the broker that has it, which is part of the name of its nodes. In the Samsa dialect, where a lock bears
    /// the name of the leader, too, only where locks of several names belong to several members: then each is told apart.
    /// `None` otherwise.
    pub broker: Option<i32>,
    /// The partition.
    pub partition: i32,
    /// Who has it, a member's id; in ZooKeeper as its owner node says, with the number of a stream behind it in the Scala
    /// dialects.
    pub owner: Option<String>,
    /// What is committed in ZooKeeper: the offset of the next message to read.
    pub in_zookeeper: Option<i64>,
    /// What is committed on the brokers.
    pub on_brokers: Option<i64>,
    /// Where whoever gets it begins. In the Samsa dialect that is what the brokers have. In the Scala dialects members do not
    /// say where they keep offsets: it is the larger, as for those that keep them in both places. `None` where there is none,
    /// or it is not known.
    pub committed: Option<i64>,
    /// Why it is not known what the brokers have, and therefore not where the group is.
    pub untold: Option<OffsetsError>,
}

impl GroupDescription {
    /// Where the group keeps its offsets of a topic, as far as can be seen: on the brokers if it lives there, and in the Samsa
    /// dialect; else where
    /// the topic has offsets, or where any topic has, if this one has none. `None` where nothing is committed, and where the
    /// brokers do not tell.
    pub fn keeps_offsets(&self, topic: &str) -> Option<OffsetStorage> {
        if self.coordinated.is_some() || self.dialect == Some(Dialect::Samsa) {
            return Some(OffsetStorage::Brokers);
        }
        if self.untold_of(topic).is_some() {
            return None;
        }
        let of_any = || self.untold().is_none().then(|| storage(self.partitions.iter())).flatten();
        storage(self.of_topic(topic)).or_else(of_any)
    }

    /// Where the offsets of a topic are to be set from outside, if they may be: where it is `said`, else where the group keeps
    /// them. `group` is its name, for the error.
    ///
    /// # Errors
    /// When somebody is in the group, in ZooKeeper or on the brokers; it lives on the brokers, and ZooKeeper is said; the topic's offsets are in nodes of another kind; the
    /// brokers do not tell what they have, and are not left out; or it is neither said nor seen where the group keeps offsets.
    pub fn storage_to_reset(
        &self,
        group: &Arc<str>,
        topic: &str,
        said: Option<OffsetStorage>,
    ) -> Result<OffsetStorage, GroupResetError> {
        if self.coordinated.is_some() && said.is_some_and(OffsetStorage::in_zookeeper) {
            return Err(GroupResetError::LivesOnBrokers { group: Arc::clone(group) });
        }
        if let Some(refusal) = self.obstacles(topic).refusal(group, &Arc::from(topic), false) {
            return Err(refusal);
        }
        let group = || Arc::clone(group);
        if said.is_none_or(OffsetStorage::on_brokers)
            && let Some(error) = self.untold_of(topic)
        {
            return Err(GroupResetError::Offsets { group: group(), error: error.clone() });
        }
        let storage = said.or_else(|| self.keeps_offsets(topic));
        storage.ok_or_else(|| GroupResetError::NoOffsets { group: group() })
    }

    /// That the brokers do not tell who is there is for the order to find out.
    fn obstacles(&self, topic: &str) -> Obstacles {
        Obstacles {
            members: self.members.iter().map(|member| member.id.clone()).collect(),
            members_on_brokers: *self.members_on_brokers.as_ref().unwrap_or(&0),
            foreign: self.foreign_nodes.get(topic).cloned(),
        }
    }

    /// Why it is not known of some partition of this topic what the brokers have.
    pub fn untold_of(&self, topic: &str) -> Option<&OffsetsError> {
        self.of_topic(topic).find_map(|part| part.untold.as_ref())
    }

    fn of_topic(&self, topic: &str) -> impl Iterator<Item = &GroupPartition> {
        self.partitions.iter().filter(move |part| *part.topic == *topic)
    }

    /// Why it is not known of some partition what the brokers have.
    pub fn untold(&self) -> Option<&OffsetsError> {
        self.partitions.iter().find_map(|part| part.untold.as_ref())
    }
}

fn storage<'a>(parts: impl Iterator<Item = &'a GroupPartition>) -> Option<OffsetStorage> {
    let has = parts.map(|part| (part.in_zookeeper.is_some(), part.on_brokers.is_some()));
    match has.fold((false, false), |(either, other), has| (either | has.0, other | has.1)) {
        (true, true) => Some(OffsetStorage::Both),
        (true, false) => Some(OffsetStorage::ZooKeeper),
        (false, true) => Some(OffsetStorage::Brokers),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(topic: &str, in_zookeeper: Option<i64>, on_brokers: Option<i64>) -> GroupPartition {
        GroupPartition {
            topic: topic.into(),
            broker: None,
            partition: 0,
            owner: None,
            in_zookeeper,
            on_brokers,
            committed: None,
            untold: None,
        }
    }

    fn group(dialect: Option<Dialect>, partitions: Vec<GroupPartition>) -> GroupDescription {
        let (members, faults) = (Vec::new(), Vec::new());
        let foreign_nodes = BTreeMap::new();
        GroupDescription {
            dialect,
            members,
            members_on_brokers: Ok(0),
            coordinated: None,
            partitions,
            foreign_nodes,
            faults,
        }
    }

    #[test]
    fn offsets_are_set_where_it_is_said_or_seen_and_only_if_nothing_is_in_the_way() {
        let untold = || OffsetsError::Unanswered { reason: "gone".to_owned() };
        let none = || group(None, vec![part("a", None, None)]);
        let some = || group(None, vec![part("a", Some(1), None)]);
        let member = || GroupMember { id: "m".to_owned(), dialect: None, subscription: None };
        let joined = || GroupDescription { members: vec![member()], ..some() };
        let on_brokers = |members_on_brokers| GroupDescription { members_on_brokers, ..some() };
        let foreign = |topic: &str| {
            let foreign_nodes = BTreeMap::from([(topic.into(), "1-0".to_owned())]);
            GroupDescription { foreign_nodes, ..some() }
        };
        let untold_of = |topic| {
            let part = GroupPartition { untold: Some(untold()), ..part(topic, None, None) };
            group(None, vec![part, some().partitions.remove(0)])
        };
        let (name, topic) = (|| Arc::from("g"), || Arc::from("a"));
        let has_members = || GroupResetError::HasMembers { group: name(), members: vec!["m".to_owned()] };
        let on_brokers_too = GroupResetError::HasMembersOnBrokers { group: name(), members: 2 };
        let other_nodes =
            GroupResetError::OtherNodes { group: name(), topic: topic(), node: "1-0".to_owned() };
        let not_told = || GroupResetError::Offsets { group: name(), error: untold() };
        let (zookeeper, brokers, both) =
            (OffsetStorage::ZooKeeper, OffsetStorage::Brokers, OffsetStorage::Both);
        let both_kinds = GroupDescription { members: vec![member()], ..on_brokers(Ok(2)) };
        for (description, said, expected) in [
            (some(), None, Ok(zookeeper)),
            (some(), Some(both), Ok(both)),
            (none(), None, Err(GroupResetError::NoOffsets { group: name() })),
            (none(), Some(brokers), Ok(brokers)),
            (group(Some(Dialect::Samsa), Vec::new()), None, Ok(brokers)),
            (joined(), None, Err(has_members())),
            (joined(), Some(zookeeper), Err(has_members())),
            (both_kinds, None, Err(has_members())),
            (on_brokers(Ok(2)), Some(zookeeper), Err(on_brokers_too)),
            (on_brokers(Err(untold())), None, Ok(zookeeper)),
            (foreign("a"), Some(brokers), Err(other_nodes)),
            (foreign("b"), None, Ok(zookeeper)),
            (untold_of("a"), None, Err(not_told())),
            (untold_of("a"), Some(both), Err(not_told())),
            (untold_of("a"), Some(zookeeper), Ok(zookeeper)),
            (untold_of("b"), None, Ok(zookeeper)),
        ] {
            let storage = description.storage_to_reset(&name(), "a", said);
            assert_eq!(storage, expected, "{description:?}, and {said:?} is said");
        }
    }

    #[test]
    fn offsets_are_kept_where_the_topic_has_some_or_else_any_topic() {
        let partitions =
            vec![part("a", Some(1), None), part("b", None, Some(2)), part("c", Some(3), Some(3))];
        let group = group(None, partitions);
        assert_eq!(group.keeps_offsets("a"), Some(OffsetStorage::ZooKeeper));
        assert_eq!(group.keeps_offsets("b"), Some(OffsetStorage::Brokers));
        assert_eq!(group.keeps_offsets("c"), Some(OffsetStorage::Both));
        assert_eq!(group.keeps_offsets("d"), Some(OffsetStorage::Both), "as the group does");
    }

    #[test]
    fn a_group_of_pykafka_keeps_them_on_the_brokers_whatever_somebody_has_left_in_zookeeper() {
        let left = vec![part("a", Some(1), None)];
        let keeps = group(Some(Dialect::Samsa), left).keeps_offsets("a");
        assert_eq!(keeps, Some(OffsetStorage::Brokers));
    }

    #[test]
    fn where_nothing_is_committed_or_the_brokers_do_not_tell_it_is_not_known() {
        assert_eq!(group(None, vec![part("a", None, None)]).keeps_offsets("a"), None);
        let untold = Some(OffsetsError::InvalidGroup);
        let untold = GroupPartition { untold, ..part("b", None, None) };
        let group = group(None, vec![part("a", Some(1), None), untold]);
        assert_eq!(["b", "c"].map(|topic| group.keeps_offsets(topic)), [None, None]);
        assert_eq!(
            group.keeps_offsets("a"),
            Some(OffsetStorage::ZooKeeper),
            "another topic's is its own affair"
        );
    }
}
