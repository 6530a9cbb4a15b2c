//! `ListConfigResources` (key 74): what has settings of its own (KIP-1142). Version 0 lists client metrics
//! only.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`ListConfigResourcesResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 74, versions = "0-1", flexible = "0+", response = ListConfigResourcesResponse<'r>)]
pub struct ListConfigResourcesRequest {
    /// As in the answer; empty for all.
    #[field(versions = "1+")]
    pub resource_types: Vec<i8>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ListConfigResourcesRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ListConfigResourcesResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub config_resources: Vec<ConfigResource<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ConfigResource<'a> {
    pub resource_name: &'a str,
    /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    #[field(versions = "1+", default = 16, ignorable)]
    pub resource_type: i8,
    pub unknown_tags: UnknownTags,
}
