//! `UpdateFeatures` (key 57): raise or lower the versions of a cluster's features (KIP-584).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible. Answered with [`UpdateFeaturesResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 57, versions = "0-2", flexible = "0+", response = UpdateFeaturesResponse<'r>)]
pub struct UpdateFeaturesRequest<'a> {
    /// How long the broker may take.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey<'a>>,
    /// Check the request, change nothing.
    #[field(versions = "1+")]
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct FeatureUpdateKey<'a> {
    pub feature: &'a str,
    /// Below 1 deletes the feature.
    pub max_version_level: i16,
    #[field(versions = "0")]
    pub allow_downgrade: bool,
    /// 1 raise only, 2 lower where nothing is lost, 3 lower at any price.
    #[field(versions = "1+", default = 1)]
    pub upgrade_type: i8,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`UpdateFeaturesRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct UpdateFeaturesResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    /// From version 2 on all succeed or none.
    #[field(versions = "0-1", ignorable)]
    pub results: Vec<UpdatableFeatureResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct UpdatableFeatureResult<'a> {
    pub feature: &'a str,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
