//! `DeleteAcls` (key 31): delete the access rules that match filters. The numbers are those of
//! [`create_acls`](super::create_acls).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 3, flexible from 2. Answered with [`DeleteAclsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 31, versions = "0-3", flexible = "2+", response = DeleteAclsResponse<'r>)]
pub struct DeleteAclsRequest<'a> {
    pub filters: Vec<DeleteAclsFilter<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteAclsFilter<'a> {
    pub resource_type_filter: i8,
    /// Null matches any.
    #[field(default = Some(""))]
    pub resource_name_filter: Option<&'a str>,
    /// Also 1 any, and 2 every pattern that applies to the name.
    #[field(versions = "1+", default = 3)]
    pub pattern_type_filter: i8,
    /// Null matches any.
    #[field(default = Some(""))]
    pub principal_filter: Option<&'a str>,
    /// Null matches any.
    #[field(default = Some(""))]
    pub host_filter: Option<&'a str>,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DeleteAclsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct DeleteAclsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteAclsFilterResult<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeleteAclsMatchingAcl<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub resource_type: i8,
    pub resource_name: &'a str,
    #[field(versions = "1+", default = 3)]
    pub pattern_type: i8,
    pub principal: &'a str,
    pub host: &'a str,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}
