//! A member, a coordinator that answers what it is told to, and what the member did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicPartition as OfTopic,
};

use super::super::{Member, Seen as Metadata, Settings, Speaks};
use crate::backoff::Backoff;
use crate::config::GroupTimes;
use crate::group::coordinator::{Attending, Identity, Joined, MemberAnswer, MemberAsk, Refusal};
use crate::group::member::MemberInput;
use crate::group::offsets::{CoordinatorAnswer, CoordinatorAsk, OffsetAsk};
use crate::group::tests::script::FIRST_TURN;
use crate::group::tests::script::world::{Seen, TestWorld};
use crate::group::world::Done;
use crate::group::{Assignor, Commit, GroupError, OffsetsError};
use crate::id::{SessionId, ZkRequestId};
use crate::offset::Offset;
use crate::rng::Rng;
use crate::time::{Instant, Now, UnixMillis};
use crate::topology::TopicPartition;

pub(super) const SESSION: Duration = Duration::from_secs(10);
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);
pub(super) const REBALANCE: Duration = Duration::from_secs(20);

/// In which time passes.
pub(super) const STEP: Duration = Duration::from_millis(50);

/// The id of topic `t`, and that of one that is made anew.
pub(super) const ID: [u8; 16] = [1; 16];
pub(super) const OTHER_ID: [u8; 16] = [2; 16];

#[derive(Debug)]
pub(super) struct Script {
    pub(super) member: Member,
    pub(super) world: TestWorld,
    now: Now,
}

impl Script {
    /// A member of group `g` that speaks so and reads topic `t`, which has four partitions.
    pub(super) fn that_speaks(speaks: Speaks) -> Self {
        Self::with(speaks, |_| {})
    }

    /// The same, with other settings.
    pub(super) fn with(speaks: Speaks, change: impl FnOnce(&mut Settings)) -> Self {
        let now = Now { mono: Instant::from_micros(1_000_000), wall: UnixMillis(1_000_000) };
        let mut settings = Settings {
            group: Arc::from("g"),
            topics: vec![Arc::from("t")],
            pattern: None,
            start: Offset::Earliest,
            commit: Commit::Automatic,
            commit_interval: Duration::from_secs(5),
            assignor: Assignor::Range,
            names_assignor: false,
            speaks,
            times: GroupTimes {
                session_timeout: SESSION,
                heartbeat_interval: HEARTBEAT,
                rebalance_timeout: REBALANCE,
            },
            rack: None,
            topics_age: Duration::from_secs(60),
            backoff: Backoff { first: Duration::from_millis(50), most: Duration::from_millis(50) },
        };
        change(&mut settings);
        let member = Member::new(settings, "me".to_owned(), SessionId(1), now, Rng::new(1));
        let mut script = Self { member, world: TestWorld::default(), now };
        script.has_partitions("t", ID, 4);
        script.ticks();
        script
    }

    /// One of a classic group that has joined generation 1 as `m`, and has these partitions, of which nothing is committed but 5.
    pub(super) fn in_generation_one(partitions: &[i32]) -> Self {
        let mut script = Self::that_speaks(Speaks::Classic);
        script.is_told("join ''", joined(1, "m"));
        script.is_told("sync m/1", MemberAnswer::Synced(assignment("t", partitions)));
        script.reads_all_from(5);
        script
    }

    /// One of a group of KIP-848 that has joined at epoch 1, and has these partitions, of which nothing is committed but 5.
    pub(super) fn at_epoch_one(partitions: &[i32]) -> Self {
        let mut script = Self::that_speaks(Speaks::Consumer);
        script.is_told("attend 0 [t] holds -", attending(1, Some(partitions)));
        script.reads_all_from(5);
        if !partitions.is_empty() {
            script.is_told(&format!("attend 1 holds {}", numbers(partitions)), attending(1, None));
        }
        script
    }

    pub(super) fn has_partitions(&mut self, topic: &str, id: [u8; 16], partitions: i32) {
        self.world.topics.insert(topic.to_owned(), Metadata::There { id: Some(id), partitions });
    }

    /// There is no topic of this name.
    pub(super) fn has_no(&mut self, topic: &str) {
        self.world.topics.insert(topic.to_owned(), Metadata::Absent);
    }

    pub(super) fn ticks(&mut self) {
        self.input(MemberInput::Tick);
    }

    /// What was asked and has no answer yet, in order.
    pub(super) fn asks(&self) -> Vec<String> {
        self.world.asked_brokers.iter().map(|(_, ask)| described(ask)).collect()
    }

    /// This was asked, and is answered so.
    pub(super) fn is_told(&mut self, what: &str, answer: MemberAnswer) {
        self.hears(what, Ok(CoordinatorAnswer::Member(answer)));
    }

    pub(super) fn is_refused(&mut self, what: &str, code: ErrorCode) {
        self.is_told(what, MemberAnswer::Refused(Refusal { code, message: None, member: None }));
    }

    /// It has no answer.
    pub(super) fn is_not_told(&mut self, what: &str) {
        self.hears(what, Err(OffsetsError::Unanswered { reason: "reset".to_owned() }));
    }

    pub(super) fn hears(&mut self, what: &str, answer: Result<CoordinatorAnswer, OffsetsError>) {
        let id = self.take(what);
        self.input(MemberInput::Brokers { id, answer });
    }

    fn take(&mut self, what: &str) -> ZkRequestId {
        let asked = &mut self.world.asked_brokers;
        let place = asked.iter().position(|(_, ask)| described(ask) == what);
        let place = place.unwrap_or_else(|| {
            panic!(
                "{what:?} was not asked, but {:?}",
                asked.iter().map(|(_, ask)| described(ask)).collect::<Vec<_>>()
            )
        });
        asked.remove(place).expect("it is there").0
    }

    /// Takes what was asked without an answer, so that one can come later.
    pub(super) fn keeps_back(&mut self, what: &str) -> ZkRequestId {
        self.take(what)
    }

    pub(super) fn hears_late(&mut self, id: ZkRequestId, answer: MemberAnswer) {
        self.input(MemberInput::Brokers { id, answer: Ok(CoordinatorAnswer::Member(answer)) });
    }

    /// All reads of offsets are answered with this.
    pub(super) fn reads_all_from(&mut self, offset: i64) {
        while let Some(read) = self.asks().into_iter().find(|ask| ask.starts_with("read")) {
            self.hears(&read, Ok(CoordinatorAnswer::Read(Some(offset))));
        }
    }

    pub(super) fn commits(&mut self, what: &str) {
        self.hears(what, Ok(CoordinatorAnswer::Committed));
    }

    /// The application wants what is done to be committed.
    pub(super) fn is_to_commit(&mut self) {
        self.input(MemberInput::Commit);
    }

    /// Lets so much time pass, but for the rest.
    pub(super) fn passes_but(&mut self, lasts: Duration, rest: Duration) {
        self.passes(lasts.saturating_sub(rest));
    }

    /// Lets time pass, in small steps, in which nobody answers.
    pub(super) fn passes(&mut self, lasts: Duration) {
        let end = self.now.mono + lasts;
        while self.now.mono < end {
            let step = STEP.min(end - self.now.mono);
            self.now.mono = self.now.mono + step;
            self.now.wall.0 += step.as_millis() as i64;
            self.ticks();
            let deadline = self.member.deadline();
            assert!(deadline.is_none_or(|deadline| deadline.at > self.now.mono), "{deadline:?}");
        }
    }

    pub(super) fn is_suspended_for(&mut self, lasts: Duration) {
        self.now.wall.0 += lasts.as_millis() as i64;
        self.ticks();
    }

    pub(super) fn leaves(&mut self) {
        self.leaves_within(Duration::from_secs(10));
    }

    pub(super) fn leaves_within(&mut self, time: Duration) {
        let until = self.now.mono + time;
        self.input(MemberInput::Leave { until });
    }

    pub(super) fn listens(&mut self) {
        self.world.listens = true;
    }

    pub(super) fn lets_go(&mut self) {
        self.world.holds.clear();
        self.ticks();
    }

    /// The application is done with what lies before this.
    pub(super) fn is_done_with(&mut self, partition: i32, offset: i64) {
        self.world.done.insert(TopicPartition::new("t", partition), Done { offset, turn: FIRST_TURN });
    }

    pub(super) fn may_hand_out(&self) -> bool {
        self.world.lease.holds(self.now)
    }

    pub(super) fn saw(&self, what: &Seen) -> bool {
        self.world.seen.contains(what)
    }

    pub(super) fn has(&self) -> Vec<i32> {
        self.world.shown.iter().map(|own| own.partition).collect()
    }

    pub(super) fn failure(&self) -> Option<&GroupError> {
        self.world.failure.as_ref()
    }

    pub(super) fn identity(&self) -> Option<(String, i32)> {
        self.world.identity.as_ref().map(|own| (own.member.to_string(), own.generation))
    }

    fn input(&mut self, input: MemberInput) {
        self.member.handle(self.now, input, &mut self.world);
    }
}

pub(super) fn joined(generation: i32, member: &str) -> MemberAnswer {
    MemberAnswer::Joined(Joined {
        generation,
        lasts: SESSION,
        waits: REBALANCE,
        member: Arc::from(member),
        members: None,
    })
}

/// Who has joined is to share out among these, each with the topics that it wants.
pub(super) fn leads(generation: i32, member: &str, wishes: &[(&str, &[&str])]) -> MemberAnswer {
    let wish = |topics: &[&'static str]| {
        ConsumerProtocolSubscription { topics: topics.to_vec(), ..Default::default() }.write(0).unwrap()
    };
    let wishes: Vec<(String, Vec<&'static str>)> = wishes
        .iter()
        .map(|(member, topics)| ((*member).to_owned(), topics.iter().map(|topic| leak(topic)).collect()))
        .collect();
    let members = wishes.iter().map(|(member, topics)| (member.clone(), wish(topics))).collect();
    MemberAnswer::Joined(Joined {
        generation,
        lasts: SESSION,
        waits: REBALANCE,
        member: Arc::from(member),
        members: Some(members),
    })
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

pub(super) fn assignment(topic: &str, partitions: &[i32]) -> Vec<u8> {
    let of_topic = OfTopic { topic, partitions: partitions.to_vec() };
    let all = ConsumerProtocolAssignment { assigned_partitions: vec![of_topic], user_data: None };
    all.write(0).unwrap()
}

/// What is the member's of topic `t`, if that has changed.
pub(super) fn attending(epoch: i32, partitions: Option<&[i32]>) -> MemberAnswer {
    let of_topic = |partitions: &[i32]| (!partitions.is_empty()).then(|| (ID, partitions.to_vec()));
    attending_with(epoch, partitions.map(|partitions| of_topic(partitions).into_iter().collect()))
}

pub(super) fn attending_with(epoch: i32, assignment: Option<BTreeMap<[u8; 16], Vec<i32>>>) -> MemberAnswer {
    MemberAnswer::Attending(Attending { epoch, interval: HEARTBEAT, assignment })
}

fn described(ask: &CoordinatorAsk) -> String {
    match ask {
        CoordinatorAsk::Offset(place, OffsetAsk::Read) => format!("read {}", place.partition),
        CoordinatorAsk::Offset(place, OffsetAsk::Commit(offset)) => {
            format!("commit {}@{offset}", place.partition)
        }
        CoordinatorAsk::Members | CoordinatorAsk::Outside(_) => unreachable!("no member asks that"),
        CoordinatorAsk::Member(ask) => described_of_member(ask),
    }
}

fn described_of_member(ask: &MemberAsk) -> String {
    let who = |identity: &Identity| format!("{}/{}", identity.member, identity.generation);
    match ask {
        MemberAsk::Join(join) => format!("join '{}'", join.member),
        MemberAsk::Sync(sync) if sync.assignments.is_empty() => format!("sync {}", who(&sync.identity)),
        MemberAsk::Sync(sync) => {
            let shares: Vec<_> = sync.assignments.iter().map(|(member, all)| shared(member, all)).collect();
            format!("sync {} {}", who(&sync.identity), shares.join(", "))
        }
        MemberAsk::Heartbeat(identity) => format!("heartbeat {}", who(identity)),
        MemberAsk::Leave { member } => format!("leave {member}"),
        MemberAsk::Topics => "topics".to_owned(),
        MemberAsk::Attend(attend) => {
            let wish = attend.wish.as_ref().map(|wish| format!(" [{}]", wish.topics.join(" ")));
            let holds = attend.holds.as_ref().map(|holds| {
                let all: Vec<i32> = holds.values().flatten().copied().collect();
                format!(" holds {}", numbers(&all))
            });
            format!("attend {}{}{}", attend.epoch, wish.unwrap_or_default(), holds.unwrap_or_default())
        }
    }
}

fn shared(member: &str, assignment: &[u8]) -> String {
    let (_, read) = ConsumerProtocolAssignment::read(assignment).unwrap();
    let of_topic = |topic: &OfTopic<'_>| format!("{}{}", topic.topic, numbers(&topic.partitions));
    let all: Vec<_> = read.assigned_partitions.iter().map(of_topic).collect();
    format!("{member}: {}", all.join(" "))
}

fn numbers(partitions: &[i32]) -> String {
    if partitions.is_empty() {
        return "-".to_owned();
    }
    partitions.iter().map(i32::to_string).collect::<Vec<_>>().join("+")
}
