//! A member, a ZooKeeper that is a map, and what the member did.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::super::member::{Member, MemberInput};
use super::super::offsets::{CoordinatorAnswer, CoordinatorAsk, OffsetAsk};
use super::super::settings::Settings;
use super::super::world::{Done, World};
use super::super::{Assignor, Commit, GroupError, OffsetStorage, OffsetsError};
use samsa_proto::zookeeper::Dialect;

use crate::backoff::Backoff;
use crate::consumer::{ConsumerEvent, Held, Hold, Lease};
use crate::id::{SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::offset::Offset;
use crate::rng::Rng;
use crate::time::{Instant, Now, UnixMillis};
use crate::topology::TopicPartition;
use crate::wake::{DriverSignal, Wakers};
use crate::zookeeper::{ZkAnswer, ZkError, ZkNews, ZkOp, ZkSessionState, ZkStat};

const TIMEOUT: Duration = Duration::from_secs(6);

/// In which every partition begins.
pub(super) const FIRST_TURN: u64 = 1;

pub(super) mod own {
    pub(in super::super) fn topic() -> String {
        "/brokers/topics/t".to_owned()
    }

    pub(in super::super) fn registration(partitions: i32) -> String {
        let partitions: Vec<String> = (0..partitions).map(|number| format!("\"{number}\":[1]")).collect();
        format!("{{\"version\":1,\"partitions\":{{{}}}}}", partitions.join(","))
    }

    pub(super) fn state(leader: i32, in_sync: i32) -> String {
        format!(
            "{{\"controller_epoch\":1,\"leader\":{leader},\"version\":1,\"leader_epoch\":1,\"isr\":[{in_sync}]}}"
        )
    }

    pub(super) fn member(topic: &str) -> String {
        format!(
            "{{\"version\":1,\"subscription\":{{\"{topic}\":1}},\"pattern\":\"static\",\"timestamp\":\"1\"}}"
        )
    }
}

/// What the member did, besides asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Joined,
    Withdrawn(i32),
    Lost(Vec<i32>),
    Idle,
    Foreign(String),
    CommitFailed(i32),
    Committed(bool),
    Closed,
    Over,
}

#[derive(Debug, Default)]
struct TestWorld {
    asked: VecDeque<(ZkRequestId, ZkOp)>,
    asked_brokers: VecDeque<(ZkRequestId, CoordinatorAsk)>,
    opened: Option<SessionId>,
    sessions: u32,
    seen: Vec<Seen>,
    starts: Vec<(i32, Offset)>,
    reads: Vec<i32>,
    done: BTreeMap<i32, Done>,
    begun: BTreeMap<i32, Done>,
    had: BTreeMap<i32, Done>,
    shown: Vec<TopicPartition>,
    lease: Lease,
    failure: Option<GroupError>,
    listens: bool,
    holds: Vec<Hold>,
}

#[derive(Debug)]
pub(super) struct Script {
    member: Member,
    world: TestWorld,
    now: Now,
    nodes: BTreeMap<String, (String, ZkStat)>,
    transactions: i64,
    session: i64,
    /// What was asked, in order, as `create PATH`.
    log: Vec<String>,
    answers: bool,
    /// The server is cut off from its leader.
    only_reads: bool,
    refusals: BTreeMap<String, (ZkError, bool)>,
    brokers: BTreeMap<i32, i64>,
    members_on_brokers: usize,
    brokers_answer: bool,
    broken: BTreeMap<String, (OffsetsError, bool)>,
    /// What somebody else makes when something was done.
    followers: BTreeMap<String, (String, i64)>,
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
            nodes: BTreeMap::new(),
            transactions: 0,
            session: 7,
            log: Vec::new(),
            answers: true,
            only_reads: false,
            refusals: BTreeMap::new(),
            brokers: BTreeMap::new(),
            members_on_brokers: 0,
            brokers_answer: true,
            broken: BTreeMap::new(),
            followers: BTreeMap::new(),
        };
        script.put(&own::topic(), &own::registration(partitions));
        script
    }

    /// Lets everything be answered that is asked.
    pub(super) fn settle(&mut self) {
        self.input(MemberInput::Tick);
        loop {
            if let Some(session) = self.world.opened.take() {
                let state = ZkSessionState::Connected { id: self.session, timeout: TIMEOUT };
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

    fn brokers_answer_one(&mut self) -> bool {
        if !self.brokers_answer {
            return false;
        }
        let Some((id, ask)) = self.world.asked_brokers.pop_front() else { return false };
        let what = match &ask {
            CoordinatorAsk::Offset(place, OffsetAsk::Read) => format!("read {}", place.partition),
            CoordinatorAsk::Offset(place, OffsetAsk::Commit(offset)) => {
                format!("commit {}@{offset}", place.partition)
            }
            CoordinatorAsk::Members => "members".to_owned(),
        };
        let refusal = self.broken.remove(&what);
        self.log.push(what);
        if let CoordinatorAsk::Offset(place, OffsetAsk::Commit(offset)) = &ask
            && refusal.as_ref().is_none_or(|(_, was_done)| *was_done)
        {
            self.brokers.insert(place.partition, *offset);
        }
        let answer = match (refusal, ask) {
            (Some((error, _)), _) => Err(error),
            (None, CoordinatorAsk::Members) => Ok(CoordinatorAnswer::Members(self.members_on_brokers)),
            (None, CoordinatorAsk::Offset(place, OffsetAsk::Read)) => {
                Ok(CoordinatorAnswer::Read(self.brokers.get(&place.partition).copied()))
            }
            (None, CoordinatorAsk::Offset(..)) => Ok(CoordinatorAnswer::Committed),
        };
        self.input(MemberInput::Brokers { id, answer });
        true
    }

    /// The brokers answer one thing that they were asked.
    pub(super) fn brokers_answers_one(&mut self) {
        self.brokers_answer = true;
        assert!(self.brokers_answer_one(), "nothing was asked");
        self.brokers_answer = false;
    }

    /// So many consumers are in a group of this name that the brokers coordinate.
    pub(super) fn has_members_on_brokers(&mut self, count: usize) {
        self.members_on_brokers = count;
    }

    /// From now on the brokers answer what was asked of them only by and by, or at once again.
    pub(super) fn brokers_answer(&mut self, at_once: bool) {
        self.brokers_answer = at_once;
    }

    /// The brokers fail at this once, be it done or not.
    pub(super) fn brokers_fail_at(&mut self, what: &str, error: OffsetsError, was_done: bool) {
        self.broken.insert(what.to_owned(), (error, was_done));
    }

    /// What is committed on the brokers.
    pub(super) fn on_brokers(&self, partition: i32) -> Option<i64> {
        self.brokers.get(&partition).copied()
    }

    pub(super) fn put_on_brokers(&mut self, partition: i32, offset: i64) {
        self.brokers.insert(partition, offset);
    }

    /// Where something stands in what was asked.
    pub(super) fn place_of(&self, what: &str) -> usize {
        self.log.iter().position(|asked| asked == what).expect(what)
    }

    fn answers_one(&mut self) -> bool {
        let Some((id, op)) = self.world.asked.pop_front() else { return false };
        let is_read = matches!(op, ZkOp::Get { .. } | ZkOp::Exists { .. } | ZkOp::Children { .. });
        if self.only_reads && !is_read {
            return true;
        }
        let result = self.perform(&op);
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
        self.session += 1;
        let state = ZkSessionState::Expired;
        self.input(MemberInput::ZooKeeper(ZkNews::Session { session, state }));
    }

    pub(super) fn ends_old_session(&mut self) {
        let session = self.session;
        self.nodes.retain(|_, (_, stat)| stat.ephemeral_owner == 0 || stat.ephemeral_owner == session);
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
        let until = self.now.mono + Duration::from_secs(10);
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
        self.world.begun.insert(partition, Done { offset, turn: FIRST_TURN });
        self.settle();
    }

    /// The application has gone there before that was found out.
    pub(super) fn seeks_to(&mut self, partition: i32, offset: i64) {
        self.world.begun.insert(partition, Done { offset, turn: FIRST_TURN + 1 });
    }

    /// The application was handed out what lies before this offset.
    pub(super) fn has_had(&mut self, partition: i32, offset: i64) {
        self.world.had.insert(partition, Done { offset, turn: FIRST_TURN });
    }

    /// The same in a later turn: after a seek, or when its position was lost.
    pub(super) fn is_done_in(&mut self, turn: u64, partition: i32, offset: i64) {
        self.world.done.insert(partition, Done { offset, turn });
    }

    /// An operation is performed or not, and its answer is lost, once.
    pub(super) fn loses_the_answer_to(&mut self, what: &str, was_done: bool) {
        self.refusals.insert(what.to_owned(), (ZkError::ConnectionLost, was_done));
    }

    pub(super) fn refuses(&mut self, what: &str, error: ZkError) {
        self.refusals.insert(what.to_owned(), (error, false));
    }

    pub(super) fn put(&mut self, path: &str, data: &str) {
        self.put_owned(path, data, 0);
    }

    pub(super) fn put_owned(&mut self, path: &str, data: &str, ephemeral_owner: i64) {
        self.transactions += 1;
        let stat = ZkStat { version: 0, czxid: self.transactions, ephemeral_owner };
        self.nodes.insert(path.to_owned(), (data.to_owned(), stat));
    }

    /// A broker leads a partition from now on.
    pub(super) fn leads(&mut self, partition: i32, broker: i32) {
        self.has_state(partition, broker, broker);
    }

    /// Nobody leads a partition any more, of which this broker was in sync.
    pub(super) fn has_no_leader(&mut self, partition: i32, in_sync: i32) {
        self.has_state(partition, -1, in_sync);
    }

    fn has_state(&mut self, partition: i32, leader: i32, in_sync: i32) {
        let path = format!("{}/partitions/{partition}/state", own::topic());
        self.put(&path, &own::state(leader, in_sync));
        if self.member.session_name().is_some() {
            self.fires(&path);
        }
    }

    /// Right after this is done, somebody else makes a node.
    pub(super) fn comes_after(&mut self, what: &str, path: &str, session: i64) {
        self.followers.insert(what.to_owned(), (path.to_owned(), session));
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.nodes.remove(path);
    }

    pub(super) fn data(&self, path: &str) -> Option<&str> {
        self.nodes.get(path).map(|(data, _)| &**data)
    }

    pub(super) fn owner(&self, path: &str) -> Option<i64> {
        self.nodes.get(path).map(|(_, stat)| stat.ephemeral_owner)
    }

    pub(super) fn session_id(&self) -> i64 {
        self.session
    }

    pub(super) fn may_hand_out(&self) -> bool {
        self.world.lease.holds(self.now)
    }

    pub(super) fn saw(&self, what: &Seen) -> bool {
        self.world.seen.contains(what)
    }

    pub(super) fn starts(&self) -> Vec<(i32, Offset)> {
        self.world.starts.clone()
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
        self.log.iter().filter(|asked| *asked == what).count()
    }

    /// What was to change a node, in order.
    pub(super) fn writes(&self) -> Vec<String> {
        let is_write =
            |asked: &&String| ["create", "set", "delete"].iter().any(|verb| asked.starts_with(verb));
        self.log.iter().filter(is_write).cloned().collect()
    }

    fn input(&mut self, input: MemberInput) {
        self.member.handle(self.now, input, &mut self.world);
    }

    fn perform(&mut self, op: &ZkOp) -> Result<ZkAnswer, ZkError> {
        let (verb, path) = described(op);
        let what = format!("{verb} {path}");
        self.log.push(what.clone());
        let result = match self.refusals.remove(&what) {
            Some((error, was_done)) => {
                if was_done {
                    self.apply(op, path)?;
                }
                Err(error)
            }
            None => self.apply(op, path),
        };
        if let Some((path, session)) = self.followers.remove(&what) {
            self.put_owned(&path, "you", session);
        }
        result
    }

    fn apply(&mut self, op: &ZkOp, path: &str) -> Result<ZkAnswer, ZkError> {
        let found = self.nodes.get(path).cloned();
        match op {
            ZkOp::Get { .. } => {
                let (data, stat) = found.ok_or(ZkError::NoNode)?;
                Ok(ZkAnswer::Data(data.into_bytes(), stat))
            }
            ZkOp::Exists { .. } => Ok(ZkAnswer::Stat(found.map(|(_, stat)| stat))),
            ZkOp::Children { .. } => {
                let prefix = format!("{path}/");
                let names = self.nodes.keys().filter_map(|path| path.strip_prefix(&prefix));
                Ok(ZkAnswer::Children(names.filter(|name| !name.contains('/')).map(str::to_owned).collect()))
            }
            ZkOp::Create { data, ephemeral, .. } => {
                if found.is_some() {
                    return Err(ZkError::NodeExists);
                }
                let owner = if *ephemeral { self.session } else { 0 };
                self.put_owned(path, &String::from_utf8_lossy(data), owner);
                Ok(ZkAnswer::Created)
            }
            ZkOp::Set { data, version, .. } => {
                let (_, mut stat) = found.ok_or(ZkError::NoNode)?;
                if stat.version != *version {
                    return Err(ZkError::BadVersion);
                }
                stat.version += 1;
                self.nodes.insert(path.to_owned(), (String::from_utf8_lossy(data).into_owned(), stat));
                Ok(ZkAnswer::Set(stat))
            }
            ZkOp::Delete { version, .. } => {
                let (_, stat) = found.ok_or(ZkError::NoNode)?;
                if stat.version != *version {
                    return Err(ZkError::BadVersion);
                }
                self.nodes.remove(path);
                Ok(ZkAnswer::Deleted)
            }
            ZkOp::Sync { .. } => Ok(ZkAnswer::Synced),
        }
    }
}

fn described(op: &ZkOp) -> (&'static str, &str) {
    match op {
        ZkOp::Get { path, .. } => ("get", path),
        ZkOp::Exists { path, .. } => ("exists", path),
        ZkOp::Children { path, .. } => ("list", path),
        ZkOp::Create { path, .. } => ("create", path),
        ZkOp::Set { path, .. } => ("set", path),
        ZkOp::Delete { path, .. } => ("delete", path),
        ZkOp::Sync { path } => ("sync", path),
    }
}

impl World for TestWorld {
    fn intend(&mut self, intent: Intent) {
        match intent {
            Intent::OpenSession { session, .. } => self.opened = Some(session),
            Intent::CloseSession { .. } => {
                self.asked.clear();
                self.seen.push(Seen::Closed);
            }
            Intent::ZooKeeper { id, op } => self.asked.push_back((id, op)),
            other => panic!("{other:?}"),
        }
    }

    fn next_session(&mut self) -> SessionId {
        self.sessions += 1;
        SessionId(self.sessions)
    }

    fn ask_brokers(&mut self, id: ZkRequestId, ask: CoordinatorAsk) {
        self.asked_brokers.push_back((id, ask));
    }

    fn drop_asked(&mut self) {
        self.asked_brokers.clear();
    }

    fn assign(&mut self, partition: &TopicPartition, start: Offset, is_withheld: bool) -> Option<u64> {
        self.starts.push((partition.partition, start));
        if !is_withheld {
            self.reads.push(partition.partition);
        }
        if let Offset::Exact(offset) = start {
            self.begun.insert(partition.partition, Done { offset, turn: FIRST_TURN });
        }
        Some(FIRST_TURN)
    }

    fn read_on(&mut self, partition: &TopicPartition) {
        self.reads.push(partition.partition);
    }

    fn begin_at(&mut self, partition: &TopicPartition, offset: i64, since: u64) -> Option<u64> {
        let begun = self.begun.get_mut(&partition.partition).filter(|begun| begun.turn == since)?;
        *begun = Done { offset, turn: since + 1 };
        self.starts.push((partition.partition, Offset::Exact(offset)));
        Some(since + 1)
    }

    fn withdraw(&mut self, partition: &TopicPartition) {
        self.seen.push(Seen::Withdrawn(partition.partition));
    }

    fn forget(&mut self, partition: &TopicPartition) {
        let number = &partition.partition;
        for known in [&mut self.done, &mut self.begun, &mut self.had] {
            known.remove(number);
        }
    }

    fn done(&self, partition: &TopicPartition) -> Option<Done> {
        self.done.get(&partition.partition).copied()
    }

    fn start(&self, partition: &TopicPartition) -> Option<Done> {
        self.begun.get(&partition.partition).copied()
    }

    fn handed_out(&self, partition: &TopicPartition) -> Option<Done> {
        self.had.get(&partition.partition).copied().or_else(|| self.done(partition))
    }

    fn renew(&mut self, until: Instant, ahead: i64) {
        self.lease.renew(until, ahead, &mut Wakers::default());
    }

    fn end_lease(&mut self) {
        self.lease.end();
    }

    fn revoking(&mut self, _: Vec<TopicPartition>, _: Instant) -> Held {
        let (hold, state) = Hold::new(&Arc::new(DriverSignal::default()));
        self.holds.extend(Some(hold).filter(|_| self.listens));
        state
    }

    fn tell(&mut self, event: ConsumerEvent) {
        self.seen.extend(match event {
            ConsumerEvent::Lost { partitions } => {
                Some(Seen::Lost(partitions.into_iter().map(|lost| lost.partition).collect()))
            }
            ConsumerEvent::Idle => Some(Seen::Idle),
            ConsumerEvent::ForeignMember { member, .. } => Some(Seen::Foreign(member)),
            ConsumerEvent::CommitFailed { partition, .. } => Some(Seen::CommitFailed(partition.partition)),
            ConsumerEvent::Assigned { .. }
            | ConsumerEvent::Revoking { .. }
            | ConsumerEvent::Missed { .. } => None,
        });
    }

    fn show(&mut self, assignment: Vec<TopicPartition>) {
        self.shown = assignment;
    }

    fn joined(&mut self) {
        self.seen.push(Seen::Joined);
    }

    fn committed(&mut self, result: Result<(), String>) {
        self.seen.push(Seen::Committed(result.is_ok()));
    }

    fn over(&mut self, failure: Option<GroupError>) {
        self.failure = failure;
        self.seen.push(Seen::Over);
    }
}
