//! `OffsetCommit` (key 8): store how far a group has read.
//!
//! Version 0 stores in ZooKeeper, later ones on the brokers. From version 10 topics are named by id only.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 10, flexible from 8. Answered with [`OffsetCommitResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 8, versions = "0-10", flexible = "8+", response = OffsetCommitResponse<'r>)]
pub struct OffsetCommitRequest<'a> {
    pub group_id: &'a str,
    /// The generation in a classic group, the member's epoch in a KIP-848 group; -1 outside of a group.
    #[field(versions = "1+", default = -1, ignorable)]
    pub generation_id_or_member_epoch: i32,
    /// Empty outside of a group.
    #[field(versions = "1+", ignorable)]
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(versions = "7+")]
    pub group_instance_id: Option<&'a str>,
    /// How long to keep the offsets; -1 for the broker's setting.
    #[field(versions = "2-4", default = -1, ignorable)]
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetCommitRequestTopic<'a> {
    #[field(versions = "0-9", ignorable)]
    pub name: &'a str,
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitRequestPartition<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetCommitRequestPartition<'a> {
    pub partition_index: i32,
    /// The next offset to read.
    pub committed_offset: i64,
    /// Leader epoch of the last record read; -1 where it is not known.
    #[field(versions = "6+", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// In ms since 1970; -1 for the time of arrival.
    #[field(versions = "1", default = -1)]
    pub commit_timestamp: i64,
    /// Whatever the group wants to keep with the offset.
    #[field(default = Some(""))]
    pub committed_metadata: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`OffsetCommitRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-10", flexible = "8+")]
pub struct OffsetCommitResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetCommitResponseTopic<'a> {
    #[field(versions = "0-9", ignorable)]
    pub name: &'a str,
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitResponsePartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
