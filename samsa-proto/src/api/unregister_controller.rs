//! `UnregisterController` (key 94): take a controller that is gone for good out of a cluster.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`UnregisterControllerResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 94, versions = "0", flexible = "0+", response = UnregisterControllerResponse<'r>)]
pub struct UnregisterControllerRequest {
    pub controller_id: i32,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`UnregisterControllerRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct UnregisterControllerResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
