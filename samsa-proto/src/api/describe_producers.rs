//! `DescribeProducers` (key 61): the producers that a partition remembers (KIP-664).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`DescribeProducersResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 61, versions = "0", flexible = "0+", response = DescribeProducersResponse<'r>)]
pub struct DescribeProducersRequest<'a> {
    pub topics: Vec<TopicRequest<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicRequest<'a> {
    pub name: &'a str,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeProducersRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeProducersResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub topics: Vec<TopicResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicResponse<'a> {
    pub name: &'a str,
    pub partitions: Vec<PartitionResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionResponse<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub active_producers: Vec<ProducerState>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ProducerState {
    pub producer_id: i64,
    pub producer_epoch: i32,
    /// -1 where it is not known.
    #[field(default = -1)]
    pub last_sequence: i32,
    /// In ms since 1970; -1 where it is not known.
    #[field(default = -1)]
    pub last_timestamp: i64,
    /// Of the coordinator that wrote the last marker.
    pub coordinator_epoch: i32,
    /// -1 where no transaction is open.
    #[field(default = -1)]
    pub current_txn_start_offset: i64,
    pub unknown_tags: UnknownTags,
}
