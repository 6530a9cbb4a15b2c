//! What was found of a group, in its nodes and on the brokers, put together.
//!
//! A partition is one row, with what each place has of it. In the Samsa dialect its lock bears the name of the leader, too:
//! who holds locks of several names, as while a leader moves, still has one partition. Where several members do, each is
//! told. In Kafka 0.7 broker and number together are the partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::zookeeper::{Dialect, PartitionNode};

use super::described::{GroupDescription, GroupMember, GroupPartition};
use crate::group::OffsetsError;

/// A topic, and a partition of it as its nodes are called.
type TopicNode = (String, PartitionNode);

#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) members: BTreeMap<String, GroupMember>,
    pub(super) owners: BTreeMap<TopicNode, String>,
    pub(super) in_zookeeper: BTreeMap<TopicNode, Option<i64>>,
    pub(super) on_brokers: BTreeMap<(String, i32), Result<Option<i64>, OffsetsError>>,
    /// Whether all folders of locks are such as only pykafka has, on Python 3.
    pub(super) is_of_python3: bool,
    /// Of each topic a node with an offset that is not named by its partition alone.
    pub(super) foreign_nodes: BTreeMap<Arc<str>, String>,
    pub(super) faults: Vec<String>,
}

impl Gathered {
    /// The members' dialect; where there are none, that of what they have left.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        let left = || {
            if self.is_of_07() {
                Some(Dialect::Scala07)
            } else {
                self.is_of_pykafka().then_some(Dialect::Samsa)
            }
        };
        self.of_members().or_else(left)
    }

    fn of_members(&self) -> Option<Dialect> {
        self.members.values().find_map(|member| member.dialect)
    }

    fn is_of_pykafka(&self) -> bool {
        self.is_of_python3 || self.owners.keys().any(|(_, node)| node.broker.is_some())
    }

    /// Whether brokers are part of what a partition is.
    pub(super) fn is_of_07(&self) -> bool {
        let left = || self.in_zookeeper.keys().any(|(_, node)| node.broker.is_some());
        self.of_members().map_or_else(left, |dialect| dialect == Dialect::Scala07)
    }

    pub(super) fn describe(self, members_on_brokers: Result<usize, OffsetsError>) -> GroupDescription {
        let dialect = self.dialect();
        let rows = if self.is_of_07() { self.rows_of_07() } else { self.rows() };
        let partitions = rows.into_iter().map(|row| self.partition(dialect, row)).collect();
        let Self { members, foreign_nodes, faults, .. } = self;
        let (members, coordinated) = (members.into_values().collect(), None);
        GroupDescription {
            dialect,
            members,
            members_on_brokers,
            coordinated,
            partitions,
            foreign_nodes,
            faults,
        }
    }

    fn rows_of_07(&self) -> BTreeMap<TopicNode, Row> {
        let mut rows = BTreeMap::<TopicNode, Row>::new();
        for (node, owner) in &self.owners {
            rows.entry(node.clone()).or_default().owner = Some(owner.clone());
        }
        for (node, stored) in &self.in_zookeeper {
            rows.entry(node.clone()).or_default().in_zookeeper = *stored;
        }
        rows
    }

    /// Each partition once, whatever its locks are called, unless they are several members'.
    fn rows(&self) -> BTreeMap<TopicNode, Row> {
        let mut locks = BTreeMap::<(&str, i32), Vec<(PartitionNode, &String)>>::new();
        for ((topic, node), owner) in &self.owners {
            locks.entry((topic, node.partition)).or_default().push((*node, owner));
        }
        // Those of another kind of group, which has left them, are nobody's.
        let stored = self.in_zookeeper.keys().filter(|(_, node)| node.broker.is_none());
        let stored = stored.map(|(topic, node)| (topic.as_str(), node.partition));
        let told = self.on_brokers.iter().filter(|(_, told)| **told != Ok(None));
        let told = told.map(|((topic, number), _)| (topic.as_str(), *number));
        for partition in stored.chain(told) {
            locks.entry(partition).or_default();
        }
        let rows = locks.into_iter().flat_map(|((topic, partition), locks)| {
            let number = PartitionNode { broker: None, partition };
            let in_zookeeper = self.in_zookeeper.get(&(topic.to_owned(), number)).copied().flatten();
            let row = move |node, owner: Option<&String>| {
                ((topic.to_owned(), node), Row { owner: owner.cloned(), in_zookeeper })
            };
            let is_one = locks.iter().all(|(_, owner)| *owner == locks[0].1);
            if is_one {
                vec![row(number, locks.first().map(|(_, owner)| *owner))]
            } else {
                locks.into_iter().map(|(node, owner)| row(node, Some(owner))).collect()
            }
        });
        rows.collect()
    }

    fn partition(&self, dialect: Option<Dialect>, ((topic, node), row): (TopicNode, Row)) -> GroupPartition {
        let PartitionNode { broker, partition } = node;
        let Row { owner, in_zookeeper } = row;
        let told = self.on_brokers.get(&(topic.clone(), partition)).cloned().unwrap_or(Ok(None));
        let (on_brokers, untold) = told.map_or_else(|error| (None, Some(error)), |told| (told, None));
        let begins = if dialect == Some(Dialect::Samsa) { on_brokers } else { in_zookeeper.max(on_brokers) };
        let committed = begins.filter(|_| untold.is_none());
        let topic = topic.into();
        GroupPartition { topic, broker, partition, owner, in_zookeeper, on_brokers, committed, untold }
    }
}

/// What nodes say of a partition.
#[derive(Debug, Default)]
struct Row {
    owner: Option<String>,
    in_zookeeper: Option<i64>,
}
