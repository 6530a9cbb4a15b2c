//! A member of a group that the brokers coordinate, from its first question to its end.
//!
//! | phase     | input                                | then      | asks, does                                        |
//! |-----------|--------------------------------------|-----------|---------------------------------------------------|
//! | Resting   | due                                  | Listing   | which topics there are, if a pattern chooses them |
//! | Resting   | due                                  | Joining   | to join                                           |
//! | Listing, Joining, Sharing, Syncing | no answer   | Resting   |                                                   |
//! | Listing   | the topics                           | Joining   | to join                                           |
//! | Joining, Sharing, Syncing | what is its own is known | Joined | begins to [hold](super::super::holding) that      |
//! | Joined    | a heartbeat is due                   | Joined    | a heartbeat                                       |
//! | Joined    | it is in the group no more           | Resting   | tells what is lost                                |
//! | Joined    | leave                                | Leaving   | gives everything up, then asks to leave           |
//! | Preparing | leave                                | Leaving   | lets go sooner, then asks to leave                |
//! | Joining, Sharing, Syncing | leave                | Leaving   | asks to leave                                     |
//! | Resting   | leave, and it may have been heard of | Leaving   | asks to leave                                     |
//! | Resting, Listing | leave                         | Over      |                                                   |
//! | Leaving   | it has left, time over               | Over      |                                                   |
//! | any       | refused for good                     | Over      | tells why                                         |
//!
//! What a heartbeat, a join and a rebalance are stands with the two protocols, [classic](super::classic) and
//! [consumer](super::consumer).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::attendance::{Asked, Attendance, Question};
use super::choice::Choice;
use super::classic::Classic;
use super::consumer::Consumer;
use super::settings::{Settings, Speaks};
use super::world::BrokerWorld;
use samsa_proto::ErrorCode;

use crate::consumer::ConsumerEvent;
use crate::group::commits::Commits;
use crate::group::coordinator::{MemberAnswer, Refusal};
use crate::group::holding::Holding;
use crate::group::member::MemberInput;
use crate::group::offsets::{Answer, CoordinatorAnswer};
use crate::group::standing::Standing;
use crate::group::{GroupError, OffsetsError};
use crate::id::{SessionId, ZkRequestId};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, Now};
use crate::topology::TopicPartition;

/// What a coordinator answers to whoever is not its member, or not of this generation.
const FENCES: [ErrorCode; 3] =
    [ErrorCode::UNKNOWN_MEMBER_ID, ErrorCode::ILLEGAL_GENERATION, ErrorCode::FENCED_MEMBER_EPOCH];

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(super) settings: Settings,
    /// What people know it by; where members name themselves, its name in the group.
    pub(super) id: Arc<str>,
    /// What the coordinator calls it; empty before it says so.
    pub(super) name: Arc<str>,
    /// Of a classic group, or the epoch of the member.
    pub(super) generation: i32,
    pub(super) phase: Phase,
    pub(super) attendance: Attendance,
    pub(super) choice: Choice,
    pub(super) holdings: BTreeMap<TopicPartition, Holding>,
    pub(super) protocol: Protocol,
    pub(super) heartbeat_due: Option<Instant>,
    pub(super) commits: Commits,
    pub(super) commit_due: Option<Instant>,
    /// Whether it was told once what is its own.
    pub(super) has_share: bool,
    pub(super) is_idle: bool,
    /// Why it leaves, if that is not because it is to.
    pub(super) failure: Option<GroupError>,
    pub(super) failures: u32,
    pub(super) trouble: String,
    pub(super) rng: Rng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Resting(Instant),
    Listing,
    Joining,
    /// The leader of a classic group does not know yet how many partitions there are. It waits until then.
    Sharing(Instant),
    Syncing,
    Joined,
    /// Everything goes before the member joins a classic group again.
    Preparing,
    Leaving {
        until: Instant,
        is_asked: bool,
    },
    Over,
}

/// What a member has to remember in the protocol that it speaks.
#[derive(Clone, Debug)]
pub(super) enum Protocol {
    Classic(Classic),
    Consumer(Consumer),
}

impl Member {
    pub(crate) fn new(settings: Settings, id: String, session: SessionId, now: Now, rng: Rng) -> Self {
        let id: Arc<str> = Arc::from(id);
        let attendance = Attendance::new(session, now, settings.times.session_timeout);
        let choice = Choice::new(&settings.topics);
        let protocol = match settings.speaks {
            Speaks::Classic => Protocol::Classic(Classic::default()),
            Speaks::Either | Speaks::Consumer => Protocol::Consumer(Consumer::default()),
        };
        Self {
            settings,
            name: Arc::from(""),
            id,
            generation: 0,
            phase: Phase::Resting(now.mono),
            attendance,
            choice,
            holdings: BTreeMap::new(),
            protocol,
            heartbeat_due: None,
            commits: Commits::default(),
            commit_due: None,
            has_share: false,
            is_idle: false,
            failure: None,
            failures: 0,
            trouble: "nothing was tried yet".to_owned(),
            rng,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn group(&self) -> &Arc<str> {
        &self.settings.group
    }

    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. } | Phase::Over)
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// What went wrong last.
    pub(crate) fn trouble(&self) -> &str {
        &self.trouble
    }

    /// Whether nothing may be committed for now.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.attendance.is_in_doubt()
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let own = match self.phase {
            Phase::Resting(at) => Some(Deadline::new(at, "join a group")),
            Phase::Sharing(at) => Some(Deadline::new(at, "share out a group's partitions")),
            Phase::Leaving { until, .. } => Some(Deadline::new(until, "leave a group")),
            _ => None,
        };
        let heartbeat = self.heartbeat_due.filter(|_| self.attends() && !self.attendance.waits());
        let heartbeat = heartbeat.map(|at| Deadline::new(at, "a heartbeat of a group's member"));
        let commit = self.commit_due.map(|at| Deadline::new(at, "commit"));
        let list = self.choice.due().filter(|_| self.phase == Phase::Joined);
        let list = list.map(|at| Deadline::new(at, "which topics there are for a group"));
        let holdings = self.holdings.values().filter_map(Holding::deadline).min();
        let holdings = holdings.map(|at| Deadline::new(at, "partitions of a group"));
        [own, heartbeat, commit, list, holdings].into_iter().flatten().min()
    }

    pub(crate) fn handle(&mut self, now: Now, input: MemberInput, world: &mut impl BrokerWorld) {
        if self.is_over() {
            return;
        }
        self.look_at_the_clocks(now, world);
        match input {
            MemberInput::Brokers { id, answer } => self.answered(now, id, answer, world),
            MemberInput::ZooKeeper(_) | MemberInput::Tick => {}
            MemberInput::Commit => self.commit_all(now, world),
            MemberInput::Refused(error) => self.withdraw(now, error, world),
            MemberInput::Leave { until } => self.leave(now, until, world),
        }
        self.tick(now, world);
        self.leave_if_refused(now, world);
        self.settle_commit(now, world);
        self.finish_leaving(now, world);
    }

    fn look_at_the_clocks(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if self.attendance.comes_in_doubt(now) {
            tracing::warn!(group = %self.settings.group, "the clocks disagree: the machine may have been suspended");
            world.end_lease();
            self.heartbeat_due = self.heartbeat_due.map(|_| now.mono);
        }
    }

    fn tick(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if matches!(self.phase, Phase::Resting(at) if at <= now.mono) {
            self.begin(now, world);
        }
        self.remember_first(world);
        self.list_topics_again(now, world);
        self.tick_holdings(now, world);
        match self.protocol {
            Protocol::Classic(_) => self.tick_classic(now, world),
            Protocol::Consumer(_) => self.tick_consumer(now, world),
        }
        if self.commit_due.is_some_and(|due| due <= now.mono) {
            self.commit_by_itself(now, world);
        }
    }

    fn is_in_the_group(&self) -> bool {
        matches!(self.phase, Phase::Joined | Phase::Preparing)
    }

    /// Whether it sends heartbeats: it is in the group, and has something to lose.
    fn attends(&self) -> bool {
        match self.phase {
            Phase::Leaving { is_asked, .. } => !is_asked && !self.holdings.is_empty(),
            _ => self.is_in_the_group(),
        }
    }

    /// Whether a heartbeat is to be sent now.
    pub(super) fn heartbeat_is_due(&self, now: Now) -> bool {
        self.attends() && !self.attendance.waits() && self.heartbeat_due.is_some_and(|due| due <= now.mono)
    }

    /// The topics are known, or are to be asked for first.
    pub(super) fn begin(&mut self, now: Now, world: &mut impl BrokerWorld) {
        if self.settings.pattern.is_some() && !self.choice.is_known() {
            self.phase = Phase::Listing;
            return self.list_topics(now, world);
        }
        match self.protocol {
            Protocol::Classic(_) => self.join(now, world),
            Protocol::Consumer(_) => self.join_by_heartbeat(now, world),
        }
    }

    fn answered(
        &mut self,
        now: Now,
        id: ZkRequestId,
        answer: Result<CoordinatorAnswer, OffsetsError>,
        world: &mut impl BrokerWorld,
    ) {
        let Some(Asked { question, issued }) = self.attendance.answered(id) else { return };
        match (question, answer) {
            (Question::Offset(_), Err(OffsetsError::Refused { code }))
                if FENCES.contains(&code) && self.is_in_the_group() =>
            {
                self.is_fenced(now, code, world);
            }
            (Question::Offset(partition), answer) => {
                let answer = Answer::Brokers(&answer);
                self.one_holding(now, world, &partition, |holding, desk| {
                    holding.offset_answered(desk, &answer);
                });
            }
            (Question::Leave, _) => self.has_left(world),
            (Question::Topics, Ok(CoordinatorAnswer::Member(MemberAnswer::Topics(names)))) => {
                self.listed(now, names, world);
            }
            (Question::Topics, Err(error)) => self.not_listed(now, &error, world),
            (Question::Own { doubts }, Ok(CoordinatorAnswer::Member(answer))) => {
                self.told(now, (issued, doubts), answer, world);
            }
            (Question::Own { .. }, Err(error)) => self.untold(now, error, world),
            (Question::Own { .. } | Question::Topics, Ok(_)) => {}
        }
    }

    /// It is none any more, or of a generation that is over: what it held may be another's.
    pub(super) fn is_fenced(&mut self, now: Now, code: ErrorCode, world: &mut impl BrokerWorld) {
        if code == ErrorCode::ILLEGAL_GENERATION {
            return self.lose(now, "the group is in another generation", world);
        }
        self.name = Arc::from("");
        self.lose(now, "the coordinator does not know this member any more", world);
    }

    /// When the next heartbeat is due, if all is well; while there is a doubt, only that can end it.
    pub(super) fn next_heartbeat(&self, now: Now, interval: Duration) -> Instant {
        if self.is_in_doubt() { now.mono } else { now.mono + interval }
    }

    fn told(
        &mut self,
        now: Now,
        (issued, doubts): (Instant, u64),
        answer: MemberAnswer,
        world: &mut impl BrokerWorld,
    ) {
        if !matches!(answer, MemberAnswer::Refused(_)) {
            self.attendance.is_proved(issued, doubts);
        }
        match answer {
            MemberAnswer::Joined(joined) => self.has_joined(now, joined, world),
            MemberAnswer::Synced(assignment) => self.has_synced(now, &assignment, world),
            MemberAnswer::Alive => self.is_alive(now, world),
            MemberAnswer::Attending(attending) => self.attending(now, attending, world),
            MemberAnswer::Refused(refusal) => match self.protocol {
                Protocol::Classic(_) => self.refused_classic(now, (issued, doubts), refusal, world),
                Protocol::Consumer(_) => self.refused_consumer(now, refusal, world),
            },
            MemberAnswer::Left | MemberAnswer::Topics(_) => {}
        }
    }

    /// The coordinator cannot be asked, or does not answer.
    fn untold(&mut self, now: Now, error: OffsetsError, world: &mut impl BrokerWorld) {
        self.trouble = error.to_string();
        if error == OffsetsError::NotOffered {
            return self.is_not_offered(now, world);
        }
        if !error.is_retriable() {
            return self.cannot_be_coordinated(now, error, world);
        }
        if let Protocol::Consumer(consumer) = &mut self.protocol {
            consumer.tell_all_again();
        }
        match self.phase {
            Phase::Joining | Phase::Sharing(_) | Phase::Syncing => self.rejoin_later(now),
            _ => self.heartbeat_due = Some(now.mono + self.wait()),
        }
    }

    /// Nobody coordinates the group for this member.
    pub(super) fn cannot_be_coordinated(
        &mut self,
        now: Now,
        error: OffsetsError,
        world: &mut impl BrokerWorld,
    ) {
        let group = Arc::clone(&self.settings.group);
        self.withdraw(now, GroupError::Coordinator { group, error }, world);
    }

    /// It chooses other topics now.
    pub(super) fn tell_choice(&mut self, now: Now, world: &mut impl BrokerWorld) {
        match &mut self.protocol {
            Protocol::Classic(_) => self.prepare(now, world),
            Protocol::Consumer(consumer) => {
                consumer.tell_all_again();
                self.heartbeat_due = Some(now.mono);
            }
        }
    }

    fn is_not_offered(&mut self, now: Now, world: &mut impl BrokerWorld) {
        let group = Arc::clone(&self.settings.group);
        match (&self.protocol, self.settings.speaks) {
            (Protocol::Classic(_), _) => self.withdraw(now, GroupError::NotCoordinated { group }, world),
            (Protocol::Consumer(_), Speaks::Either) if !self.is_leaving() => {
                if self.phase != Phase::Joining {
                    self.lose(
                        now,
                        "the coordinator is one that does not speak the protocol of KIP-848",
                        world,
                    );
                }
                self.speak_classic(now, world);
            }
            (Protocol::Consumer(_), _) => self.withdraw(now, GroupError::NoConsumerProtocol { group }, world),
        }
    }

    /// The coordinator does not take it in the protocol of KIP-848.
    pub(super) fn speak_classic(&mut self, now: Now, world: &mut impl BrokerWorld) {
        self.protocol = Protocol::Classic(Classic::default());
        self.name = Arc::from("");
        self.attendance.lasts(self.settings.times.session_timeout);
        self.begin(now, world);
    }

    /// What is its own is known: it is in the group.
    pub(super) fn enter(&mut self, now: Now, interval: Duration, world: &mut impl BrokerWorld) {
        self.phase = Phase::Joined;
        self.failures = 0;
        self.heartbeat_due = Some(now.mono + interval);
        self.commit_due = self.commit_due.or_else(|| self.next_commit(now));
        // What was asked before it was lost is not wanted any more.
        if self.settings.pattern.is_some()
            && self.choice.due().is_none()
            && !self.attendance.asks_for_topics()
        {
            self.choice.list_at(now.mono);
        }
        self.renew_lease(world);
    }

    /// The first share is known, be it empty.
    pub(super) fn has_its_share(&mut self, world: &mut impl BrokerWorld) {
        if !std::mem::replace(&mut self.has_share, true) {
            world.joined();
        }
    }

    pub(super) fn renew_lease(&self, world: &mut impl BrokerWorld) {
        if !self.is_in_doubt() && self.attends() {
            world.renew(self.attendance.ends(), self.attendance.ahead_at_most());
        }
    }

    /// It joins again: at once after a first failure, later after others.
    pub(super) fn rejoin(&mut self, now: Now) {
        let wait = if self.failures == 0 { Duration::ZERO } else { self.wait() };
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Resting(now.mono + wait);
    }

    pub(super) fn rejoin_later(&mut self, now: Now) {
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Resting(now.mono + self.wait());
    }

    pub(super) fn wait(&mut self) -> Duration {
        self.settings.backoff.wait(self.failures.max(1), &mut self.rng)
    }

    /// It is in the group no more, or has to begin anew: what it held may be another's.
    pub(super) fn lose(&mut self, now: Now, reason: &str, world: &mut impl BrokerWorld) {
        reason.clone_into(&mut self.trouble);
        let left = self.drop_all(reason, world);
        if matches!(self.phase, Phase::Leaving { .. }) {
            return self.end_leaving(left, reason, world);
        }
        self.rejoin(now);
    }

    pub(super) fn refuse(&mut self, now: Now, refusal: Refusal, world: &mut impl BrokerWorld) {
        let Refusal { code, message, .. } = refusal;
        let group = Arc::clone(&self.settings.group);
        self.withdraw(now, GroupError::refused(group, code, message), world);
    }

    pub(super) fn end(&mut self, failure: Option<GroupError>, world: &mut impl BrokerWorld) {
        self.phase = Phase::Over;
        (self.heartbeat_due, self.commit_due) = (None, None);
        world.over(failure);
    }

    /// What of the group waits, for people.
    pub(crate) fn waits_for(&self) -> Vec<String> {
        let own = match self.phase {
            Phase::Joined | Phase::Over => None,
            Phase::Resting(_) => Some(format!("to join again ({})", self.trouble)),
            Phase::Listing => Some("which topics there are".to_owned()),
            Phase::Joining => Some("all members to join".to_owned()),
            Phase::Sharing(_) => Some("how many partitions there are, to share them out".to_owned()),
            Phase::Syncing => Some("what is its own".to_owned()),
            Phase::Preparing => Some("what it holds to go, to join anew".to_owned()),
            Phase::Leaving { is_asked: true, .. } => Some("the coordinator to let it go".to_owned()),
            Phase::Leaving { .. } => Some("what it holds to go, to leave".to_owned()),
        };
        let of = |holding: &Holding| Some(format!("{}: {}", holding.partition(), holding.waits_for(true)?));
        own.into_iter().chain(self.holdings.values().filter_map(of)).collect()
    }

    pub(super) fn tell_idle(&mut self, is_idle: bool, world: &mut impl BrokerWorld) {
        if is_idle && !self.is_idle {
            world.tell(ConsumerEvent::Idle);
        }
        self.is_idle = is_idle;
    }
}
