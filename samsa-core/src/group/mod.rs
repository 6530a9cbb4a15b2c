//! Groups: who is in them, who has which partition, and how far each is.
//!
//! Some groups live on the [brokers]. The members of a group that lives in ZooKeeper speak through nodes alone. Each registers itself below `ids/`, reads who else is there, and
//! computes for itself which partitions are its own ([`assign`]). An ephemeral node below `owners/` is the lock of a
//! partition. Since every member looks at its own time, views differ for a while, and the locks decide.
//!
//! [`Member`] is one such member, pure: it is told the time and what ZooKeeper answered, and acts on a [`World`].
//! Its partitions are [`claim`]s; [`offsets`] is what is committed of one, in ZooKeeper, or on the brokers, where it is asked
//! of the group's [`coordinator`]. Here the members meet the rest of the client: commands, and the readers that hand out what
//! is theirs. Whoever looks at a group from outside asks through a coordinator of its own, which also tells of groups that live on
//! the brokers ([`CoordinatedGroup`]).

mod answering;
mod any_member;
mod assign;
mod brokers;
mod claim;
mod clocks;
mod commits;
mod committing;
mod coordinated;
mod coordinator;
mod desk;
mod dialect;
mod doubt;
mod elsewhere;
mod error;
mod hand;
mod holding;
mod joining;
mod leaving;
mod lock;
mod member;
#[cfg(feature = "model")]
pub mod model;
mod offsets;
pub(crate) mod on_brokers;
mod opening;
mod pattern;
mod protocol;
mod round;
mod session;
mod settings;
mod sharing;
mod standing;
#[cfg(test)]
mod tests;
mod view;
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::cluster::Cluster;
use crate::command::{GroupSpec, Reply};
use crate::config::FetchConfig;
use crate::connection::{Failure, Peer};
use crate::consumer::{Board, Consumer, Held, Lease, Membership};
use crate::explanation::Waiting;
use crate::id::{MemberId, OpId, ReaderId};
use crate::intent::Intent;
use crate::limits;
use crate::offset::Offset;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, TimeLimit};
use crate::topology::TopicPartition;
use crate::wake::{DriverSignal, Wakers};
use crate::zookeeper::ZkNews;

use self::any_member::AnyMember;
use self::hand::{Hand, Outcome};
use self::member::MemberInput;

pub use assign::Assignor;
pub use coordinated::{CoordinatedGroup, CoordinatedMember, GroupKind};
pub(crate) use coordinator::outside::{OutsideAnswer, OutsideAsk};
pub(crate) use coordinator::{Answered, Coordinator, send};
pub use error::{CommitError, GroupError, OffsetsError};
pub use offsets::OffsetStorage;
pub(crate) use offsets::{CoordinatorAnswer, CoordinatorAsk, OffsetAsk};
pub use pattern::{PatternError, TopicPattern};
pub use protocol::GroupProtocol;
pub(crate) use world::Done;

/// How long a member waits for more changes when it has seen one: one round of reading for a burst.
const BURST: Duration = Duration::from_millis(100);

/// Sessions of groups are numbered from here; those of discovery come before.
pub(crate) const FIRST_SESSION: u32 = 1 << 31;

/// What of the messages that were handed out is committed, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Commit {
    /// What the application is done with: it has asked for the next. Now and then, when partitions are given up, and at the
    /// close.
    #[default]
    Automatic,
    /// What the application has marked, at the same times: for code that reads ahead.
    Marked,
    /// Nothing but what it commits by an explicit call; and where a partition begins for which the group had no offset, so
    /// that whoever gets it next begins there, too.
    Manual,
}

/// All members that this client is.
#[derive(Debug)]
pub(crate) struct Groups {
    signal: Arc<DriverSignal>,
    rng: Rng,
    sessions: u32,
    last_member: u64,
    last_token: u64,
    members: BTreeMap<MemberId, Entry>,
    deadline: Option<Deadline>,
}

/// A member, and what of the client is its own.
#[derive(Debug)]
struct Entry {
    member: AnyMember,
    place: Place,
    coordinator: Coordinator,
    stay: Held,
    joining: Option<(Waiter, Membership)>,
    committing: Option<Waiter>,
    leaving: Vec<OpId>,
}

/// Where a member's messages go.
#[derive(Debug)]
struct Place {
    readers: BTreeMap<Arc<str>, ReaderId>,
    /// How readers are opened as topics come, where those are chosen by a pattern.
    opens: Option<Opens>,
    /// Those that are read, and those that are given up and still counted.
    sources: BTreeMap<TopicPartition, Arc<crate::consumer::Source>>,
    board: Arc<Board>,
    lease: Arc<Lease>,
    commit: Commit,
}

/// How to open a reader of another topic.
#[derive(Debug)]
struct Opens {
    group: Arc<str>,
    start: Offset,
    /// The memory is that of all readers together.
    fetch: FetchConfig,
}

/// A command that waits.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    op: OpId,
    time: TimeLimit,
}

#[derive(Debug)]
pub(crate) enum GroupInput {
    Join {
        op: OpId,
        spec: Box<GroupSpec>,
        within: Duration,
    },
    Commit {
        op: OpId,
        member: MemberId,
        within: Duration,
    },
    Leave {
        op: OpId,
        member: MemberId,
        within: Duration,
    },
    ZooKeeper(ZkNews),
    /// Nobody waits for the answer to this command any more.
    Forget {
        op: OpId,
    },
    /// Who can be asked may have changed: a connection came or went, or the metadata did.
    LookAgain,
    Unreachable {
        peer: Peer,
        reason: String,
    },
    Response {
        token: u64,
        version: i16,
        frame: Bytes,
    },
    Failed {
        token: u64,
        failure: Failure,
    },
    /// The application has let go of something, or a partition's start was found.
    Credit,
    Tick,
    /// Everybody leaves.
    Close {
        until: Instant,
    },
}

impl Groups {
    pub(crate) fn new(signal: Arc<DriverSignal>, rng: Rng) -> Self {
        Self {
            signal,
            rng,
            sessions: 0,
            last_member: 0,
            last_token: 0,
            members: BTreeMap::new(),
            deadline: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    fn remember_deadline(&mut self) {
        let waiting = |entry: &Entry| {
            let joining =
                entry.joining.as_ref().map(|(waiter, _)| Deadline::new(waiter.time.until(), "join a group"));
            let committing = entry.committing.map(|waiter| Deadline::new(waiter.time.until(), "commit"));
            let own = Deadline::earlier(entry.member.deadline(), entry.coordinator.deadline());
            Deadline::earlier(own, Deadline::earlier(joining, committing))
        };
        self.deadline = self.members.values().filter_map(waiting).min();
    }

    pub(crate) fn explain(&self, lines: &mut Vec<Waiting>) {
        for entry in self.members.values() {
            let who = format!("member {} of group {:?}", entry.member.id(), entry.member.group());
            let joining = entry.joining.as_ref().map(|(waiter, _)| (waiter, "to have joined"));
            let committing =
                entry.committing.as_ref().map(|waiter| (waiter, "what was asked to be committed"));
            for (waiter, what) in joining.into_iter().chain(committing) {
                lines.push(Waiting::of_command(who.clone(), what.to_owned(), waiter.time));
            }
            for what in entry.member.waits_for().into_iter().chain(entry.coordinator.waits_for()) {
                lines.push(Waiting { who: who.clone(), what, since: None, until: None });
            }
        }
    }

    pub(crate) fn handle(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        input: GroupInput,
    ) {
        match input {
            GroupInput::Join { op, spec, within } => {
                self.join(cx, cluster, consumer, &spec, waiter(cx, op, within));
            }
            GroupInput::Commit { op, member, within } => {
                self.commit(cx, cluster, consumer, member, waiter(cx, op, within));
            }
            GroupInput::Leave { op, member, within } => match self.members.get_mut(&member) {
                Some(entry) => {
                    entry.leaving.push(op);
                    let until = cx.now.mono + within;
                    self.drive(cx, cluster, consumer, member, MemberInput::Leave { until });
                }
                None => cx.out.complete(op, Reply::LeaveGroup(Ok(()))),
            },
            GroupInput::ZooKeeper(news) => {
                let session = news.session();
                let whose =
                    self.members.iter().find(|(_, entry)| entry.member.session_name() == Some(session));
                if let Some(member) = whose.map(|(member, _)| *member) {
                    self.drive(cx, cluster, consumer, member, MemberInput::ZooKeeper(news));
                }
            }
            GroupInput::Forget { op } => {
                for entry in self.members.values_mut() {
                    if entry.committing.take_if(|waiter| waiter.op == op).is_some() {
                        entry.member.is_not_awaited();
                    }
                }
                let joins = |entry: &Entry| entry.joining.as_ref().is_some_and(|(waiter, _)| waiter.op == op);
                let whose = self.members.iter_mut().find(|(_, entry)| joins(entry));
                if let Some((member, entry)) = whose {
                    let member = *member;
                    drop(entry.joining.take());
                    self.look_after(cx, cluster, consumer, member);
                }
            }
            GroupInput::Credit | GroupInput::Tick => {
                for member in self.all() {
                    self.look_after(cx, cluster, consumer, member);
                }
            }
            GroupInput::LookAgain => self.ask_coordinators(cx, cluster, consumer),
            GroupInput::Unreachable { peer, reason } => {
                for entry in self.members.values_mut() {
                    entry.coordinator.unreachable(cx.now.mono, peer, &reason);
                }
                self.ask_coordinators(cx, cluster, consumer);
            }
            GroupInput::Response { token, version, frame } => {
                self.coordinator_answers(cx, cluster, consumer, token, |coordinator, cx| {
                    coordinator.response(cx, token, version, &frame)
                });
            }
            GroupInput::Failed { token, failure } => {
                self.coordinator_answers(cx, cluster, consumer, token, |coordinator, cx| {
                    coordinator.failed(cx.now.mono, token, &failure)
                });
            }
            GroupInput::Close { until } => {
                for member in self.all() {
                    self.drive(cx, cluster, consumer, member, MemberInput::Leave { until });
                }
            }
        }
        self.remember_deadline();
    }

    /// Everybody is gone, and nothing is committed before: only the sessions are closed.
    pub(crate) fn abort(&mut self, out: &mut Out) {
        let mut wakers = Wakers::default();
        for (_, entry) in std::mem::take(&mut self.members) {
            entry.place.board.end(Some(GroupError::Closed), &mut wakers);
            entry.place.lease.close(&mut wakers);
            if let Some(session) = entry.member.session_name() {
                out.intend(Intent::CloseSession { session });
            }
            entry.answer_all(out, &GroupError::Closed);
        }
        out.wake(&mut wakers);
        self.deadline = None;
    }

    fn all(&self) -> Vec<MemberId> {
        self.members.keys().copied().collect()
    }

    fn join(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        spec: &GroupSpec,
        waiter: Waiter,
    ) {
        let prepared = self.prepare(cx, spec);
        match prepared.and_then(|member| self.open(cx, cluster, consumer, member, spec)) {
            Ok((mut entry, membership)) => {
                let id = membership.id;
                entry.joining = Some((waiter, membership));
                self.members.insert(id, entry);
                self.drive(cx, cluster, consumer, id, MemberInput::Tick);
            }
            Err(error) => cx.out.complete(waiter.op, Reply::JoinGroup(Err(error))),
        }
    }

    fn commit(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        member: MemberId,
        waiter: Waiter,
    ) {
        let refusal = match self.members.get_mut(&member) {
            None => CommitError::Closed,
            Some(entry) if entry.committing.is_some() => CommitError::Busy,
            Some(entry) => {
                entry.committing = Some(waiter);
                return self.drive(cx, cluster, consumer, member, MemberInput::Commit);
            }
        };
        cx.out.complete(waiter.op, Reply::CommitOffsets(Err(refusal)));
    }

    /// Looks whether its time has come, or whether nobody wants it any more.
    fn look_after(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        id: MemberId,
    ) {
        let Some(entry) = self.members.get_mut(&id) else { return };
        let now = cx.now.mono;
        if let Some(late) = entry.committing.take_if(|waiter| waiter.time.is_over(now)) {
            entry.member.is_not_awaited();
            let last = entry.member.trouble().to_owned();
            let error = CommitError::TimedOut { within: late.time.within, last };
            cx.out.complete(late.op, Reply::CommitOffsets(Err(error)));
        }
        if let Some((late, gone)) = entry.joining.take_if(|(waiter, _)| waiter.time.is_over(now)) {
            let (group, last) = (Arc::clone(entry.member.group()), entry.member.trouble().to_owned());
            let error = GroupError::TimedOut { group, within: late.time.within, last };
            cx.out.complete(late.op, Reply::JoinGroup(Err(error)));
            drop(gone);
        }
        let input = if entry.stay.is_held() || entry.member.is_leaving() {
            MemberInput::Tick
        } else {
            MemberInput::Leave { until: now + limits::LEAVING }
        };
        self.drive(cx, cluster, consumer, id, input);
    }

    fn drive(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        id: MemberId,
        input: MemberInput,
    ) {
        self.drive_all(cx, cluster, consumer, id, VecDeque::from([input]));
    }

    /// Lets a member do something, and does what comes of it. What it asks its coordinator because of all of that is asked
    /// together.
    fn drive_all(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &mut Cluster,
        consumer: &mut Consumer,
        id: MemberId,
        mut inputs: VecDeque<MemberInput>,
    ) {
        while let Some(input) = inputs.pop_front() {
            let Some(entry) = self.members.get_mut(&id) else { return };
            let now = cx.now;
            let Entry { member, place, coordinator, .. } = entry;
            let mut hand =
                Hand::new(cx, cluster, consumer, (place, coordinator), &mut self.sessions, &self.signal);
            member.handle(now, input, &mut hand);
            let outcomes = hand.finish();
            for outcome in outcomes {
                match outcome {
                    Outcome::Refused(error) => inputs.push_back(MemberInput::Refused(error)),
                    outcome => self.outcome(cx, id, outcome),
                }
            }
            if inputs.is_empty() {
                inputs.extend(self.ask_coordinator(cx, cluster, id));
            }
        }
    }
}

fn waiter(cx: &Context<'_>, op: OpId, within: Duration) -> Waiter {
    Waiter { op, time: TimeLimit::new(cx.now.mono, within) }
}
