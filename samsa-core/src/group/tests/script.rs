//! A member, a ZooKeeper that is a map, and what the member did.

mod brokers;
mod nodes;
pub(in crate::group) mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::member::{Member, MemberInput};
use super::super::settings::Settings;
use super::super::world::Done;
use super::super::{Assignor, Commit, GroupError, OffsetStorage, OffsetsError};
use samsa_proto::zookeeper::Dialect;

pub(super) use self::nodes::Nodes;
use self::nodes::described;
pub(super) use self::nodes::own;
pub(super) use self::world::Seen;
use self::world::TestWorld;
use crate::backoff::Backoff;
use crate::offset::Offset;
use crate::rng::Rng;
use crate::time::{Instant, Now, UnixMillis};
use crate::topology::TopicPartition;
use crate::zookeeper::{ZkNews, ZkOp, ZkSessionState};

const TIMEOUT: Duration = Duration::from_secs(6);

/// In which every partition begins.
pub(in crate::group) const FIRST_TURN: u64 = 1;

#[derive(Debug)]
pub(super) struct Script {
    member: Member,
    world: TestWorld,
    now: Now,
    nodes: Nodes,
    answers: bool,
    /// The server is cut off from its leader.
    only_reads: bool,
    brokers: BTreeMap<i32, i64>,
    members_on_brokers: usize,
    brokers_answer: bool,
    broken: BTreeMap<String, (OffsetsError, bool)>,
}

impl Script {
    /// A member `me` of group `g` that wants topic `t`, which has so many partitions.
    pub(super) fn with_partitions(partitions: i32) -> Self {
        Self::with(partitions, |_| {})
    }

    /// The same, with other settings.
    pub(super) fn with(partitions: i32, change: impl FnOnce(&mut Settings)) -> Self {
        let now = Now { mono: Instant::from_micros(1_000_000), wall: UnixMillis(1_000_000) };
        let mut settings = Settings {
            group: Arc::from("g"),
            topics: vec![Arc::from("t")],
            pattern: None,
            start: Offset::Earliest,
            commit: Commit::Automatic,
            commit_interval: Duration::from_secs(5),
            assignor: Assignor::Range,
            streams: 1,
            offsets: OffsetStorage::ZooKeeper,
            compares: false,
            dialect: Dialect::Scala,
            python3_owners: false,
            session_timeout: TIMEOUT,
            backoff: Backoff { first: Duration::from_millis(50), most: Duration::from_millis(200) },
        };
        change(&mut settings);
        let member = Member::new(settings, "me".to_owned(), now, Rng::new(1)).unwrap();
        let mut script = Self {
            member,
            world: TestWorld::default(),
            now,
            nodes: Nodes::in_session(7),
            answers: true,
            only_reads: false,
            brokers: BTreeMap::new(),
            members_on_brokers: 0,
            brokers_answer: true,
            broken: BTreeMap::new(),
        };
        script.put(&own::topic(), &own::registration(partitions));
        script
    }

    /// Lets everything be answered that is asked.
    pub(super) fn settle(&mut self) {
        self.input(MemberInput::Tick);
        loop {
            if let Some(session) = self.world.opened.take() {
                let state = ZkSessionState::Connected { id: self.nodes.session, timeout: TIMEOUT };
                self.input(MemberInput::ZooKeeper(ZkNews::Session { session, state }));
            }
            if !self.answers {
                return;
            }
            if !self.answers_one() && !self.brokers_answer_one() {
                break;
            }
        }
    }

    /// Where something stands in what was asked.
    pub(super) fn place_of(&self, what: &str) -> usize {
        self.nodes.log.iter().position(|asked| asked == what).expect(what)
    }

    fn answers_one(&mut self) -> bool {
        let Some((id, op)) = self.world.asked.pop_front() else { return false };
        let is_read = matches!(op, ZkOp::Get { .. } | ZkOp::Exists { .. } | ZkOp::Children { .. });
        if self.only_reads && !is_read {
            return true;
        }
        let result = self.nodes.perform(&op);
        if self.member.session_name() == Some(id.session) {
            self.input(MemberInput::ZooKeeper(ZkNews::Reply { id, result }));
        }
        true
    }

    /// Answers what was asked until now, and nothing that is asked then.
    pub(super) fn answers_what_was_asked(&mut self) {
        for _ in 0..self.world.asked.len() {
            self.answers_one();
        }
    }

    /// From now on only reads are answered.
    pub(super) fn answers_only_reads(&mut self) {
        self.only_reads = true;
    }

    /// Whether it waits for an answer to this.
    pub(super) fn waits_for(&self, what: &str) -> bool {
        let is_it = |op: &ZkOp| {
            let (verb, path) = described(op);
            format!("{verb} {path}") == what
        };
        self.world.asked.iter().any(|(_, op)| is_it(op))
    }

    /// What it says that it waits for.
    pub(super) fn explains(&self) -> Vec<String> {
        self.member.waits_for()
    }

    /// Lets time pass, in small steps.
    pub(super) fn passes(&mut self, lasts: Duration) {
        let end = self.now.mono + lasts;
        while self.now.mono < end {
            let step = Duration::from_millis(20).min(end - self.now.mono);
            self.now.mono = self.now.mono + step;
            self.now.wall.0 += step.as_millis() as i64;
            self.settle();
            let deadline = self.member.deadline();
            assert!(deadline.is_none_or(|deadline| deadline.at > self.now.mono), "{deadline:?}");
        }
    }

    pub(super) fn is_suspended_for(&mut self, lasts: Duration) {
        self.now.wall.0 += lasts.as_millis() as i64;
    }

    pub(super) fn stops_answering(&mut self) {
        self.answers = false;
    }

    pub(super) fn answers_again(&mut self) {
        self.answers = true;
    }

    /// The servers have ended the session; its nodes go, or are still there for a while.
    pub(super) fn expires(&mut self, with_nodes: bool) {
        let session = self.member.session_name().expect("a session");
        if with_nodes {
            self.ends_old_session();
        }
        self.nodes.session += 1;
        let state = ZkSessionState::Expired;
        self.input(MemberInput::ZooKeeper(ZkNews::Session { session, state }));
    }

    pub(super) fn ends_old_session(&mut self) {
        self.nodes.end_old_sessions();
    }

    pub(super) fn fires(&mut self, path: &str) {
        let session = self.member.session_name().expect("a session");
        let path = path.to_owned();
        self.input(MemberInput::ZooKeeper(ZkNews::Watch { session, path }));
    }

    pub(super) fn joins(&mut self, name: &str) {
        self.joins_for(name, "t");
    }

    /// Somebody joins who wants another topic.
    pub(super) fn joins_for(&mut self, name: &str, topic: &str) {
        self.put(&format!("/consumers/g/ids/{name}"), &own::member(topic));
        if self.member.session_name().is_some() {
            self.fires("/consumers/g/ids");
        }
    }

    pub(super) fn commits(&mut self) {
        self.input(MemberInput::Commit);
    }

    /// Who waited for the commit does so no more.
    pub(super) fn waits_no_more(&mut self) {
        self.member.is_not_awaited();
    }

    /// The client has no room for what is the member's.
    pub(super) fn is_refused(&mut self, error: GroupError) {
        self.input(MemberInput::Refused(error));
    }

    pub(super) fn leaves(&mut self) {
        self.leaves_within(Duration::from_secs(10));
    }

    pub(super) fn leaves_within(&mut self, lasts: Duration) {
        let until = self.now.mono + lasts;
        self.input(MemberInput::Leave { until });
    }

    pub(super) fn listens(&mut self) {
        self.world.listens = true;
    }

    pub(super) fn lets_go(&mut self) {
        self.world.holds.clear();
    }

    pub(super) fn is_done_with(&mut self, partition: i32, offset: i64) {
        self.is_done_in(FIRST_TURN, partition, offset);
    }

    /// It was found out where a partition begins.
    pub(super) fn begins_at(&mut self, partition: i32, offset: i64) {
        self.world.begun.insert(of_t(partition), Done { offset, turn: FIRST_TURN });
        self.settle();
    }

    /// The application has gone there before that was found out.
    pub(super) fn seeks_to(&mut self, partition: i32, offset: i64) {
        self.world.begun.insert(of_t(partition), Done { offset, turn: FIRST_TURN + 1 });
    }

    /// The application was handed out what lies before this offset.
    pub(super) fn has_had(&mut self, partition: i32, offset: i64) {
        self.world.had.insert(of_t(partition), Done { offset, turn: FIRST_TURN });
    }

    /// The same in a later turn: after a seek, or when its position was lost.
    pub(super) fn is_done_in(&mut self, turn: u64, partition: i32, offset: i64) {
        self.world.done.insert(of_t(partition), Done { offset, turn });
    }

    pub(super) fn session_id(&self) -> i64 {
        self.nodes.session
    }

    pub(super) fn may_hand_out(&self) -> bool {
        self.world.lease.holds(self.now)
    }

    pub(super) fn saw(&self, what: &Seen) -> bool {
        self.world.seen.contains(what)
    }

    pub(super) fn starts(&self) -> Vec<(i32, Offset)> {
        self.world.starts.iter().map(|(place, start)| (place.partition, *start)).collect()
    }

    /// Where the partitions of a topic began, in order.
    pub(super) fn starts_of(&self, topic: &str) -> Vec<Offset> {
        let of_it = self.world.starts.iter().filter(|(place, _)| *place.topic == *topic);
        of_it.map(|(_, start)| *start).collect()
    }

    /// What is handed out, in the order in which that began.
    pub(super) fn reads(&self) -> Vec<i32> {
        self.world.reads.clone()
    }

    pub(super) fn shown(&self) -> Vec<i32> {
        self.world.shown.iter().map(|own| own.partition).collect()
    }

    /// The same with their topics.
    pub(super) fn shown_places(&self) -> Vec<String> {
        self.world.shown.iter().map(TopicPartition::to_string).collect()
    }

    pub(super) fn failure(&self) -> Option<&GroupError> {
        self.world.failure.as_ref()
    }

    pub(super) fn asked(&self, what: &str) -> bool {
        self.count(what) > 0
    }

    pub(super) fn count(&self, what: &str) -> usize {
        self.nodes.log.iter().filter(|asked| *asked == what).count()
    }

    /// What was to change a node, in order.
    pub(super) fn writes(&self) -> Vec<String> {
        let is_write =
            |asked: &&String| ["create", "set", "delete"].iter().any(|verb| asked.starts_with(verb));
        self.nodes.log.iter().filter(is_write).cloned().collect()
    }

    fn input(&mut self, input: MemberInput) {
        self.member.handle(self.now, input, &mut self.world);
    }
}

fn of_t(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}
