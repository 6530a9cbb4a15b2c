//! Which groups the brokers coordinate: each of them tells of its own.
//!
//! | stage   | input                                    | then    | asks                                       |
//! |---------|------------------------------------------|---------|--------------------------------------------|
//! | Seeking | a connection to any broker               | Asking  | who the brokers are                        |
//! | Asking  | named                                    | Listing | each that has not told yet, for its groups |
//! | Asking  | no answer                                | Resting |                                            |
//! | Seeking, Asking, Resting | a quarter of the time is over, and none was named yet | Listing | those that were last seen |
//! | Listing | all have told, or refused for good       | Over    |                                            |
//! | Listing | the same, but some cannot tell now       | Resting |                                            |
//! | Resting | the rest is over                         | Seeking | (those that are still there, once more)    |
//! | any     | the time is over                         | Over    | (who has not told is told as such)         |
//!
//! Brokers before 0.10 are not asked, and count as having none: those of 0.9 cannot be told from older ones, which have none
//! and hang up.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_proto::ErrorCode;
use samsa_proto::api::list_groups::{self, ListGroupsRequest};
use samsa_proto::api::metadata::MetadataRequest;

use super::error::GroupLookError;
use super::listed::{GroupHome, ListedGroup, UntoldBroker};
use crate::answer::read_answer;
use crate::backoff::Backoff;
use crate::cluster::Cluster;
use crate::cluster::metadata::{self, Question};
use crate::connection::{Owner, Peer, Role};
use crate::error::LookError;
use crate::group::{GroupKind, send};
use crate::id::{BrokerId, ConnId};
use crate::out::Context;
use crate::rng::Rng;
use crate::time::{Deadline, Instant, TimeLimit};
use crate::topology::BrokerInfo;

/// What consumers say that they are; nothing, where there are offsets and never were members.
pub(super) const CONSUMERS: [&str; 2] = ["consumer", ""];
/// The types of group that consumers are in; nothing, where it is not said.
const TYPES: [&str; 3] = ["classic", "consumer", ""];

#[derive(Debug)]
pub(super) struct Survey {
    stage: Stage,
    brokers: BTreeMap<BrokerId, Part>,
    groups: BTreeMap<Arc<str>, GroupHome>,
    time: TimeLimit,
    /// When to be content with the brokers that were last seen.
    content: Option<Instant>,
    failures: u32,
    trouble: String,
    backoff: Backoff,
    rng: Rng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Seeking,
    Asking(u64),
    Listing,
    Resting(Instant),
    Over,
}

/// How far one broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Wanted,
    Asked(u64),
    /// Not in this round.
    Failed(String),
    Told,
    NotOffered,
    Refused(String),
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Surveyed {
    pub(super) groups: Vec<ListedGroup>,
    pub(super) untold: Vec<UntoldBroker>,
    /// Why there is nothing to tell, for who asks nobody else.
    pub(super) failure: Option<GroupLookError>,
}

impl Survey {
    pub(super) fn new(time: TimeLimit, backoff: Backoff, rng: Rng) -> Self {
        Self {
            stage: Stage::Seeking,
            brokers: BTreeMap::new(),
            groups: BTreeMap::new(),
            time,
            content: Some(time.since + time.within / 4),
            failures: 0,
            trouble: "no broker to ask".to_owned(),
            backoff,
            rng,
        }
    }

    pub(super) fn has_sent(&self, token: u64) -> bool {
        self.stage == Stage::Asking(token) || self.brokers.values().any(|part| *part == Part::Asked(token))
    }

    pub(super) fn deadline(&self) -> Deadline {
        let due = match self.stage {
            Stage::Resting(due) => Some(due),
            _ => None,
        };
        let at = due.into_iter().chain(self.content).fold(self.time.until(), Instant::min);
        Deadline::new(at, "ask brokers for groups")
    }

    /// What it waits for, for people.
    pub(super) fn waits_for(&self) -> String {
        let waiting = self.brokers.iter().filter(|(_, part)| !part.is_over());
        let waiting: Vec<_> = waiting.map(|(broker, _)| broker.to_string()).collect();
        let what = match waiting.len() {
            0 => "who the brokers are, to ask for their groups".to_owned(),
            1 => format!("the groups of broker {}", waiting[0]),
            _ => format!("the groups of brokers {}", waiting.join(", ")),
        };
        if self.failures > 0 { format!("{what} ({})", self.trouble) } else { what }
    }

    /// Asks what can be asked now. Says what came of it, once it is over.
    pub(super) fn pump(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &Cluster,
        tokens: &mut u64,
    ) -> Option<Surveyed> {
        if matches!(self.stage, Stage::Resting(due) if due <= cx.now.mono) {
            self.stage = Stage::Seeking;
        }
        if self.content.take_if(|at| *at <= cx.now.mono).is_some() && self.brokers.is_empty() {
            self.begin_with(cluster.brokers());
        }
        if self.stage == Stage::Seeking
            && let Some(conn) = cluster.contact(cx)
        {
            self.seek(cx, conn, tokens);
        }
        if self.stage == Stage::Listing {
            self.list(cx, tokens);
            self.settle(cx.now.mono);
        }
        let is_over = self.stage == Stage::Over || self.time.is_over(cx.now.mono);
        is_over.then(|| self.outcome())
    }

    fn seek(&mut self, cx: &mut Context<'_>, conn: ConnId, tokens: &mut u64) {
        let Some(version) = cx.net.version::<MetadataRequest<'_>>(conn) else {
            return self.rest(cx.now.mono, "the broker tells nothing of others".to_owned());
        };
        let question = Question::Look(Vec::new());
        match send(cx, conn, (tokens, Owner::GroupLookup), version, &question.request(version)) {
            Ok(token) => self.stage = Stage::Asking(token),
            Err(trouble) => self.rest(cx.now.mono, trouble),
        }
    }

    fn list(&mut self, cx: &mut Context<'_>, tokens: &mut u64) {
        let wanted = self.brokers.iter_mut().filter(|(_, part)| **part == Part::Wanted);
        for (broker, part) in wanted {
            let Some(conn) = cx.net.connection(cx.now, Peer::Broker(*broker), Role::Group) else { continue };
            let Some(version) = cx.net.version::<ListGroupsRequest<'_>>(conn) else {
                *part = Part::NotOffered;
                continue;
            };
            let request = ListGroupsRequest::default();
            *part = match send(cx, conn, (tokens, Owner::GroupLookup), version, &request) {
                Ok(token) => Part::Asked(token),
                Err(trouble) => Part::Failed(trouble),
            };
        }
    }

    fn settle(&mut self, now: Instant) {
        if self.brokers.values().any(|part| matches!(part, Part::Wanted | Part::Asked(_))) {
            return;
        }
        let trouble = self.brokers.iter().find_map(|(broker, part)| match part {
            Part::Failed(reason) => Some(format!("broker {broker}: {reason}")),
            _ => None,
        });
        match trouble {
            Some(trouble) => self.rest(now, trouble),
            None => self.stage = Stage::Over,
        }
    }

    fn rest(&mut self, now: Instant, trouble: String) {
        self.trouble = trouble;
        self.failures = self.failures.saturating_add(1);
        self.stage = Stage::Resting(now + self.backoff.wait(self.failures, &mut self.rng));
    }

    fn outcome(&mut self) -> Surveyed {
        let groups = std::mem::take(&mut self.groups).into_iter();
        let within = self.time.within;
        let untold = self.brokers.iter().filter_map(|(broker, part)| {
            let reason = match part {
                Part::Told | Part::NotOffered => return None,
                Part::Refused(reason) => reason.clone(),
                Part::Failed(reason) => format!("{reason} (tried for {within:?}); ask again"),
                Part::Wanted | Part::Asked(_) => {
                    format!("no answer within {within:?}; ask again, or give more time")
                }
            };
            Some(UntoldBroker { broker: Some(*broker), reason })
        });
        let nobody =
            self.brokers.is_empty().then(|| UntoldBroker { broker: None, reason: self.trouble.clone() });
        Surveyed {
            groups: groups.map(|(name, home)| ListedGroup { name, home }).collect(),
            untold: nobody.into_iter().chain(untold).collect(),
            failure: self.failure(),
        }
    }

    fn failure(&self) -> Option<GroupLookError> {
        if self.brokers.is_empty() {
            let (within, last) = (self.time.within, self.trouble.clone());
            return Some(LookError::TimedOut { about: "the groups".to_owned(), within, last }.into());
        }
        let are_too_old = self.brokers.values().all(|part| *part == Part::NotOffered);
        are_too_old.then_some(GroupLookError::NotOffered)
    }
}

/// What comes back.
impl Survey {
    pub(super) fn response(&mut self, cx: &mut Context<'_>, token: u64, version: i16, frame: &[u8]) {
        if self.stage == Stage::Asking(token) {
            match read_answer::<MetadataRequest<'_>>(version, frame) {
                Ok(response) => self.begin(cx, metadata::brokers(&response)),
                Err(error) => self.rest(cx.now.mono, error.to_string()),
            }
            return;
        }
        let told = match read_answer::<ListGroupsRequest<'_>>(version, frame) {
            Ok(response) if response.error_code.is_ok() => {
                self.groups.extend(response.groups.iter().filter_map(of_consumers));
                Part::Told
            }
            Ok(response) => refused(response.error_code),
            Err(error) => Part::Failed(error.to_string()),
        };
        self.learn(token, told);
    }

    pub(super) fn failed(&mut self, now: Instant, token: u64, reason: &str) {
        if self.stage == Stage::Asking(token) {
            self.rest(now, reason.to_owned());
        }
        self.learn(token, Part::Failed(reason.to_owned()));
    }

    pub(super) fn unreachable(&mut self, peer: Peer, reason: &str) {
        if let Peer::Broker(broker) = peer
            && let Some(part) = self.brokers.get_mut(&broker).filter(|part| **part == Part::Wanted)
        {
            *part = Part::Failed(reason.to_owned());
        }
    }

    /// A round: those that are there now and have not told yet. What one coordinates that is gone is another's by then.
    fn begin(&mut self, cx: &mut Context<'_>, named: BTreeMap<BrokerId, BrokerInfo>) {
        if named.is_empty() {
            return self.rest(cx.now.mono, "a broker says that there are no brokers".to_owned());
        }
        let before = std::mem::take(&mut self.brokers);
        for (broker, info) in named {
            cx.net.introduce(broker, info.address);
            let part = before.get(&broker).filter(|part| part.is_over()).cloned();
            self.brokers.insert(broker, part.unwrap_or(Part::Wanted));
        }
        self.stage = Stage::Listing;
    }

    /// Whoever is asked who the brokers are may be silent.
    fn begin_with(&mut self, seen: impl Iterator<Item = BrokerId>) {
        self.brokers = seen.map(|broker| (broker, Part::Wanted)).collect();
        if !self.brokers.is_empty() {
            self.stage = Stage::Listing;
        }
    }

    fn learn(&mut self, token: u64, told: Part) {
        if let Some(part) = self.brokers.values_mut().find(|part| **part == Part::Asked(token)) {
            *part = told;
        }
    }
}

impl Part {
    /// Whether there is no more to ask, in any round.
    fn is_over(&self) -> bool {
        matches!(self, Self::Told | Self::NotOffered | Self::Refused(_))
    }
}

/// Connect and schema registries have groups, too.
fn of_consumers(listed: &list_groups::ListedGroup<'_>) -> Option<(Arc<str>, GroupHome)> {
    if !CONSUMERS.contains(&listed.protocol_type) || !TYPES.contains(&listed.group_type) {
        return None;
    }
    let kind = match listed.group_type {
        "classic" => Some(GroupKind::Classic),
        "consumer" => Some(GroupKind::Consumer),
        _ => None,
    };
    let state = Some(listed.group_state).filter(|state| !state.is_empty()).map(str::to_owned);
    Some((Arc::from(listed.group_id), GroupHome::Brokers { kind, state }))
}

fn refused(code: ErrorCode) -> Part {
    match code {
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED | ErrorCode::GROUP_AUTHORIZATION_FAILED => {
            Part::Refused(format!("{code}; grant this client Describe on the cluster, or on the groups"))
        }
        code if code.is_retriable() || code == ErrorCode::UNKNOWN_SERVER_ERROR => {
            Part::Failed(code.to_string())
        }
        code => Part::Refused(format!("{code}; look into the broker's log")),
    }
}

#[cfg(test)]
mod tests;
