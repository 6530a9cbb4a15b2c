//! `DescribeQuorum` (key 55): the state of the controllers' own log (KIP-595).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible. Answered with [`DescribeQuorumResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 55, versions = "0-2", flexible = "0+", response = DescribeQuorumResponse<'r>)]
pub struct DescribeQuorumRequest<'a> {
    pub topics: Vec<TopicData<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicData<'a> {
    pub topic_name: &'a str,
    pub partitions: Vec<PartitionData>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionData {
    pub partition_index: i32,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeQuorumRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct DescribeQuorumResponse<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(versions = "2+", default = Some(""), ignorable)]
    pub error_message: Option<&'a str>,
    pub topics: Vec<TopicDataResponse<'a>>,
    #[field(versions = "2+")]
    pub nodes: Vec<Node<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicDataResponse<'a> {
    pub topic_name: &'a str,
    pub partitions: Vec<PartitionDataResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionDataResponse<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(versions = "2+", default = Some(""), ignorable)]
    pub error_message: Option<&'a str>,
    /// -1 where it is not known.
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ReplicaState {
    /// The broker that asks; -1 for a client.
    pub replica_id: i32,
    #[field(versions = "2+")]
    pub replica_directory_id: Uuid,
    /// -1 where it is not known.
    pub log_end_offset: i64,
    /// When the follower last fetched, in ms since 1970 by the leader's clock; -1 for the leader and where it
    /// is not known.
    #[field(versions = "1+", default = -1, ignorable)]
    pub last_fetch_timestamp: i64,
    /// When the follower last had all that the leader had; -1 for the leader and where it is not known.
    #[field(versions = "1+", default = -1, ignorable)]
    pub last_caught_up_timestamp: i64,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Node<'a> {
    pub node_id: i32,
    pub listeners: Vec<Listener<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Listener<'a> {
    pub name: &'a str,
    pub host: &'a str,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}
