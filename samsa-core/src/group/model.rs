//! One member by itself, for who explores what members do to each other: the real machine, with the smallest client around
//! it that keeps what it has and may hand out.
//!
//! It is a value: it can be copied at any moment, and two of them with the same hash go on alike. What does not decide
//! anything (words of trouble, numbers of questions that were answered, chance in the length of a wait) is made the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::zookeeper::ConsumerRegistration;
pub use samsa_proto::zookeeper::Dialect;

use super::claim::Claim;
use super::member::{Member, MemberInput, Phase};
use super::offsets::CoordinatorAsk;
use super::settings::Settings;
use super::world::{Done, World};
use super::{Assignor, Commit, GroupError, OffsetStorage};
use crate::backoff::Backoff;
use crate::consumer::{ConsumerEvent, Held, Lease};
use crate::id::{SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::offset::Offset;
use crate::rng::Rng;
use crate::time::{Deadline, Instant, Now};
use crate::topology::TopicPartition;
use crate::wake::Wakers;
use crate::zookeeper::{ZkNews, ZkOp};

/// A member of group `g` that wants topic `t`.
#[derive(Clone, Debug, Hash)]
pub struct GroupMember {
    member: Member,
    client: Client,
}

/// What the rest of a client has of a group.
#[derive(Clone, Debug, Hash)]
struct Client {
    /// A member is one of several: no two of them have a session of the same name.
    first_session: u32,
    sessions: u32,
    partitions: BTreeMap<i32, Partition>,
    shown: Vec<i32>,
    lease: Option<(Instant, i64)>,
}

#[derive(Clone, Debug, Hash)]
struct Partition {
    /// Where it began.
    begun: i64,
    /// What the application is done with.
    done: i64,
    is_withdrawn: bool,
}

impl GroupMember {
    /// The member of this number, in a group that speaks so and keeps its offsets in ZooKeeper, with this session timeout. It
    /// commits when it is told to, and when it gives a partition up.
    pub fn new(number: u16, dialect: Dialect, session_timeout: Duration, now: Now) -> Self {
        let settings = Settings {
            group: Arc::from("g"),
            topics: vec![Arc::from("t")],
            pattern: None,
            start: Offset::Earliest,
            commit: Commit::Automatic,
            commit_interval: Duration::MAX,
            assignor: Assignor::Range,
            streams: 1,
            offsets: OffsetStorage::ZooKeeper,
            compares: false,
            dialect,
            python3_owners: false,
            session_timeout,
            backoff: Backoff { first: Duration::from_millis(50), most: Duration::from_millis(200) },
        };
        let member = Member::new(settings, format!("m{number}"), now, Rng::new(1));
        let first_session = u32::from(number) << 16;
        let client = Client {
            first_session,
            sessions: 0,
            partitions: BTreeMap::new(),
            shown: Vec::new(),
            lease: None,
        };
        Self { member: member.expect("names without a slash"), client }
    }

    /// Its time has come, or something it waits for.
    pub fn tick(&mut self, now: Now) -> Vec<Intent> {
        self.handle(now, MemberInput::Tick)
    }

    /// News of its ZooKeeper session. Those of another session change nothing.
    pub fn zookeeper(&mut self, now: Now, news: ZkNews) -> Vec<Intent> {
        if self.member.session_name() == Some(news.session()) {
            self.handle(now, MemberInput::ZooKeeper(news))
        } else {
            Vec::new()
        }
    }

    /// The application takes one more message of each partition that it may, and commits.
    pub fn commit(&mut self, now: Now) -> Vec<Intent> {
        for partition in self.hands_out(now) {
            if let Some(own) = self.client.partitions.get_mut(&partition) {
                own.done += 1;
            }
        }
        self.handle(now, MemberInput::Commit)
    }

    /// The application leaves the group, within ten seconds.
    pub fn leave(&mut self, now: Now) -> Vec<Intent> {
        let until = now.mono + Duration::from_secs(10);
        self.handle(now, MemberInput::Leave { until })
    }

    /// When it wants its tick.
    pub fn deadline(&self) -> Option<Deadline> {
        self.member.deadline()
    }

    /// The session that it uses.
    pub fn session(&self) -> Option<SessionId> {
        self.member.session_name()
    }

    /// The partitions of which the application may be given a message now.
    pub fn hands_out(&self, now: Now) -> Vec<i32> {
        let lease = Lease::default();
        if let Some((until, ahead)) = self.client.lease {
            lease.renew(until, ahead, &mut Wakers::default());
        }
        let open = self.client.partitions.iter().filter(|(_, own)| !own.is_withdrawn);
        open.filter(|_| lease.holds(now)).map(|(partition, _)| *partition).collect()
    }

    /// The partitions that the application is told to have.
    pub fn assignment(&self) -> &[i32] {
        &self.client.shown
    }

    /// Whether it has left.
    pub fn is_over(&self) -> bool {
        self.member.is_over()
    }

    /// Whether it has joined, and nothing is left to do but to stay.
    pub fn is_calm(&self) -> bool {
        let Member { phase, round, round_due, claims, commits, .. } = &self.member;
        let rests = round.is_none() && round_due.is_none() && !commits.is_under_way();
        *phase == Phase::Joined && rests && claims.values().all(|claim| claim.is_active() && claim.is_quiet())
    }

    fn handle(&mut self, now: Now, input: MemberInput) -> Vec<Intent> {
        let mut hand = Hand { client: &mut self.client, now, intents: Vec::new() };
        self.member.handle(now, input, &mut hand);
        let intents = hand.intents;
        self.forget_what_decides_nothing();
        intents
    }

    fn forget_what_decides_nothing(&mut self) {
        self.member.rng = Rng::new(1);
        self.member.trouble.clear();
        self.member.claims.values_mut().for_each(Claim::forget_trouble);
        let is_quiet = self.member.session.as_mut().is_none_or(super::session::Session::forget_numbers);
        if is_quiet && self.member.round.is_none() {
            self.member.rounds = 0;
        }
    }
}

/// What the member does, done.
struct Hand<'a> {
    client: &'a mut Client,
    now: Now,
    intents: Vec<Intent>,
}

impl World for Hand<'_> {
    fn intend(&mut self, intent: Intent) {
        self.intents.push(timeless(intent));
    }

    fn next_session(&mut self) -> SessionId {
        self.client.sessions += 1;
        SessionId(self.client.first_session + self.client.sessions)
    }

    /// It keeps its offsets in ZooKeeper.
    fn ask_brokers(&mut self, _: ZkRequestId, _: CoordinatorAsk) {}

    fn drop_asked(&mut self) {}

    /// The application takes the first message at once, if it may.
    fn assign(&mut self, partition: &TopicPartition, start: Offset, is_withheld: bool) -> Option<u64> {
        let start = if let Offset::Exact(offset) = start { offset } else { 0 };
        let may = !is_withheld && self.client.lease.is_some_and(|(until, _)| self.now.mono < until);
        let own = Partition { begun: start, done: start + i64::from(may), is_withdrawn: false };
        self.client.partitions.insert(partition.partition, own);
        Some(1)
    }

    fn read_on(&mut self, partition: &TopicPartition) {
        let may = self.client.lease.is_some_and(|(until, _)| self.now.mono < until);
        if let Some(own) =
            self.client.partitions.get_mut(&partition.partition).filter(|own| !own.is_withdrawn)
        {
            own.done += i64::from(may);
        }
    }

    fn begin_at(&mut self, partition: &TopicPartition, offset: i64, since: u64) -> Option<u64> {
        let own = self.client.partitions.get_mut(&partition.partition)?;
        (own.begun, own.done) = (offset, offset);
        Some(since)
    }

    fn withdraw(&mut self, partition: &TopicPartition) {
        if let Some(own) = self.client.partitions.get_mut(&partition.partition) {
            own.is_withdrawn = true;
        }
    }

    /// Who has forgotten to withdraw it goes on handing it out.
    fn forget(&mut self, partition: &TopicPartition) {
        if self.client.partitions.get(&partition.partition).is_some_and(|own| own.is_withdrawn) {
            self.client.partitions.remove(&partition.partition);
        }
    }

    fn done(&self, partition: &TopicPartition) -> Option<Done> {
        let own = self.client.partitions.get(&partition.partition)?;
        Some(Done { offset: own.done, turn: 1 })
    }

    fn start(&self, partition: &TopicPartition) -> Option<Done> {
        let own = self.client.partitions.get(&partition.partition)?;
        Some(Done { offset: own.begun, turn: 1 })
    }

    fn handed_out(&self, partition: &TopicPartition) -> Option<Done> {
        self.done(partition)
    }

    fn renew(&mut self, until: Instant, ahead: i64) {
        self.client.lease = Some((until, ahead));
    }

    fn end_lease(&mut self) {
        self.client.lease = None;
    }

    fn revoking(&mut self, _: Vec<TopicPartition>, _: Instant) -> Held {
        Held::default()
    }

    fn tell(&mut self, _: ConsumerEvent) {}

    fn show(&mut self, assignment: Vec<TopicPartition>) {
        self.client.shown = assignment.into_iter().map(|own| own.partition).collect();
    }

    fn joined(&mut self) {}

    fn committed(&mut self, _: Result<(), String>) {}

    fn over(&mut self, _: Option<GroupError>) {
        self.client.partitions.clear();
        self.client.lease = None;
    }
}

/// A registration says when it was made, which nobody asks for.
fn timeless(intent: Intent) -> Intent {
    match intent {
        Intent::ZooKeeper { id, op: ZkOp::Create { path, data, ephemeral } } => {
            let registration = ConsumerRegistration::from_bytes(&data, Dialect::Scala).ok();
            let at_no_time =
                registration.map(|registration| ConsumerRegistration { timestamp: 0, ..registration });
            let data = at_no_time.and_then(|own| own.to_bytes(Dialect::Scala).ok()).unwrap_or(data);
            Intent::ZooKeeper { id, op: ZkOp::Create { path, data, ephemeral } }
        }
        other => other,
    }
}
