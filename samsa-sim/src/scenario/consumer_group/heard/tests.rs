use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use samsa_proto::encode_request;

use super::*;
use crate::clock::{Drift, VirtualClock};

const GROUP: (&str, Option<Dialect>) = ("g", Some(Dialect::Scala));

/// A member that listens, on its machine.
struct Member {
    heard: Heard,
    machine: Arc<MachineClock>,
}

impl Member {
    fn new() -> Self {
        let machine = Arc::new(MachineClock::new(Arc::<VirtualClock>::default(), Drift::NONE));
        let mut heard = Heard::default();
        heard.begins(Arc::clone(&machine), "c");
        Self { heard, machine }
    }

    fn hears(&mut self, at: u64, event: fn(Vec<TopicPartition>) -> ConsumerEvent) {
        self.heard.hears(Instant::from_micros(at), "c", &event(vec![place()]));
    }

    fn sends(&mut self, at: u64, sent: Sent<'_>) -> bool {
        self.heard.wrong_to_send(Instant::from_micros(at), &self.machine, sent, GROUP).is_none()
    }

    fn creates(&mut self, at: u64, path: &str) -> bool {
        let op = ZkOp::Create { path: path.to_owned(), data: Vec::new(), ephemeral: path.contains("owners") };
        self.sends(at, Sent::ZooKeeper(&op))
    }

    /// Whether it may commit by a request whose first byte was written then.
    fn commits(&mut self, begun: u64) -> bool {
        let partition = OffsetCommitRequestPartition { partition_index: 3, ..Default::default() };
        let topic = OffsetCommitRequestTopic { name: "t", partitions: vec![partition], ..Default::default() };
        let request = OffsetCommitRequest { group_id: "g", topics: vec![topic], ..Default::default() };
        let frame = encode_request(1, None, 2, &request).unwrap().concat();
        self.sends(99, Sent::Request { begun: Instant::from_micros(begun), frame: &frame[4..] })
    }

    fn hands_out(&self) -> bool {
        self.heard.wrong_to_hand_out("c", &place()).is_none()
    }
}

fn place() -> TopicPartition {
    TopicPartition::new("t", 3)
}

const LOST: fn(Vec<TopicPartition>) -> ConsumerEvent = |partitions| ConsumerEvent::Lost { partitions };
const ASSIGNED: fn(Vec<TopicPartition>) -> ConsumerEvent =
    |partitions| ConsumerEvent::Assigned { partitions };

#[test]
fn what_is_lost_is_not_handed_out_until_it_is_assigned_anew() {
    let mut member = Member::new();
    assert!(member.hands_out(), "nothing was heard");
    member.hears(1, ASSIGNED);
    assert!(member.hands_out());
    member.hears(2, LOST);
    assert!(!member.hands_out());
    member.creates(3, "/consumers/g/owners/t/3");
    assert!(!member.hands_out(), "it is claimed, and not assigned");
    member.hears(4, ASSIGNED);
    assert!(member.hands_out());
}

#[test]
fn no_commit_of_what_is_lost_is_sent_until_it_is_claimed_anew() {
    let mut member = Member::new();
    member.hears(1, ASSIGNED);
    assert!(member.creates(2, "/consumers/g/offsets/t/3"));
    member.hears(5, LOST);
    assert!(!member.creates(6, "/consumers/g/offsets/t/3"));
    assert!(member.creates(6, "/consumers/g/offsets/t/4") && member.creates(6, "/consumers/h/offsets/t/3"));
    assert!(member.creates(7, "/consumers/g/owners/t/3"));
    assert!(member.creates(8, "/consumers/g/offsets/t/3"));
}

#[test]
fn a_commit_to_a_broker_was_sent_when_its_first_byte_was_written() {
    let mut member = Member::new();
    member.hears(5, LOST);
    assert!(member.commits(4) && member.commits(5));
    assert!(!member.commits(6));
    member.creates(8, "/consumers/g/owners/t/3");
    assert!(!member.commits(6) && !member.commits(7), "it was sent under the old claim");
    assert!(member.commits(8) && member.commits(9));
}

#[test]
fn what_a_member_of_a_group_on_the_brokers_has_lost_it_commits_as_somebody_else() {
    let mut member = Member::new();
    let sends = |member: &mut Member, generation: i32| {
        let partition = OffsetCommitRequestPartition { partition_index: 3, ..Default::default() };
        let topic = OffsetCommitRequestTopic { name: "t", partitions: vec![partition], ..Default::default() };
        let request = OffsetCommitRequest {
            group_id: "g",
            generation_id_or_member_epoch: generation,
            member_id: "m",
            topics: vec![topic],
            ..Default::default()
        };
        let frame = encode_request(1, None, 2, &request).unwrap().concat();
        let sent = Sent::Request { begun: Instant::from_micros(1), frame: &frame[4..] };
        member.heard.wrong_to_send(Instant::from_micros(9), &member.machine, sent, ("g", None)).is_none()
    };
    assert!(sends(&mut member, 1));
    member.hears(5, LOST);
    assert!(!sends(&mut member, 1));
    assert!(sends(&mut member, 2));
}
