//! `ListGroups` (key 16): the groups that this broker looks after.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 5, flexible from 3. Answered with [`ListGroupsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 16, versions = "0-5", flexible = "3+", response = ListGroupsResponse<'r>)]
pub struct ListGroupsRequest<'a> {
    /// Empty lists groups in any state.
    #[field(versions = "4+")]
    pub states_filter: Vec<&'a str>,
    /// Empty lists groups of any type; otherwise `classic`, `consumer`, `share` or `streams`.
    #[field(versions = "5+")]
    pub types_filter: Vec<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ListGroupsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct ListGroupsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub groups: Vec<ListedGroup<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ListedGroup<'a> {
    pub group_id: &'a str,
    pub protocol_type: &'a str,
    #[field(versions = "4+", ignorable)]
    pub group_state: &'a str,
    #[field(versions = "5+", ignorable)]
    pub group_type: &'a str,
    pub unknown_tags: UnknownTags,
}
