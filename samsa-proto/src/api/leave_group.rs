//! `LeaveGroup` (key 13): leave a classic group. From version 3 several members can be taken out at once.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 5, flexible from 4. Answered with [`LeaveGroupResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 13, versions = "0-5", flexible = "4+", response = LeaveGroupResponse<'r>)]
pub struct LeaveGroupRequest<'a> {
    pub group_id: &'a str,
    #[field(versions = "0-2")]
    pub member_id: &'a str,
    #[field(versions = "3+")]
    pub members: Vec<MemberIdentity<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct MemberIdentity<'a> {
    /// Empty for a static member that is named by its instance id.
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    pub group_instance_id: Option<&'a str>,
    #[field(versions = "5+", ignorable)]
    pub reason: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`LeaveGroupRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct LeaveGroupResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(versions = "3+")]
    pub members: Vec<MemberResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct MemberResponse<'a> {
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(default = Some(""))]
    pub group_instance_id: Option<&'a str>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
