//! Which groups there are, and where each lives.

use std::sync::Arc;

use crate::group::GroupKind;
use crate::id::BrokerId;

/// The groups of consumers that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupList {
    /// In the order of their names. A name that is in both places is there twice, first as in ZooKeeper.
    pub groups: Vec<ListedGroup>,
    /// Who did not tell which groups it coordinates: those are not in the list, and the others are.
    pub untold: Vec<UntoldBroker>,
}

/// A group, and where it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its name.
    pub name: Arc<str>,
    /// Where it lives.
    pub home: GroupHome,
}

/// Where a group lives, and what is told of it there without its being asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupHome {
    /// In ZooKeeper, where its members find each other, or where it has left something.
    ZooKeeper {
        /// How many members it has now.
        members: usize,
    },
    /// On the brokers, which coordinate it.
    Brokers {
        /// By which protocol its members share partitions; `None` where that is not said, before Kafka 3.8.
        kind: Option<GroupKind>,
        /// As the broker calls it, of [`CoordinatedGroup::state`](crate::CoordinatedGroup::state); `None` where it is not said,
        /// before Kafka 2.6.
        state: Option<String>,
    },
}

/// A broker that did not tell which groups it coordinates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntoldBroker {
    /// Which; `None` where it was not to be had who the brokers are.
    pub broker: Option<BrokerId>,
    /// Why not, and what to do.
    pub reason: String,
}
