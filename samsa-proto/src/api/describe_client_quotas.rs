//! `DescribeClientQuotas` (key 48): the quotas that match a filter (KIP-546).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible from 1. Answered with [`DescribeClientQuotasResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 48, versions = "0-1", flexible = "1+", response = DescribeClientQuotasResponse<'r>)]
pub struct DescribeClientQuotasRequest<'a> {
    pub components: Vec<ComponentData<'a>>,
    /// Whether entities that have further parts are left out.
    pub strict: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ComponentData<'a> {
    /// `user`, `client-id` or `ip`.
    pub entity_type: &'a str,
    /// 0 this name, 1 the default, 2 any name.
    pub match_type: i8,
    /// Null unless a name is to match.
    #[field(default = Some(""))]
    pub r#match: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeClientQuotasRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "1+")]
pub struct DescribeClientQuotasResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    /// Null after an error.
    #[field(default = Some(Vec::new()))]
    pub entries: Option<Vec<EntryData<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct EntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub values: Vec<ValueData<'a>>,
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
pub struct ValueData<'a> {
    /// Such as `producer_byte_rate`.
    pub key: &'a str,
    pub value: f64,
    pub unknown_tags: UnknownTags,
}
