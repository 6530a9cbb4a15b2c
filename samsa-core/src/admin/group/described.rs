//! What ZooKeeper says about a group.

use std::sync::Arc;

use samsa_proto::zookeeper::{Dialect, Subscription};

/// A group that has left something in ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its name.
    pub name: Arc<str>,
    /// How many members it has now.
    pub members: usize,
}

/// What a group has in ZooKeeper. Each part was read at a moment of its own, so in the middle of a rebalance they need not fit
/// together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupDescription {
    /// Who is in it, in the order of their ids.
    pub members: Vec<GroupMember>,
    /// The partitions that have an owner or a committed offset, by topic and number.
    pub partitions: Vec<GroupPartition>,
    /// What could not be read, in words: it is in the way of the group's members, too.
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
    /// The broker that is part of the name of its nodes: with pykafka that which leads it, in Kafka 0.7 that which has it.
    /// `None` in the Scala dialect.
    pub broker: Option<i32>,
    /// The partition.
    pub partition: i32,
    /// Who has it, as its owner node says: a member's id, with the number of a stream behind it in the Scala dialects.
    pub owner: Option<String>,
    /// The offset of the next message to read.
    pub committed: Option<i64>,
}
