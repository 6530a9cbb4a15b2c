//! `DescribeDelegationToken` (key 41).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 3, flexible from 2. Answered with [`DescribeDelegationTokenResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 41, versions = "0-3", flexible = "2+", response = DescribeDelegationTokenResponse<'r>)]
pub struct DescribeDelegationTokenRequest<'a> {
    /// Null asks for all.
    #[field(default = Some(Vec::new()))]
    pub owners: Option<Vec<DescribeDelegationTokenOwner<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeDelegationTokenOwner<'a> {
    pub principal_type: &'a str,
    pub principal_name: &'a str,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeDelegationTokenRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct DescribeDelegationTokenResponse<'a> {
    pub error_code: ErrorCode,
    pub tokens: Vec<DescribedDelegationToken<'a>>,
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribedDelegationToken<'a> {
    pub principal_type: &'a str,
    pub principal_name: &'a str,
    #[field(versions = "3+")]
    pub token_requester_principal_type: &'a str,
    #[field(versions = "3+")]
    pub token_requester_principal_name: &'a str,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: &'a str,
    /// What names and proves the token.
    pub hmac: &'a [u8],
    pub renewers: Vec<DescribedDelegationTokenRenewer<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribedDelegationTokenRenewer<'a> {
    pub principal_type: &'a str,
    pub principal_name: &'a str,
    pub unknown_tags: UnknownTags,
}
