mod assigning;
mod moving;
mod refusing;

use samsa_proto::api::consumer_group_describe::ConsumerGroupDescribeRequest;
use samsa_proto::api::consumer_group_heartbeat::{ConsumerGroupHeartbeatRequest, TopicPartitions};
use samsa_proto::decode_response;

use super::super::tests::{GROUP, Script, TOPIC};
use super::*;
use crate::cluster::{ClusterConfig, Release};

const REBALANCE: i32 = 20_000;

/// The epoch that a member hears, and what it may have if it is told.
type Told = Result<(i32, Option<Vec<i32>>), ErrorCode>;

impl Script {
    fn topic_id(&self) -> Uuid {
        self.cluster.state.topics[TOPIC].id
    }

    fn owned(&self, partitions: &[i32]) -> Vec<TopicPartitions> {
        let topic_id = self.topic_id();
        let topic = TopicPartitions { topic_id, partitions: partitions.to_vec(), ..Default::default() };
        if partitions.is_empty() { Vec::new() } else { vec![topic] }
    }

    fn say(&mut self, client: u64, request: &ConsumerGroupHeartbeatRequest<'_>) -> Told {
        self.pass(1);
        self.tell(client, 1, request);
        let frame = self.hear(client).unwrap();
        let (_, response) = decode_response::<ConsumerGroupHeartbeatRequest<'_>>(1, &frame).unwrap();
        if !response.error_code.is_ok() {
            return Err(response.error_code);
        }
        let parts = response.assignment.map(|told| {
            told.topic_partitions.into_iter().flat_map(|topic| topic.partitions).collect::<Vec<_>>()
        });
        Ok((response.member_epoch, parts))
    }

    /// A member joins.
    fn enter(&mut self, client: u64, member: &str) -> Told {
        self.say(client, &joining(member))
    }

    /// A member is alive, and nothing has changed.
    fn beat(&mut self, client: u64, member: &str, epoch: i32) -> Told {
        self.say(client, &beating(member, epoch))
    }

    /// A member says what it has.
    fn has(&mut self, client: u64, member: &str, epoch: i32, partitions: &[i32]) -> Told {
        let topic_partitions = Some(self.owned(partitions));
        self.say(client, &ConsumerGroupHeartbeatRequest { topic_partitions, ..beating(member, epoch) })
    }

    /// A member says all that it has to say.
    fn say_all(&mut self, client: u64, member: &str, epoch: i32, partitions: &[i32]) -> Told {
        let topic_partitions = Some(self.owned(partitions));
        let request = ConsumerGroupHeartbeatRequest { topic_partitions, ..joining(member) };
        self.say(client, &ConsumerGroupHeartbeatRequest { member_epoch: epoch, ..request })
    }

    /// Lets seconds pass in which a member is alive, as long as it hears nothing new.
    fn stay(&mut self, seconds: u64, client: u64, member: &str, epoch: i32) {
        for _ in 0..seconds {
            self.pass(999);
            assert_eq!(self.beat(client, member, epoch), Ok((epoch, None)));
        }
    }

    /// State, group epoch, and members with what they have.
    fn seen(&mut self) -> (String, i32, Vec<(String, Vec<i32>)>) {
        self.tell(0, 1, &ConsumerGroupDescribeRequest { group_ids: vec![GROUP], ..Default::default() });
        let frame = self.hear(0).unwrap();
        let (_, response) = decode_response::<ConsumerGroupDescribeRequest<'_>>(1, &frame).unwrap();
        let group = &response.groups[0];
        let members = group.members.iter().map(|member| {
            let parts = member.assignment.topic_partitions.iter().flat_map(|topic| topic.partitions.clone());
            (member.member_id.to_owned(), parts.collect())
        });
        (group.group_state.to_owned(), group.group_epoch, members.collect())
    }

    /// `a` has 0 and 1, `b` has 2 and 3, both in epoch 2.
    fn with_two_members(brokers: u16) -> Self {
        let mut script = Self::start(Release::V4_4, brokers, 4);
        assert_eq!(script.enter(1, "a"), Ok((1, Some(vec![0, 1, 2, 3]))));
        assert_eq!(script.enter(2, "b"), Ok((2, Some(vec![]))));
        assert_eq!(script.has(1, "a", 1, &[0, 1, 2, 3]), Ok((1, Some(vec![0, 1]))));
        assert_eq!(script.has(1, "a", 1, &[0, 1]), Ok((2, None)));
        assert_eq!(script.beat(2, "b", 2), Ok((2, Some(vec![2, 3]))));
        script
    }
}

fn beating(member_id: &str, member_epoch: i32) -> ConsumerGroupHeartbeatRequest<'_> {
    ConsumerGroupHeartbeatRequest { group_id: GROUP, member_id, member_epoch, ..Default::default() }
}

fn joining(member: &str) -> ConsumerGroupHeartbeatRequest<'_> {
    ConsumerGroupHeartbeatRequest {
        rebalance_timeout_ms: REBALANCE,
        subscribed_topic_names: Some(vec![TOPIC]),
        topic_partitions: Some(Vec::new()),
        ..beating(member, 0)
    }
}

#[test]
fn a_partition_goes_to_its_next_owner_when_the_former_says_that_it_does_not_have_it() {
    let mut script = Script::newest();
    assert_eq!(script.enter(1, "a"), Ok((1, Some(vec![0, 1, 2, 3]))));
    assert_eq!(script.enter(2, "b"), Ok((2, Some(vec![]))));
    // The first one is told with its next heartbeat, and stays in its epoch.
    assert_eq!(script.beat(1, "a", 1), Ok((1, Some(vec![0, 1]))));
    assert_eq!(script.beat(2, "b", 2), Ok((2, None)));
    assert_eq!(script.has(1, "a", 1, &[0, 1, 2]), Ok((1, None)));
    assert_eq!(script.beat(2, "b", 2), Ok((2, None)));
    assert_eq!(script.has(1, "a", 1, &[0, 1]), Ok((2, None)));
    assert_eq!(script.beat(2, "b", 2), Ok((2, Some(vec![2, 3]))));
    let members = vec![("a".to_owned(), vec![0, 1]), ("b".to_owned(), vec![2, 3])];
    assert_eq!(script.seen(), ("Stable".to_owned(), 2, members));
    assert_eq!(script.complaints, Vec::<String>::new());
}

#[test]
fn what_a_member_had_that_leaves_goes_to_the_others() {
    let mut script = Script::with_two_members(1);
    assert_eq!(script.beat(2, "b", -1), Ok((-1, None)));
    assert_eq!(script.beat(1, "a", 2), Ok((3, Some(vec![0, 1, 2, 3]))));
    assert_eq!(script.beat(2, "b", -1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(script.complaints, Vec::<String>::new());
}

#[test]
fn a_member_that_is_silent_for_its_session_is_taken_out() {
    let mut script = Script::with_two_members(1);
    script.stay(5, 1, "a", 2);
    script.pass(1_000);
    assert_eq!(script.beat(1, "a", 2), Ok((3, Some(vec![0, 1, 2, 3]))));
    assert_eq!(script.beat(2, "b", 2), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    // It comes back with the same id.
    assert_eq!(script.enter(2, "b"), Ok((4, Some(vec![]))));
}

#[test]
fn a_member_that_does_not_give_back_what_it_has_to_is_taken_out_in_the_end() {
    let mut script = Script::newest();
    script.enter(1, "a").unwrap();
    script.enter(2, "b").unwrap();
    assert_eq!(script.beat(1, "a", 1), Ok((1, Some(vec![0, 1]))));
    for _ in 0..19 {
        script.stay(1, 1, "a", 1);
        assert_eq!(script.beat(2, "b", 2), Ok((2, None)));
    }
    script.pass(1_000);
    assert_eq!(script.beat(1, "a", 1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(script.beat(2, "b", 2), Ok((3, Some(vec![0, 1, 2, 3]))));
}

#[test]
fn a_member_may_come_with_the_epoch_before_if_it_has_only_its_own() {
    let mut script = Script::with_two_members(1);
    // Its last answer was lost.
    assert_eq!(script.say_all(1, "a", 1, &[0, 1]), Ok((2, Some(vec![0, 1]))));
    assert_eq!(script.has(1, "a", 1, &[0, 1, 2]), Err(ErrorCode::FENCED_MEMBER_EPOCH));
    assert_eq!(script.beat(1, "a", 1), Err(ErrorCode::FENCED_MEMBER_EPOCH));
    assert_eq!(script.beat(1, "a", 3), Err(ErrorCode::FENCED_MEMBER_EPOCH));
    // It joins again with nothing, and has what it had.
    assert_eq!(script.enter(1, "a"), Ok((2, Some(vec![0, 1]))));
}

#[test]
fn a_member_that_joins_again_has_given_back_all() {
    let mut script = Script::newest();
    script.enter(1, "a").unwrap();
    script.enter(2, "b").unwrap();
    script.beat(1, "a", 1).unwrap();
    assert_eq!(script.enter(1, "a"), Ok((2, Some(vec![0, 1]))));
    assert_eq!(script.beat(2, "b", 2), Ok((2, Some(vec![2, 3]))));
}

#[test]
fn what_is_missing_of_a_member_s_share_comes_bit_by_bit() {
    let mut script = Script::start(Release::V4_4, 1, 6);
    script.enter(1, "a").unwrap();
    script.enter(2, "b").unwrap();
    script.beat(1, "a", 1).unwrap();
    script.has(1, "a", 1, &[0, 1, 2]).unwrap();
    assert_eq!(script.beat(2, "b", 2), Ok((2, Some(vec![3, 4, 5]))));
    assert_eq!(script.enter(3, "c"), Ok((3, Some(vec![]))));
    assert_eq!(script.beat(1, "a", 2), Ok((2, Some(vec![0, 1]))));
    assert_eq!(script.has(1, "a", 2, &[0, 1]), Ok((3, None)));
    assert_eq!(script.beat(3, "c", 3), Ok((3, Some(vec![2]))));
    assert_eq!(script.beat(2, "b", 2), Ok((2, Some(vec![3, 4]))));
    assert_eq!(script.seen().0, "Reconciling");
    assert_eq!(script.has(2, "b", 2, &[3, 4]), Ok((3, None)));
    assert_eq!(script.beat(3, "c", 3), Ok((3, Some(vec![2, 5]))));
    assert_eq!(script.seen().0, "Stable");
}

#[test]
fn commits_carry_the_epoch_of_the_member() {
    let mut script = Script::with_two_members(1);
    assert_eq!(script.commit(1, "a", 2, 0, 7), ErrorCode::NONE);
    assert_eq!(script.commit(1, "a", 1, 0, 8), ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(script.commit(1, "a", 3, 0, 8), ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(script.commit(1, "c", 2, 0, 8), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.commit(0, "", -1, 0, 8), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(script.cluster.committed(GROUP, TOPIC, 0), Some(7));
    let committed = script.commits.last().unwrap();
    assert_eq!((&*committed.member, committed.epoch), ("a", 2));
    assert_eq!(script.complaints, Vec::<String>::new());
    script.commit(1, "a", 2, 2, 9);
    assert_eq!(script.complaints, ["a commit of events/2 by a, which does not own it"]);
}

#[test]
fn what_is_being_given_back_may_be_committed() {
    let mut script = Script::newest();
    script.enter(1, "a").unwrap();
    script.enter(2, "b").unwrap();
    script.beat(1, "a", 1).unwrap();
    assert_eq!(script.commit(1, "a", 1, 3, 7), ErrorCode::NONE);
    script.has(1, "a", 1, &[0, 1]).unwrap();
    assert_eq!(script.commit(1, "a", 1, 3, 8), ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(script.complaints, Vec::<String>::new());
}

#[test]
fn where_older_epochs_are_taken_a_member_may_commit_what_it_has_had_since() {
    let config = ClusterConfig { release: Release::V4_4, takes_older_epochs: true, ..Default::default() };
    let mut script = Script::with(config, 4);
    script.enter(1, "a").unwrap();
    script.enter(2, "b").unwrap();
    script.beat(1, "a", 1).unwrap();
    script.has(1, "a", 1, &[0, 1]).unwrap();
    script.beat(2, "b", 2).unwrap();
    assert_eq!(script.commit(1, "a", 1, 1, 7), ErrorCode::NONE);
    assert_eq!(script.commit(1, "a", 1, 2, 7), ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(script.commit(2, "b", 1, 2, 7), ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(script.commit(1, "a", 3, 1, 7), ErrorCode::STALE_MEMBER_EPOCH);
    assert_eq!(script.complaints, Vec::<String>::new());
}
