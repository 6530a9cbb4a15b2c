//! `AddPartitionsToTxn` (key 24): a transaction is about to write to these partitions.
//!
//! Clients speak version 3 at most; from version 4 on brokers ask each other about several transactions at
//! once (KIP-890).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 5, flexible from 3. Answered with [`AddPartitionsToTxnResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 24, versions = "0-5", flexible = "3+", response = AddPartitionsToTxnResponse<'r>)]
pub struct AddPartitionsToTxnRequest<'a> {
    #[field(versions = "4+")]
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
    #[field(versions = "0-3")]
    pub v3_and_below_transactional_id: &'a str,
    #[field(versions = "0-3")]
    pub v3_and_below_producer_id: i64,
    #[field(versions = "0-3")]
    pub v3_and_below_producer_epoch: i16,
    #[field(versions = "0-3")]
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AddPartitionsToTxnTransaction<'a> {
    pub transactional_id: &'a str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// Ask whether the partitions belong to the transaction, add none.
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AddPartitionsToTxnTopic<'a> {
    pub name: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AddPartitionsToTxnRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct AddPartitionsToTxnResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    #[field(versions = "4+", ignorable)]
    pub error_code: ErrorCode,
    #[field(versions = "4+")]
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
    #[field(versions = "0-3")]
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AddPartitionsToTxnResult<'a> {
    pub transactional_id: &'a str,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    pub name: &'a str,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
