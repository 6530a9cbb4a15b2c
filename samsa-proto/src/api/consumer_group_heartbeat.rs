//! `ConsumerGroupHeartbeat` (key 68): all that a member of a KIP-848 group says to its coordinator.
//!
//! What has not changed since the last heartbeat is left null, or at -1.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`ConsumerGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 68, versions = "0-1", flexible = "0+", response = ConsumerGroupHeartbeatResponse<'r>)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    pub group_id: &'a str,
    /// From version 1 on chosen by the member, a uuid (KIP-1082); in version 0 empty at first, then what the
    /// coordinator gave.
    pub member_id: &'a str,
    /// 0 joins, -1 leaves, -2 leaves for a while as a static member; otherwise what the last answer said.
    pub member_epoch: i32,
    /// Set by static members (KIP-345).
    pub instance_id: Option<&'a str>,
    pub rack_id: Option<&'a str>,
    /// How long the member may take to give up partitions; -1 for no change.
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    pub subscribed_topic_names: Option<Vec<&'a str>>,
    /// In the syntax of RE2/J.
    #[field(versions = "1+")]
    pub subscribed_topic_regex: Option<&'a str>,
    /// `uniform` or `range`; null lets the coordinator choose.
    pub server_assignor: Option<&'a str>,
    /// What the member owns.
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ConsumerGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupHeartbeatResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub member_id: Option<&'a str>,
    /// To be sent with the next heartbeat.
    pub member_epoch: i32,
    /// How long to wait until the next heartbeat.
    pub heartbeat_interval_ms: i32,
    /// Null where it has not changed.
    pub assignment: Option<Assignment>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
    pub unknown_tags: UnknownTags,
}
