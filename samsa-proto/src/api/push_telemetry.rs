//! `PushTelemetry` (key 72): metrics for the operator (KIP-714).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`PushTelemetryResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 72, versions = "0", flexible = "0+", response = PushTelemetryResponse)]
pub struct PushTelemetryRequest<'a> {
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    /// Whether this is the last push.
    pub terminating: bool,
    /// A codec number as in record batches.
    pub compression_type: i8,
    /// OpenTelemetry's `MetricsData` v1, in protobuf.
    pub metrics: &'a [u8],
    pub unknown_tags: UnknownTags,
}

/// The answer to [`PushTelemetryRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct PushTelemetryResponse {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}
