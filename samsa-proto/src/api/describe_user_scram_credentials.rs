//! `DescribeUserScramCredentials` (key 50): which users have SCRAM passwords (KIP-554). The passwords are not
//! told.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`DescribeUserScramCredentialsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 50, versions = "0", flexible = "0+", response = DescribeUserScramCredentialsResponse<'r>)]
pub struct DescribeUserScramCredentialsRequest<'a> {
    /// Null or empty asks for all.
    #[field(default = Some(Vec::new()))]
    pub users: Option<Vec<UserName<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct UserName<'a> {
    pub name: &'a str,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeUserScramCredentialsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeUserScramCredentialsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub results: Vec<DescribeUserScramCredentialsResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeUserScramCredentialsResult<'a> {
    pub user: &'a str,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub credential_infos: Vec<CredentialInfo>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CredentialInfo {
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    pub iterations: i32,
    pub unknown_tags: UnknownTags,
}
