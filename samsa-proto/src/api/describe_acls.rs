//! `DescribeAcls` (key 29): the access rules that match a filter. The numbers are those of
//! [`create_acls`](super::create_acls).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 3, flexible from 2. Answered with [`DescribeAclsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 29, versions = "0-3", flexible = "2+", response = DescribeAclsResponse<'r>)]
pub struct DescribeAclsRequest<'a> {
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

/// The answer to [`DescribeAclsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct DescribeAclsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub resources: Vec<DescribeAclsResource<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeAclsResource<'a> {
    pub resource_type: i8,
    pub resource_name: &'a str,
    #[field(versions = "1+", default = 3)]
    pub pattern_type: i8,
    pub acls: Vec<AclDescription<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AclDescription<'a> {
    pub principal: &'a str,
    pub host: &'a str,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tags: UnknownTags,
}
