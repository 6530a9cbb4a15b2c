//! `DeleteGroups` (key 42): delete groups that have no members, with their offsets.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 3, flexible from 2. Answered with [`DeleteGroupsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 42, versions = "0-3", flexible = "2+", response = DeleteGroupsResponse<'r>)]
pub struct DeleteGroupsRequest<'a> {
    pub groups_names: Vec<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DeleteGroupsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3", flexible = "2+")]
pub struct DeleteGroupsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DeletableGroupResult<'a> {
    pub group_id: &'a str,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(versions = "3+", ignorable)]
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
