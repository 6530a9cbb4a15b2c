//! `ListTransactions` (key 66): the transactions that this broker looks after (KIP-664).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 2, flexible. Answered with [`ListTransactionsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 66, versions = "0-2", flexible = "0+", response = ListTransactionsResponse<'r>)]
pub struct ListTransactionsRequest<'a> {
    /// Empty lists transactions in any state.
    pub state_filters: Vec<&'a str>,
    /// Empty lists transactions of any producer.
    pub producer_id_filters: Vec<i64>,
    /// Lists those that are open for longer, in ms; below 0 all.
    #[field(versions = "1+", default = -1)]
    pub duration_filter: i64,
    /// A regular expression; null or empty lists all.
    #[field(versions = "2+")]
    pub transactional_id_pattern: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ListTransactionsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-2", flexible = "0+")]
pub struct ListTransactionsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// Filters that name no state.
    pub unknown_state_filters: Vec<&'a str>,
    pub transaction_states: Vec<TransactionState<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TransactionState<'a> {
    pub transactional_id: &'a str,
    pub producer_id: i64,
    pub transaction_state: &'a str,
    pub unknown_tags: UnknownTags,
}
