//! Why a membership does not begin, or ends, and why offsets are not committed.

use std::sync::Arc;
use std::time::Duration;

use samsa_proto::zookeeper::PathError;

/// Why there is no membership of a group, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No topic was named.
    #[error("a consumer needs a topic: name one with topics([..])")]
    NoTopic,
    /// It was not said where to start.
    #[error(
        "say with start_at(..) where to start in partitions without a committed offset: there is no default that is right for everybody"
    )]
    NoStart,
    /// The cluster was not found through ZooKeeper, where groups of this kind live.
    #[error(
        "a group lives in ZooKeeper, and this client knows no ensemble: connect with zookeeper(..) (--zookeeper)"
    )]
    NoZooKeeper,
    /// A name cannot stand in ZooKeeper.
    #[error(transparent)]
    Name(#[from] PathError),
    /// A member that was there before registered itself in a way that this client cannot share partitions with. It left the
    /// group, or did not join it.
    #[error(
        "group {group:?} has a member that was there first, and that this client cannot share with, {member}: {reason}"
    )]
    ForeignMember {
        /// The group.
        group: String,
        /// The member's id.
        member: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The member had not joined when its time was over.
    #[error("group {group:?} was not joined within {within:?} ({last}); is ZooKeeper up?")]
    TimedOut {
        /// The group.
        group: Arc<str>,
        /// The bound.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// The time to leave was over, or the session lost, before everything that is done was committed: what is not will be
    /// handed out again, to whoever gets the partitions.
    #[error(
        "left with {partitions} partitions whose last offsets may not be committed; they are handed out again from the last commit on"
    )]
    NotCommitted {
        /// How many.
        partitions: usize,
    },
    /// The name of a rack is longer than brokers can be told.
    #[error("a rack's name of {bytes} bytes: brokers take {limit} at most")]
    RackTooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Too many commands or readers.
    #[error("{open} readers or commands are open already; close some of them")]
    Busy {
        /// How many.
        open: usize,
    },
    /// The client was closed.
    #[error("the client is closed; connect anew")]
    Closed,
}

impl GroupError {
    /// Whether to join again may succeed.
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Busy { .. } | Self::ForeignMember { .. })
    }
}

/// Why offsets were not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Some partition's offset could not be written, or is not this member's any more: whoever has it goes on at the last
    /// commit.
    #[error("not everything was committed: {reason}")]
    Failed {
        /// What went wrong first.
        reason: String,
    },
    /// The time was over; it may still be committed.
    #[error("not committed within {within:?} ({last}); it is tried again with the next")]
    TimedOut {
        /// The bound.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// Another commit of this member is under way.
    #[error("a commit of this consumer is under way already; wait for it")]
    Busy,
    /// The consumer has ended, or the client was closed.
    #[error("the consumer has ended")]
    Closed,
}

impl CommitError {
    /// Whether the next commit may succeed.
    pub fn is_retriable(&self) -> bool {
        !matches!(self, Self::Closed)
    }
}
