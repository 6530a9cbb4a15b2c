//! `EndTxn` (key 26): commit or abort a transaction. From version 5 on the answer brings the producer's next
//! epoch (KIP-890).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 5, flexible from 3. Answered with [`EndTxnResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 26, versions = "0-5", flexible = "3+", response = EndTxnResponse)]
pub struct EndTxnRequest<'a> {
    pub transactional_id: &'a str,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// Commit if true, abort if false.
    pub committed: bool,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`EndTxnRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "3+")]
pub struct EndTxnResponse {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(versions = "5+", default = -1, ignorable)]
    pub producer_id: i64,
    #[field(versions = "5+", default = -1, ignorable)]
    pub producer_epoch: i16,
    pub unknown_tags: UnknownTags,
}
