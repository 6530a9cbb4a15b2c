//! `ConsumerGroupDescribe` (key 69): state and members of KIP-848 groups.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`ConsumerGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 69, versions = "0-1", flexible = "0+", response = ConsumerGroupDescribeResponse<'r>)]
pub struct ConsumerGroupDescribeRequest<'a> {
    pub group_ids: Vec<&'a str>,
    /// Whether to say which operations are allowed.
    pub include_authorized_operations: bool,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ConsumerGroupDescribeRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupDescribeResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub group_id: &'a str,
    /// `Empty`, `Assigning`, `Reconciling`, `Stable` or `Dead`; empty after an error.
    pub group_state: &'a str,
    /// Goes up when something changed that asks for a new assignment.
    pub group_epoch: i32,
    /// The group epoch that the target assignment was made for.
    pub assignment_epoch: i32,
    pub assignor_name: &'a str,
    pub members: Vec<Member<'a>>,
    /// A bit for each operation that is allowed; `i32::MIN` where it was not asked for.
    #[field(default = i32::MIN)]
    pub authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Member<'a> {
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    pub instance_id: Option<&'a str>,
    pub rack_id: Option<&'a str>,
    pub member_epoch: i32,
    pub client_id: &'a str,
    /// Where the member connects from, as the broker sees it.
    pub client_host: &'a str,
    pub subscribed_topic_names: Vec<&'a str>,
    pub subscribed_topic_regex: Option<&'a str>,
    /// What the member has.
    pub assignment: Assignment<'a>,
    /// What the member is to have.
    pub target_assignment: Assignment<'a>,
    /// 0 speaks the classic protocol, 1 that of KIP-848; -1 is not known.
    #[field(versions = "1+", default = -1, ignorable)]
    pub member_type: i8,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Assignment<'a> {
    pub topic_partitions: Vec<TopicPartitions<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicPartitions<'a> {
    pub topic_id: Uuid,
    pub topic_name: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}
