//! What the brokers may have of a group that lives in ZooKeeper: when they are asked for it, and what their refusal means.
//!
//! Brokers that were never asked for a group's offsets have no topic for them, and therefore nothing to tell: to ask who the
//! coordinator is would have them make it. So whoever only looks asks ZooKeeper first whether the topic is [there](look). Without ZooKeeper who looks at a group asks for its coordinator all the same, as Java's
//! tools do.
//!
//! What it means that they refuse depends on what is wanted, so each has a rule of its own:
//!
//! | who asks                       | refused for now      | refused for good              | because                       |
//! |--------------------------------|----------------------|-------------------------------|-------------------------------|
//! | a member, before it joins      | looks again          | nothing is there              | who may not ask there could else never join |
//! | who describes a group          | told as not known    | nothing is there, if it [says so](super::OffsetsError::says_no_group); else told as not known | what is shown is no guess |
//! | who sets offsets in ZooKeeper  | refuses              | nobody is there               | who may not ask there has no members there that it could stop |
//! | who sets offsets on the brokers | refuses             | refuses; brokers that coordinate nobody have no members | a commit beside members, or one that is refused halfway, is worse |
//!
//! The first is `elsewhere.rs`, the others `admin/group/describing.rs` and `admin/group/resetting.rs`.

use samsa_proto::zookeeper::path;

use super::offsets::{CoordinatorAsk, OffsetAsk};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp};

/// Asks whether brokers keep offsets of any group.
pub(crate) fn look() -> ZkOp {
    ZkOp::Exists { path: path::GROUP_OFFSETS.to_owned(), watch: false }
}

/// What the answer says, if it is one to [`look`].
pub(crate) fn seen(op: &ZkOp, result: &Result<ZkAnswer, ZkError>) -> Option<bool> {
    match (op, result) {
        (ZkOp::Exists { path, .. }, Ok(ZkAnswer::Stat(stat))) if path == path::GROUP_OFFSETS => {
            Some(stat.is_some())
        }
        _ => None,
    }
}

impl CoordinatorAsk {
    /// All that there may be of a group: its members, and the offsets of these partitions.
    pub(crate) fn all(partitions: impl IntoIterator<Item = TopicPartition>) -> Vec<Self> {
        let reads = partitions.into_iter().map(|partition| Self::Offset(partition, OffsetAsk::Read));
        std::iter::once(Self::Members).chain(reads).collect()
    }
}
