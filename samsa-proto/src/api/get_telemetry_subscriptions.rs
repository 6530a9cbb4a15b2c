//! `GetTelemetrySubscriptions` (key 71): which metrics would the operator like to have from this client
//! (KIP-714)?

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`GetTelemetrySubscriptionsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 71, versions = "0", flexible = "0+", response = GetTelemetrySubscriptionsResponse<'r>)]
pub struct GetTelemetrySubscriptionsRequest {
    /// Zero at first.
    pub client_instance_id: Uuid,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`GetTelemetrySubscriptionsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct GetTelemetrySubscriptionsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The id to use from now on.
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    /// Codec numbers as in record batches, the best first; empty for none.
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    /// For one push.
    pub telemetry_max_bytes: i32,
    /// Whether counters are sent as differences.
    pub delta_temporality: bool,
    /// Prefixes of names: an empty list wants nothing, one empty prefix everything.
    pub requested_metrics: Vec<&'a str>,
    pub unknown_tags: UnknownTags,
}
