//! Which broker keeps a group's offsets, and what is asked of it.
//!
//! | whom    | input                                   | then    | asks                                         |
//! |---------|-----------------------------------------|---------|----------------------------------------------|
//! | Unknown | something is to be asked, no rest       | Finding | any broker, who the coordinator is           |
//! | Finding | named                                   | Known   | a connection to it                           |
//! | Finding | not available, no answer                | Unknown | rests                                        |
//! | Finding | refused                                 | Unknown | (all that waits is answered with that)       |
//! | Known   | connected, something is to be asked     | Known   | all reads as one request, all commits as one |
//! | Known   | it loads, or is in trouble              | Known   | rests, then asks again                       |
//! | Known   | it does not know the partition (yet)    | Known   | asks that again after a wait                 |
//! | Known   | it is not the coordinator, it is gone   | Unknown | rests                                        |
//!
//! Commits are those of who is in no group of the brokers, without generation and member, unless it is [said](Coordinator::act_as)
//! who commits. Each question is answered once: what waits too long with that, and a commit whose request had no answer with a
//! doubt; it is not sent again, since the offset may be written, and be followed by others. So is what a [`member`] asks.
//!
//! A broker reads nothing else on a connection while it lets a join or a sync wait. So each member of a group of the brokers has a
//! connection of its own, and what it asks meanwhile, which is to leave, goes over the one that is for all groups.

mod joins;
mod member;
pub(crate) mod outside;
mod request;
mod response;
mod sending;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;

use super::OffsetsError;
use super::offsets::{CoordinatorAnswer, CoordinatorAsk, OffsetAsk};
use crate::address::HostPort;
use crate::backoff::Backoff;
use crate::connection::{Failure, Owner, Peer, Role};
use crate::id::{BrokerId, ZkRequestId};
use crate::limits;
use crate::out::Context;
use crate::rng::Rng;
use crate::time::{Deadline, Instant};

use self::joins::Joins;
use self::outside::OutsideAsk;
use self::response::Verdict;
pub(crate) use member::{
    Attend, Attending, Identity, Join, Joined, MemberAnswer, MemberAsk, Refusal, Sync, Wish,
};
pub(crate) use sending::send;

/// The versions of commits and reads: from the one on by which offsets are on the brokers, and the last in which topics have
/// names.
const ON_BROKERS: i16 = 1;
const BY_NAME: i16 = 9;
/// The first version of a read that asks about several groups at once.
const SEVERAL_GROUPS: i16 = 8;

/// What is answered, to whom.
pub(crate) type Answered = (ZkRequestId, Result<CoordinatorAnswer, OffsetsError>);

#[derive(Debug)]
pub(crate) struct Coordinator {
    group: Arc<str>,
    /// Whose its requests are.
    owner: fn(u64) -> Owner,
    /// Over which connection it is asked.
    role: Role,
    /// As whom offsets are committed.
    identity: Option<Identity>,
    whom: Whom,
    /// Who was it last.
    last: Option<BrokerId>,
    rests_until: Option<Instant>,
    /// The broker has asked for a pause until then: a commit would wait unsent, whatever becomes of the session.
    held_until: Option<Instant>,
    failures: u32,
    trouble: String,
    waiting: BTreeMap<ZkRequestId, Asked>,
    sent: BTreeMap<u64, Sent>,
    joins: Joins,
    rng: Rng,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Unknown,
    Finding(u64),
    Known(BrokerId),
}

#[derive(Clone, Debug)]
struct Asked {
    ask: CoordinatorAsk,
    until: Instant,
    /// When it may be asked again, where its own partition is why it was not answered.
    due: Option<Instant>,
    failures: u32,
    /// What was said of its partition last.
    refusal: Option<ErrorCode>,
}

/// What becomes one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Commit,
    Members,
    /// Of a member; each by itself.
    Member,
    Outside(OutsideAsk),
}

/// A request that has no answer yet.
#[derive(Debug)]
struct Sent {
    to: BrokerId,
    kind: Kind,
    asked: BTreeMap<ZkRequestId, Asked>,
}

impl Coordinator {
    /// `owner` makes of the number of a request whose it is.
    pub(crate) fn new(group: &Arc<str>, owner: fn(u64) -> Owner, backoff: Backoff, rng: Rng) -> Self {
        Self {
            group: Arc::clone(group),
            owner,
            role: Role::Group,
            identity: None,
            whom: Whom::Unknown,
            last: None,
            rests_until: None,
            held_until: None,
            failures: 0,
            trouble: "no broker to ask".to_owned(),
            waiting: BTreeMap::new(),
            sent: BTreeMap::new(),
            joins: Joins::default(),
            rng,
            backoff,
        }
    }

    /// Asks over a connection of its own.
    pub(crate) fn over(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// Offsets are committed as this member from now on, or as nobody.
    pub(crate) fn act_as(&mut self, identity: Option<Identity>) {
        self.identity = identity;
    }

    pub(crate) fn ask(&mut self, now: Instant, id: ZkRequestId, ask: CoordinatorAsk) {
        let held = if let CoordinatorAsk::Member(ask) = &ask { ask.is_held_for() } else { Duration::ZERO };
        let until = now + limits::COORDINATOR + held;
        self.waiting.insert(id, Asked { ask, until, due: None, failures: 0, refusal: None });
    }

    /// Nobody wants to know any more. Says which brokers may not have been sent a commit yet that they are to have no more.
    fn drop_asked(&mut self) -> BTreeSet<BrokerId> {
        self.waiting.clear();
        let sent = std::mem::take(&mut self.sent);
        sent.into_values().filter(|sent| sent.kind == Kind::Commit).map(|sent| sent.to).collect()
    }

    /// The same; a commit that was not sent yet never is.
    pub(crate) fn give_up(&mut self, cx: &mut Context<'_>, reason: &str) {
        for broker in self.drop_asked() {
            cx.net.give_up_unsent(cx.now, Peer::Broker(broker), self.role, reason);
        }
    }

    /// What a member asks and was not sent yet never is. Says whether there was something.
    pub(crate) fn drop_unsent(&mut self) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|_, asked| asked.ask.of_member().is_none());
        self.waiting.len() < before
    }

    /// It is known who it is.
    #[cfg(test)]
    pub(super) fn is_at(&mut self, broker: BrokerId) {
        self.whom = Whom::Known(broker);
    }

    /// Whether something is still to be asked.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(crate) fn has_sent(&self, token: u64) -> bool {
        self.whom == Whom::Finding(token) || self.sent.contains_key(&token)
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let given_up = self.waiting.values().map(|asked| asked.until).min()?;
        let due = self.waiting.values().filter_map(|asked| asked.due).min();
        let at = [self.rests_until, self.held_until, due].into_iter().flatten().fold(given_up, Instant::min);
        Some(Deadline::new(at, "a group's coordinator"))
    }

    /// What it waits for, for people.
    pub(crate) fn waits_for(&self) -> Option<String> {
        let what = match self.whom {
            _ if !self.is_wanted() && self.sent.is_empty() => return None,
            Whom::Unknown | Whom::Finding(_) => "who keeps the group's offsets".to_owned(),
            Whom::Known(broker) => format!("broker {broker}, which keeps the group's offsets"),
        };
        Some(if self.failures > 0 { format!("{what} ({})", self.trouble) } else { what })
    }
}

/// What comes back.
impl Coordinator {
    pub(crate) fn response(
        &mut self,
        cx: &mut Context<'_>,
        token: u64,
        version: i16,
        frame: &[u8],
    ) -> Vec<Answered> {
        if self.whom == Whom::Finding(token) {
            return self.found(cx, version, frame);
        }
        let Some(sent) = self.sent.remove(&token) else { return Vec::new() };
        let told = match sent.kind {
            Kind::Member => response::member(version, frame, &sent.asked),
            Kind::Commit => response::committed(version, frame, self.identity.is_some()),
            Kind::Read => response::read(version, frame, &self.group),
            Kind::Members => response::members(version, frame, &self.group),
            Kind::Outside(ask) => outside::told(ask, version, frame, &self.group),
        };
        let is_of_topics = |asked: &Asked| matches!(asked.ask.of_member(), Some(MemberAsk::Topics));
        if sent.kind == Kind::Member && told.is_ok() && !sent.asked.values().any(is_of_topics) {
            self.joins.answered();
        }
        match told {
            Ok(told) => self.told(cx.now.mono, sent, &told),
            Err(reason) => self.unanswered(cx.now.mono, sent, &Failure::PossiblySent(reason)),
        }
    }

    /// There is no answer to what was asked under this number.
    pub(crate) fn failed(&mut self, now: Instant, token: u64, failure: &Failure) -> Vec<Answered> {
        if self.whom == Whom::Finding(token) {
            self.lose(now, failure.reason().to_owned());
        }
        let Some(sent) = self.sent.remove(&token) else { return Vec::new() };
        self.unanswered(now, sent, failure)
    }

    /// A broker cannot be reached, or not any more.
    pub(crate) fn unreachable(&mut self, now: Instant, peer: Peer, reason: &str) {
        if let Whom::Known(broker) = self.whom
            && peer == Peer::Broker(broker)
        {
            self.lose(now, reason.to_owned());
        }
    }

    fn found(&mut self, cx: &mut Context<'_>, version: i16, frame: &[u8]) -> Vec<Answered> {
        match response::found(version, frame, &self.group) {
            Ok(Ok((broker, host, port))) => {
                cx.net.introduce(broker, HostPort { host, port });
                // A connection of a member's own is of use nowhere else.
                let former = self.last.replace(broker).filter(|former| *former != broker);
                if let (Some(former), Role::Member(_)) = (former, self.role) {
                    cx.net.give_up(
                        cx.now,
                        Peer::Broker(former),
                        self.role,
                        "another broker is the coordinator now",
                    );
                }
                self.whom = Whom::Known(broker);
            }
            Ok(Err(code)) => match response::verdict(code) {
                Verdict::Refused(error) => {
                    self.lose(cx.now.mono, error.to_string());
                    return self.refuse_all(&error);
                }
                _ => self.lose(cx.now.mono, code.to_string()),
            },
            Err(reason) => self.lose(cx.now.mono, reason),
        }
        Vec::new()
    }

    fn told(&mut self, now: Instant, Sent { to, kind, asked }: Sent, told: &response::Told) -> Vec<Answered> {
        let (mut answered, mut trouble, mut is_lost) = (Vec::new(), None, false);
        let is_commit = kind == Kind::Commit;
        for (id, mut asked) in asked {
            match told.of(&asked.ask) {
                Verdict::Done(answer) => answered.push((id, Ok(answer))),
                Verdict::Refused(error) => answered.push((id, Err(error))),
                Verdict::Again(code) => {
                    asked.failures += 1;
                    // Others wait for a member that gives a partition up.
                    if self.identity.is_some() && asked.failures >= limits::MEMBERS_COMMIT && is_commit {
                        answered.push((id, Err(OffsetsError::Refused { code })));
                        continue;
                    }
                    asked.due = Some(now + self.backoff.wait(asked.failures, &mut self.rng));
                    asked.refusal = Some(code);
                    self.waiting.insert(id, asked);
                }
                Verdict::Later { reason, is_another } => {
                    is_lost |= is_another;
                    trouble = Some(reason);
                    asked.refusal = None;
                    self.waiting.insert(id, asked);
                }
            }
        }
        match trouble {
            // Who answers late, when another is asked already, says nothing of that one.
            _ if self.whom != Whom::Known(to) => {}
            Some(trouble) if is_lost => self.lose(now, trouble),
            Some(trouble) => self.rest(now, trouble),
            None => self.failures = 0,
        }
        answered
    }

    /// A read can be asked again. A commit may be written: what was committed since is not to be overwritten.
    fn unanswered(&mut self, now: Instant, sent: Sent, failure: &Failure) -> Vec<Answered> {
        if self.whom == Whom::Known(sent.to) {
            self.lose(now, failure.reason().to_owned());
        }
        let is_asked_once = matches!(sent.kind, Kind::Commit | Kind::Member);
        if is_asked_once && matches!(failure, Failure::PossiblySent(_)) {
            let is_join = |asked: &Asked| matches!(asked.ask.of_member(), Some(MemberAsk::Join(_)));
            let is_too_old = sent.asked.values().any(is_join) && self.joins.hung_up();
            let unanswered = || OffsetsError::Unanswered { reason: failure.reason().to_owned() };
            let error = if is_too_old { OffsetsError::NotOffered } else { unanswered() };
            return refused(sent.asked, &error);
        }
        self.waiting.extend(sent.asked);
        Vec::new()
    }

    /// The coordinator is to be found anew.
    fn lose(&mut self, now: Instant, trouble: String) {
        self.whom = Whom::Unknown;
        self.rest(now, trouble);
    }

    fn rest(&mut self, now: Instant, trouble: String) {
        tracing::debug!(group = %self.group, %trouble, "the coordinator of a group");
        self.failures = self.failures.saturating_add(1);
        self.trouble = trouble;
        self.rests_until = Some(now + self.backoff.wait(self.failures, &mut self.rng));
    }
}

fn refused(asked: BTreeMap<ZkRequestId, Asked>, error: &OffsetsError) -> Vec<Answered> {
    asked.into_keys().map(|id| (id, Err(error.clone()))).collect()
}

impl CoordinatorAsk {
    fn kind(&self) -> Kind {
        match self {
            Self::Offset(_, OffsetAsk::Read) => Kind::Read,
            Self::Offset(_, OffsetAsk::Commit(_)) => Kind::Commit,
            Self::Members => Kind::Members,
            Self::Member(_) => Kind::Member,
            Self::Outside(ask) => Kind::Outside(*ask),
        }
    }

    fn of_member(&self) -> Option<&MemberAsk> {
        if let Self::Member(ask) = self { Some(ask) } else { None }
    }
}
