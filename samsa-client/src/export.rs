//! Metrics for the recorder of the `metrics` crate.

#![expect(clippy::cast_precision_loss, reason = "gauges are floats")]

use std::time::Duration;

use metrics::{Label, counter, gauge};
use samsa_core::{
    BrokerMetrics, Latency, Metrics, PublishMetrics, PublishedPartition, ReadPartition, Volume,
};

/// Sets the counters and gauges of the global recorder to what a client counts. Call it as often as they are looked at;
/// nothing is counted in between.
///
/// ```no_run
/// # async fn pause() {}
/// # async fn run(cluster: samsa_client::Cluster) -> Result<(), samsa_client::LookError> {
/// // In a task of its own, until the client is closed.
/// loop {
///     samsa_client::export_metrics("orders", &cluster.metrics().await?);
///     pause().await; // ten seconds, say
/// }
/// # }
/// ```
///
/// Each has the label `client`, which is the first argument, and those named here. Counters begin with the client.
///
/// | name | labels | kind | what |
/// |---|---|---|---|
/// | `samsa_published_records_total`, `samsa_published_batches_total`, `samsa_published_bytes_total` | `topic`, `partition` | counter | acknowledged |
/// | `samsa_publish_failed_records_total` | | counter | records whose outcome is an error |
/// | `samsa_publish_retried_batches_total` | | counter | batches that were sent again |
/// | `samsa_publish_split_batches_total` | | counter | batches that were too large for a broker |
/// | `samsa_publish_waiting_batches` | `topic`, `partition` | gauge | batches without an answer |
/// | `samsa_publish_buffer_bytes`, `samsa_publish_buffer_limit_bytes` | | gauge | memory of records without an outcome |
/// | `samsa_read_records_total`, `samsa_read_batches_total`, `samsa_read_bytes_total` | | counter | fetched, over all readers |
/// | `samsa_reader_lag`, `samsa_reader_position`, `samsa_reader_high_watermark` | `reader`, `topic`, `partition` | gauge | offsets |
/// | `samsa_metadata_age_seconds` | | gauge | age of the picture of the cluster |
/// | `samsa_broker_connections`, `samsa_broker_requests_in_flight` | `broker` | gauge | now |
/// | `samsa_broker_connects_total`, `samsa_broker_losses_total` | `broker` | counter | connections made, and lost |
/// | `samsa_broker_requests_total`, `samsa_broker_failed_requests_total` | `broker` | counter | requests, and those without response |
/// | `samsa_broker_sent_bytes_total`, `samsa_broker_received_bytes_total` | `broker` | counter | on all connections |
/// | `samsa_broker_throttles_total`, `samsa_broker_throttled_micros_total` | `broker` | counter | quotas |
/// | `samsa_request_seconds_bucket` | `broker`, `kind`, `le` | counter | responses that took at most `le` seconds |
/// | `samsa_request_seconds_count`, `samsa_request_micros_total` | `broker`, `kind` | counter | responses, and their time in all |
/// | `samsa_request_seconds_longest` | `broker`, `kind` | gauge | the longest |
///
/// `broker` is an id, or the address of a bootstrap broker; `kind` is `publish`, `fetch` or `other`.
pub fn export_metrics(client: &str, metrics: &Metrics) {
    let client = Label::new("client", client.to_owned());
    publishing(&client, &metrics.publishing);
    volume("samsa_read", std::slice::from_ref(&client), metrics.read);
    if let Some(age) = metrics.metadata_age {
        gauge!("samsa_metadata_age_seconds", vec![client.clone()]).set(age);
    }
    for metrics in &metrics.brokers {
        broker(&client, metrics);
    }
    for partition in &metrics.published {
        published(&client, partition);
    }
    for partition in &metrics.reading {
        reading(&client, partition);
    }
}

fn publishing(client: &Label, publishing: &PublishMetrics) {
    let labels = vec![client.clone()];
    counter!("samsa_publish_failed_records_total", labels.clone()).absolute(publishing.failed_records);
    counter!("samsa_publish_retried_batches_total", labels.clone()).absolute(publishing.retried_batches);
    counter!("samsa_publish_split_batches_total", labels.clone()).absolute(publishing.split_batches);
    gauge!("samsa_publish_buffer_bytes", labels.clone()).set(publishing.buffer_used_bytes as f64);
    gauge!("samsa_publish_buffer_limit_bytes", labels).set(publishing.buffer_limit_bytes as f64);
}

fn volume(prefix: &str, labels: &[Label], volume: Volume) {
    let counts = [("records", volume.records), ("batches", volume.batches), ("bytes", volume.bytes)];
    for (of, count) in counts {
        counter!(format!("{prefix}_{of}_total"), labels.to_vec()).absolute(count);
    }
}

fn published(client: &Label, partition: &PublishedPartition) {
    let labels = vec![
        client.clone(),
        Label::new("topic", partition.topic.to_string()),
        Label::new("partition", partition.partition.to_string()),
    ];
    volume("samsa_published", &labels, partition.written);
    gauge!("samsa_publish_waiting_batches", labels).set(partition.waiting_batches as f64);
}

fn reading(client: &Label, partition: &ReadPartition) {
    let labels = vec![
        client.clone(),
        Label::new("reader", partition.reader.to_string()),
        Label::new("topic", partition.topic.to_string()),
        Label::new("partition", partition.partition.to_string()),
    ];
    let offsets = [
        ("samsa_reader_lag", partition.lag.map(|lag| lag as f64)),
        ("samsa_reader_position", partition.position.map(|offset| offset as f64)),
        ("samsa_reader_high_watermark", partition.high_watermark.map(|offset| offset as f64)),
    ];
    for (name, value) in offsets {
        if let Some(value) = value {
            gauge!(name, labels.clone()).set(value);
        }
    }
}

fn broker(client: &Label, broker: &BrokerMetrics) {
    let name = broker.broker.map_or_else(|| broker.address.clone(), |id| id.to_string());
    let labels = vec![client.clone(), Label::new("broker", name)];
    gauge!("samsa_broker_connections", labels.clone()).set(broker.connections as f64);
    gauge!("samsa_broker_requests_in_flight", labels.clone()).set(broker.requests_in_flight as f64);
    let counts = [
        ("samsa_broker_connects_total", broker.connects),
        ("samsa_broker_losses_total", broker.losses),
        ("samsa_broker_requests_total", broker.requests),
        ("samsa_broker_failed_requests_total", broker.failed_requests),
        ("samsa_broker_sent_bytes_total", broker.sent_bytes),
        ("samsa_broker_received_bytes_total", broker.received_bytes),
        ("samsa_broker_throttles_total", broker.throttles),
        ("samsa_broker_throttled_micros_total", micros(broker.throttled)),
    ];
    for (name, count) in counts {
        counter!(name, labels.clone()).absolute(count);
    }
    let kinds = [
        ("publish", &broker.publish_latency),
        ("fetch", &broker.fetch_latency),
        ("other", &broker.other_latency),
    ];
    for (kind, times) in kinds {
        let mut labels = labels.clone();
        labels.push(Label::new("kind", kind));
        latency(&labels, times);
    }
}

fn latency(labels: &[Label], latency: &Latency) {
    let bounds = Latency::BOUNDS.iter().map(|bound| bound.as_secs_f64().to_string());
    let mut count = 0;
    for (bound, of_it) in bounds.chain(["+Inf".to_owned()]).zip(latency.buckets) {
        count += of_it;
        let mut labels = labels.to_vec();
        labels.push(Label::new("le", bound));
        counter!("samsa_request_seconds_bucket", labels).absolute(count);
    }
    counter!("samsa_request_seconds_count", labels.to_vec()).absolute(latency.count);
    counter!("samsa_request_micros_total", labels.to_vec()).absolute(micros(latency.total));
    gauge!("samsa_request_seconds_longest", labels.to_vec()).set(latency.longest);
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
