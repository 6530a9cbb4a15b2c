//! What to ask of one broker at once: which partitions, and how much.

use samsa_proto::api::fetch::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
use samsa_proto::wire::Uuid;

use super::partition::{Partition, Position};
use super::session::Part;
use crate::config::FetchConfig;
use crate::limits;
use crate::planted::{PlantedBug, is_planted};

/// The first version that bounds the whole response, and brings the first batch whatever its size (KIP-74).
const BOUNDS_RESPONSE: i16 = 3;
/// The first version that compares the epoch of the last record read.
const COMPARES_EPOCHS: i16 = 12;
/// The last version that names topics.
const LAST_WITH_NAMES: i16 = 12;
/// What stands around the records of a response, at most: once, and for each partition.
const OVERHEAD: usize = 1024;
const PARTITION_OVERHEAD: usize = 256;

/// The size of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Most bytes of the response's records.
    pub(crate) records: usize,
    /// Most bytes that the response takes altogether.
    pub(crate) response: usize,
}

/// Of a request that brings no records.
pub(crate) const NOTHING: Sizes = Sizes { records: 0, response: OVERHEAD };

/// What a fetch says beside its partitions.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) sizes: Sizes,
    pub(crate) config: &'a FetchConfig,
    /// Where the application stands; empty where the broker is not to know.
    pub(crate) rack: &'a str,
}

/// The newest version that can be used: without an id a topic can only be named.
pub(crate) fn usable(version: i16, topic_id: Option<[u8; 16]>) -> i16 {
    if topic_id.is_some() { version } else { version.min(LAST_WITH_NAMES) }
}

pub(crate) fn uses_ids(version: i16) -> bool {
    version > LAST_WITH_NAMES
}

/// How much one of several brokers may send at once: half the memory is shared by the fetches in flight, so that the
/// other half can be full while they wait.
pub(crate) fn share(config: &FetchConfig, brokers: usize) -> usize {
    let most = config.response_bytes.min(limits::RESPONSE_BYTES / 2);
    most.min(config.buffer_bytes / (2 * brokers.max(1))).max(1)
}

/// Takes as many of `partitions`, the first of which is the most due, as the share allows: before version 3 that
/// is the sum of what each may bring, later the broker sees to it. One always fits.
pub(crate) fn select<'p>(
    partitions: impl Iterator<Item = &'p Partition>,
    version: i16,
    share: usize,
) -> (Vec<FetchPartition>, Sizes) {
    let mut asked = Vec::new();
    let mut sum = 0_usize;
    for partition in partitions {
        let Position::At(offset) = partition.position else { continue };
        let bytes = if version < BOUNDS_RESPONSE { partition.bytes } else { partition.bytes.min(share) };
        if version < BOUNDS_RESPONSE && !asked.is_empty() && sum.saturating_add(bytes) > share {
            break;
        }
        sum = sum.saturating_add(bytes);
        asked.push(FetchPartition {
            partition: partition.source.partition(),
            current_leader_epoch: partition.leader_epoch.unwrap_or(-1),
            fetch_offset: offset,
            last_fetched_epoch: partition.told_epoch(version),
            partition_max_bytes: clamped(bytes),
            ..Default::default()
        });
    }
    let records = if version < BOUNDS_RESPONSE { sum } else { share };
    let overhead = OVERHEAD + PARTITION_OVERHEAD * asked.len();
    (asked, Sizes { records, response: records.saturating_add(overhead) })
}

/// A fetch of this topic, as far as the session does not know it yet.
pub(crate) fn request<'a>(
    topic: &'a str,
    topic_id: Option<[u8; 16]>,
    part: Part,
    terms: Terms<'a>,
) -> FetchRequest<'a> {
    let Terms { sizes, config, rack } = terms;
    let topic_id = topic_id.map_or(Uuid::ZERO, Uuid);
    let Part { id, epoch, partitions, forgotten, .. } = part;
    let fetched =
        (!partitions.is_empty()).then(|| FetchTopic { topic, topic_id, partitions, ..Default::default() });
    let forgotten = (!forgotten.is_empty()).then(|| ForgottenTopic {
        topic,
        topic_id,
        partitions: forgotten,
        ..Default::default()
    });
    FetchRequest {
        max_wait_ms: i32::try_from(config.max_wait.as_millis()).unwrap_or(i32::MAX),
        min_bytes: 1,
        max_bytes: clamped(sizes.records),
        isolation_level: config.isolation.id(),
        session_id: id,
        session_epoch: epoch,
        topics: fetched.into_iter().collect(),
        forgotten_topics_data: forgotten.into_iter().collect(),
        rack_id: rack,
        ..Default::default()
    }
}

impl Partition {
    /// The leader compares it with its own log (KIP-595), as [`compare`](super::fetcher::Fetcher::compare) does afterwards. A
    /// follower that lags would find that they part.
    fn told_epoch(&self, version: i16) -> i32 {
        let told = version >= COMPARES_EPOCHS
            && !self.hides_epoch
            && self.nearest.broker().is_none()
            && !is_planted(PlantedBug::SkipsValidation);
        self.epoch_of_record().filter(|_| told).unwrap_or(-1)
    }
}

fn clamped(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::session::Session;
    use crate::consumer::tests::script::source;
    use crate::offset::Offset;
    use samsa_proto::Message;

    fn partitions(bytes: &[usize]) -> Vec<Partition> {
        let made =
            (0..).zip(bytes).map(|(number, bytes)| Partition::new(source(number), Offset::Exact(7), *bytes));
        made.collect()
    }

    fn numbers(asked: &[FetchPartition]) -> Vec<i32> {
        asked.iter().map(|asked| asked.partition).collect()
    }

    #[test]
    fn before_version_3_the_parts_add_up_to_no_more_than_the_share_but_one_always_goes() {
        let many = partitions(&[400, 400, 400]);
        let (asked, sizes) = select(many.iter(), 2, 1000);
        assert_eq!((numbers(&asked), sizes.records), (vec![0, 1], 800));
        let (asked, sizes) = select(many.iter(), 2, 100);
        assert_eq!((numbers(&asked), sizes.records), (vec![0], 400));
    }

    #[test]
    fn from_version_3_on_the_broker_bounds_the_whole() {
        let many = partitions(&[400, 4000, 400]);
        let (asked, sizes) = select(many.iter(), 3, 1000);
        assert_eq!((numbers(&asked), sizes.records), (vec![0, 1, 2], 1000));
        assert_eq!(asked[1].partition_max_bytes, 1000);
        assert!(sizes.response > 1000);
    }

    #[test]
    fn the_fetches_in_flight_take_no_more_than_half_of_the_memory() {
        let config =
            FetchConfig { buffer_bytes: 64 << 20, response_bytes: 8 << 20, ..FetchConfig::default() };
        assert_eq!(share(&config, 1), 8 << 20);
        assert_eq!(share(&config, 8), 4 << 20);
        assert_eq!(share(&FetchConfig { buffer_bytes: 0, ..config }, 0), 1);
    }

    #[test]
    fn a_topic_without_id_is_fetched_by_name() {
        assert_eq!(usable(18, None), 12);
        assert_eq!(usable(18, Some([1; 16])), 18);
        assert_eq!(usable(3, None), 3);
    }

    #[test]
    fn every_version_has_a_form_for_the_request() {
        for version in FetchRequest::VERSIONS {
            let many = partitions(&[400]);
            let (asked, sizes) = select(many.iter(), version, 1000);
            let mut session = Session::default();
            for (asked, id) in [(asked, 7), (Vec::new(), 7)] {
                let part = session.fetch(version, Some([1; 16]), asked);
                let terms = Terms { sizes, config: &FetchConfig::default(), rack: "rack" };
                let request = request("events", Some([1; 16]), part, terms);
                samsa_proto::encode(version, &request).unwrap();
                session.go_on(version, id);
            }
        }
    }
}
