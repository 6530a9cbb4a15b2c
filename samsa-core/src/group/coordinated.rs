//! What a coordinator says of a group of consumers that it coordinates.

use std::fmt;

use crate::topology::TopicPartition;

/// By which protocol the members of a group of the brokers share partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupKind {
    /// One member shares them out (Kafka 0.9 and later). A group that never had members, and was only committed to, counts as
    /// one.
    Classic,
    /// The broker shares them out (KIP-848, Kafka 4.0 and later).
    Consumer,
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
        })
    }
}

/// A group that the brokers coordinate, as its coordinator tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinatedGroup {
    /// By which protocol its members share partitions.
    pub kind: GroupKind,
    /// As the broker calls it: `Empty` or `Stable` when nothing is going on; `PreparingRebalance` and `CompletingRebalance`, or
    /// in a group of KIP-848 `Assigning` and `Reconciling`, while partitions move; `Dead` where there are offsets and no group.
    pub state: String,
    /// Which assignor shares partitions out; `None` where nobody has chosen one.
    pub assignor: Option<String>,
    /// Who is in it, in the order of their ids.
    pub members: Vec<CoordinatedMember>,
}

/// A member of a group that the brokers coordinate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinatedMember {
    /// Its id.
    pub id: String,
    /// The id under which it may come back, if it is a static member (KIP-345).
    pub instance_id: Option<String>,
    /// What its client calls itself.
    pub client_id: String,
    /// From where it is connected, as its coordinator sees it.
    pub host: String,
    /// What it has, in order. Of a classic group that is what its leader has told the coordinator in words that consumers
    /// share; what cannot be read is not there.
    pub partitions: Vec<TopicPartition>,
}
