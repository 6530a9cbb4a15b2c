//! Why a question about a group was not answered, and why an order was not followed.

use std::sync::Arc;

use samsa_proto::zookeeper::PathError;

use crate::error::LookError;
use crate::group::OffsetsError;

/// Why a question about groups was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupLookError {
    /// The brokers are of before Kafka 0.10, and cannot be asked for groups that they coordinate, which those of 0.9 alone may
    /// have. Others live in ZooKeeper, through which the cluster was not found.
    #[error(
        "brokers before Kafka 0.10 cannot be asked for groups: theirs live in ZooKeeper, and this client knows no ensemble: connect \
         with zookeeper(..) (--zookeeper)"
    )]
    NotOffered,
    /// The name cannot stand in ZooKeeper.
    #[error(transparent)]
    Name(#[from] PathError),
    /// There is no such group in ZooKeeper, nor on the brokers.
    #[error(
        "there is no group {group:?} in ZooKeeper, nor on the brokers; is the name right, and the chroot of the ensemble?"
    )]
    UnknownGroup {
        /// Which.
        group: Arc<str>,
    },
    /// There is no such group on the brokers, through which the cluster was found.
    #[error(
        "there is no group {group:?} on the brokers; is the name right? Those in ZooKeeper are seen by who connects with \
         zookeeper(..) (--zookeeper)"
    )]
    UnknownOnBrokers {
        /// Which.
        group: Arc<str>,
    },
    /// A group of this name is on the brokers, and no consumers are in it: Connect, a schema registry.
    #[error(
        "group {group:?} on the brokers is none of consumers, but of the protocol type {protocol_type:?}; use what made it"
    )]
    NotConsumers {
        /// Which.
        group: Arc<str>,
        /// What its members say that they are.
        protocol_type: String,
    },
    /// Its coordinator does not tell what there is of it.
    #[error("group {group:?}, on the brokers: {error}")]
    Coordinator {
        /// Which.
        group: Arc<str>,
        /// Why not.
        error: OffsetsError,
    },
    /// ZooKeeper refused.
    #[error("ZooKeeper refused the question about {about}: {reason}")]
    Refused {
        /// What was asked about.
        about: String,
        /// Why.
        reason: String,
    },
    /// What any question may come to: the time was over, too many wait already, or the client was closed.
    #[error(transparent)]
    Look(#[from] LookError),
}

impl GroupLookError {
    /// Whether the same question may be answered later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Look(error) => error.is_retriable(),
            Self::Coordinator { error, .. } => error.is_retriable(),
            Self::NotOffered
            | Self::Name(_)
            | Self::UnknownGroup { .. }
            | Self::UnknownOnBrokers { .. }
            | Self::NotConsumers { .. }
            | Self::Refused { .. } => false,
        }
    }
}

/// Why the offsets of a group were not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupResetError {
    /// Members are there, and go on where they are. Nothing was set.
    #[error("group {group:?} has members, which must leave first: {}", members.join(", "))]
    HasMembers {
        /// The group.
        group: Arc<str>,
        /// Their ids.
        members: Vec<String>,
    },
    /// Consumers that the brokers coordinate under this name are there, whether or not the group lives in ZooKeeper, too: on the
    /// brokers only they may commit. Nothing was set.
    #[error(
        "{members} consumers that the brokers coordinate are in a group called {group:?}: they must stop first"
    )]
    HasMembersOnBrokers {
        /// The group.
        group: Arc<str>,
        /// How many.
        members: usize,
    },
    /// Members came while offsets were set: some may have begun at the old ones.
    #[error(
        "members joined group {group:?} while its offsets were set, and may have begun at the old ones ({}); \
         have them leave, and set the offsets again",
        members.join(", ")
    )]
    Joined {
        /// The group.
        group: Arc<str>,
        /// Their ids.
        members: Vec<String>,
    },
    /// The group keeps its offsets in nodes that are not named by their partition alone, as in Kafka 0.7: setting others would
    /// change nothing for its members. Nothing was set.
    #[error(
        "group {group:?} keeps its offsets of topic {topic:?} in nodes of another kind ({node:?}), which are not set from \
         here; use the client that made them"
    )]
    OtherNodes {
        /// The group.
        group: Arc<str>,
        /// The topic.
        topic: Arc<str>,
        /// One of the nodes.
        node: String,
    },
    /// The group lives on the brokers, and its offsets were to be set in ZooKeeper. Nothing was set.
    #[error(
        "group {group:?} lives on the brokers, and keeps its offsets there: leave offsets(..) (--offsets) unsaid, or say brokers"
    )]
    LivesOnBrokers {
        /// The group.
        group: Arc<str>,
    },
    /// The group has committed nothing yet, and it was not said where to set its offsets. Nothing was set.
    #[error(
        "group {group:?} has committed nothing, so it cannot be seen where it keeps its offsets: say it with offsets(..) \
         (--offsets zookeeper, brokers or both)"
    )]
    NoOffsets {
        /// The group.
        group: Arc<str>,
    },
    /// The brokers do not tell who is in the group and what is committed, or do not take the new offsets. When they were asked to
    /// take them, some may be set.
    #[error("group {group:?}, on the brokers: {error}")]
    Offsets {
        /// The group.
        group: Arc<str>,
        /// What they say.
        error: OffsetsError,
    },
    /// The group could not be looked at, where the topic's messages begin or end was not to be had, or the offsets could not be
    /// written. When the time was over, or the client was closed, some may be set.
    #[error(transparent)]
    Group(#[from] GroupLookError),
}

impl GroupResetError {
    /// Whether the same may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::HasMembers { .. } | Self::HasMembersOnBrokers { .. } | Self::Joined { .. } => true,
            Self::OtherNodes { .. } | Self::LivesOnBrokers { .. } | Self::NoOffsets { .. } => false,
            Self::Offsets { error, .. } => error.is_retriable(),
            Self::Group(error) => error.is_retriable(),
        }
    }
}

impl From<LookError> for GroupResetError {
    fn from(error: LookError) -> Self {
        Self::Group(error.into())
    }
}
