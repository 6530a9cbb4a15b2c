//! `OffsetFetch` (key 9): how far has a group read?
//!
//! Version 0 reads from ZooKeeper, later ones from the brokers. From version 8 one request asks for several
//! groups, from version 10 topics are named by id only.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 10, flexible from 6. Answered with [`OffsetFetchResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 9, versions = "0-10", flexible = "6+", response = OffsetFetchResponse<'r>)]
pub struct OffsetFetchRequest<'a> {
    #[field(versions = "0-7")]
    pub group_id: &'a str,
    /// Null asks for all topics of the group.
    #[field(versions = "0-7", nullable = "2-7", default = Some(Vec::new()))]
    pub topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
    #[field(versions = "8+")]
    pub groups: Vec<OffsetFetchRequestGroup<'a>>,
    /// Whether to answer `UNSTABLE_OFFSET_COMMIT` while a transaction may still change an offset (KIP-447).
    #[field(versions = "7+")]
    pub require_stable: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchRequestTopic<'a> {
    pub name: &'a str,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchRequestGroup<'a> {
    pub group_id: &'a str,
    /// Null outside of a KIP-848 group.
    #[field(versions = "9+", ignorable)]
    pub member_id: Option<&'a str>,
    /// -1 outside of a KIP-848 group.
    #[field(versions = "9+", default = -1, ignorable)]
    pub member_epoch: i32,
    /// Null asks for all topics of the group.
    #[field(default = Some(Vec::new()))]
    pub topics: Option<Vec<OffsetFetchRequestTopics<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchRequestTopics<'a> {
    #[field(versions = "8-9", ignorable)]
    pub name: &'a str,
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`OffsetFetchRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-10", flexible = "6+")]
pub struct OffsetFetchResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    #[field(versions = "0-7")]
    pub topics: Vec<OffsetFetchResponseTopic<'a>>,
    /// Of the group as a whole.
    #[field(versions = "2-7", ignorable)]
    pub error_code: ErrorCode,
    #[field(versions = "8+")]
    pub groups: Vec<OffsetFetchResponseGroup<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchResponseTopic<'a> {
    pub name: &'a str,
    pub partitions: Vec<OffsetFetchResponsePartition<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchResponsePartition<'a> {
    pub partition_index: i32,
    /// The next offset to read; -1 where nothing is stored.
    pub committed_offset: i64,
    /// Leader epoch of the last record read; -1 where it is not known.
    #[field(versions = "5-7", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    #[field(default = Some(""))]
    pub metadata: Option<&'a str>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchResponseGroup<'a> {
    pub group_id: &'a str,
    pub topics: Vec<OffsetFetchResponseTopics<'a>>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchResponseTopics<'a> {
    #[field(versions = "8-9", ignorable)]
    pub name: &'a str,
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetFetchResponsePartitions<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OffsetFetchResponsePartitions<'a> {
    pub partition_index: i32,
    /// The next offset to read; -1 where nothing is stored.
    pub committed_offset: i64,
    /// Leader epoch of the last record read; -1 where it is not known.
    #[field(default = -1)]
    pub committed_leader_epoch: i32,
    #[field(default = Some(""))]
    pub metadata: Option<&'a str>,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
