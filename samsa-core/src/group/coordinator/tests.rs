//! What is asked in each version, and what becomes of the answers.

mod member;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::describe_groups::DescribeGroupsRequest;
use samsa_proto::api::describe_groups::{DescribeGroupsResponse, DescribedGroup, DescribedGroupMember};
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::find_coordinator::{Coordinator as Found, FindCoordinatorResponse};
use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use samsa_proto::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use samsa_proto::{ErrorCode, Message, Request, encode, encode_response};

use super::*;
use crate::cluster::Cluster;
use crate::config::{Config, Discovery};
use crate::connection::{Network, RecvBuf};
use crate::id::{ConnId, SessionId};
use crate::intent::Intent;
use crate::out::Out;
use crate::time::Now;
use crate::topology::TopicPartition;
use std::time::Duration;

/// A coordinator of group `g`, and what it stands on.
struct Script {
    config: Config,
    net: Network,
    out: Out,
    now: Now,
    coordinator: Coordinator,
    tokens: u64,
}

fn id(seq: u64) -> ZkRequestId {
    ZkRequestId { session: SessionId(1), seq }
}

fn of(partition: i32, ask: OffsetAsk) -> CoordinatorAsk {
    CoordinatorAsk::Offset(TopicPartition::new("t", partition), ask)
}

impl Script {
    fn new() -> Self {
        let config = Config::new(Discovery::Bootstrap(Vec::new()));
        let net = Network::new(&config, Rng::new(1));
        let backoff = Backoff { first: Duration::from_millis(50), most: Duration::from_millis(50) };
        let coordinator = Coordinator::new(&Arc::from("g"), Owner::Group, backoff, Rng::new(1));
        Self { config, net, out: Out::default(), now: Now::default(), coordinator, tokens: 0 }
    }

    /// Broker 3 is it, and was asked these under number 9.
    fn asked(asks: &[OffsetAsk]) -> Self {
        let mut script = Self::new();
        script.coordinator.whom = Whom::Known(BrokerId(3));
        for (seq, ask) in (0..).zip(asks) {
            script.coordinator.ask(script.now.mono, id(seq), of(seq as i32, *ask));
        }
        let asked = std::mem::take(&mut script.coordinator.waiting);
        let kind = asked.values().next().map_or(Kind::Members, |asked| asked.ask.kind());
        script.coordinator.sent.insert(9, Sent { to: BrokerId(3), kind, asked });
        script
    }

    fn hears<R: Request>(&mut self, token: u64, version: i16, response: &R::Response<'_>) -> Vec<Answered> {
        let frame = encode_response::<R>(0, version, response).unwrap().concat();
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.coordinator.response(&mut cx, token, version, &frame[4..])
    }

    fn hears_of_commits(&mut self, codes: &[ErrorCode]) -> Vec<Answered> {
        let partition = |(partition_index, code): (i32, &ErrorCode)| OffsetCommitResponsePartition {
            partition_index,
            error_code: *code,
            ..Default::default()
        };
        let partitions = (0..).zip(codes).map(partition).collect();
        let topic = OffsetCommitResponseTopic { name: "t", partitions, ..Default::default() };
        let response = OffsetCommitResponse { topics: vec![topic], ..Default::default() };
        self.hears::<OffsetCommitRequest<'_>>(9, 2, &response)
    }

    /// A connection to broker 3, which is it.
    fn connected(&mut self) -> ConnId {
        self.connected_by(5)
    }

    /// The same, which speaks versions up to this one.
    fn connected_by(&mut self, max_version: i16) -> ConnId {
        self.coordinator.whom = Whom::Known(BrokerId(3));
        self.net.set_brokers(self.now, BTreeMap::from([(BrokerId(3), "127.0.0.1:9092".parse().unwrap())]));
        assert_eq!(self.net.connection(self.now, Peer::Broker(BrokerId(3)), Role::Group), None);
        let Some(Intent::Connect { conn, .. }) = self.net.poll_intent() else { panic!("nobody is dialled") };
        self.net.connected(self.now, conn);
        let version = |api_key| ApiVersion { api_key, min_version: 1, max_version, ..Default::default() };
        let api_keys = [3, OffsetCommitRequest::KEY, OffsetFetchRequest::KEY].map(version).to_vec();
        let response = ApiVersionsResponse { api_keys, ..Default::default() };
        self.answers::<ApiVersionsRequest<'_>>(conn, 0, 4, &response);
        conn
    }

    /// The broker answers what was sent.
    fn answers<R: Request>(&mut self, conn: ConnId, id: i32, version: i16, response: &R::Response<'_>) {
        let mut sent = Vec::new();
        self.net.transmit(conn, &mut sent);
        self.net.transmitted(self.now, conn, sent.concat().len());
        let frame = encode_response::<R>(id, version, response).unwrap().concat();
        let RecvBuf::Read(mut buffer) = self.net.recv_buf(conn) else { panic!("nothing can be read") };
        buffer.unfilled()[..frame.len()].copy_from_slice(&frame);
        buffer.advance(frame.len());
        self.net.received(self.now, conn, buffer);
    }

    fn pumps(&mut self) -> Vec<Answered> {
        self.pumps_if(true)
    }

    fn pumps_if(&mut self, may_commit: bool) -> Vec<Answered> {
        let cluster = Cluster::new(&self.config, Rng::new(1));
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.coordinator.pump(&mut cx, &cluster, &mut self.tokens, may_commit)
    }

    fn waiting(&self) -> Vec<u64> {
        self.coordinator.waiting.keys().map(|id| id.seq).collect()
    }
}

#[test]
fn every_version_has_a_form_for_the_questions() {
    let script = Script::asked(&[OffsetAsk::Read, OffsetAsk::Commit(5)]);
    let Sent { asked, .. } = &script.coordinator.sent[&9];
    for version in FindCoordinatorRequest::VERSIONS {
        encode(version, &request::find("g", version)).unwrap();
    }
    for version in DescribeGroupsRequest::VERSIONS {
        encode(version, &request::members("g")).unwrap();
    }
    for version in ON_BROKERS..=BY_NAME {
        let request = request::read("g", asked, version);
        assert_eq!(request.require_stable, version >= 7, "what a transaction may change is waited for");
        encode(version, &request).unwrap();
    }
    for version in ON_BROKERS..=BY_NAME {
        let request = request::commit("g", asked, None);
        let member = (request.generation_id_or_member_epoch, request.member_id);
        assert_eq!(member, (-1, ""), "it is no member of a group of the brokers");
        let written: Vec<_> = request.topics[0].partitions.iter().map(|part| part.committed_offset).collect();
        assert_eq!(written, [5], "what is to be read is not written");
        encode(version, &request).unwrap();
    }
}

#[test]
fn what_is_committed_is_read_in_every_version() {
    for version in ON_BROKERS..=BY_NAME {
        let mut script = Script::asked(&[OffsetAsk::Read, OffsetAsk::Read]);
        let old = |partition_index, committed_offset| OffsetFetchResponsePartition {
            partition_index,
            committed_offset,
            ..Default::default()
        };
        let new = |partition_index, committed_offset| OffsetFetchResponsePartitions {
            partition_index,
            committed_offset,
            ..Default::default()
        };
        let topic = OffsetFetchResponseTopic {
            name: "t",
            partitions: vec![old(0, 40), old(1, -1)],
            ..Default::default()
        };
        let of_group = OffsetFetchResponseTopics {
            name: "t",
            partitions: vec![new(0, 40), new(1, -1)],
            ..Default::default()
        };
        let group = OffsetFetchResponseGroup { group_id: "g", topics: vec![of_group], ..Default::default() };
        let response = if version < 8 {
            OffsetFetchResponse { topics: vec![topic], ..Default::default() }
        } else {
            OffsetFetchResponse { groups: vec![group], ..Default::default() }
        };
        let answered = script.hears::<OffsetFetchRequest<'_>>(9, version, &response);
        let expected =
            [(id(0), Ok(CoordinatorAnswer::Read(Some(40)))), (id(1), Ok(CoordinatorAnswer::Read(None)))];
        assert_eq!(answered, expected, "version {version}");
    }
}

#[test]
fn the_coordinator_is_known_by_the_answer_of_any_version() {
    for version in FindCoordinatorRequest::VERSIONS {
        let mut script = Script::new();
        script.coordinator.whom = Whom::Finding(9);
        let found = Found { key: "g", node_id: 3, host: "b", port: 9092, ..Default::default() };
        let response = if version < 4 {
            FindCoordinatorResponse { node_id: 3, host: "b", port: 9092, ..Default::default() }
        } else {
            FindCoordinatorResponse { coordinators: vec![found], ..Default::default() }
        };
        assert_eq!(script.hears::<FindCoordinatorRequest<'_>>(9, version, &response), []);
        assert_eq!(script.coordinator.whom, Whom::Known(BrokerId(3)), "version {version}");
        assert!(script.net.knows(Peer::Broker(BrokerId(3))));
    }
}

#[test]
fn a_coordinator_that_cannot_be_is_asked_for_again() {
    for (node_id, host, port) in [(-1, "b", 9092), (3, "", 9092), (3, "b", 0), (3, "b", 70_000)] {
        let mut script = Script::new();
        script.coordinator.whom = Whom::Finding(9);
        let response = FindCoordinatorResponse { node_id, host, port, ..Default::default() };
        assert_eq!(script.hears::<FindCoordinatorRequest<'_>>(9, 0, &response), []);
        assert_eq!(script.coordinator.whom, Whom::Unknown);
        assert!(script.coordinator.rests_until.is_some());
    }
}

#[test]
fn who_may_not_know_the_coordinator_is_told_so_at_once() {
    let mut script = Script::new();
    script.coordinator.whom = Whom::Finding(9);
    script.coordinator.ask(script.now.mono, id(1), of(0, OffsetAsk::Read));
    let code = ErrorCode::GROUP_AUTHORIZATION_FAILED;
    let response = FindCoordinatorResponse { error_code: code, ..Default::default() };
    let answered = script.hears::<FindCoordinatorRequest<'_>>(9, 0, &response);
    assert_eq!(answered, [(id(1), Err(OffsetsError::NotAuthorized { code }))]);
}

#[test]
fn what_a_coordinator_in_trouble_did_not_do_is_asked_again_and_the_rest_is_answered() {
    for (code, is_kept) in [
        (ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, true),
        (ErrorCode::UNKNOWN_SERVER_ERROR, true),
        (ErrorCode::NOT_COORDINATOR, false),
        (ErrorCode::COORDINATOR_NOT_AVAILABLE, false),
    ] {
        let mut script = Script::asked(&[OffsetAsk::Commit(5), OffsetAsk::Commit(6)]);
        let answered = script.hears_of_commits(&[code, ErrorCode::NONE]);
        assert_eq!(answered, [(id(1), Ok(CoordinatorAnswer::Committed))], "{code}");
        assert_eq!(script.waiting(), [0]);
        assert_eq!(script.coordinator.whom != Whom::Unknown, is_kept, "{code}");
        let rested = script.coordinator.deadline().unwrap().at;
        assert!(rested > script.now.mono && rested < script.now.mono + limits::COORDINATOR);
    }
}

#[test]
fn what_is_refused_for_good_says_what_to_do() {
    for (code, error) in [
        (ErrorCode::UNKNOWN_MEMBER_ID, OffsetsError::HasMembers),
        (ErrorCode::INVALID_GROUP_ID, OffsetsError::InvalidGroup),
        (
            ErrorCode::OFFSET_METADATA_TOO_LARGE,
            OffsetsError::Refused { code: ErrorCode::OFFSET_METADATA_TOO_LARGE },
        ),
        (
            ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            OffsetsError::NotAuthorized { code: ErrorCode::TOPIC_AUTHORIZATION_FAILED },
        ),
    ] {
        let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
        assert!(!error.is_retriable());
        assert_eq!(script.hears_of_commits(&[code]), [(id(0), Err(error))]);
        assert!(script.waiting().is_empty());
    }
}

#[test]
fn a_partition_of_which_nothing_is_said_is_asked_about_again() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5), OffsetAsk::Commit(6)]);
    let answered = script.hears_of_commits(&[ErrorCode::NONE]);
    assert_eq!(answered, [(id(0), Ok(CoordinatorAnswer::Committed))]);
    assert_eq!(script.waiting(), [1]);
}

#[test]
fn an_offset_that_no_log_has_is_not_believed() {
    for offset in [-2, i64::MIN, i64::MAX] {
        let mut script = Script::asked(&[OffsetAsk::Read]);
        let partition = OffsetFetchResponsePartition { committed_offset: offset, ..Default::default() };
        let topic = OffsetFetchResponseTopic { name: "t", partitions: vec![partition], ..Default::default() };
        let response = OffsetFetchResponse { topics: vec![topic], ..Default::default() };
        assert_eq!(script.hears::<OffsetFetchRequest<'_>>(9, 1, &response), []);
        assert_eq!(script.waiting(), [0]);
        assert!(script.coordinator.trouble.contains(&offset.to_string()));
    }
}

#[test]
fn a_commit_that_may_be_written_is_not_sent_again_and_a_read_is() {
    let failure = Failure::PossiblySent("gone".to_owned());
    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    let answered = script.coordinator.failed(script.now.mono, 9, &failure);
    assert_eq!(answered, [(id(0), Err(OffsetsError::Unanswered { reason: "gone".to_owned() }))]);
    assert_eq!((script.waiting(), script.coordinator.whom), (vec![], Whom::Unknown));

    let mut script = Script::asked(&[OffsetAsk::Read]);
    assert_eq!(script.coordinator.failed(script.now.mono, 9, &failure), []);
    assert_eq!(script.waiting(), [0]);

    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    let failure = Failure::NotSent("gone".to_owned());
    assert_eq!(script.coordinator.failed(script.now.mono, 9, &failure), []);
    assert_eq!(script.waiting(), [0]);
}

#[test]
fn the_members_of_a_group_are_counted_and_one_that_does_not_exist_has_none() {
    let described = |error_code, members| DescribedGroup {
        group_id: "g",
        error_code,
        members: vec![DescribedGroupMember::default(); members],
        ..Default::default()
    };
    for (group, count) in
        [(described(ErrorCode::NONE, 2), 2), (described(ErrorCode::GROUP_ID_NOT_FOUND, 0), 0)]
    {
        let mut script = Script::asked(&[]);
        script.coordinator.ask(script.now.mono, id(1), CoordinatorAsk::Members);
        let asked = std::mem::take(&mut script.coordinator.waiting);
        script.coordinator.sent.get_mut(&9).unwrap().asked.extend(asked);
        let response = DescribeGroupsResponse { groups: vec![group], ..Default::default() };
        let answered = script.hears::<DescribeGroupsRequest<'_>>(9, 1, &response);
        assert_eq!(answered, [(id(1), Ok(CoordinatorAnswer::Members(count)))]);
    }
}

#[test]
fn what_cannot_be_asked_for_too_long_is_answered_with_the_last_trouble() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    script.hears_of_commits(&[ErrorCode::COORDINATOR_LOAD_IN_PROGRESS]);
    assert_eq!(script.coordinator.give_up_late(script.now.mono), []);
    let late = script.coordinator.give_up_late(script.now.mono + limits::COORDINATOR);
    assert!(
        matches!(&*late, [(_, Err(OffsetsError::Unavailable { last, .. }))] if last.contains("LOAD")),
        "{late:?}"
    );
    assert_eq!(script.coordinator.deadline(), None);
}

#[test]
fn what_was_dropped_is_neither_asked_nor_answered() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    script.coordinator.ask(script.now.mono, id(7), of(1, OffsetAsk::Commit(6)));
    assert_eq!(script.coordinator.drop_asked(), BTreeSet::from([BrokerId(3)]), "it may wait unsent");
    assert!(script.coordinator.drop_asked().is_empty());
    assert!(Script::asked(&[OffsetAsk::Read]).coordinator.drop_asked().is_empty(), "a read harms nobody");
    assert_eq!(script.hears_of_commits(&[ErrorCode::NONE]), []);
    assert!(!script.coordinator.is_wanted());
}

#[test]
fn a_commit_that_is_given_up_before_it_was_sent_is_never_sent() {
    let mut script = Script::new();
    let conn = script.connected();
    script.coordinator.ask(script.now.mono, id(1), of(0, OffsetAsk::Commit(5)));
    assert_eq!(script.pumps(), []);
    let Script { config, net, out, now, coordinator, .. } = &mut script;
    coordinator.give_up(&mut Context { now: *now, config, net, out }, "nobody wants it");
    let is_closed = |intent| matches!(intent, Intent::Close { conn: closed } if closed == conn);
    assert!(std::iter::from_fn(|| net.poll_intent()).any(is_closed), "what is unsent goes with it");
}

#[test]
fn every_broker_that_may_not_have_been_sent_its_commit_yet_is_told_when_all_is_dropped() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    let mut later = Script::asked(&[OffsetAsk::Commit(6)]).coordinator.sent.remove(&9).unwrap();
    later.to = BrokerId(4);
    script.coordinator.sent.insert(10, later);
    assert_eq!(script.coordinator.drop_asked(), BTreeSet::from([BrokerId(3), BrokerId(4)]));
}

#[test]
fn no_commit_is_asked_for_while_the_broker_wants_a_pause() {
    let mut script = Script::new();
    let conn = script.connected();
    script.coordinator.ask(script.now.mono, id(1), of(0, OffsetAsk::Read));
    assert_eq!((script.pumps(), script.waiting()), (vec![], vec![]));
    let response = OffsetFetchResponse { throttle_time_ms: 700, ..Default::default() };
    script.answers::<OffsetFetchRequest<'_>>(conn, 1, 5, &response);

    script.coordinator.ask(script.now.mono, id(2), of(0, OffsetAsk::Commit(5)));
    assert_eq!((script.pumps(), script.waiting()), (vec![], vec![2]), "it can still be dropped");
    let over = script.now.mono + Duration::from_millis(700);
    assert_eq!(script.coordinator.deadline().map(|deadline| deadline.at), Some(over));
    script.now.mono = over;
    script.net.tick(script.now);
    assert_eq!((script.pumps(), script.waiting()), (vec![], vec![]));
}

#[test]
fn a_coordinator_that_is_gone_is_found_anew() {
    let mut script = Script::asked(&[]);
    script.coordinator.unreachable(script.now.mono, Peer::Broker(BrokerId(4)), "gone");
    assert_eq!(script.coordinator.whom, Whom::Known(BrokerId(3)));
    script.coordinator.unreachable(script.now.mono, Peer::Broker(BrokerId(3)), "gone");
    assert_eq!(script.coordinator.whom, Whom::Unknown);
}

#[test]
fn late_news_of_who_was_the_coordinator_says_nothing_of_who_is() {
    let lost = || Failure::PossiblySent("reset".to_owned());
    for is_answered in [true, false] {
        let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
        script.coordinator.whom = Whom::Known(BrokerId(4));
        if is_answered {
            assert_eq!(script.hears_of_commits(&[ErrorCode::NOT_COORDINATOR]), []);
            assert_eq!(script.waiting(), [0], "it is asked of the other one");
        } else {
            let answered = script.coordinator.failed(script.now.mono, 9, &lost());
            assert!(matches!(&*answered, [(_, Err(OffsetsError::Unanswered { .. }))]), "{answered:?}");
        }
        assert_eq!(script.coordinator.whom, Whom::Known(BrokerId(4)));
        assert_eq!(script.coordinator.rests_until, None);
    }
}

#[test]
fn a_connection_that_is_lost_with_several_requests_is_one_failure() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    let other = Script::asked(&[OffsetAsk::Read]).coordinator.sent.remove(&9).unwrap();
    script.coordinator.sent.insert(10, other);
    for token in [9, 10] {
        script.coordinator.failed(script.now.mono, token, &Failure::PossiblySent("reset".to_owned()));
    }
    assert_eq!((script.coordinator.whom, script.coordinator.failures), (Whom::Unknown, 1));
}

#[test]
fn a_topic_that_is_gone_holds_up_no_other_and_is_told_as_what_it_is() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5), OffsetAsk::Commit(6)]);
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    let answered = script.hears_of_commits(&[code, ErrorCode::NONE]);
    assert_eq!(answered, [(id(1), Ok(CoordinatorAnswer::Committed))]);
    script.connected();
    script.coordinator.ask(script.now.mono, id(7), of(1, OffsetAsk::Commit(7)));
    assert_eq!((script.pumps(), script.waiting()), (vec![], vec![0]), "the other is asked at once");
    let due = script.coordinator.deadline().expect("it is asked again").at;
    assert!(due > script.now.mono && due < script.now.mono + limits::COORDINATOR);

    let late = script.coordinator.give_up_late(script.now.mono + limits::COORDINATOR);
    assert_eq!(late, [(id(0), Err(OffsetsError::Refused { code }))]);
    assert!(OffsetsError::Refused { code }.is_retriable());
}

#[test]
fn what_its_partition_held_up_is_asked_again_when_it_is_due() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    script.hears_of_commits(&[ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
    script.connected();
    script.now.mono = script.coordinator.deadline().expect("it is asked again").at;
    assert_eq!((script.pumps(), script.waiting()), (vec![], vec![]));
}

#[test]
fn no_commit_is_put_on_a_connection_while_the_session_is_in_doubt() {
    let mut script = Script::new();
    script.connected();
    script.coordinator.ask(script.now.mono, id(1), of(0, OffsetAsk::Read));
    script.coordinator.ask(script.now.mono, id(2), of(1, OffsetAsk::Commit(5)));
    assert_eq!((script.pumps_if(false), script.waiting()), (vec![], vec![2]));
    assert_eq!((script.pumps_if(true), script.waiting()), (vec![], vec![]));
}

#[test]
fn no_version_is_spoken_in_which_topics_have_no_names() {
    for (newest, spoken) in [(5, 5), (10, 9)] {
        let mut script = Script::new();
        let conn = script.connected_by(newest);
        let Script { config, net, out, now, .. } = &mut script;
        let cx = Context { now: *now, config, net, out };
        assert_eq!(sending::version::<OffsetCommitRequest<'_>>(&cx, conn), Some(spoken));
        assert_eq!(sending::version::<OffsetFetchRequest<'_>>(&cx, conn), Some(spoken));
    }
}
