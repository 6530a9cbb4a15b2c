//! `DeleteTopics` (key 20). From version 6 topics can be named by id.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 6, flexible from 4. Answered with [`DeleteTopicsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 20, versions = "0-6", flexible = "4+", response = DeleteTopicsResponse<'r>)]
pub struct DeleteTopicsRequest<'a> {
    #[field(versions = "6+")]
    pub topics: Vec<DeleteTopicState<'a>>,
    #[field(versions = "0-5", ignorable)]
    pub topic_names: Vec<&'a str>,
    /// How long the broker may take.
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteTopicState<'a> {
    /// Null where the topic is named by id.
    pub name: Option<&'a str>,
    pub topic_id: Uuid,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DeleteTopicsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-6", flexible = "4+")]
pub struct DeleteTopicsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeletableTopicResult<'a> {
    /// Null where the id is not known, or may not be known.
    #[field(nullable = "6+", default = Some(""))]
    pub name: Option<&'a str>,
    #[field(versions = "6+", ignorable)]
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(versions = "5+", ignorable)]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
