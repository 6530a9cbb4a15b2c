//! What a member of a group that the brokers coordinate asks its coordinator, besides offsets.

mod request;
mod response;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;

pub(super) use request::send;
pub(super) use response::read;

use crate::limits;

/// The first version of a join that tells for how long others are waited for, apart from the session.
const REBALANCE_TIMEOUT: i16 = 1;

/// As whom offsets are committed: only a member may, and only in the generation in which its partitions are its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) member: Arc<str>,
    /// The generation of a classic group, the epoch of a member elsewhere.
    pub(crate) generation: i32,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MemberAsk {
    Join(Join),
    Sync(Sync),
    Heartbeat(Identity),
    Leave {
        member: Arc<str>,
    },
    /// All that a member says where the coordinator shares the partitions out (KIP-848).
    Attend(Attend),
    /// Which topics there are, besides those of the cluster itself.
    Topics,
}

/// A join of a classic group. It is answered when all members have joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Join {
    /// Empty at first.
    pub(crate) member: Arc<str>,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    /// How it would have the partitions shared out.
    pub(crate) assignor: &'static str,
    /// What it wants to read, in the form of `consumer_protocol`.
    pub(crate) subscription: Vec<u8>,
}

/// What comes behind a join. It is answered when the leader has shared the partitions out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sync {
    pub(crate) identity: Identity,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) assignor: &'static str,
    /// What each member gets, in the form of `consumer_protocol`; empty from those that do not lead.
    pub(crate) assignments: Vec<(String, Vec<u8>)>,
}

/// A heartbeat of KIP-848. What is none has not changed since the last one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attend {
    pub(crate) member: Arc<str>,
    /// That of the member, or one that [joins](Self::JOINS) or [leaves](Self::LEAVES).
    pub(crate) epoch: i32,
    pub(crate) wish: Option<Wish>,
    /// What it holds, by the ids of topics.
    pub(crate) holds: Option<BTreeMap<[u8; 16], Vec<i32>>>,
}

/// What a member tells of itself (KIP-848).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    pub(crate) topics: Vec<Arc<str>>,
    /// None where the coordinator is to choose.
    pub(crate) assignor: Option<&'static str>,
    pub(crate) rack: Option<Arc<str>>,
    pub(crate) rebalance_timeout: Duration,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MemberAnswer {
    Joined(Joined),
    /// What is the member's, in the form of `consumer_protocol`.
    Synced(Vec<u8>),
    Alive,
    Left,
    Attending(Attending),
    Topics(Vec<Arc<str>>),
    Refused(Refusal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    /// After how long a silence the coordinator may take the member out: the session is over, or others have been waiting for it to
    /// join again.
    pub(crate) lasts: Duration,
    /// How long others wait for the member in a rebalance.
    pub(crate) waits: Duration,
    pub(crate) member: Arc<str>,
    /// Everybody with what it wants to read, if this member is to share the partitions out.
    pub(crate) members: Option<BTreeMap<String, Vec<u8>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attending {
    pub(crate) epoch: i32,
    /// How long to wait until the next heartbeat.
    pub(crate) interval: Duration,
    /// What is the member's; none if that has not changed.
    pub(crate) assignment: Option<BTreeMap<[u8; 16], Vec<i32>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    /// What the broker has said beside that.
    pub(crate) message: Option<String>,
    /// The name under which to join again.
    pub(crate) member: Option<Arc<str>>,
}

impl Attend {
    pub(crate) const JOINS: i32 = 0;
    pub(crate) const LEAVES: i32 = -1;
}

impl Join {
    /// Before others are waited for apart from the session, brokers allow no session that is longer than by default.
    fn session_timeout(&self, version: i16) -> Duration {
        let has_one_timeout = version < REBALANCE_TIMEOUT;
        if has_one_timeout { self.session_timeout.min(limits::OLD_SESSION) } else { self.session_timeout }
    }

    fn waits(&self, version: i16) -> Duration {
        if version < REBALANCE_TIMEOUT { self.session_timeout(version) } else { self.rebalance_timeout }
    }

    fn lasts(&self, version: i16) -> Duration {
        self.session_timeout(version).min(self.waits(version))
    }
}

impl MemberAsk {
    /// For how long the coordinator may let the answer wait, beyond what any answer takes.
    pub(super) fn is_held_for(&self) -> Duration {
        match self {
            Self::Join(join) => join.rebalance_timeout,
            Self::Sync(sync) => sync.rebalance_timeout,
            Self::Heartbeat(_) | Self::Leave { .. } | Self::Attend(_) | Self::Topics => Duration::ZERO,
        }
    }

    pub(super) fn is_held(&self) -> bool {
        matches!(self, Self::Join(_) | Self::Sync(_))
    }
}
