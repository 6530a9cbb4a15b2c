//! `AlterConfigs` (key 33): replace all settings of a resource. What is not named goes back to its default;
//! mind [`incremental_alter_configs`](super::incremental_alter_configs).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible from 2. Answered with [`AlterConfigsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 33, versions = "0-2", flexible = "2+", response = AlterConfigsResponse<'r>)]
pub struct AlterConfigsRequest<'a> {
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
    /// Null for the default.
    #[field(default = Some(""))]
    pub value: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AlterConfigsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct AlterConfigsResponse<'a> {
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
