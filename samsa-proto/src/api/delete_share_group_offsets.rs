//! `DeleteShareGroupOffsets` (key 92): forget from where a share group hands out records (KIP-932).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`DeleteShareGroupOffsetsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 92, versions = "0", flexible = "0+", response = DeleteShareGroupOffsetsResponse<'r>)]
pub struct DeleteShareGroupOffsetsRequest<'a> {
    pub group_id: &'a str,
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: &'a str,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DeleteShareGroupOffsetsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DeleteShareGroupOffsetsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: &'a str,
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
