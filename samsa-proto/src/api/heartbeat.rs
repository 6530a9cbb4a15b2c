//! `Heartbeat` (key 12): a member of a classic group tells its coordinator that it is alive.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 4, flexible from 4. Answered with [`HeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 12, versions = "0-4", flexible = "4+", response = HeartbeatResponse)]
pub struct HeartbeatRequest<'a> {
    pub group_id: &'a str,
    pub generation_id: i32,
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(versions = "3+")]
    pub group_instance_id: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`HeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-4", flexible = "4+")]
pub struct HeartbeatResponse {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
