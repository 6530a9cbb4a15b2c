//! `ListOffsets` (key 2): find offsets by time.
//!
//! Times below 0 have a meaning of their own: -1 the end, -2 the start, -3 the record with the largest
//! timestamp (from version 7), -4 the start of what the broker holds itself (8), -5 the end of what is in
//! tiered storage (9), -6 the first offset that is not there yet (11).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 11, flexible from 6. Answered with [`ListOffsetsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 2, versions = "0-11", flexible = "6+", response = ListOffsetsResponse<'r>)]
pub struct ListOffsetsRequest<'a> {
    /// The broker that asks; -1 for a client.
    pub replica_id: i32,
    /// 0 reads everything, 1 only what is committed (KIP-98).
    #[field(versions = "2+")]
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic<'a>>,
    /// How long to wait for tiered storage.
    #[field(versions = "10+", ignorable)]
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ListOffsetsTopic<'a> {
    pub name: &'a str,
    pub partitions: Vec<ListOffsetsPartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    /// Known to the client from metadata (KIP-320), so that a leader can tell that one of the two is out of
    /// date; -1 where it is not known.
    #[field(versions = "4+", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// In ms since 1970, or one of the numbers above.
    pub timestamp: i64,
    /// How many segment starts to list, newest first.
    #[field(versions = "0", default = 1)]
    pub max_num_offsets: i32,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ListOffsetsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-11", flexible = "6+")]
pub struct ListOffsetsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ListOffsetsTopicResponse<'a> {
    pub name: &'a str,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// Starts of segments that are not later than the time, newest first.
    #[field(versions = "0")]
    pub old_style_offsets: Vec<i64>,
    /// Of the record found; -1 where the offset was not found by time.
    #[field(versions = "1+", default = -1)]
    pub timestamp: i64,
    /// -1 where no record is that late.
    #[field(versions = "1+", default = -1)]
    pub offset: i64,
    /// Of the record found; -1 where it is not known.
    #[field(versions = "4+", default = -1)]
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}
