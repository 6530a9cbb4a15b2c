//! `DescribeShareGroupOffsets` (key 90): from where share groups hand out records (KIP-932).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`DescribeShareGroupOffsetsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 90, versions = "0-1", flexible = "0+", response = DescribeShareGroupOffsetsResponse<'r>)]
pub struct DescribeShareGroupOffsetsRequest<'a> {
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsRequestGroup<'a> {
    pub group_id: &'a str,
    /// Null asks for all.
    #[field(default = Some(Vec::new()))]
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeShareGroupOffsetsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct DescribeShareGroupOffsetsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponseGroup<'a> {
    pub group_id: &'a str,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic<'a>>,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: &'a str,
    pub topic_id: Uuid,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeShareGroupOffsetsResponsePartition<'a> {
    pub partition_index: i32,
    /// -1 where nothing is stored.
    pub start_offset: i64,
    pub leader_epoch: i32,
    /// Records that are still to be handed out; -1 where it is not known.
    #[field(versions = "1+", default = -1, ignorable)]
    pub lag: i64,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
