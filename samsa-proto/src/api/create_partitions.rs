//! `CreatePartitions` (key 37): give topics more partitions.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 3, flexible from 2. Answered with [`CreatePartitionsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 37, versions = "0-3", flexible = "2+", response = CreatePartitionsResponse<'r>)]
pub struct CreatePartitionsRequest<'a> {
    pub topics: Vec<CreatePartitionsTopic<'a>>,
    /// How long the broker may take.
    pub timeout_ms: i32,
    /// Check the request, change nothing.
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatePartitionsTopic<'a> {
    pub name: &'a str,
    /// How many there shall be in all.
    pub count: i32,
    /// One for each new partition; null where the controller chooses.
    #[field(default = Some(Vec::new()))]
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatePartitionsAssignment {
    /// The first one is the preferred leader.
    pub broker_ids: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`CreatePartitionsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct CreatePartitionsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub results: Vec<CreatePartitionsTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatePartitionsTopicResult<'a> {
    pub name: &'a str,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
