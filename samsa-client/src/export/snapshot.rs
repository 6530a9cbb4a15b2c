//! What a client counts, series by series.

#![expect(clippy::cast_precision_loss, reason = "gauges are floats")]

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::Label;
use samsa_core::{
    BrokerMetrics, Latency, Metrics, PublishMetrics, PublishedPartition, ReadPartition, Volume,
};

/// A name with its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Series(&'static str, Vec<(&'static str, String)>);

impl Series {
    pub(super) fn name(&self) -> &'static str {
        self.0
    }

    pub(super) fn labels(&self) -> Vec<Label> {
        self.1.iter().map(|(name, value)| Label::new(*name, value.clone())).collect()
    }
}

/// How many responses took about as long, and the sum of their times, by bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Times(Vec<(u64, Duration)>);

impl Times {
    /// What came since, bucket by bucket: the mean in seconds, and how many. All of it, where there is less than before.
    pub(super) fn since(&self, before: Option<&Self>) -> impl Iterator<Item = (f64, usize)> {
        let is_further = |before: &&Self| {
            before.0.len() == self.0.len() && before.0.iter().zip(&self.0).all(|(was, is)| was.0 <= is.0)
        };
        let before = before.filter(is_further);
        self.0.iter().enumerate().filter_map(move |(bucket, (count, total))| {
            let (count_before, total_before) =
                before.map_or_else(Default::default, |before| before.0[bucket]);
            let count = count - count_before;
            let mean = total.saturating_sub(total_before).as_secs_f64() / count as f64;
            (count > 0).then_some((mean, usize::try_from(count).unwrap_or(usize::MAX)))
        })
    }

    fn add(&mut self, latency: &Latency) {
        let buckets = latency.buckets();
        self.0.resize(self.0.len().max(buckets.len()), (0, Duration::ZERO));
        for ((count, total), bucket) in self.0.iter_mut().zip(buckets) {
            *count += bucket.count;
            *total += bucket.total;
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) counts: BTreeMap<Series, u64>,
    pub(super) gauges: BTreeMap<Series, f64>,
    pub(super) times: BTreeMap<Series, Times>,
}

/// Labels that many metrics have in common.
type Labels = Vec<(&'static str, String)>;

impl Snapshot {
    pub(super) fn new(client: &str, metrics: &Metrics) -> Self {
        let client = vec![("client", client.to_owned())];
        let mut snapshot = Self::default();
        snapshot.publishing(&client, &metrics.publishing);
        let names = ["samsa_read_records_total", "samsa_read_batches_total", "samsa_read_bytes_total"];
        snapshot.volume(names, &client, metrics.read);
        let age = metrics.metadata_age.map_or(f64::NAN, |age| age.as_secs_f64());
        snapshot.sum("samsa_metadata_age_seconds", &client, age);
        for broker in &metrics.brokers {
            let name = broker.broker.map_or_else(|| broker.address.clone(), |id| id.to_string());
            snapshot.broker(&with(&client, [("broker", name)]), broker);
        }
        for partition in &metrics.published {
            snapshot.published(&of(&client, &partition.topic, partition.partition), partition);
        }
        for partition in &metrics.reading {
            let group = partition.group.as_deref().unwrap_or_default().to_owned();
            let place = of(&client, &partition.topic, partition.partition);
            snapshot.reading(&with(&place, [("group", group)]), partition);
        }
        snapshot
    }

    fn publishing(&mut self, labels: &Labels, publishing: &PublishMetrics) {
        self.count("samsa_publish_failed_records_total", labels, publishing.failed_records);
        self.count("samsa_publish_retried_batches_total", labels, publishing.retried_batches);
        self.count("samsa_publish_split_batches_total", labels, publishing.split_batches);
        self.sum("samsa_publish_buffer_used_bytes", labels, publishing.buffer_used_bytes as f64);
        self.sum("samsa_publish_buffer_limit_bytes", labels, publishing.buffer_limit_bytes as f64);
    }

    fn published(&mut self, labels: &Labels, partition: &PublishedPartition) {
        let names =
            ["samsa_published_records_total", "samsa_published_batches_total", "samsa_published_bytes_total"];
        self.volume(names, labels, partition.written);
        self.sum("samsa_publish_waiting_batches", labels, partition.waiting_batches as f64);
    }

    /// Several readers without a group may have the same partition.
    fn reading(&mut self, labels: &Labels, partition: &ReadPartition) {
        let known = |offset: Option<i64>| offset.map_or(f64::NAN, |offset| offset as f64);
        let lag = partition.lag.map_or(f64::NAN, |lag| lag as f64);
        self.gauge("samsa_reader_lag_offsets", labels, lag, f64::max);
        self.gauge("samsa_reader_position_offset", labels, known(partition.position), f64::min);
        self.gauge("samsa_reader_high_watermark_offset", labels, known(partition.high_watermark), f64::max);
        let is_away = partition.read_from != partition.leader;
        for (name, is_so) in [
            ("samsa_reader_open", true),
            ("samsa_reader_paused", partition.is_paused),
            ("samsa_reader_stopped", partition.is_stopped),
            ("samsa_reader_away_from_leader", is_away),
        ] {
            self.sum(name, labels, if is_so { 1.0 } else { 0.0 });
        }
    }

    fn broker(&mut self, labels: &Labels, broker: &BrokerMetrics) {
        self.sum("samsa_broker_connections", labels, broker.connections as f64);
        self.sum("samsa_broker_requests_in_flight", labels, broker.requests_in_flight as f64);
        for (name, count) in [
            ("samsa_broker_connects_total", broker.connects),
            ("samsa_broker_losses_total", broker.losses),
            ("samsa_broker_requests_total", broker.requests),
            ("samsa_broker_failed_requests_total", broker.failed_requests),
            ("samsa_broker_sent_bytes_total", broker.sent_bytes),
            ("samsa_broker_received_bytes_total", broker.received_bytes),
            ("samsa_broker_throttles_total", broker.throttles),
            ("samsa_broker_throttled_milliseconds_total", millis(broker.throttled)),
        ] {
            self.count(name, labels, count);
        }
        for (kind, latency) in [
            ("publish", &broker.publish_latency),
            ("fetch", &broker.fetch_latency),
            ("other", &broker.other_latency),
        ] {
            let series = Series("samsa_request_duration_seconds", with(labels, [("kind", kind.to_owned())]));
            self.times.entry(series).or_default().add(latency);
        }
    }

    fn volume(&mut self, [records, batches, bytes]: [&'static str; 3], labels: &Labels, volume: Volume) {
        self.count(records, labels, volume.records);
        self.count(batches, labels, volume.batches);
        self.count(bytes, labels, volume.bytes);
    }

    fn count(&mut self, name: &'static str, labels: &Labels, count: u64) {
        *self.counts.entry(Series(name, labels.clone())).or_default() += count;
    }

    fn sum(&mut self, name: &'static str, labels: &Labels, value: f64) {
        self.gauge(name, labels, value, |a, b| a + b);
    }

    /// Of two values that are both known, what `both` makes of them.
    fn gauge(&mut self, name: &'static str, labels: &Labels, value: f64, both: fn(f64, f64) -> f64) {
        let series = Series(name, labels.clone());
        self.gauges.entry(series).and_modify(|first| *first = both(*first, value)).or_insert(value);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn of(client: &Labels, topic: &str, partition: i32) -> Labels {
    with(client, [("topic", topic.to_owned()), ("partition", partition.to_string())])
}

fn with<const N: usize>(labels: &Labels, more: [(&'static str, String); N]) -> Labels {
    labels.iter().cloned().chain(more).collect()
}
