//! Where a group lives, and how its members speak to each other.

use samsa_proto::zookeeper::Dialect;

use super::GroupError;
use super::brokers::Speaks;
use crate::command::GroupSpec;
use crate::config::{Discovery, GroupTimes};

/// Where a group lives, and how its members speak to each other. All members of a group must say the same, but for
/// [`Classic`](Self::Classic) and [`Consumer`](Self::Consumer), between which brokers of 4.0 and later move a group by
/// themselves while its members change over.
///
/// Default: in ZooKeeper, in the dialect Scala, where the cluster was found through ZooKeeper; else [`Brokers`](Self::Brokers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupProtocol {
    /// In ZooKeeper, in this dialect. [`Dialect::Scala07`] is refused ([`GroupError::Scala07`]): it is for clusters of Kafka 0.7,
    /// with whose brokers this client does not speak yet.
    ZooKeeper(Dialect),
    /// On the brokers (Kafka 0.9 and later): as [`Consumer`](Self::Consumer) where the coordinator takes the member so, else as
    /// [`Classic`](Self::Classic).
    Brokers,
    /// On the brokers (Kafka 0.9 and later), where one of the members shares the partitions out. Source: KIP-62;
    /// `group.protocol=classic`.
    Classic,
    /// On the brokers (Kafka 4.0 and later), where the coordinator shares the partitions out, and only what moves is given up.
    /// Source: KIP-848; `group.protocol=consumer`.
    Consumer,
}

impl GroupProtocol {
    pub(super) fn of(spec: &GroupSpec, discovery: &Discovery) -> Self {
        spec.protocol.unwrap_or(match discovery {
            Discovery::ZooKeeper { .. } => Self::ZooKeeper(Dialect::Scala),
            Discovery::Bootstrap(_) => Self::Brokers,
        })
    }

    /// Which of the protocols of brokers a member speaks; or the dialect, if it lives in ZooKeeper.
    pub(super) fn speaks(self) -> Result<Speaks, Dialect> {
        match self {
            Self::ZooKeeper(dialect) => Err(dialect),
            Self::Brokers => Ok(Speaks::Either),
            Self::Classic => Ok(Speaks::Classic),
            Self::Consumer => Ok(Speaks::Consumer),
        }
    }
}

/// What a group on the brokers has not, of what can be asked for.
pub(super) fn refuse_for_brokers(spec: &GroupSpec) -> Result<(), GroupError> {
    let GroupTimes { session_timeout, heartbeat_interval, rebalance_timeout } = spec.times;
    let least = session_timeout.min(rebalance_timeout);
    match spec {
        _ if heartbeat_interval.is_zero() || heartbeat_interval >= least => {
            Err(GroupError::Times { heartbeat_interval, least })
        }
        GroupSpec { streams, .. } if *streams != 1 => Err(GroupError::StreamsUnknown { streams: *streams }),
        GroupSpec { python3_owners: true, .. } => Err(GroupError::Python3Owners),
        GroupSpec { offsets: Some(storage), .. } if storage.in_zookeeper() => {
            Err(GroupError::OffsetsOnBrokers)
        }
        GroupSpec { assignor: Some(assignor), .. } if assignor.name().is_none() => {
            Err(GroupError::AssignorUnknown { assignor: *assignor })
        }
        _ => Ok(()),
    }
}
