//! `AddOffsetsToTxn` (key 25): a transaction is about to commit offsets of a group.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 4, flexible from 3. Answered with [`AddOffsetsToTxnResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 25, versions = "0-4", flexible = "3+", response = AddOffsetsToTxnResponse)]
pub struct AddOffsetsToTxnRequest<'a> {
    pub transactional_id: &'a str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub group_id: &'a str,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AddOffsetsToTxnRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-4", flexible = "3+")]
pub struct AddOffsetsToTxnResponse {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
