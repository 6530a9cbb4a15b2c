//! What a member of a group that the brokers coordinate asks.

use samsa_proto::api::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use samsa_proto::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};
use samsa_proto::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse};
use samsa_proto::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use samsa_proto::wire::Uuid;

use super::*;
use crate::id::MemberId;

const OWN: Role = Role::Member(MemberId(1));

fn identity() -> Identity {
    Identity { member: Arc::from("m"), generation: 4 }
}

fn join() -> MemberAsk {
    MemberAsk::Join(Join {
        member: Arc::from("m"),
        session_timeout: Duration::from_secs(45),
        rebalance_timeout: Duration::from_secs(20),
        assignor: "range",
        subscription: vec![0, 0, 0, 0, 0, 0],
    })
}

fn sync() -> MemberAsk {
    MemberAsk::Sync(Sync {
        identity: identity(),
        rebalance_timeout: Duration::from_secs(20),
        assignor: "range",
        assignments: Vec::new(),
    })
}

fn leave() -> MemberAsk {
    MemberAsk::Leave { member: Arc::from("m") }
}

fn attend() -> MemberAsk {
    MemberAsk::Attend(Attend { member: Arc::from("m"), epoch: 4, wish: None, holds: None })
}

impl Script {
    /// Broker 3 is it, and was asked this under number 9.
    fn asked_by_member(ask: MemberAsk) -> Self {
        let mut script = Self::new();
        script.coordinator.whom = Whom::Known(BrokerId(3));
        script.coordinator.ask(script.now.mono, id(0), CoordinatorAsk::Member(ask));
        let asked = std::mem::take(&mut script.coordinator.waiting);
        script.coordinator.sent.insert(9, Sent { to: BrokerId(3), kind: Kind::Member, asked });
        script
    }

    /// A connection of its own to broker 3, which is it and offers these.
    fn member_connected(&mut self, offered: &[(i16, i16)]) -> ConnId {
        self.coordinator =
            Coordinator::new(&Arc::from("g"), Owner::Group, self.coordinator.backoff, Rng::new(1)).over(OWN);
        self.coordinator.whom = Whom::Known(BrokerId(3));
        self.net.set_brokers(self.now, BTreeMap::from([(BrokerId(3), "127.0.0.1:9092".parse().unwrap())]));
        self.dialled(OWN, offered)
    }

    fn dialled(&mut self, role: Role, offered: &[(i16, i16)]) -> ConnId {
        assert_eq!(self.net.connection(self.now, Peer::Broker(BrokerId(3)), role), None);
        self.answers_dial(offered)
    }

    fn answers_dial(&mut self, offered: &[(i16, i16)]) -> ConnId {
        let Some(Intent::Connect { conn, .. }) = self.net.poll_intent() else { panic!("nobody is dialled") };
        self.net.connected(self.now, conn);
        let version = |(api_key, max_version): &(i16, i16)| ApiVersion {
            api_key: *api_key,
            max_version: *max_version,
            ..Default::default()
        };
        let api_keys = offered.iter().map(version).collect();
        let response = ApiVersionsResponse { api_keys, ..Default::default() };
        self.answers::<ApiVersionsRequest<'_>>(conn, 0, 4, &response);
        conn
    }

    fn asks(&mut self, seq: u64, ask: MemberAsk) {
        self.coordinator.ask(self.now.mono, id(seq), CoordinatorAsk::Member(ask));
    }
}

fn told(answered: &[Answered]) -> &MemberAnswer {
    let [(_, Ok(CoordinatorAnswer::Member(answer)))] = answered else { panic!("{answered:?}") };
    answer
}

const CLASSIC: [(i16, i16); 4] = [
    (JoinGroupRequest::KEY, 5),
    (SyncGroupRequest::KEY, 3),
    (HeartbeatRequest::KEY, 3),
    (LeaveGroupRequest::KEY, 3),
];

#[test]
fn nothing_is_asked_behind_a_join_but_to_leave_over_the_connection_of_all_groups() {
    for pumps_between in [true, false] {
        let mut script = Script::new();
        let own = script.member_connected(&CLASSIC);
        script.asks(1, join());
        if pumps_between {
            assert_eq!(script.pumps(), []);
            assert_eq!(script.net.in_flight(own), 1);
            script.coordinator.ask(script.now.mono, id(4), of(0, OffsetAsk::Commit(5)));
        }
        script.asks(2, MemberAsk::Heartbeat(identity()));
        script.asks(3, leave());
        assert_eq!(script.pumps(), []);
        let other = script.answers_dial(&CLASSIC);
        assert_eq!(script.pumps(), []);
        assert_eq!((script.net.in_flight(own), script.net.in_flight(other)), (1, 1));
        assert!(script.waiting().contains(&2) && !script.waiting().contains(&3));
    }
}

#[test]
fn what_was_not_sent_never_is_once_the_member_wants_it_no_more() {
    let mut script = Script::new();
    script.asks(1, join());
    script.coordinator.ask(script.now.mono, id(2), of(0, OffsetAsk::Commit(5)));
    assert!(script.coordinator.drop_unsent());
    assert_eq!(script.waiting(), [2]);
    assert!(!script.coordinator.drop_unsent());
}

#[test]
fn a_members_commit_of_a_partition_that_is_not_there_holds_nobody_up_for_long() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5)]);
    script.coordinator.act_as(Some(identity()));
    let code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    for _ in 1..limits::MEMBERS_COMMIT {
        assert_eq!(script.hears_of_commits(&[code]), []);
        let asked = std::mem::take(&mut script.coordinator.waiting);
        script.coordinator.sent.insert(9, Sent { to: BrokerId(3), kind: Kind::Commit, asked });
    }
    assert_eq!(script.hears_of_commits(&[code]), [(id(0), Err(OffsetsError::Refused { code }))]);
}

#[test]
fn what_is_asked_goes_in_order_over_a_connection_of_its_own() {
    let mut script = Script::new();
    let own = script.member_connected(&CLASSIC);
    script.asks(1, MemberAsk::Heartbeat(identity()));
    script.asks(2, join());
    script.asks(3, MemberAsk::Heartbeat(identity()));
    assert_eq!(script.pumps(), []);
    assert_eq!(script.net.in_flight(own), 2, "nothing behind the join");
}

#[test]
fn a_coordinator_that_has_no_such_request_is_told_from_one_in_trouble() {
    for offered in [&CLASSIC[..], &[(ConsumerGroupHeartbeatRequest::KEY, 0)]] {
        let mut script = Script::new();
        script.member_connected(offered);
        script.asks(1, attend());
        assert_eq!(script.pumps(), [(id(1), Err(OffsetsError::NotOffered))]);
    }
}

#[test]
fn a_commit_names_the_member_and_its_generation_if_it_is_said_who_commits() {
    let script = Script::asked(&[OffsetAsk::Commit(5)]);
    let Sent { asked, .. } = &script.coordinator.sent[&9];
    for version in ON_BROKERS..=BY_NAME {
        let identity = identity();
        let request = request::commit("g", asked, Some(&identity));
        assert_eq!((request.generation_id_or_member_epoch, request.member_id), (4, "m"));
        encode(version, &request).unwrap();
    }
}

#[test]
fn of_a_members_commits_an_older_epoch_is_tried_again_and_an_older_generation_is_not() {
    let mut script = Script::asked(&[OffsetAsk::Commit(5), OffsetAsk::Commit(6), OffsetAsk::Commit(7)]);
    script.coordinator.act_as(Some(identity()));
    let [stale, old, gone] =
        [ErrorCode::STALE_MEMBER_EPOCH, ErrorCode::ILLEGAL_GENERATION, ErrorCode::UNKNOWN_MEMBER_ID];
    let answered = script.hears_of_commits(&[stale, old, gone]);
    let refused = |code| Err(OffsetsError::Refused { code });
    assert_eq!(answered, [(id(1), refused(old)), (id(2), refused(gone))]);
    assert_eq!(script.waiting(), [0]);
}

#[test]
fn who_has_joined_is_told_in_every_version_how_long_it_may_be_silent() {
    for version in JoinGroupRequest::VERSIONS {
        let mut script = Script::asked_by_member(join());
        let other = JoinGroupResponseMember { member_id: "n", metadata: &[1], ..Default::default() };
        let response = JoinGroupResponse {
            generation_id: 4,
            protocol_name: Some("range"),
            leader: "m",
            member_id: "m",
            members: vec![other],
            ..Default::default()
        };
        let answered = script.hears::<JoinGroupRequest<'_>>(9, version, &response);
        let lasts = Duration::from_secs(if version == 0 { 30 } else { 20 });
        let waits = lasts;
        let members = Some(BTreeMap::from([("n".to_owned(), vec![1])]));
        let joined = Joined { generation: 4, lasts, waits, member: Arc::from("m"), members };
        assert_eq!(told(&answered), &MemberAnswer::Joined(joined), "version {version}");
    }
}

#[test]
fn who_does_not_lead_shares_nothing_out() {
    let mut script = Script::asked_by_member(join());
    let response = JoinGroupResponse { generation_id: 4, leader: "n", member_id: "m", ..Default::default() };
    let answered = script.hears::<JoinGroupRequest<'_>>(9, 3, &response);
    assert!(matches!(told(&answered), MemberAnswer::Joined(Joined { members: None, .. })));
}

#[test]
fn a_refusal_comes_with_the_name_to_join_under() {
    let mut script = Script::asked_by_member(join());
    let code = ErrorCode::MEMBER_ID_REQUIRED;
    let response = JoinGroupResponse { error_code: code, member_id: "given", ..Default::default() };
    let answered = script.hears::<JoinGroupRequest<'_>>(9, 4, &response);
    let refusal = Refusal { code, message: None, member: Some(Arc::from("given")) };
    assert_eq!(told(&answered), &MemberAnswer::Refused(refusal));
}

#[test]
fn what_is_with_the_coordinator_is_waited_out_and_what_is_with_the_member_is_its_own() {
    for (code, is_asked_again) in [
        (ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, true),
        (ErrorCode::NOT_COORDINATOR, true),
        (ErrorCode::REBALANCE_IN_PROGRESS, false),
        (ErrorCode::UNKNOWN_MEMBER_ID, false),
    ] {
        let mut script = Script::asked_by_member(MemberAsk::Heartbeat(identity()));
        let response = HeartbeatResponse { error_code: code, ..Default::default() };
        let answered = script.hears::<HeartbeatRequest<'_>>(9, 3, &response);
        assert_eq!(answered.is_empty(), is_asked_again, "{code}");
        assert_eq!(script.waiting().len(), usize::from(is_asked_again), "{code}");
    }
}

#[test]
fn what_may_have_been_heard_is_not_asked_again() {
    for (failure, is_asked_again) in
        [(Failure::NotSent("cut".to_owned()), true), (Failure::PossiblySent("cut".to_owned()), false)]
    {
        let mut script = Script::asked_by_member(join());
        let answered = script.coordinator.failed(script.now.mono, 9, &failure);
        assert_eq!(answered.is_empty(), is_asked_again);
        assert_eq!(script.waiting().len(), usize::from(is_asked_again));
    }
}

#[test]
fn the_other_answers_are_read_in_every_version() {
    for version in SyncGroupRequest::VERSIONS {
        let response = SyncGroupResponse { assignment: &[1, 2], ..Default::default() };
        let answered = Script::asked_by_member(sync()).hears::<SyncGroupRequest<'_>>(9, version, &response);
        assert_eq!(told(&answered), &MemberAnswer::Synced(vec![1, 2]));
    }
    for version in HeartbeatRequest::VERSIONS {
        let answered = Script::asked_by_member(MemberAsk::Heartbeat(identity()))
            .hears::<HeartbeatRequest<'_>>(9, version, &HeartbeatResponse::default());
        assert_eq!(told(&answered), &MemberAnswer::Alive);
    }
    for version in LeaveGroupRequest::VERSIONS {
        let gone = ErrorCode::UNKNOWN_MEMBER_ID;
        let member = MemberResponse { member_id: "m", error_code: gone, ..Default::default() };
        let response = if version < 3 {
            LeaveGroupResponse { error_code: gone, ..Default::default() }
        } else {
            LeaveGroupResponse { members: vec![member], ..Default::default() }
        };
        let answered = Script::asked_by_member(leave()).hears::<LeaveGroupRequest<'_>>(9, version, &response);
        assert_eq!(told(&answered), &MemberAnswer::Left, "who is not there has left");
    }
}

#[test]
fn a_heartbeat_brings_an_epoch_and_what_is_the_members() {
    for (interval, millis) in [(5_000, 5_000), (0, 100), (-1, 100), (i32::MAX, 60_000)] {
        let of =
            |id, partitions| TopicPartitions { topic_id: Uuid([id; 16]), partitions, ..Default::default() };
        let parts = vec![of(7, vec![2, -1, 0]), of(8, Vec::new()), of(7, vec![2])];
        let assignment = Assignment { topic_partitions: parts, ..Default::default() };
        let response = ConsumerGroupHeartbeatResponse {
            member_epoch: 5,
            heartbeat_interval_ms: interval,
            assignment: Some(assignment),
            ..Default::default()
        };
        let answered =
            Script::asked_by_member(attend()).hears::<ConsumerGroupHeartbeatRequest<'_>>(9, 1, &response);
        let assignment = Some(BTreeMap::from([([7; 16], vec![0, 2])]));
        let attending = Attending { epoch: 5, interval: Duration::from_millis(millis), assignment };
        assert_eq!(told(&answered), &MemberAnswer::Attending(attending), "an interval of {interval} ms");
    }
}
