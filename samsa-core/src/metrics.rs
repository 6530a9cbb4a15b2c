//! Figures for who has to keep a client going: what was published and read, and what stands in the way.

use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use crate::id::BrokerId;

/// What a client has done and holds now. Counts begin with the client and never go back; what is measured "now" says so.
///
/// Nothing is counted per record: a batch, a request or a response costs a few additions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// What was published, over all topics.
    pub publishing: PublishMetrics,
    /// Reading, over all readers, those included that are closed.
    pub read: Volume,
    /// How old the picture of the cluster is now; `None` before the first. It is renewed every five minutes, and whenever
    /// something seems to be out of date.
    pub metadata_age: Option<Duration>,
    /// Each broker that was dialled, or is, in the order of their ids; before them bootstrap addresses, whose brokers were
    /// not known.
    pub brokers: Vec<BrokerMetrics>,
    /// Each partition that something was published to or waits for.
    pub published: Vec<PublishedPartition>,
    /// Each partition of each reader that is open now.
    pub reading: Vec<ReadPartition>,
}

/// An amount of records, counted in three ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Records. Of compressed batches from before Kafka 0.11: offsets, which is the same where nothing was compacted.
    pub records: u64,
    /// The batches that they were in.
    pub batches: u64,
    /// The bytes of these batches as they are stored, compressed if they are.
    pub bytes: u64,
}

impl AddAssign for Volume {
    fn add_assign(&mut self, more: Self) {
        self.records += more.records;
        self.batches += more.batches;
        self.bytes += more.bytes;
    }
}

/// What became of published records, and the memory of those whose outcome is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishMetrics {
    /// What brokers have acknowledged.
    pub written: Volume,
    /// Records whose outcome is an error.
    pub failed_records: u64,
    /// How often a batch was put in another request after an attempt that failed, at the same partition or, without a key,
    /// at another one. The halves of one that was split are new.
    pub retried_batches: u64,
    /// How often a batch was cut in two because it was too large for a broker.
    pub split_batches: u64,
    /// Memory that is taken now by records which have no outcome yet.
    pub buffer_used_bytes: usize,
    /// The most that may be taken: when it is, publishing waits.
    pub buffer_limit_bytes: usize,
}

/// One broker, over all connections to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerMetrics {
    /// Which; `None` for a bootstrap address.
    pub broker: Option<BrokerId>,
    /// Where it was dialled last, as `host:port`.
    pub address: String,
    /// Connections that are open now, or being made.
    pub connections: usize,
    /// Requests that wait for their response now.
    pub requests_in_flight: usize,
    /// How often a connection to it was ready to be used.
    pub connects: u64,
    /// How often it could not be reached, or a connection broke while somebody waited.
    pub losses: u64,
    /// Requests that were made. Each has a response, which one of the latencies counts, or failed, or is in flight.
    pub requests: u64,
    /// Requests that had no response, because their connection ended.
    pub failed_requests: u64,
    /// Bytes that were written to its connections.
    pub sent_bytes: u64,
    /// Bytes that were read from them.
    pub received_bytes: u64,
    /// How many responses wanted nothing sent on their connection for a while, because of a quota (KIP-219).
    pub throttles: u64,
    /// For how long nothing is sent because of them: on each connection times that overlap count once, and the connections
    /// add up.
    pub throttled: Duration,
    /// Responses to what publishes: batches, and the question for a producer id.
    pub publish_latency: Latency,
    /// Responses to fetches of records. A broker holds one for up to half a second, or as configured, while there is
    /// nothing new.
    pub fetch_latency: Latency,
    /// Responses to everything else: metadata, offsets, the administration of topics, ends of fetch sessions.
    pub other_latency: Latency,
}

/// The times from requests to their responses, since the client began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub total: Duration,
    /// The longest since the client began; it never gets shorter.
    pub longest: Duration,
    buckets: [(u64, Duration); BOUNDS.len() + 1],
}

/// The upper bounds of the buckets but the last.
const BOUNDS: [Duration; 13] = [
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// Those responses of a [`Latency`] that took about as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LatencyBucket {
    /// They took at most this, and more than the bound of the bucket before; `None` for all that took longer still.
    pub at_most: Option<Duration>,
    /// How many.
    pub count: u64,
    /// The sum of their times.
    pub total: Duration,
}

impl Latency {
    /// The responses by how long they took, the quick ones first. How many buckets there are may change.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = LatencyBucket> + '_ {
        self.buckets.iter().enumerate().map(|(index, (count, total))| LatencyBucket {
            at_most: BOUNDS.get(index).copied(),
            count: *count,
            total: *total,
        })
    }

    /// The mean; `None` where there was none.
    pub fn mean(&self) -> Option<Duration> {
        let nanos = self.total.as_nanos().checked_div(u128::from(self.count))?;
        Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    pub(crate) fn add(&mut self, took: Duration) {
        self.count += 1;
        self.total += took;
        self.longest = self.longest.max(took);
        let (count, total) = &mut self.buckets[BOUNDS.partition_point(|bound| *bound < took)];
        *count += 1;
        *total += took;
    }
}

/// One partition that is published to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedPartition {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its number.
    pub partition: i32,
    /// Its leader now.
    pub leader: Option<BrokerId>,
    /// What was acknowledged.
    pub written: Volume,
    /// Batches that were closed, to be sent or sent already, and have no outcome now.
    pub waiting_batches: usize,
}

/// One partition of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadPartition {
    /// Which of the client's readers, counted from 1.
    pub reader: u64,
    /// The group whose member it reads for, if it does for one.
    pub group: Option<Arc<str>>,
    /// Its topic.
    pub topic: Arc<str>,
    /// Its number.
    pub partition: i32,
    /// Its leader now.
    pub leader: Option<BrokerId>,
    /// The broker that it is read from now: the leader, or a nearer replica that the leader has named (KIP-392).
    pub read_from: Option<BrokerId>,
    /// What was fetched of it.
    pub fetched: Volume,
    /// Where the application reads on; `None` while that is being found out.
    pub position: Option<i64>,
    /// The offset up to which records are on every in-sync replica, as the leader said last; a later one that the replica
    /// which is read from has told since. `None` before the first response.
    ///
    /// A replica that lags tells an earlier one than the leader would, and the leader is asked again after
    /// [`Config::metadata_max_age`](crate::Config::metadata_max_age) only. So where `read_from` is not `leader`, the log may
    /// be longer than this says.
    pub high_watermark: Option<i64>,
    /// How many offsets the application is behind: from its position to `high_watermark`, or to the first open
    /// transaction where only committed records are read. No less than that, if the log is longer. `None` while either
    /// is not known.
    pub lag: Option<u64>,
    /// Whether the application has paused it.
    pub is_paused: bool,
    /// Whether it is read no more, because of an error that was told.
    pub is_stopped: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_in_the_bucket_of_the_first_bound_that_it_keeps() {
        let mut latency = Latency::default();
        assert_eq!(latency.mean(), None);
        for micros in [200, 1000, 1001, 60_000_000] {
            latency.add(Duration::from_micros(micros));
        }
        let buckets: Vec<_> = latency.buckets().filter(|bucket| bucket.count > 0).collect();
        let bucket = |at_most: Option<u64>, count, total| LatencyBucket {
            at_most: at_most.map(Duration::from_millis),
            count,
            total: Duration::from_micros(total),
        };
        assert_eq!(
            buckets,
            [bucket(Some(1), 2, 1200), bucket(Some(2), 1, 1001), bucket(None, 1, 60_000_000)]
        );
        assert_eq!((latency.count, latency.longest), (4, Duration::from_secs(60)));
        assert_eq!(latency.mean(), Some(Duration::from_nanos(15_000_550_250)));
    }
}
