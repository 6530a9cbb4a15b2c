//! `DescribeTopicPartitions` (key 75): partitions of topics, page by page, with the replicas that may lead
//! (KIP-966).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`DescribeTopicPartitionsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 75, versions = "0", flexible = "0+", response = DescribeTopicPartitionsResponse<'r>)]
pub struct DescribeTopicPartitionsRequest<'a> {
    /// Empty asks for all; sorted by name.
    pub topics: Vec<TopicRequest<'a>>,
    #[field(default = 2000)]
    pub response_partition_limit: i32,
    /// Where to go on; null to begin.
    pub cursor: Option<Cursor<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicRequest<'a> {
    pub name: &'a str,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Cursor<'a> {
    pub topic_name: &'a str,
    pub partition_index: i32,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeTopicPartitionsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeTopicPartitionsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    /// Where to go on; null at the end.
    pub next_cursor: Option<Cursor<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    pub error_code: ErrorCode,
    /// Null where it is not known.
    #[field(default = Some(""))]
    pub name: Option<&'a str>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// A bit for each operation that is allowed; `i32::MIN` where it was not asked for.
    #[field(default = i32::MIN)]
    pub topic_authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    /// -1 where there is none.
    pub leader_id: i32,
    /// -1 where it is not known.
    #[field(default = -1)]
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    /// Not in sync, but with all that is committed; null where the cluster does not track it.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
    pub unknown_tags: UnknownTags,
}
