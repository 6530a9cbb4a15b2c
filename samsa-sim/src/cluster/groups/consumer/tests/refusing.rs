//! What is refused, and what is complained of.

use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};

use super::*;

fn classic() -> JoinGroupRequest<'static> {
    JoinGroupRequest {
        group_id: GROUP,
        session_timeout_ms: 6_000,
        rebalance_timeout_ms: 6_000,
        protocol_type: "consumer",
        protocols: vec![JoinGroupRequestProtocol { name: "range", ..Default::default() }],
        ..Default::default()
    }
}

impl Script {
    fn join_as_of_old(&mut self, client: u64) -> ErrorCode {
        self.tell(client, 2, &classic());
        self.pass(300);
        let frame = self.hear(client).unwrap();
        decode_response::<JoinGroupRequest<'_>>(2, &frame).unwrap().1.error_code
    }
}

#[test]
fn members_of_the_two_protocols_are_not_in_one_group() {
    let mut script = Script::newest();
    script.enter(1, "a").unwrap();
    assert_eq!(script.join_as_of_old(2), ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    // Without members the group may be of the other protocol.
    script.beat(1, "a", -1).unwrap();
    assert_eq!(script.join_as_of_old(2), ErrorCode::NONE);
    assert_eq!(script.enter(1, "a"), Err(ErrorCode::GROUP_ID_NOT_FOUND));
    script.pass(6_000);
    assert_eq!(script.enter(1, "a"), Ok((1, Some(vec![0, 1, 2, 3]))));
    assert_eq!(script.complaints, Vec::<String>::new());
}

#[test]
fn nobody_is_a_member_that_has_not_joined() {
    let mut script = Script::newest();
    assert_eq!(script.beat(1, "a", 1), Err(ErrorCode::GROUP_ID_NOT_FOUND));
    assert_eq!(script.commit(1, "a", 1, 0, 7), ErrorCode::GROUP_ID_NOT_FOUND);
    script.enter(1, "a").unwrap();
    assert_eq!(script.beat(2, "b", 1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn it_is_complained_of_a_member_that_joins_with_partitions() {
    let mut script = Script::newest();
    let topic_partitions = Some(script.owned(&[0]));
    let request = ConsumerGroupHeartbeatRequest { topic_partitions, ..joining("a") };
    assert_eq!(script.say(1, &request), Err(ErrorCode::INVALID_REQUEST));
    let complaint = "a ConsumerGroupHeartbeat of a at epoch 0 with partitions that it owns";
    assert_eq!(script.complaints, [complaint]);
}

#[test]
fn it_is_complained_of_a_member_that_says_that_it_has_what_it_was_not_given() {
    let mut script = Script::with_two_members(1);
    script.has(1, "a", 2, &[0, 1]).unwrap();
    assert_eq!(script.complaints, Vec::<String>::new());
    script.has(1, "a", 2, &[0, 1, 2]).unwrap();
    assert_eq!(script.complaints.len(), 1);
    assert!(script.complaints[0].starts_with("a says that it owns what it was not given"));
}

#[test]
fn it_is_complained_of_a_heartbeat_before_the_answer_to_the_last() {
    let mut script = Script::with_two_members(1);
    script.beat(1, "a", 2).unwrap();
    script.tell(1, 1, &beating("a", 2));
    script.hear(1);
    assert_eq!(script.complaints, ["ConsumerGroupHeartbeat of a while its last Heartbeat is unanswered"]);
    // Who leaves does not have to wait.
    script.tell(1, 1, &beating("a", -1));
    script.hear(1);
    assert_eq!(script.complaints.len(), 1);
}

#[test]
fn an_assignor_that_brokers_do_not_know_is_refused() {
    let mut script = Script::newest();
    let request = ConsumerGroupHeartbeatRequest { server_assignor: Some("sticky"), ..joining("a") };
    assert_eq!(script.say(1, &request), Err(ErrorCode::UNSUPPORTED_ASSIGNOR));
    let request = ConsumerGroupHeartbeatRequest { server_assignor: Some("range"), ..joining("a") };
    assert_eq!(script.say(1, &request), Ok((1, Some(vec![0, 1, 2, 3]))));
}

#[test]
fn a_commit_without_an_epoch_is_too_old() {
    use samsa_proto::api::offset_commit::{
        OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    };
    let mut script = Script::with_two_members(1);
    let partitions = vec![OffsetCommitRequestPartition { committed_offset: 7, ..Default::default() }];
    let topics = vec![OffsetCommitRequestTopic { name: TOPIC, partitions, ..Default::default() }];
    let request = OffsetCommitRequest {
        group_id: GROUP,
        generation_id_or_member_epoch: 2,
        member_id: "a",
        topics,
        ..Default::default()
    };
    script.tell(1, 8, &request);
    let frame = script.hear(1).unwrap();
    let (_, response) = decode_response::<OffsetCommitRequest<'_>>(8, &frame).unwrap();
    assert_eq!(response.topics[0].partitions[0].error_code, ErrorCode::UNSUPPORTED_VERSION);
}

#[test]
fn as_long_as_some_brokers_are_older_none_has_such_groups() {
    let config = ClusterConfig {
        release: Release::V4_4,
        releases: vec![Release::V2_8, Release::V4_4],
        brokers: 2,
        ..Default::default()
    };
    let mut script = Script::with(config, 1);
    assert_eq!(script.coordinator(), 2);
    assert_eq!(script.enter(1, "a"), Err(ErrorCode::UNSUPPORTED_VERSION));
}
