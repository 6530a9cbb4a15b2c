//! Members of groups that the brokers coordinate, without a consumer: each says no more than it takes to have partitions, and
//! stays until it leaves, whatever becomes of its connection.

use std::net::TcpStream;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use samsa_proto::api::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicPartition,
};
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use samsa_proto::api::leave_group::LeaveGroupRequest;
use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use samsa_proto::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use samsa_tests::{RealKafka, connect, exchange};

use crate::znodes::until;

const PATIENCE: Duration = Duration::from_secs(10);
/// Shorter than what any release takes at most, and longer than anything here takes.
const SESSION_MS: i32 = 30_000;

/// While the coordinator loads its groups, is not there yet, or has not heard of a new topic, there is no answer.
const NOT_YET: [ErrorCode; 4] = [
    ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode::COORDINATOR_NOT_AVAILABLE,
    ErrorCode::NOT_COORDINATOR,
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
];

/// What a member of KIP-848 calls itself.
pub(crate) const MEMBER: &str = "AAAAAAAAAAAAAAAAAAAABQ";

fn stream(kafka: &RealKafka) -> TcpStream {
    connect(&kafka.address(1), PATIENCE).expect("a connection")
}

/// Which broker it is. Who asks has the brokers make the topic in which groups are kept.
pub(crate) fn find_coordinator(kafka: &RealKafka, group: &str) -> i32 {
    let find = FindCoordinatorRequest { key: group, ..Default::default() };
    until(|| {
        let told = exchange(&mut stream(kafka), 0, &find, |found| (found.error_code, found.node_id));
        let (code, broker) = told.expect("an answer");
        is_ready(code).map(|()| broker)
    })
}

fn is_ready(code: ErrorCode) -> Result<(), String> {
    if NOT_YET.contains(&code) {
        return Err(format!("{code:?}"));
    }
    assert_eq!(code, ErrorCode::NONE);
    Ok(())
}

/// A member of a classic group, which gives itself these partitions of a topic. Gives its id.
pub(crate) fn join_classic(kafka: &RealKafka, group: &str, topic: &str, partitions: &[i32]) -> String {
    let subscription = ConsumerProtocolSubscription { topics: vec![topic], ..Default::default() };
    let metadata = subscription.write(0).expect("a subscription");
    let range = JoinGroupRequestProtocol { name: "range", metadata: &metadata, ..Default::default() };
    let join = JoinGroupRequest {
        group_id: group,
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: SESSION_MS,
        protocol_type: "consumer",
        protocols: vec![range],
        ..Default::default()
    };
    let _broker = find_coordinator(kafka, group);
    // Without a second round, in which the member would get its id: 4.x knows no older version, and 0.10 not that one.
    let version = if kafka.zookeeper().is_some() { 0 } else { 2 };
    let (member_id, generation_id) = until(|| {
        let told = exchange(&mut stream(kafka), version, &join, |joined| {
            (joined.error_code, joined.member_id.to_owned(), joined.generation_id)
        });
        let (code, member, generation) = told.expect("an answer");
        is_ready(code).map(|()| (member, generation))
    });
    let assigned = vec![TopicPartition { topic, partitions: partitions.to_vec() }];
    let assignment = ConsumerProtocolAssignment { assigned_partitions: assigned, user_data: None };
    let assignment = assignment.write(0).expect("an assignment");
    let own =
        SyncGroupRequestAssignment { member_id: &member_id, assignment: &assignment, ..Default::default() };
    let sync = SyncGroupRequest {
        group_id: group,
        generation_id,
        member_id: &member_id,
        assignments: vec![own],
        ..Default::default()
    };
    let code = exchange(&mut stream(kafka), 0, &sync, |synced| synced.error_code).expect("an answer");
    assert_eq!(code, ErrorCode::NONE);
    member_id
}

pub(crate) fn leave_classic(kafka: &RealKafka, group: &str, member_id: &str) {
    let leave = LeaveGroupRequest { group_id: group, member_id, ..Default::default() };
    let code = exchange(&mut stream(kafka), 0, &leave, |left| left.error_code).expect("an answer");
    assert_eq!(code, ErrorCode::NONE);
}

/// [`MEMBER`] joins a group of KIP-848, whose coordinator gives it all partitions of a topic.
pub(crate) fn join_next_generation(kafka: &RealKafka, group: &str, topic: &str) {
    let subscribed = ConsumerGroupHeartbeatRequest {
        rebalance_timeout_ms: SESSION_MS,
        subscribed_topic_names: Some(vec![topic]),
        topic_partitions: Some(Vec::new()),
        ..heartbeat(group, 0)
    };
    let _broker = find_coordinator(kafka, group);
    until(|| is_ready(beat(kafka, &subscribed)));
}

pub(crate) fn leave_next_generation(kafka: &RealKafka, group: &str) {
    assert_eq!(beat(kafka, &heartbeat(group, -1)), ErrorCode::NONE);
}

fn heartbeat(group: &str, member_epoch: i32) -> ConsumerGroupHeartbeatRequest<'_> {
    ConsumerGroupHeartbeatRequest { group_id: group, member_id: MEMBER, member_epoch, ..Default::default() }
}

fn beat(kafka: &RealKafka, heartbeat: &ConsumerGroupHeartbeatRequest<'_>) -> ErrorCode {
    exchange(&mut stream(kafka), 1, heartbeat, |told| told.error_code).expect("an answer")
}

/// Somebody who is in no group commits an offset.
pub(crate) fn commit_from_outside(kafka: &RealKafka, group: &str, topic: &str, committed_offset: i64) {
    let partition =
        OffsetCommitRequestPartition { partition_index: 0, committed_offset, ..Default::default() };
    let topic = OffsetCommitRequestTopic { name: topic, partitions: vec![partition], ..Default::default() };
    let commit = OffsetCommitRequest { group_id: group, topics: vec![topic], ..Default::default() };
    let _broker = find_coordinator(kafka, group);
    until(|| {
        let code = exchange(&mut stream(kafka), 2, &commit, |done| done.topics[0].partitions[0].error_code);
        is_ready(code.expect("an answer"))
    });
}
