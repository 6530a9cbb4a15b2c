//! `CreateDelegationToken` (key 38): a short-lived credential (KIP-48).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 3, flexible from 2. Answered with [`CreateDelegationTokenResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 38, versions = "0-3", flexible = "2+", response = CreateDelegationTokenResponse<'r>)]
pub struct CreateDelegationTokenRequest<'a> {
    /// Null for the one who asks.
    #[field(versions = "3+", default = Some(""))]
    pub owner_principal_type: Option<&'a str>,
    /// Null for the one who asks.
    #[field(versions = "3+", default = Some(""))]
    pub owner_principal_name: Option<&'a str>,
    pub renewers: Vec<CreatableRenewers<'a>>,
    /// -1 for the broker's setting.
    pub max_lifetime_ms: i64,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CreatableRenewers<'a> {
    pub principal_type: &'a str,
    pub principal_name: &'a str,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`CreateDelegationTokenRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct CreateDelegationTokenResponse<'a> {
    pub error_code: ErrorCode,
    pub principal_type: &'a str,
    pub principal_name: &'a str,
    #[field(versions = "3+")]
    pub token_requester_principal_type: &'a str,
    #[field(versions = "3+")]
    pub token_requester_principal_name: &'a str,
    pub issue_timestamp_ms: i64,
    pub expiry_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    pub token_id: &'a str,
    /// What names and proves the token.
    pub hmac: &'a [u8],
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub unknown_tags: UnknownTags,
}
