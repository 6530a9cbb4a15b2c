//! `IncrementalAlterConfigs` (key 44): change some settings of a resource (KIP-339).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible from 1. Answered with [`IncrementalAlterConfigsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 44, versions = "0-1", flexible = "1+", response = IncrementalAlterConfigsResponse<'r>)]
pub struct IncrementalAlterConfigsRequest<'a> {
    pub resources: Vec<AlterConfigsResource<'a>>,
    /// Check the request, change nothing.
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterConfigsResource<'a> {
    /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    pub resource_name: &'a str,
    pub configs: Vec<AlterableConfig<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterableConfig<'a> {
    pub name: &'a str,
    /// 0 set, 1 delete, 2 append, 3 subtract; the last two for lists.
    pub config_operation: i8,
    /// Null to delete.
    #[field(default = Some(""))]
    pub value: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`IncrementalAlterConfigsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct IncrementalAlterConfigsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterConfigsResourceResponse<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    pub resource_name: &'a str,
    pub unknown_tags: UnknownTags,
}
