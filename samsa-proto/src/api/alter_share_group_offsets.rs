//! `AlterShareGroupOffsets` (key 91): set from where a share group hands out records (KIP-932).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`AlterShareGroupOffsetsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 91, versions = "0", flexible = "0+", response = AlterShareGroupOffsetsResponse<'r>)]
pub struct AlterShareGroupOffsetsRequest<'a> {
    pub group_id: &'a str,
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: &'a str,
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterShareGroupOffsetsRequestPartition {
    pub partition_index: i32,
    pub start_offset: i64,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AlterShareGroupOffsetsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AlterShareGroupOffsetsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: &'a str,
    pub topic_id: Uuid,
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterShareGroupOffsetsResponsePartition<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
