//! Brokers for the tests here, and what they are asked beside the client.

use std::net::TcpStream;
use std::time::Duration;

use samsa_proto::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use samsa_proto::api::delete_topics::DeleteTopicsRequest;
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use samsa_proto::wire::UnknownTags;
use samsa_proto::{ErrorCode, Request};
use samsa_tests::{RealKafka, Release, connect, exchange, shared_with};
use samsa_tokio::Cluster;

use crate::client::{Place, Runtime};
use crate::partitions::{Partitions, until};

const PATIENCE: Duration = Duration::from_secs(10);

/// Of the members; in the protocol of KIP-848 the brokers say it.
pub(crate) const SESSION: Duration = Duration::from_secs(6);
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(1);
pub(crate) const SETTINGS: [(&str, &str); 4] = [
    ("group.consumer.min.session.timeout.ms", "6000"),
    ("group.consumer.session.timeout.ms", "6000"),
    ("group.consumer.min.heartbeat.interval.ms", "1000"),
    ("group.consumer.heartbeat.interval.ms", "1000"),
];

/// The broker of `release` that all tests share, but those that kill one.
pub(crate) fn brokers(release: Release) -> Option<&'static RealKafka> {
    shared_with(release, &SETTINGS)
}

/// How a client finds them. That a broker is older than 0.10 shows sooner when ZooKeeper tells of it.
pub(crate) fn place(kafka: &RealKafka) -> Place {
    match kafka.release() {
        Release::V0_8_2_2 | Release::V0_9_0_1 => Place::of(kafka),
        _ => Place::Bootstrap(kafka.bootstrap()),
    }
}

/// Works with a client of these brokers, and closes it.
pub(crate) fn run<T>(kafka: &RealKafka, runtime: Runtime, work: impl AsyncFnOnce(&Cluster) -> T) -> T {
    runtime.run_at(place(kafka), |_| {}, work)
}

fn ask<R: Request, T>(
    kafka: &RealKafka,
    version: i16,
    request: &R,
    read: impl FnOnce(&R::Response<'_>) -> T,
) -> T {
    let mut stream: TcpStream = connect(&kafka.address(1), PATIENCE).expect("a connection");
    exchange(&mut stream, version, request, read).expect("an answer")
}

/// What broker 1, which coordinates the group, has of its offsets.
pub(crate) fn committed(kafka: &RealKafka, group: &str, topic: &str, partitions: i32) -> Partitions<i64> {
    let partition_indexes = (0..partitions).collect();
    let topic =
        OffsetFetchRequestTopic { name: topic, partition_indexes, unknown_tags: UnknownTags::default() };
    let request = OffsetFetchRequest {
        group_id: group,
        topics: Some(vec![topic]),
        groups: Vec::new(),
        require_stable: false,
        unknown_tags: UnknownTags::default(),
    };
    ask(kafka, 1, &request, |answer| {
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let partitions = partitions.inspect(|partition| assert_eq!(partition.error_code, ErrorCode::NONE));
        let partitions = partitions.map(|partition| (partition.partition_index, partition.committed_offset));
        partitions.filter(|(_, offset)| *offset >= 0).collect()
    })
}

/// The id of the broker that coordinates the group, as broker 1 says.
pub(crate) fn coordinator(kafka: &RealKafka, group: &str) -> usize {
    let request = FindCoordinatorRequest {
        key: group,
        key_type: 0,
        coordinator_keys: Vec::new(),
        unknown_tags: UnknownTags::default(),
    };
    until(|| {
        ask(kafka, 0, &request, |answer| match answer.error_code {
            ErrorCode::NONE => Ok(answer.node_id as usize),
            code => Err(format!("{code:?}")),
        })
    })
}

/// Gives a topic more partitions: so many in all.
pub(crate) fn add_partitions(kafka: &RealKafka, topic: &str, count: i32) {
    let topic =
        CreatePartitionsTopic { name: topic, count, assignments: None, unknown_tags: UnknownTags::default() };
    let request = CreatePartitionsRequest {
        topics: vec![topic],
        timeout_ms: 10_000,
        validate_only: false,
        unknown_tags: UnknownTags::default(),
    };
    let code = ask(kafka, 0, &request, |answer| answer.results[0].error_code);
    assert_eq!(code, ErrorCode::NONE);
}

pub(crate) fn delete_topic(kafka: &RealKafka, topic: &str) {
    let request = DeleteTopicsRequest {
        topics: Vec::new(),
        topic_names: vec![topic],
        timeout_ms: 10_000,
        unknown_tags: UnknownTags::default(),
    };
    let code = ask(kafka, 1, &request, |answer| answer.responses[0].error_code);
    assert_eq!(code, ErrorCode::NONE);
}
