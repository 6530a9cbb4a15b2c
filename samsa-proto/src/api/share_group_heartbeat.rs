//! `ShareGroupHeartbeat` (key 76): all that a member of a share group says to its coordinator (KIP-932).
//!
//! What has not changed since the last heartbeat is left null.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Version 1, flexible. Answered with [`ShareGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 76, versions = "1", flexible = "0+", response = ShareGroupHeartbeatResponse<'r>)]
pub struct ShareGroupHeartbeatRequest<'a> {
    pub group_id: &'a str,
    /// Chosen by the member, a uuid.
    pub member_id: &'a str,
    /// 0 joins, -1 leaves; otherwise what the last answer said.
    pub member_epoch: i32,
    pub rack_id: Option<&'a str>,
    pub subscribed_topic_names: Option<Vec<&'a str>>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ShareGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "1", flexible = "0+")]
pub struct ShareGroupHeartbeatResponse<'a> {
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

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}
