//! One error for each kind of order, beside those of the core.

use std::time::Duration;

use samsa_core::{GroupError, InvalidAddress, ReadError};
use samsa_proto::zookeeper::ConnectStringError;

/// Why there is no cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The list of bootstrap brokers cannot be read.
    #[error("bootstrap brokers: {0}")]
    Bootstrap(#[from] InvalidAddress),
    /// The connect string of the ZooKeeper ensemble cannot be read.
    #[error("ZooKeeper connect string: {0}")]
    ConnectString(#[from] ConnectStringError),
    /// The runtime is not there, in words.
    #[error("{0}")]
    Runtime(&'static str),
    /// The cluster was not reached.
    #[error(transparent)]
    Cluster(#[from] samsa_core::ConnectError),
}

impl ConnectError {
    /// Whether the same may succeed later.
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Cluster(samsa_core::ConnectError::Unreachable { .. }))
    }
}

/// Why a flush did not end as it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The time was over. What is left goes on; flush again, or wait for the deliveries.
    #[error(
        "{left} messages have no outcome after {within:?}; they go on, so flush again or wait for their deliveries"
    )]
    Unfinished {
        /// How many.
        left: usize,
        /// The bound.
        within: Duration,
    },
    /// Too many commands wait already.
    #[error("{waiting} commands wait for their answers already; wait for some of them")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The client was closed; each delivery has its outcome.
    #[error("the client is closed; each delivery has its outcome")]
    Closed,
}

impl FlushError {
    /// Whether to flush again may succeed.
    pub fn is_retriable(&self) -> bool {
        !matches!(self, Self::Closed)
    }
}

/// Why there are no metrics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Too many commands wait already.
    #[error("{waiting} commands wait for their answers already; wait for some of them")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The client was closed, or its runtime has ended.
    #[error("the client is closed, or its runtime has ended: it counts nothing any more")]
    Closed,
}

impl MetricsError {
    /// Whether to ask again may succeed.
    pub fn is_retriable(&self) -> bool {
        !matches!(self, Self::Closed)
    }
}

/// Why a close did not end as it should. The client is closed all the same, except when it is busy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The time was over before every message had its outcome.
    #[error(
        "{given_up} messages were given up after {within:?}; their deliveries tell which of them may have been sent"
    )]
    GaveUp {
        /// How many.
        given_up: usize,
        /// The bound.
        within: Duration,
    },
    /// Too many commands wait already: the client is not closed.
    #[error("{waiting} commands wait for their answers already; wait for some of them")]
    Busy {
        /// How many.
        waiting: usize,
    },
}

impl CloseError {
    /// Whether to close again may succeed.
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

/// Why a consumer has no message to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumeError {
    /// A partition stopped; the others go on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The membership has ended; nothing comes after this.
    #[error(transparent)]
    Group(#[from] GroupError),
}

impl ConsumeError {
    /// Whether the consumer goes on after it.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}
