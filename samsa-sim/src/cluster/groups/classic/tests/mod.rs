mod moving;
mod refusing;

use std::collections::BTreeMap;

use samsa_proto::api::consumer_protocol::{ConsumerProtocolAssignment, TopicPartition};
use samsa_proto::api::describe_groups::DescribeGroupsRequest;
use samsa_proto::api::heartbeat::HeartbeatRequest;
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use samsa_proto::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use samsa_proto::api::list_groups::{ListGroupsRequest, ListedGroup};
use samsa_proto::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};
use samsa_proto::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use samsa_proto::{Request, decode_response};

use super::super::tests::{GROUP, Script, TOPIC};
use super::*;
use crate::cluster::{ClusterConfig, Release};

const SESSION: i32 = 10_000;
const REBALANCE: i32 = 30_000;

/// What a member has heard when it has joined.
#[derive(Debug, PartialEq)]
struct Heard {
    code: ErrorCode,
    generation: i32,
    member: String,
    leader: String,
    members: Vec<String>,
}

fn join_request<'a>(member_id: &'a str, metadata: &'a [u8]) -> JoinGroupRequest<'a> {
    let protocol = JoinGroupRequestProtocol { name: "range", metadata, ..Default::default() };
    JoinGroupRequest {
        group_id: GROUP,
        session_timeout_ms: SESSION,
        rebalance_timeout_ms: REBALANCE,
        member_id,
        protocol_type: "consumer",
        protocols: vec![protocol],
        ..Default::default()
    }
}

impl Script {
    /// What a client hears that has asked to join.
    fn joined(&mut self, client: u64, version: i16) -> Option<Heard> {
        let frame = self.hear(client)?;
        let (_, response) = decode_response::<JoinGroupRequest<'_>>(version, &frame).unwrap();
        Some(Heard {
            code: response.error_code,
            generation: response.generation_id,
            member: response.member_id.to_owned(),
            leader: response.leader.to_owned(),
            members: response.members.iter().map(|member| member.member_id.to_owned()).collect(),
        })
    }

    fn join(&mut self, client: u64, member: &str) {
        self.pass(1);
        self.tell(client, 9, &join_request(member, b"as ever"));
    }

    /// A new member joins for good, with the id that it is given.
    fn join_anew(&mut self, client: u64) -> String {
        self.join(client, "");
        let given = self.joined(client, 9).unwrap();
        assert_eq!((given.code, given.generation), (ErrorCode::MEMBER_ID_REQUIRED, -1));
        self.join(client, &given.member);
        given.member
    }

    fn sync(&mut self, client: u64, member: &str, generation: i32, parts: &BTreeMap<String, Vec<i32>>) {
        let parts = parts.iter().map(|(member, partitions)| {
            let part = TopicPartition { topic: TOPIC, partitions: partitions.clone() };
            let part = ConsumerProtocolAssignment { assigned_partitions: vec![part], ..Default::default() };
            (member.clone(), part.write(0).unwrap())
        });
        let parts: Vec<(String, Vec<u8>)> = parts.collect();
        let assignments = parts.iter().map(|(member_id, assignment)| SyncGroupRequestAssignment {
            member_id,
            assignment,
            ..Default::default()
        });
        let request = SyncGroupRequest {
            group_id: GROUP,
            generation_id: generation,
            member_id: member,
            protocol_type: Some("consumer"),
            protocol_name: Some("range"),
            assignments: assignments.collect(),
            ..Default::default()
        };
        self.pass(1);
        self.tell(client, 5, &request);
    }

    /// What a client hears that has asked for its part.
    fn synced(&mut self, client: u64) -> Option<Result<Vec<i32>, ErrorCode>> {
        let frame = self.hear(client)?;
        let (_, response) = decode_response::<SyncGroupRequest<'_>>(5, &frame).unwrap();
        if !response.error_code.is_ok() {
            return Some(Err(response.error_code));
        }
        let Ok((_, part)) = ConsumerProtocolAssignment::read(response.assignment) else {
            return Some(Ok(Vec::new()));
        };
        Some(Ok(part.assigned_partitions.into_iter().flat_map(|part| part.partitions).collect()))
    }

    fn heartbeat(&mut self, client: u64, member: &str, generation: i32) -> ErrorCode {
        self.heartbeat_at(4, client, member, generation)
    }

    fn heartbeat_at(&mut self, version: i16, client: u64, member: &str, generation: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: GROUP,
            generation_id: generation,
            member_id: member,
            ..Default::default()
        };
        self.pass(1);
        self.tell(client, version, &request);
        let frame = self.hear(client).unwrap();
        decode_response::<HeartbeatRequest<'_>>(version, &frame).unwrap().1.error_code
    }

    fn leave(&mut self, client: u64, member: &str) -> ErrorCode {
        let members = vec![MemberIdentity { member_id: member, ..Default::default() }];
        self.tell(client, 5, &LeaveGroupRequest { group_id: GROUP, members, ..Default::default() });
        let frame = self.hear(client).unwrap();
        let (_, response) = decode_response::<LeaveGroupRequest<'_>>(5, &frame).unwrap();
        response.members[0].error_code
    }

    fn described(&mut self) -> (String, usize) {
        self.tell(0, 5, &DescribeGroupsRequest { groups: vec![GROUP], ..Default::default() });
        let frame = self.hear(0).unwrap();
        let (_, response) = decode_response::<DescribeGroupsRequest<'_>>(5, &frame).unwrap();
        (response.groups[0].group_state.to_owned(), response.groups[0].members.len())
    }

    /// Lets time pass in which the members of a generation are alive.
    fn live(&mut self, millis: u64, members: &[(u64, &str)], generation: i32) {
        for _ in 0..millis / 1_000 {
            self.pass(1_000);
            for (client, member) in members {
                self.heartbeat(*client, member, generation);
            }
        }
    }

    /// Two members, the first of whom leads, share four partitions in generation 1.
    fn with_two(release: Release, brokers: u16) -> (Self, String, String) {
        let mut script = Self::start(release, brokers, 4);
        let first = script.join_anew(1);
        let second = script.join_anew(2);
        script.pass(600);
        let leader = script.joined(1, 9).unwrap();
        let follower = script.joined(2, 9).unwrap();
        assert_eq!((leader.code, leader.generation, &leader.leader), (ErrorCode::NONE, 1, &first));
        let mut all = vec![first.clone(), second.clone()];
        all.sort();
        assert_eq!(leader.members, all);
        assert_eq!((follower.generation, follower.leader, follower.members), (1, first.clone(), vec![]));
        script.sync(2, &second, 1, &BTreeMap::new());
        assert_eq!(script.synced(2), None);
        let parts = BTreeMap::from([(first.clone(), vec![0, 1]), (second.clone(), vec![2, 3])]);
        script.sync(1, &first, 1, &parts);
        assert_eq!(script.synced(1), Some(Ok(vec![0, 1])));
        assert_eq!(script.synced(2), Some(Ok(vec![2, 3])));
        (script, first, second)
    }
}

#[test]
fn two_members_join_and_share() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::NONE);
    assert_eq!(script.heartbeat(2, &second, 1), ErrorCode::NONE);
    assert_eq!(script.commit(2, &second, 1, 3, 5), ErrorCode::NONE);
    assert_eq!(script.cluster.committed(GROUP, TOPIC, 3), Some(5));
    let committed = script.commits.last().unwrap();
    assert_eq!((&committed.member, committed.epoch), (&second, 1));
    assert_eq!(script.described(), ("Stable".to_owned(), 2));
    assert_eq!(script.complaints, Vec::<String>::new());
}

#[test]
fn a_new_group_waits_for_more_members_but_not_for_ever() {
    let mut script = Script::newest();
    script.join_anew(1);
    script.pass(200);
    assert_eq!(script.joined(1, 9), None);
    script.join_anew(2);
    script.pass(101);
    assert_eq!(script.joined(1, 9), None);
    script.pass(300);
    assert_eq!(script.joined(1, 9).map(|heard| heard.generation), Some(1));
    assert_eq!(script.joined(2, 9).map(|heard| heard.generation), Some(1));
}

#[test]
fn a_member_that_leaves_has_the_others_join_again_and_is_not_waited_for() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    assert_eq!(script.leave(1, &first), ErrorCode::NONE);
    assert_eq!(script.heartbeat(2, &second, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    script.join(2, &second);
    let heard = script.joined(2, 9).unwrap();
    assert_eq!((heard.generation, heard.leader, heard.members), (2, second.clone(), vec![second.clone()]));
    assert_eq!(script.leave(2, &second), ErrorCode::NONE);
    assert_eq!(script.described(), ("Empty".to_owned(), 0));
    assert_eq!(script.leave(2, &second), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.complaints, Vec::<String>::new());
}

#[test]
fn a_member_that_is_silent_for_its_session_is_taken_out() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    script.live(9_000, &[(1, &first)], 1);
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::NONE);
    script.live(1_000, &[(1, &first)], 1);
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(script.heartbeat(2, &second, 1), ErrorCode::UNKNOWN_MEMBER_ID);
    script.join(1, &first);
    assert_eq!(script.joined(1, 9).map(|heard| heard.members), Some(vec![first]));
}

#[test]
fn a_commit_keeps_a_member_alive() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    for _ in 0..3 {
        script.live(6_000, &[(1, &first)], 1);
        assert_eq!(script.commit(2, &second, 1, 2, 1), ErrorCode::NONE);
    }
}

#[test]
fn who_waits_to_join_does_not_expire_and_who_does_not_join_in_time_is_taken_out() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    script.join(1, &first);
    assert_eq!(script.joined(1, 9), None);
    // The other one is alive, but does not join.
    script.live(29_000, &[(2, &second)], 1);
    assert_eq!(script.joined(1, 9), None);
    script.live(1_000, &[(2, &second)], 1);
    let heard = script.joined(1, 9).unwrap();
    assert_eq!((heard.generation, heard.members), (2, vec![first]));
    assert_eq!(script.heartbeat(2, &second, 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn a_member_that_comes_has_all_join_again() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    let third = script.join_anew(3);
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    // What was read until now may still be committed.
    assert_eq!(script.commit(1, &first, 1, 0, 7), ErrorCode::NONE);
    script.join(1, &first);
    assert_eq!(script.joined(1, 9), None);
    script.join(2, &second);
    let heard = script.joined(1, 9).unwrap();
    assert_eq!((heard.generation, heard.members.len()), (2, 3));
    assert_eq!(script.joined(3, 9).map(|heard| heard.member), Some(third));
    // It has joined, and has no part of the new generation yet.
    assert_eq!(script.commit(1, &first, 2, 0, 8), ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn a_follower_that_joins_again_as_it_was_gets_the_same_generation() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    script.join(2, &second);
    assert_eq!(script.joined(2, 9).map(|heard| heard.generation), Some(1));
    script.sync(2, &second, 1, &BTreeMap::new());
    assert_eq!(script.synced(2), Some(Ok(vec![2, 3])));
    // With something else to say it begins another.
    script.pass(1);
    script.tell(2, 9, &join_request(&second, b"other topics"));
    assert_eq!(script.joined(2, 9), None);
    assert_eq!(script.heartbeat(1, &first, 1), ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn a_leader_that_joins_again_begins_another_generation() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    script.join(1, &first);
    assert_eq!(script.joined(1, 9), None);
    assert_eq!(script.heartbeat(2, &second, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    script.join(2, &second);
    assert_eq!(script.joined(1, 9).map(|heard| heard.generation), Some(2));
    assert_eq!(script.joined(2, 9).map(|heard| heard.generation), Some(2));
    // Who waits for its part hears that there will be none.
    script.sync(2, &second, 2, &BTreeMap::new());
    script.join_anew(3);
    assert_eq!(script.synced(2), Some(Err(ErrorCode::REBALANCE_IN_PROGRESS)));
}

#[test]
fn who_does_not_ask_for_its_part_in_time_is_taken_out() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    script.join(1, &first);
    script.join(2, &second);
    assert_eq!(script.joined(1, 9).map(|heard| heard.generation), Some(2));
    script.joined(2, 9);
    script.sync(1, &first, 2, &BTreeMap::new());
    script.synced(1);
    script.live(30_000, &[(1, &first), (2, &second)], 2);
    assert_eq!(script.heartbeat(2, &second, 2), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.heartbeat(1, &first, 2), ErrorCode::REBALANCE_IN_PROGRESS);
}

#[test]
fn an_id_that_nobody_joins_with_is_forgotten_and_held_against_nobody_after_that() {
    let (mut script, first, second) = Script::with_two(Release::V4_4, 1);
    script.join(3, "");
    let given = script.joined(3, 9).unwrap();
    script.join(1, &first);
    script.join(2, &second);
    assert_eq!(script.joined(1, 9), None);
    script.pass(10_000);
    assert_eq!(script.joined(1, 9).map(|heard| heard.members.len()), Some(2));
    script.join(3, &given.member);
    assert_eq!(script.joined(3, 9).map(|heard| heard.code), Some(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn groups_are_listed_with_state_and_type() {
    let (mut script, _, _) = Script::with_two(Release::V4_4, 1);
    let mut listed = |types: &[&'static str]| {
        script.tell(0, 5, &ListGroupsRequest { types_filter: types.to_vec(), ..Default::default() });
        let frame = script.hear(0).unwrap();
        let (_, response) = decode_response::<ListGroupsRequest<'_>>(5, &frame).unwrap();
        let told = |group: &ListedGroup<'_>| {
            format!("{} {} {}", group.group_id, group.group_type, group.group_state)
        };
        response.groups.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(listed(&[]), vec!["readers classic Stable".to_owned()]);
    assert_eq!(listed(&["consumer"]), Vec::<String>::new());
}

#[test]
fn a_group_that_was_only_committed_to_is_there_and_all_of_its_offsets_are_told() {
    let mut script = Script::newest();
    script.commit(0, "", -1, 2, 7);
    script.tell(0, 5, &ListGroupsRequest::default());
    let frame = script.hear(0).unwrap();
    let (_, listed) = decode_response::<ListGroupsRequest<'_>>(5, &frame).unwrap();
    assert_eq!((listed.groups[0].group_id, listed.groups[0].group_state), (GROUP, "Empty"));
    script.tell(0, 6, &DescribeGroupsRequest { groups: vec![GROUP], ..Default::default() });
    let frame = script.hear(0).unwrap();
    let (_, described) = decode_response::<DescribeGroupsRequest<'_>>(6, &frame).unwrap();
    assert_eq!((described.groups[0].error_code, described.groups[0].group_state), (ErrorCode::NONE, "Empty"));

    let expected = [(2, 7)];
    let fetch = OffsetFetchRequest { group_id: GROUP, topics: None, ..Default::default() };
    script.tell(0, 7, &fetch);
    let frame = script.hear(0).unwrap();
    let (_, told) = decode_response::<OffsetFetchRequest<'_>>(7, &frame).unwrap();
    let told = told.topics[0].partitions.iter().map(|at| (at.partition_index, at.committed_offset));
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let group = OffsetFetchRequestGroup { group_id: GROUP, topics: None, ..Default::default() };
    script.tell(0, 9, &OffsetFetchRequest { groups: vec![group], ..Default::default() });
    let frame = script.hear(0).unwrap();
    let (_, told) = decode_response::<OffsetFetchRequest<'_>>(9, &frame).unwrap();
    let topic = &told.groups[0].topics[0];
    let told = topic.partitions.iter().map(|at| (at.partition_index, at.committed_offset));
    assert_eq!((topic.name, told.collect::<Vec<_>>()), (TOPIC, expected.to_vec()));
}
