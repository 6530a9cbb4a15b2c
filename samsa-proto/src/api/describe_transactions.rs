//! `DescribeTransactions` (key 65): the state of transactions (KIP-664).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`DescribeTransactionsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 65, versions = "0", flexible = "0+", response = DescribeTransactionsResponse<'r>)]
pub struct DescribeTransactionsRequest<'a> {
    pub transactional_ids: Vec<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeTransactionsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct DescribeTransactionsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TransactionState<'a> {
    pub error_code: ErrorCode,
    pub transactional_id: &'a str,
    /// Such as `Empty`, `Ongoing`, `PrepareCommit`, `CompleteAbort`.
    pub transaction_state: &'a str,
    pub transaction_timeout_ms: i32,
    /// In ms since 1970; -1 where none is open.
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicData<'a> {
    pub topic: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}
