//! `CreateTopics` (key 19).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 7, flexible from 5. Answered with [`CreateTopicsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 19, versions = "0-7", flexible = "5+", response = CreateTopicsResponse<'r>)]
pub struct CreateTopicsRequest<'a> {
    pub topics: Vec<CreatableTopic<'a>>,
    /// How long the controller waits until the topics are there.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// Check the request, change nothing.
    #[field(versions = "1+")]
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatableTopic<'a> {
    pub name: &'a str,
    /// -1 with `assignments`, or for the default of the broker (from version 4).
    pub num_partitions: i32,
    /// -1 with `assignments`, or for the default of the broker (from version 4).
    pub replication_factor: i16,
    /// Which brokers hold which partition; empty where the controller chooses.
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    /// The first one is the preferred leader.
    pub broker_ids: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatableTopicConfig<'a> {
    pub name: &'a str,
    #[field(default = Some(""))]
    pub value: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`CreateTopicsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-7", flexible = "5+")]
pub struct CreateTopicsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatableTopicResult<'a> {
    pub name: &'a str,
    #[field(versions = "7+", ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(versions = "1+", default = Some(""), ignorable)]
    pub error_message: Option<&'a str>,
    /// Why `configs` is missing.
    #[field(versions = "5+", ignorable, tag = 0)]
    pub topic_config_error_code: ErrorCode,
    /// -1 after an error.
    #[field(versions = "5+", default = -1, ignorable)]
    pub num_partitions: i32,
    /// -1 after an error.
    #[field(versions = "5+", default = -1, ignorable)]
    pub replication_factor: i16,
    /// Null where the client may not see them.
    #[field(versions = "5+", default = Some(Vec::new()), ignorable)]
    pub configs: Option<Vec<CreatableTopicConfigs<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatableTopicConfigs<'a> {
    pub name: &'a str,
    #[field(default = Some(""))]
    pub value: Option<&'a str>,
    pub read_only: bool,
    /// Where the value comes from, as in `DescribeConfigs`.
    #[field(default = -1)]
    pub config_source: i8,
    pub is_sensitive: bool,
    pub unknown_tags: UnknownTags,
}
