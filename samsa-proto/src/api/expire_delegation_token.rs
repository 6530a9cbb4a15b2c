//! `ExpireDelegationToken` (key 40): let a token end sooner.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible from 2. Answered with [`ExpireDelegationTokenResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 40, versions = "0-2", flexible = "2+", response = ExpireDelegationTokenResponse)]
pub struct ExpireDelegationTokenRequest<'a> {
    /// What names and proves the token.
    pub hmac: &'a [u8],
    /// From now on; -1 ends it at once.
    pub expiry_time_period_ms: i64,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ExpireDelegationTokenRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct ExpireDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: i64,
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub unknown_tags: UnknownTags,
}
