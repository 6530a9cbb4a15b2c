//! `UnregisterBroker` (key 64): take a broker that is gone for good out of a KRaft cluster.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`UnregisterBrokerResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 64, versions = "0", flexible = "0+", response = UnregisterBrokerResponse<'r>)]
pub struct UnregisterBrokerRequest {
    pub broker_id: i32,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`UnregisterBrokerRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct UnregisterBrokerResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
