//! `DescribeGroups` (key 15): state and members of classic groups.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 6, flexible from 5. Answered with [`DescribeGroupsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 15, versions = "0-6", flexible = "5+", response = DescribeGroupsResponse<'r>)]
pub struct DescribeGroupsRequest<'a> {
    pub groups: Vec<&'a str>,
    /// Whether to say which operations are allowed.
    #[field(versions = "3+")]
    pub include_authorized_operations: bool,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeGroupsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-6", flexible = "5+")]
pub struct DescribeGroupsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(versions = "6+")]
    pub error_message: Option<&'a str>,
    pub group_id: &'a str,
    /// `Dead`, `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Stable`; empty after an error.
    pub group_state: &'a str,
    pub protocol_type: &'a str,
    /// The name of the protocol in use.
    pub protocol_data: &'a str,
    pub members: Vec<DescribedGroupMember<'a>>,
    /// A bit for each operation that is allowed; `i32::MIN` where it was not asked for.
    #[field(versions = "3+", default = i32::MIN)]
    pub authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribedGroupMember<'a> {
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(versions = "4+", ignorable)]
    pub group_instance_id: Option<&'a str>,
    pub client_id: &'a str,
    /// Where the member connects from, as the broker sees it.
    pub client_host: &'a str,
    /// For consumers a subscription, see [`consumer_protocol`](super::consumer_protocol).
    pub member_metadata: &'a [u8],
    /// For consumers see [`consumer_protocol`](super::consumer_protocol).
    pub member_assignment: &'a [u8],
    pub unknown_tags: UnknownTags,
}
