//! `ElectLeaders` (key 43): have partitions elect a leader now.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible from 2. Answered with [`ElectLeadersResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 43, versions = "0-2", flexible = "2+", response = ElectLeadersResponse<'r>)]
pub struct ElectLeadersRequest<'a> {
    /// 0 the preferred replica, 1 any live one, even if it lacks records (KIP-460).
    #[field(versions = "1+")]
    pub election_type: i8,
    /// Null asks for all.
    #[field(default = Some(Vec::new()))]
    pub topic_partitions: Option<Vec<TopicPartitions<'a>>>,
    /// How long the broker may take.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicPartitions<'a> {
    pub topic: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ElectLeadersRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct ElectLeadersResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    #[field(versions = "1+")]
    pub error_code: ErrorCode,
    pub replica_election_results: Vec<ReplicaElectionResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ReplicaElectionResult<'a> {
    pub topic: &'a str,
    pub partition_result: Vec<PartitionResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionResult<'a> {
    pub partition_id: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
