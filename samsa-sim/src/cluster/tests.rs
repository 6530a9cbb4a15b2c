use std::time::Duration;

use bytes::BytesMut;
use samsa_core::UnixMillis;
use samsa_proto::api::api_versions::ApiVersionsRequest;
use samsa_proto::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use samsa_proto::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use samsa_proto::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use samsa_proto::api::metadata::{MetadataRequest, MetadataRequestTopic};
use samsa_proto::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use samsa_proto::records::{self, BatchBuilder, Flags};
use samsa_proto::wire::{Encode, Records, Uuid};
use samsa_proto::{ErrorCode, Message, Request, decode_response, encode_request};

use super::*;

const CONN: ServerConn = ServerConn(1);

/// A cluster with one connection to its broker 1, and a clock.
pub(super) struct Bench {
    pub(super) cluster: ModelCluster,
    pub(super) now: Now,
    notes: Vec<String>,
    pub(super) complaints: Vec<String>,
    pub(super) hung_up: bool,
}

impl Bench {
    pub(super) fn of(release: Release, brokers: u16, replication: u16) -> Self {
        Self::with(ClusterConfig { release, brokers, replication, ..ClusterConfig::default() })
    }

    pub(super) fn with(config: ClusterConfig) -> Self {
        let brokers = config.brokers;
        let addresses = (1..=brokers).map(|id| HostPort { host: format!("k{id}"), port: 9092 }).collect();
        let cluster = ModelCluster::new(config, addresses, Rng::new(1));
        let now = Now { mono: Instant::START, wall: UnixMillis(1_000_000) };
        let mut bench = Self { cluster, now, notes: Vec::new(), complaints: Vec::new(), hung_up: false };
        for broker in bench.cluster.broker_ids() {
            bench.cluster.handle(now, Input::Start { broker, blank: false });
        }
        bench.connect(1);
        bench
    }

    pub(super) fn newest() -> Self {
        Self::of(Release::V4_4, 1, 1)
    }

    pub(super) fn connect(&mut self, broker: i32) {
        self.connect_at(broker, false);
    }

    /// The same, or to an address that the broker has left.
    pub(super) fn connect_at(&mut self, broker: i32, is_former: bool) {
        self.cluster.handle(self.now, Input::Accepted { conn: CONN, broker, is_former });
    }

    fn newest_version<R: Request>(&self) -> i16 {
        *self.cluster.config().release.versions(R::KEY).unwrap().end()
    }

    pub(super) fn send<R: Request + Message + Encode>(&mut self, version: i16, request: &R) {
        self.send_as(7, version, request);
    }

    /// Sends a frame in small pieces.
    fn send_as<R: Request + Message + Encode>(&mut self, correlation_id: i32, version: i16, request: &R) {
        let frame = encode_request(correlation_id, Some("test"), version, request).unwrap().concat();
        for piece in frame.chunks(5) {
            let bytes = Bytes::copy_from_slice(piece);
            self.cluster.handle(self.now, Input::Received { conn: CONN, bytes });
        }
    }

    /// The next answer, if there is one yet.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        while let Some(output) = self.cluster.next_output() {
            match output {
                Output::Send { conn: CONN, frame } => return Some(Bytes::from(frame.concat()).slice(4..)),
                Output::Note { text, .. } => self.notes.push(text),
                Output::Complaint(text)
                | Output::Copied(text)
                | Output::Looked(text)
                | Output::Hasty(text)
                | Output::Misstep { text, .. } => {
                    self.complaints.push(text);
                }
                Output::Close { .. } => self.hung_up = true,
                Output::Send { .. }
                | Output::Node { .. }
                | Output::NodeGone { .. }
                | Output::Committed(_) => {}
            }
        }
        None
    }

    /// Lets this much time pass, with all that happens in it.
    pub(super) fn pass(&mut self, lasts: Duration) {
        let end = self.now.mono + lasts;
        while let Some(at) = self.cluster.deadline().filter(|at| *at <= end) {
            self.now.mono = at;
            self.cluster.handle(self.now, Input::Tick);
        }
        self.now.mono = end;
    }

    /// Waits for the answer, however long it takes.
    pub(super) fn answer(&mut self) -> Bytes {
        for _ in 0..100 {
            if let Some(frame) = self.take() {
                return frame;
            }
            self.pass(Duration::from_millis(100));
        }
        panic!("no answer: {:?} {:?}", self.notes, self.complaints)
    }

    pub(super) fn with_topic(mut self, name: &str) -> Self {
        self.metadata(name);
        self.pass(Duration::from_secs(5));
        self
    }

    fn metadata(&mut self, name: &str) -> ErrorCode {
        let version = self.newest_version::<MetadataRequest<'_>>();
        let topic = MetadataRequestTopic { name: Some(name), ..Default::default() };
        self.send(version, &MetadataRequest { topics: Some(vec![topic]), ..Default::default() });
        let frame = self.answer();
        let (_, response) = decode_response::<MetadataRequest<'_>>(version, &frame).unwrap();
        assert_eq!(response.topics.len(), 1);
        response.topics[0].error_code
    }

    fn topic_id(&self, name: &str) -> Uuid {
        self.cluster.state.topics[name].id
    }

    pub(super) fn send_produce(&mut self, version: i16, topic: &str, acks: i16, batch: &[u8]) {
        let partition =
            PartitionProduceData { index: 0, records: Some(Records::Slice(batch)), ..Default::default() };
        let topic_id = if version >= 13 { self.topic_id(topic) } else { Uuid::ZERO };
        let name = if version >= 13 { "" } else { topic };
        let topic =
            TopicProduceData { name, topic_id, partition_data: vec![partition], ..Default::default() };
        let topic_data = vec![topic];
        self.send(version, &ProduceRequest { acks, timeout_ms: 1000, topic_data, ..Default::default() });
    }

    pub(super) fn produce(&mut self, version: i16, topic: &str, acks: i16, batch: &[u8]) -> (ErrorCode, i64) {
        self.send_produce(version, topic, acks, batch);
        let frame = self.answer();
        let (_, response) = decode_response::<ProduceRequest<'_>>(version, &frame).unwrap();
        let outcome = &response.responses[0].partition_responses[0];
        (outcome.error_code, outcome.base_offset)
    }

    fn send_fetch(&mut self, version: i16, topic: &str, offset: i64, min_bytes: i32) {
        let partition = FetchPartition {
            partition: 0,
            fetch_offset: offset,
            partition_max_bytes: 1 << 20,
            ..Default::default()
        };
        let topic_id = if version >= 13 { self.topic_id(topic) } else { Uuid::ZERO };
        let name = if version >= 13 { "" } else { topic };
        let topic = FetchTopic { topic: name, topic_id, partitions: vec![partition], ..Default::default() };
        let request = FetchRequest { max_wait_ms: 500, min_bytes, topics: vec![topic], ..Default::default() };
        self.send(version, &request);
    }

    /// What a client in this rack gets with version 12: the offsets, and to whom it is sent.
    pub(super) fn fetch_from(&mut self, rack: &str, topic: &str, offset: i64) -> (ErrorCode, Vec<i64>, i32) {
        let asked =
            FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..Default::default() };
        let topics = vec![FetchTopic { topic, partitions: vec![asked], ..Default::default() }];
        self.send(12, &FetchRequest { min_bytes: 1, topics, rack_id: rack, ..Default::default() });
        let frame = self.answer();
        let (_, response) = decode_response::<FetchRequest<'_>>(12, &frame).unwrap();
        let sent_to = response.responses[0].partitions[0].preferred_read_replica;
        let (code, offsets) = Self::fetched(12, &frame);
        (code, offsets, sent_to)
    }

    fn fetched(version: i16, frame: &Bytes) -> (ErrorCode, Vec<i64>) {
        let (_, response) = decode_response::<FetchRequest<'_>>(version, frame).unwrap();
        let data = &response.responses[0].partitions[0];
        let bytes = data.records.as_ref().unwrap().to_bytes(frame);
        let records = records::batches(&bytes).flat_map(|batch| {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            batch.records().unwrap().map(|record| record.unwrap().offset()).collect::<Vec<_>>()
        });
        (data.error_code, records.collect())
    }

    pub(super) fn fetch(&mut self, version: i16, topic: &str, offset: i64) -> (ErrorCode, Vec<i64>) {
        self.send_fetch(version, topic, offset, 1);
        let frame = self.answer();
        Self::fetched(version, &frame)
    }
}

pub(super) fn batch(values: &[&str]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BytesMut::new());
    for (place, value) in values.iter().enumerate() {
        builder.append(1000 + place as i64, None, Some(value.as_bytes()), []).unwrap();
    }
    let sealed = builder.seal();
    [sealed.header(None, Flags::default()), sealed.body().clone()].concat()
}

#[test]
fn what_is_produced_is_fetched_in_every_version_that_a_release_has() {
    for release in Release::ALL {
        let mut bench = Bench::of(release, 1, 1).with_topic("events");
        let produce = release.versions(ProduceRequest::KEY).unwrap();
        let mut next = 0;
        for version in (*produce.start()).max(3)..=*produce.end() {
            assert_eq!(bench.produce(version, "events", -1, &batch(&["a", "b"])), (ErrorCode::NONE, next));
            next += 2;
        }
        let fetch = release.versions(FetchRequest::KEY).unwrap();
        for version in (*fetch.start()).max(4)..=*fetch.end() {
            assert_eq!(
                bench.fetch(version, "events", 0),
                (ErrorCode::NONE, (0..next).collect()),
                "{release} {version}"
            );
        }
        assert_eq!(bench.complaints, Vec::<String>::new());
    }
}

#[test]
fn what_is_brought_may_lie_behind_the_watermark_that_was_looked_at_before() {
    let mut bench = Bench::newest().with_topic("events");
    bench.produce(9, "events", -1, &batch(&["a", "b"]));
    let mut watermarks = Vec::new();
    for correlation_id in 0..4 {
        let asked = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
        let topics = vec![FetchTopic { topic: "events", partitions: vec![asked], ..Default::default() }];
        bench.send_as(correlation_id, 12, &FetchRequest { min_bytes: 1, topics, ..Default::default() });
        let frame = bench.answer();
        assert_eq!(Bench::fetched(12, &frame), (ErrorCode::NONE, vec![0, 1]));
        let (_, response) = decode_response::<FetchRequest<'_>>(12, &frame).unwrap();
        watermarks.push(response.responses[0].partitions[0].high_watermark);
    }
    assert_eq!(watermarks, [2, 0, 2, 2]);
}

#[test]
fn a_release_says_what_it_offers_in_every_version_of_the_question() {
    for release in Release::ALL {
        let mut bench = Bench::of(release, 1, 1);
        for version in release.versions(ApiVersionsRequest::KEY).unwrap() {
            bench.send(version, &ApiVersionsRequest::default());
            let frame = bench.answer();
            let (_, response) = decode_response::<ApiVersionsRequest<'_>>(version, &frame).unwrap();
            assert_eq!(response.error_code, ErrorCode::NONE);
            assert_eq!(response.api_keys.len(), release.all_versions().count());
        }
    }
}

#[test]
fn an_api_versions_request_that_is_too_new_is_answered_in_the_oldest_form() {
    for (release, ranges) in [(Release::V1_1, 0), (Release::V3_9, 1)] {
        let mut bench = Bench::of(release, 1, 1);
        bench.send(5, &ApiVersionsRequest::default());
        let frame = bench.answer();
        let (_, response) = decode_response::<ApiVersionsRequest<'_>>(5, &frame).unwrap();
        assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
        assert_eq!(response.api_keys.len(), ranges);
    }
}

#[test]
fn a_version_that_was_not_offered_costs_the_connection_and_is_complained_of() {
    let mut bench = Bench::newest();
    bench.send(2, &FetchRequest::default());
    assert_eq!(bench.take(), None);
    assert!(bench.hung_up);
    assert_eq!(bench.complaints.len(), 1);
}

#[test]
fn a_second_copy_is_told_of_where_there_is_to_be_one_and_not_when_the_first_is_gone() {
    let copies = |expects_once: bool, is_remade: bool| {
        let mut bench = Bench::newest().with_topic("events");
        if expects_once {
            bench.cluster.expect_once("events");
        }
        bench.produce(9, "events", -1, &batch(&["a", "b"]));
        if is_remade {
            assert!(bench.cluster.upset(bench.now, Fault::TopicRemade));
            bench.pass(Duration::from_secs(20));
        }
        bench.produce(9, "events", -1, &batch(&["b", "c"]));
        bench.complaints
    };
    let told = "b is in partition 0 at 1, and is appended to partition 0 at 2 as well";
    assert_eq!(copies(true, false), [told]);
    assert_eq!(copies(false, false), Vec::<String>::new());
    assert_eq!(copies(true, true), Vec::<String>::new());
}

#[test]
fn a_topic_is_created_by_the_first_question_that_allows_it_and_is_there_a_little_later() {
    let mut bench = Bench::newest();
    assert_eq!(bench.metadata("events"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.metadata("events"), ErrorCode::NONE);
    assert_eq!(bench.cluster.partition_count("events"), 3);

    let topic = MetadataRequestTopic { name: Some("audit"), ..Default::default() };
    let looking =
        MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: false, ..Default::default() };
    bench.send(12, &looking);
    bench.answer();
    assert_eq!(bench.cluster.partition_count("audit"), 0);
    assert_eq!(bench.metadata("no/slash"), ErrorCode::INVALID_TOPIC_EXCEPTION);
}

#[test]
fn topics_are_created_as_asked_in_every_version() {
    for release in [Release::V2_8, Release::V4_4] {
        let mut bench = Bench::of(release, 2, 1);
        for version in release.versions(CreateTopicsRequest::KEY).unwrap() {
            let name = format!("t{version}");
            let create = |name| CreatableTopic {
                name,
                num_partitions: 4,
                replication_factor: 2,
                ..Default::default()
            };
            let mut ask = |name| {
                bench
                    .send(version, &CreateTopicsRequest { topics: vec![create(name)], ..Default::default() });
                let frame = bench.answer();
                let (_, response) = decode_response::<CreateTopicsRequest<'_>>(version, &frame).unwrap();
                response.topics[0].error_code
            };
            assert_eq!(ask(&name), ErrorCode::NONE);
            assert_eq!(ask(&name), ErrorCode::TOPIC_ALREADY_EXISTS);
            assert_eq!(ask("no/slash"), ErrorCode::INVALID_TOPIC_EXCEPTION);
            assert_eq!(bench.cluster.partition_count(&name), 4);
        }
    }
}

#[test]
fn a_fetch_waits_for_something_to_read_but_no_longer_than_asked() {
    let mut bench = Bench::newest().with_topic("events");
    let version = 17;
    bench.send_fetch(version, "events", 0, 1);
    bench.pass(Duration::from_millis(499));
    assert_eq!(bench.take(), None);
    bench.pass(Duration::from_millis(1));
    let frame = bench.take().unwrap();
    assert_eq!(Bench::fetched(version, &frame), (ErrorCode::NONE, vec![]));
}

#[test]
fn what_is_produced_on_one_connection_ends_the_wait_on_another() {
    let mut bench = Bench::newest().with_topic("events");
    let reader = ServerConn(2);
    bench.cluster.handle(bench.now, Input::Accepted { conn: reader, broker: 1, is_former: false });
    bench.send_fetch(17, "events", 0, 1);
    // A request behind a waiting one waits, too.
    bench.send(4, &ApiVersionsRequest::default());
    assert_eq!(bench.take(), None);

    let partition = PartitionProduceData {
        index: 0,
        records: Some(Records::from(Bytes::from(batch(&["a"])))),
        ..Default::default()
    };
    let topic = TopicProduceData { name: "events", partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { acks: 1, topic_data: vec![topic], ..Default::default() };
    let frame = encode_request(1, None, 9, &request).unwrap().concat();
    bench.cluster.handle(bench.now, Input::Received { conn: reader, bytes: frame.into() });

    let frame = bench.take().unwrap();
    assert_eq!(Bench::fetched(17, &frame), (ErrorCode::NONE, vec![0]));
    let frame = bench.take().unwrap();
    assert!(decode_response::<ApiVersionsRequest<'_>>(4, &frame).is_ok());
}

#[test]
fn offsets_are_found_by_time_and_at_both_ends_in_every_version() {
    for release in Release::ALL {
        let mut bench = Bench::of(release, 1, 1).with_topic("events");
        bench.produce(3, "events", 1, &batch(&["a", "b", "c"]));
        let versions = release.versions(ListOffsetsRequest::KEY).unwrap();
        for version in (*versions.start()).max(1)..=*versions.end() {
            for (timestamp, offset) in [(-2, 0), (-1, 3), (1001, 1), (5000, -1)] {
                let partition = ListOffsetsPartition { partition_index: 0, timestamp, ..Default::default() };
                let topic =
                    ListOffsetsTopic { name: "events", partitions: vec![partition], ..Default::default() };
                bench.send(
                    version,
                    &ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() },
                );
                let frame = bench.answer();
                let (_, response) = decode_response::<ListOffsetsRequest<'_>>(version, &frame).unwrap();
                assert_eq!(
                    response.topics[0].partitions[0].offset, offset,
                    "{release} {version} {timestamp}"
                );
            }
        }
    }
}

#[test]
fn an_offset_beyond_the_end_is_out_of_range() {
    let mut bench = Bench::newest().with_topic("events");
    assert_eq!(bench.fetch(17, "events", 1).0, ErrorCode::OFFSET_OUT_OF_RANGE);
}

#[test]
fn acks_of_all_wait_for_the_followers_and_readers_see_nothing_before() {
    let mut bench = Bench::of(Release::V4_4, 2, 2).with_topic("events");
    bench.send_produce(9, "events", -1, &batch(&["a"]));
    assert_eq!(bench.take(), None);
    assert_eq!(bench.cluster.log("events", 0), []);
    bench.answer();
    assert_eq!(bench.cluster.log("events", 0).len(), 1);
}

#[test]
fn a_follower_in_sync_takes_over_with_all_that_was_acknowledged_to_all() {
    let mut bench = Bench::of(Release::V4_4, 2, 2).with_topic("events");
    bench.produce(9, "events", -1, &batch(&["a"]));
    bench.produce(9, "events", 1, &batch(&["b"]));
    bench.cluster.handle(bench.now, Input::Stop(1));
    bench.pass(Duration::from_secs(5));

    bench.connect(2);
    let (code, offsets) = bench.fetch(17, "events", 0);
    assert_eq!(code, ErrorCode::NONE);
    assert!(offsets.starts_with(&[0]));
}

#[test]
fn who_does_not_lead_says_who_does() {
    let mut bench = Bench::of(Release::V4_4, 2, 1).with_topic("events");
    bench.connect(2);
    assert_eq!(bench.fetch(17, "events", 0).0, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    bench.send_produce(10, "events", 1, &batch(&["a"]));
    let frame = bench.answer();
    let (_, response) = decode_response::<ProduceRequest<'_>>(10, &frame).unwrap();
    let outcome = &response.responses[0].partition_responses[0];
    assert_eq!(outcome.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(outcome.current_leader.leader_id, 1);
}

#[test]
fn a_broker_that_starts_again_has_its_log_and_a_new_epoch() {
    let mut bench = Bench::newest().with_topic("events");
    bench.produce(9, "events", -1, &batch(&["a"]));
    bench.cluster.handle(bench.now, Input::Stop(1));
    bench.pass(Duration::from_secs(5));
    bench.cluster.handle(bench.now, Input::Start { broker: 1, blank: false });
    bench.connect(1);
    assert_eq!(bench.fetch(17, "events", 0), (ErrorCode::NONE, vec![0]));
    assert!(bench.cluster.state.topics["events"].partitions[0].epoch > 0);
}

#[test]
fn what_nobody_could_understand_costs_the_connection() {
    for frame in [&[0xff, 0xff, 0xff, 0xff][..], &[0, 0, 0, 3, 1, 2, 3], &[0x7f, 0, 0, 0]] {
        let mut bench = Bench::newest();
        let bytes = Bytes::copy_from_slice(frame);
        bench.cluster.handle(bench.now, Input::Received { conn: CONN, bytes });
        assert_eq!(bench.take(), None);
        assert!(bench.hung_up);
        assert_eq!(bench.complaints.len(), 1);
    }
}
