//! `DeleteRecords` (key 21): give up the records before an offset.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible from 2. Answered with [`DeleteRecordsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 21, versions = "0-2", flexible = "2+", response = DeleteRecordsResponse<'r>)]
pub struct DeleteRecordsRequest<'a> {
    pub topics: Vec<DeleteRecordsTopic<'a>>,
    /// How long the broker may take.
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteRecordsTopic<'a> {
    pub name: &'a str,
    pub partitions: Vec<DeleteRecordsPartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteRecordsPartition {
    pub partition_index: i32,
    /// The first one to keep; -1 gives up all that is committed.
    pub offset: i64,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DeleteRecordsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct DeleteRecordsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub topics: Vec<DeleteRecordsTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteRecordsTopicResult<'a> {
    pub name: &'a str,
    pub partitions: Vec<DeleteRecordsPartitionResult>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteRecordsPartitionResult {
    pub partition_index: i32,
    /// The oldest offset that is left; -1 after an error.
    pub low_watermark: i64,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
