//! `SyncGroup` (key 14): the leader of a classic group hands in the assignment, each member gets its part.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 5, flexible from 4. Answered with [`SyncGroupResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 14, versions = "0-5", flexible = "4+", response = SyncGroupResponse<'r>)]
pub struct SyncGroupRequest<'a> {
    pub group_id: &'a str,
    pub generation_id: i32,
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(versions = "3+")]
    pub group_instance_id: Option<&'a str>,
    #[field(versions = "5+", ignorable)]
    pub protocol_type: Option<&'a str>,
    #[field(versions = "5+", ignorable)]
    pub protocol_name: Option<&'a str>,
    /// Empty from those that do not lead.
    pub assignments: Vec<SyncGroupRequestAssignment<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct SyncGroupRequestAssignment<'a> {
    pub member_id: &'a str,
    /// For consumers see [`consumer_protocol`](super::consumer_protocol).
    pub assignment: &'a [u8],
    pub unknown_tags: UnknownTags,
}

/// The answer to [`SyncGroupRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "4+")]
pub struct SyncGroupResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(versions = "5+", ignorable)]
    pub protocol_type: Option<&'a str>,
    #[field(versions = "5+", ignorable)]
    pub protocol_name: Option<&'a str>,
    pub assignment: &'a [u8],
    pub unknown_tags: UnknownTags,
}
