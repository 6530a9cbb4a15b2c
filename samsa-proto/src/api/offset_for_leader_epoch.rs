//! `OffsetForLeaderEpoch` (key 23): where did a leader's epoch end? Tells a reader whether its log was cut
//! (KIP-320).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 4, flexible from 4. Answered with [`OffsetForLeaderEpochResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 23, versions = "0-4", flexible = "4+", response = OffsetForLeaderEpochResponse<'r>)]
pub struct OffsetForLeaderEpochRequest<'a> {
    /// -1 for a consumer; -2, the schema's default, for a reader that debugs.
    #[field(versions = "3+", default = -2, ignorable)]
    pub replica_id: i32,
    pub topics: Vec<OffsetForLeaderTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetForLeaderTopic<'a> {
    pub topic: &'a str,
    pub partitions: Vec<OffsetForLeaderPartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetForLeaderPartition {
    pub partition: i32,
    /// Known to the client from metadata (KIP-320), so that a leader can tell that one of the two is out of
    /// date; -1 where it is not known.
    #[field(versions = "2+", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// The epoch asked about.
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`OffsetForLeaderEpochRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-4", flexible = "4+")]
pub struct OffsetForLeaderEpochResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetForLeaderTopicResult<'a> {
    pub topic: &'a str,
    pub partitions: Vec<EpochEndOffset>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct EpochEndOffset {
    pub error_code: ErrorCode,
    pub partition: i32,
    /// The largest epoch that is not above the one asked; -1 where there is none.
    #[field(versions = "1+", default = -1, ignorable)]
    pub leader_epoch: i32,
    /// The offset after its last record; -1 where there is none.
    #[field(default = -1)]
    pub end_offset: i64,
    pub unknown_tags: UnknownTags,
}
