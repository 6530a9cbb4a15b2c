//! `ApiVersions` (key 18): which versions does this broker speak?
//!
//! The first request on a connection. Its response header has no tagged fields in any version. A broker that
//! does not know the version of the request answers in the form of version 0, with
//! [`ErrorCode::UNSUPPORTED_VERSION`] and, from 2.4 on, the range of this API.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message, Request};

/// The number of this API, the only one with rules of its own.
pub(crate) const KEY: i16 = ApiVersionsRequest::KEY;

/// The form that an answer has: that of version 0 where the broker does not know the version asked.
pub(crate) fn answered_at(asked: i16, body: &[u8]) -> i16 {
    let unsupported = ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes();
    if body.starts_with(&unsupported) { 0 } else { asked }
}

/// Versions 0 to 5, flexible from 3. Answered with [`ApiVersionsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 18, versions = "0-5", flexible = "3+", response = ApiVersionsResponse<'r>)]
pub struct ApiVersionsRequest<'a> {
    /// Letters, digits, `.` and `-` (KIP-511).
    #[field(versions = "3+", ignorable)]
    pub client_software_name: &'a str,
    #[field(versions = "3+", ignorable)]
    pub client_software_version: &'a str,
    /// The cluster that the client means to talk to, with `node_id` (KIP-1242); null where it does not care.
    #[field(versions = "5+", ignorable)]
    pub cluster_id: Option<&'a str>,
    #[field(versions = "5+", default = -1, ignorable)]
    pub node_id: i32,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ApiVersionsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ApiVersionsResponse<'a> {
    pub error_code: ErrorCode,
    pub api_keys: Vec<ApiVersion>,
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// Below version 4 without those whose smallest version is 0.
    #[field(versions = "3+", ignorable, tag = 0)]
    pub supported_features: Vec<SupportedFeatureKey<'a>>,
    /// -1 where the broker does not know.
    #[field(versions = "3+", default = -1, ignorable, tag = 1)]
    pub finalized_features_epoch: i64,
    #[field(versions = "3+", ignorable, tag = 2)]
    pub finalized_features: Vec<FinalizedFeatureKey<'a>>,
    #[field(versions = "3+", ignorable, tag = 3)]
    pub zk_migration_ready: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct SupportedFeatureKey<'a> {
    pub name: &'a str,
    pub min_version: i16,
    pub max_version: i16,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct FinalizedFeatureKey<'a> {
    pub name: &'a str,
    pub max_version_level: i16,
    pub min_version_level: i16,
    pub unknown_tags: UnknownTags,
}
