//! `Fetch` (key 1): read batches from partitions, as they lie in the log.
//!
//! From version 7 on a broker can remember what is fetched, so that only changes are sent (KIP-227). From
//! version 13 topics are named by id only.

use crate::wire::{Records, UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 18, flexible from 12. Answered with [`FetchResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 1, versions = "0-18", flexible = "12+", response = FetchResponse<'r>)]
pub struct FetchRequest<'a> {
    /// Set by controllers only.
    #[field(versions = "12+", ignorable, tag = 0)]
    pub cluster_id: Option<&'a str>,
    /// The broker that asks; -1 for a client.
    #[field(versions = "0-14", default = -1)]
    pub replica_id: i32,
    /// Replaces `replica_id`; clients leave it at its default.
    #[field(versions = "15+", tag = 1)]
    pub replica_state: ReplicaState,
    /// How long the broker may wait for `min_bytes`.
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    /// For the whole response. The first batch is returned whatever its size.
    #[field(versions = "3+", default = i32::MAX, ignorable)]
    pub max_bytes: i32,
    /// 0 reads everything, 1 only what is committed (KIP-98).
    #[field(versions = "4+", ignorable)]
    pub isolation_level: i8,
    /// 0 where there is no session yet.
    #[field(versions = "7+", ignorable)]
    pub session_id: i32,
    /// -1 fetches without a session, 0 opens one.
    #[field(versions = "7+", default = -1, ignorable)]
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic<'a>>,
    /// What to take out of the session.
    #[field(versions = "7+")]
    pub forgotten_topics_data: Vec<ForgottenTopic<'a>>,
    /// Lets the leader send the client to a nearer replica (KIP-392).
    #[field(versions = "11+", ignorable)]
    pub rack_id: &'a str,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ReplicaState {
    /// The broker that asks; -1 for a client.
    #[field(default = -1)]
    pub replica_id: i32,
    #[field(default = -1)]
    pub replica_epoch: i64,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct FetchTopic<'a> {
    #[field(versions = "0-12", ignorable)]
    pub topic: &'a str,
    #[field(versions = "13+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct FetchPartition {
    pub partition: i32,
    /// Known to the client from metadata (KIP-320), so that a leader can tell that one of the two is out of
    /// date; -1 where it is not known.
    #[field(versions = "9+", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    /// Leader epoch of the last record read, so that the leader can find where the logs part; -1 where it is
    /// not known.
    #[field(versions = "12+", default = -1)]
    pub last_fetched_epoch: i32,
    /// Set by followers only.
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    /// Set by controllers only.
    #[field(versions = "17+", ignorable, tag = 0)]
    pub replica_directory_id: Uuid,
    /// Set by controllers only.
    #[field(versions = "18+", default = i64::MAX, ignorable, tag = 1)]
    pub high_watermark: i64,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ForgottenTopic<'a> {
    #[field(versions = "7-12", ignorable)]
    pub topic: &'a str,
    #[field(versions = "13+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`FetchRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-18", flexible = "12+")]
pub struct FetchResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// Of the session as a whole.
    #[field(versions = "7+", ignorable)]
    pub error_code: ErrorCode,
    /// 0 where the broker keeps none.
    #[field(versions = "7+")]
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse<'a>>,
    /// Where the leaders are that `current_leader` names (KIP-951).
    #[field(versions = "16+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct FetchableTopicResponse<'a> {
    #[field(versions = "0-12", ignorable)]
    pub topic: &'a str,
    #[field(versions = "13+", ignorable)]
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionData<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub high_watermark: i64,
    /// Up to here every transaction is decided; -1 where the broker does not say.
    #[field(versions = "4+", default = -1, ignorable)]
    pub last_stable_offset: i64,
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// Where the log of the reader parts from the leader's.
    #[field(versions = "12+", tag = 0)]
    pub diverging_epoch: EpochEndOffset,
    /// The leader in its place, where this broker is not.
    #[field(versions = "12+", tag = 1)]
    pub current_leader: LeaderIdAndEpoch,
    /// For controllers only.
    #[field(versions = "12+", tag = 2)]
    pub snapshot_id: SnapshotId,
    /// Only when committed records were asked for, and not always in order of `first_offset`.
    #[field(versions = "4+", default = Some(Vec::new()), ignorable)]
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// A nearer replica to fetch from; -1 for none.
    #[field(versions = "11+", default = -1)]
    pub preferred_read_replica: i32,
    /// The last batch may be cut short, versions below 3 cut even the first.
    pub records: Option<Records<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct EpochEndOffset {
    #[field(default = -1)]
    pub epoch: i32,
    #[field(default = -1)]
    pub end_offset: i64,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    #[field(default = -1)]
    pub leader_id: i32,
    #[field(default = -1)]
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct SnapshotId {
    #[field(default = -1)]
    pub end_offset: i64,
    #[field(default = -1)]
    pub epoch: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct NodeEndpoint<'a> {
    pub node_id: i32,
    pub host: &'a str,
    pub port: i32,
    pub rack: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
