//! `InitProducerId` (key 22): get a producer id and epoch, for sequences and transactions.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 5, flexible from 2. Answered with [`InitProducerIdResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 22, versions = "0-5", flexible = "2+", response = InitProducerIdResponse)]
pub struct InitProducerIdRequest<'a> {
    /// Null for a producer that is idempotent only. The schema's default is the empty id, which brokers
    /// refuse.
    #[field(default = Some(""))]
    pub transactional_id: Option<&'a str>,
    /// After that long the coordinator aborts a transaction by itself.
    pub transaction_timeout_ms: i32,
    /// The id that the producer has, to get a new epoch for it (KIP-360); -1 for none.
    #[field(versions = "3+", default = -1)]
    pub producer_id: i64,
    /// The epoch that goes with it.
    #[field(versions = "3+", default = -1)]
    pub producer_epoch: i16,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`InitProducerIdRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-5", flexible = "2+")]
pub struct InitProducerIdResponse {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// -1 after an error.
    #[field(default = -1)]
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub unknown_tags: UnknownTags,
}
