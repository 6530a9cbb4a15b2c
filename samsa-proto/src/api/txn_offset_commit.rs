//! `TxnOffsetCommit` (key 28): store how far a group has read, as part of a transaction. From version 6 topics
//! are named by id only.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 6, flexible from 3. Answered with [`TxnOffsetCommitResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 28, versions = "0-6", flexible = "3+", response = TxnOffsetCommitResponse<'r>)]
pub struct TxnOffsetCommitRequest<'a> {
    pub transactional_id: &'a str,
    pub group_id: &'a str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// The generation in a classic group, the member's epoch in a KIP-848 group; -1 outside of a group.
    #[field(versions = "3+", default = -1)]
    pub generation_id_or_member_epoch: i32,
    #[field(versions = "3+")]
    pub member_id: &'a str,
    /// Set by static members (KIP-345).
    #[field(versions = "3+")]
    pub group_instance_id: Option<&'a str>,
    pub topics: Vec<TxnOffsetCommitRequestTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    #[field(versions = "0-5", ignorable)]
    pub name: &'a str,
    #[field(versions = "6+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitRequestPartition<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    pub partition_index: i32,
    /// The next offset to read.
    pub committed_offset: i64,
    /// Leader epoch of the last record read; -1 where it is not known.
    #[field(versions = "2+", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// Whatever the group wants to keep with the offset.
    #[field(default = Some(""))]
    pub committed_metadata: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`TxnOffsetCommitRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-6", flexible = "3+")]
pub struct TxnOffsetCommitResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TxnOffsetCommitResponseTopic<'a> {
    #[field(versions = "0-5", ignorable)]
    pub name: &'a str,
    #[field(versions = "6+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
