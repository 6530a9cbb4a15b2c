//! `ListPartitionReassignments` (key 46): the moves that are under way (KIP-455).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`ListPartitionReassignmentsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 46, versions = "0", flexible = "0+", response = ListPartitionReassignmentsResponse<'r>)]
pub struct ListPartitionReassignmentsRequest<'a> {
    /// How long the broker may take.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// Null asks for all.
    pub topics: Option<Vec<ListPartitionReassignmentsTopics<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ListPartitionReassignmentsTopics<'a> {
    pub name: &'a str,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ListPartitionReassignmentsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ListPartitionReassignmentsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub topics: Vec<OngoingTopicReassignment<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OngoingTopicReassignment<'a> {
    pub name: &'a str,
    pub partitions: Vec<OngoingPartitionReassignment>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OngoingPartitionReassignment {
    pub partition_index: i32,
    pub replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub unknown_tags: UnknownTags,
}
