//! `AlterUserScramCredentials` (key 51): set and remove SCRAM passwords (KIP-554).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`AlterUserScramCredentialsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 51, versions = "0", flexible = "0+", response = AlterUserScramCredentialsResponse<'r>)]
pub struct AlterUserScramCredentialsRequest<'a> {
    pub deletions: Vec<ScramCredentialDeletion<'a>>,
    pub upsertions: Vec<ScramCredentialUpsertion<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ScramCredentialDeletion<'a> {
    pub name: &'a str,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ScramCredentialUpsertion<'a> {
    pub name: &'a str,
    /// 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: &'a [u8],
    /// The password never leaves the client.
    pub salted_password: &'a [u8],
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AlterUserScramCredentialsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct AlterUserScramCredentialsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AlterUserScramCredentialsResult<'a> {
    pub user: &'a str,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
