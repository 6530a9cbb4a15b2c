//! `Produce` (key 0): append batches to partitions, at most one batch each.
//!
//! Versions 0 and 1 carry message sets of magic 0, version 2 of magic 1, version 3 and later one batch of
//! magic 2. From version 13 topics are named by id only.

use crate::wire::{Records, UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 13, flexible from 9. Answered with [`ProduceResponse`], unless `acks` is 0: then not at all.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 0, versions = "0-13", flexible = "9+", response = ProduceResponse<'r>)]
pub struct ProduceRequest<'a> {
    /// The transaction that all batches belong to, if any.
    #[field(versions = "3+")]
    pub transactional_id: Option<&'a str>,
    /// How many replicas must have the batches before the answer: 0, 1, or -1 for all that are in sync.
    pub acks: i16,
    /// How long the leader waits for the others.
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicProduceData<'a> {
    #[field(versions = "0-12", ignorable)]
    pub name: &'a str,
    #[field(versions = "13+", ignorable)]
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionProduceData<'a> {
    pub index: i32,
    /// At most one batch from version 3 on.
    pub records: Option<Records<'a>>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ProduceRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-13", flexible = "9+")]
pub struct ProduceResponse<'a> {
    pub responses: Vec<TopicProduceResponse<'a>>,
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// Where the leaders are that `current_leader` names (KIP-951).
    #[field(versions = "10+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicProduceResponse<'a> {
    #[field(versions = "0-12", ignorable)]
    pub name: &'a str,
    #[field(versions = "13+", ignorable)]
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionProduceResponse<'a> {
    pub index: i32,
    pub error_code: ErrorCode,
    /// Of the first record; -1 after an error.
    pub base_offset: i64,
    /// The timestamp that the broker gave the batch; -1 where the topic keeps those of the producer.
    #[field(versions = "2+", default = -1, ignorable)]
    pub log_append_time_ms: i64,
    /// The oldest offset that the log holds.
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// Which records the broker refused; the others were not written either (KIP-467).
    #[field(versions = "8+", ignorable)]
    pub record_errors: Vec<BatchIndexAndErrorMessage<'a>>,
    /// Sums up `record_errors`.
    #[field(versions = "8+", ignorable)]
    pub error_message: Option<&'a str>,
    /// The leader in its place, where this broker is not (KIP-951).
    #[field(versions = "10+", tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct BatchIndexAndErrorMessage<'a> {
    /// From 0, in the batch.
    pub batch_index: i32,
    pub batch_index_error_message: Option<&'a str>,
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
pub struct NodeEndpoint<'a> {
    pub node_id: i32,
    pub host: &'a str,
    pub port: i32,
    pub rack: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
