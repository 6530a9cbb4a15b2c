//! `JoinGroup` (key 11): become a member of a classic group, or stay one when it rebalances.
//!
//! The answer comes when all members have joined. From version 4 a new member is first sent back with its id
//! ([`ErrorCode::MEMBER_ID_REQUIRED`]) and joins again.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 9, flexible from 6. Answered with [`JoinGroupResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 11, versions = "0-9", flexible = "6+", response = JoinGroupResponse<'r>)]
pub struct JoinGroupRequest<'a> {
    pub group_id: &'a str,
    /// A member that is silent for longer is taken out.
    pub session_timeout_ms: i32,
    /// How long the coordinator waits for the members; in version 0 the session timeout.
    #[field(versions = "1+", default = -1, ignorable)]
    pub rebalance_timeout_ms: i32,
    /// Empty at first.
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(versions = "5+")]
    pub group_instance_id: Option<&'a str>,
    /// `consumer` for consumers.
    pub protocol_type: &'a str,
    /// What the member can do, the best first.
    pub protocols: Vec<JoinGroupRequestProtocol<'a>>,
    #[field(versions = "8+", ignorable)]
    pub reason: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct JoinGroupRequestProtocol<'a> {
    pub name: &'a str,
    /// For consumers a subscription, see [`consumer_protocol`](super::consumer_protocol).
    pub metadata: &'a [u8],
    pub unknown_tags: UnknownTags,
}

/// The answer to [`JoinGroupRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-9", flexible = "6+")]
pub struct JoinGroupResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = -1)]
    pub generation_id: i32,
    #[field(versions = "7+", ignorable)]
    pub protocol_type: Option<&'a str>,
    /// The one that all members know; null after an error.
    #[field(nullable = "7+", default = Some(""))]
    pub protocol_name: Option<&'a str>,
    /// The member id of the leader, which makes the assignment.
    pub leader: &'a str,
    /// Whether the leader is to leave the assignment as it is.
    #[field(versions = "9+")]
    pub skip_assignment: bool,
    pub member_id: &'a str,
    /// For the leader only.
    pub members: Vec<JoinGroupResponseMember<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct JoinGroupResponseMember<'a> {
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(versions = "5+", ignorable)]
    pub group_instance_id: Option<&'a str>,
    pub metadata: &'a [u8],
    pub unknown_tags: UnknownTags,
}
