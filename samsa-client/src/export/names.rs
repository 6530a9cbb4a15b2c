//! Every metric that is exported, as recorders describe it.

use metrics::Unit;
use metrics::Unit::{Bytes, Count, Milliseconds, Seconds};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    /// A gauge of how much there is: none, when it is gone.
    Amount,
    /// A gauge of where or when something is: nowhere, when it is gone.
    Place,
    Times,
}

pub(super) const NAMES: [(Kind, &str, Unit, &str); 31] = [
    (Kind::Counter, "samsa_published_records_total", Count, "Records that brokers have acknowledged."),
    (Kind::Counter, "samsa_published_batches_total", Count, "Batches that brokers have acknowledged."),
    (Kind::Counter, "samsa_published_bytes_total", Bytes, "Bytes of batches that brokers have acknowledged."),
    (Kind::Counter, "samsa_publish_failed_records_total", Count, "Records whose outcome is an error."),
    (Kind::Counter, "samsa_publish_retried_batches_total", Count, "Batches that were sent again."),
    (Kind::Counter, "samsa_publish_split_batches_total", Count, "Batches that were too large for a broker."),
    (Kind::Amount, "samsa_publish_waiting_batches", Count, "Batches without an outcome."),
    (Kind::Amount, "samsa_publish_buffer_used_bytes", Bytes, "Memory of records without an outcome."),
    (Kind::Amount, "samsa_publish_buffer_limit_bytes", Bytes, "The most memory that they may take."),
    (Kind::Counter, "samsa_read_records_total", Count, "Records that were fetched."),
    (Kind::Counter, "samsa_read_batches_total", Count, "Batches that were fetched."),
    (Kind::Counter, "samsa_read_bytes_total", Bytes, "Bytes of batches that were fetched."),
    (Kind::Amount, "samsa_reader_lag_offsets", Count, "How many offsets the application is behind."),
    (Kind::Place, "samsa_reader_position_offset", Count, "The offset at which the application reads on."),
    (Kind::Place, "samsa_reader_high_watermark_offset", Count, "The offset at which the log ends."),
    (Kind::Amount, "samsa_reader_open", Count, "Readers that have the partition."),
    (Kind::Amount, "samsa_reader_paused", Count, "Readers whose application has paused the partition."),
    (Kind::Amount, "samsa_reader_stopped", Count, "Readers that have stopped there on an error."),
    (Kind::Amount, "samsa_reader_away_from_leader", Count, "Readers that read it from a nearer replica."),
    (Kind::Place, "samsa_metadata_age_seconds", Seconds, "The age of the picture of the cluster."),
    (Kind::Amount, "samsa_broker_connections", Count, "Connections that are open, or being made."),
    (Kind::Amount, "samsa_broker_requests_in_flight", Count, "Requests that wait for their response."),
    (Kind::Counter, "samsa_broker_connects_total", Count, "Connections that were made."),
    (Kind::Counter, "samsa_broker_losses_total", Count, "Connections that were lost, or could not be made."),
    (Kind::Counter, "samsa_broker_requests_total", Count, "Requests that were made."),
    (Kind::Counter, "samsa_broker_failed_requests_total", Count, "Requests that had no response."),
    (Kind::Counter, "samsa_broker_sent_bytes_total", Bytes, "Bytes that were written to connections."),
    (Kind::Counter, "samsa_broker_received_bytes_total", Bytes, "Bytes that were read from connections."),
    (Kind::Counter, "samsa_broker_throttles_total", Count, "Responses that throttle because of a quota."),
    (
        Kind::Counter,
        "samsa_broker_throttled_milliseconds_total",
        Milliseconds,
        "For how long nothing was sent for it.",
    ),
    (Kind::Times, "samsa_request_duration_seconds", Seconds, "From a request to its response."),
];

/// What a gauge says when that which it measures is gone.
pub(super) fn gone(name: &str) -> f64 {
    let is_place = NAMES.iter().any(|(kind, other, ..)| *other == name && *kind == Kind::Place);
    if is_place { f64::NAN } else { 0.0 }
}
