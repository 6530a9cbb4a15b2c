//! `RenewDelegationToken` (key 39).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible from 2. Answered with [`RenewDelegationTokenResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 39, versions = "0-2", flexible = "2+", response = RenewDelegationTokenResponse)]
pub struct RenewDelegationTokenRequest<'a> {
    /// What names and proves the token.
    pub hmac: &'a [u8],
    /// -1 for the broker's setting.
    pub renew_period_ms: i64,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`RenewDelegationTokenRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "2+")]
pub struct RenewDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: i64,
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub unknown_tags: UnknownTags,
}
