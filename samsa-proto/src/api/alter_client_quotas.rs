//! `AlterClientQuotas` (key 49): set and remove quotas (KIP-546).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible from 1. Answered with [`AlterClientQuotasResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 49, versions = "0-1", flexible = "1+", response = AlterClientQuotasResponse<'r>)]
pub struct AlterClientQuotasRequest<'a> {
    pub entries: Vec<EntryData<'a>>,
    /// Check the request, change nothing.
    pub validate_only: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct EntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub ops: Vec<OpData<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct EntityData<'a> {
    /// `user`, `client-id` or `ip`.
    pub entity_type: &'a str,
    /// Null for the default.
    #[field(default = Some(""))]
    pub entity_name: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct OpData<'a> {
    /// Such as `producer_byte_rate`.
    pub key: &'a str,
    pub value: f64,
    /// Remove the quota, whatever `value` is.
    pub remove: bool,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`AlterClientQuotasRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct AlterClientQuotasResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub entries: Vec<EntryResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct EntryResult<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    pub entity: Vec<EntityData<'a>>,
    pub unknown_tags: UnknownTags,
}
