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
    /// Whether the same may succeed later, with nothing changed: no broker has answered so far, or too many wait for it.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Cluster(error) => error.is_retriable(),
            Self::Bootstrap(_) | Self::ConnectString(_) | Self::Runtime(_) => false,
        }
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
    /// Whether the same may succeed later, with nothing changed. Of a partition that has stopped: to seek to where it was
    /// ([`ReadError::is_retriable`]). Of a membership that has ended: to subscribe again ([`GroupError::is_retriable`]). To ask for
    /// the next message is no retry: after a stopped partition it gives that of another one, and after the end nothing.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Read(error) => error.is_retriable(),
            Self::Group(error) => error.is_retriable(),
        }
    }

    /// Whether the consumer goes on after it: the other partitions do when one has stopped. Which is another thing than whether
    /// that one would be read again ([`is_retriable`](Self::is_retriable)).
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_core::ErrorCode;

    #[test]
    fn a_consumer_s_error_tells_apart_whether_it_goes_on_and_whether_it_passes() {
        let refused =
            |code| ConsumeError::from(ReadError::Refused { topic: "events".into(), partition: 0, code });
        let passing = refused(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        assert!(passing.goes_on() && passing.is_retriable());
        let lasting = refused(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        assert!(lasting.goes_on() && !lasting.is_retriable());
        let late = GroupError::TimedOut { group: "g".into(), within: Duration::ZERO, last: String::new() };
        let late = ConsumeError::from(late);
        assert!(!late.goes_on() && late.is_retriable());
        let ended = ConsumeError::from(GroupError::NoZooKeeper);
        assert!(!ended.goes_on() && !ended.is_retriable());
    }

    #[test]
    fn a_cluster_that_was_not_reached_may_be_reached_later_and_a_wrong_address_may_not() {
        let within = Duration::ZERO;
        let unreachable = samsa_core::ConnectError::Unreachable { within, last: String::new() };
        for (error, is_retriable) in [
            (unreachable, true),
            (samsa_core::ConnectError::Busy { waiting: 1 }, true),
            (samsa_core::ConnectError::Closed, false),
        ] {
            assert_eq!(ConnectError::from(error).is_retriable(), is_retriable);
        }
        let wrong = "k1".parse::<samsa_core::HostPort>().expect_err("it has no port");
        assert!(!ConnectError::from(wrong).is_retriable());
    }
}
