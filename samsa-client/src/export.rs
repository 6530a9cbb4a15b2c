//! Metrics for the recorder of the `metrics` crate.

mod names;
mod snapshot;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use samsa_core::Metrics;

use names::{Kind, NAMES};
use snapshot::{Series, Snapshot, Times};

/// Hands what a client counts to the global recorder of the `metrics` crate.
///
/// Each client has an exporter of its own. Make it when the recorder is installed, and call [`export`](Self::export) as
/// often as the metrics are looked at; nothing is counted in between.
///
/// ```no_run
/// # async fn pause() {}
/// # async fn run(cluster: samsa_client::Cluster) {
/// // In a task of its own. It holds a handle, so the client lives until it is closed.
/// let mut exporter = samsa_client::Exporter::new("orders");
/// loop {
///     match cluster.metrics().await {
///         Ok(metrics) => exporter.export(&metrics),
///         Err(error) if error.is_retriable() => {} // the next time
///         Err(_) => break, // the client was closed
///     }
///     pause().await; // ten seconds, say
/// }
/// # }
/// ```
///
/// # Names
///
/// Each has the label `client`, which is what [`new`](Self::new) was given, and those named here.
///
/// | name | labels | kind | what |
/// |---|---|---|---|
/// | `samsa_published_records_total`, `samsa_published_batches_total`, `samsa_published_bytes_total` | `topic`, `partition` | counter | acknowledged |
/// | `samsa_publish_failed_records_total` | | counter | records whose outcome is an error |
/// | `samsa_publish_retried_batches_total` | | counter | batches that were sent again |
/// | `samsa_publish_split_batches_total` | | counter | batches that were too large for a broker |
/// | `samsa_publish_waiting_batches` | `topic`, `partition` | gauge | batches without an outcome |
/// | `samsa_publish_buffer_used_bytes`, `samsa_publish_buffer_limit_bytes` | | gauge | memory of records without an outcome, and the most there may be |
/// | `samsa_read_records_total`, `samsa_read_batches_total`, `samsa_read_bytes_total` | | counter | fetched, over all readers |
/// | `samsa_reader_lag_offsets` | `group`, `topic`, `partition` | gauge | how far the application is behind, see [`ReadPartition::lag`](crate::ReadPartition::lag) |
/// | `samsa_reader_position_offset`, `samsa_reader_high_watermark_offset` | `group`, `topic`, `partition` | gauge | where the application reads on, and where the log ends |
/// | `samsa_reader_open`, `samsa_reader_paused`, `samsa_reader_stopped` | `group`, `topic`, `partition` | gauge | how many readers have the partition; of these, how many paused it, or stopped on an error |
/// | `samsa_reader_away_from_leader` | `group`, `topic`, `partition` | gauge | how many read it from a nearer replica |
/// | `samsa_metadata_age_seconds` | | gauge | age of the picture of the cluster |
/// | `samsa_broker_connections`, `samsa_broker_requests_in_flight` | `broker` | gauge | now |
/// | `samsa_broker_connects_total`, `samsa_broker_losses_total` | `broker` | counter | connections made, and lost |
/// | `samsa_broker_requests_total`, `samsa_broker_failed_requests_total` | `broker` | counter | requests, and those without response |
/// | `samsa_broker_sent_bytes_total`, `samsa_broker_received_bytes_total` | `broker` | counter | on all connections |
/// | `samsa_broker_throttles_total`, `samsa_broker_throttled_milliseconds_total` | `broker` | counter | responses that throttle because of a quota; for how long in all, in milliseconds, since counters are whole numbers |
/// | `samsa_request_duration_seconds` | `broker`, `kind` | histogram | from request to response |
///
/// `broker` is an id, or the address of a bootstrap broker; `kind` is `publish`, `fetch` or `other`. `group` is empty for a reader
/// that is in none.
///
/// Where several readers of the client have the same partition in the same group, or in none, lag and high watermark are the
/// highest of theirs, and the position is the lowest.
///
/// A histogram gets each response in the place of those that took about as long, at their mean.
///
/// # What is gone
///
/// Counters go on by what was added since the last export, so a client that takes the place of another one under the
/// same name goes on where that one was.
///
/// A recorder cannot be told to forget a gauge. When what it measures is gone (the reader was closed, nothing waits for the
/// partition any more, the exporter was dropped), a gauge is set to 0 once and left alone; `samsa_reader_position_offset`,
/// `samsa_reader_high_watermark_offset` and `samsa_metadata_age_seconds` are set to NaN, since 0 would be an answer. NaN is
/// also what stands for a position or lag that is not known now, as during a seek.
#[derive(Debug)]
pub struct Exporter {
    client: String,
    is_described: bool,
    told: Snapshot,
}

impl Exporter {
    /// For one client, which the label `client` tells from the others of the process.
    pub fn new(client: impl Into<String>) -> Self {
        Self { client: client.into(), is_described: false, told: Snapshot::default() }
    }

    /// Brings the global recorder up to date with what [`Cluster::metrics`](crate::Cluster::metrics) gave.
    pub fn export(&mut self, metrics: &Metrics) {
        if !std::mem::replace(&mut self.is_described, true) {
            describe();
        }
        let now = Snapshot::new(&self.client, metrics);
        for (series, count) in &now.counts {
            let before = self.told.counts.insert(series.clone(), *count).unwrap_or(0);
            counter!(series.name(), series.labels()).increment(count.checked_sub(before).unwrap_or(*count));
        }
        for (series, times) in &now.times {
            let before = self.told.times.insert(series.clone(), times.clone());
            record(series, times, before.as_ref());
        }
        for (series, value) in &now.gauges {
            self.told.gauges.remove(series);
            gauge!(series.name(), series.labels()).set(*value);
        }
        self.forget();
        self.told.gauges = now.gauges;
    }

    /// Says that what the gauges measured is gone.
    fn forget(&mut self) {
        for series in std::mem::take(&mut self.told.gauges).into_keys() {
            gauge!(series.name(), series.labels()).set(names::gone(series.name()));
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.forget();
    }
}

/// The responses of each bucket that are new, at their mean.
fn record(series: &Series, times: &Times, before: Option<&Times>) {
    let histogram = histogram!(series.name(), series.labels());
    for (mean, count) in times.since(before) {
        histogram.record_many(mean, count);
    }
}

fn describe() {
    for (kind, name, unit, what) in NAMES {
        match kind {
            Kind::Counter => describe_counter!(name, unit, what),
            Kind::Amount | Kind::Place => describe_gauge!(name, unit, what),
            Kind::Times => describe_histogram!(name, unit, what),
        }
    }
}
