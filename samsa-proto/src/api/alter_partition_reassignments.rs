//! `AlterPartitionReassignments` (key 45): move partitions to other brokers (KIP-455).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`AlterPartitionReassignmentsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 45, versions = "0-1", flexible = "0+", response = AlterPartitionReassignmentsResponse<'r>)]
pub struct AlterPartitionReassignmentsRequest<'a> {
    /// How long the broker may take.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// Whether the number of replicas may change on the way (KIP-860).
    #[field(versions = "1+", default = true)]
    pub allow_replication_factor_change: bool,
    pub topics: Vec<ReassignableTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ReassignableTopic<'a> {
    pub name: &'a str,
    pub partitions: Vec<ReassignablePartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ReassignablePartition {
    pub partition_index: i32,
    /// The first one is the preferred leader. Null takes back a move that is under way.
    pub replicas: Option<Vec<i32>>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AlterPartitionReassignmentsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct AlterPartitionReassignmentsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    #[field(versions = "1+", default = true, ignorable)]
    pub allow_replication_factor_change: bool,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub responses: Vec<ReassignableTopicResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ReassignableTopicResponse<'a> {
    pub name: &'a str,
    pub partitions: Vec<ReassignablePartitionResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ReassignablePartitionResponse<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
