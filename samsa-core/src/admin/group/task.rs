//! One command about groups, from its session to its answer.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::about::About;
use super::error::GroupLookError;
use super::next::Next;
use super::survey::Survey;
use super::work::Work;
use crate::cluster::Cluster;
use crate::command::{Command, Reply};
use crate::connection::Owner;
use crate::error::LookError;
use crate::explanation::Waiting;
use crate::group::{Answered, Coordinator, CoordinatorAsk, OffsetsError};
use crate::id::{SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::limits;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, TimeLimit};
use crate::zookeeper::{ZkAnswer, ZkError, ZkOp, ZkSessionState};

const SUSPENDED: &str = "the connection to ZooKeeper is gone";

/// Brokers have all but so great a part of a question's time: what ZooKeeper has said is told within the rest.
const KEPT_BACK: u32 = 10;

#[derive(Debug)]
pub(super) struct Task {
    pub(super) about: About,
    /// A question may be forgotten; an order goes on.
    pub(super) is_question: bool,
    work: Work,
    /// Whether there is a ZooKeeper to ask. Without one, its session is a number and no more.
    in_zookeeper: bool,
    session: Option<SessionId>,
    next_seq: u64,
    asked: BTreeMap<u64, ZkOp>,
    /// Not asked yet: so many are asked at once, and no more.
    to_ask: VecDeque<ZkOp>,
    /// Who keeps the group's offsets, while something is asked of the brokers.
    coordinator: Option<Coordinator>,
    asked_of_brokers: BTreeMap<ZkRequestId, CoordinatorAsk>,
    /// What the coordinator has not got yet.
    to_ask_of_brokers: Vec<CoordinatorAsk>,
    /// Which groups each broker coordinates, while that is asked.
    survey: Option<Survey>,
    to_survey: bool,
    /// When to open a session.
    due: Option<Instant>,
    time: TimeLimit,
    failures: u32,
    trouble: Option<String>,
    reply: Option<Reply>,
}

impl Task {
    /// `in_zookeeper` says whether the cluster was found there.
    pub(super) fn new(
        command: &Command,
        about: About,
        in_zookeeper: bool,
        time: TimeLimit,
    ) -> Result<Self, Reply> {
        let work = if in_zookeeper {
            Work::in_zookeeper(command).map_err(|error| about.refused(error.into()))?
        } else {
            Work::on_brokers(command).map_err(|error| Reply::ResetGroup(Err(error)))?
        };
        Ok(Self {
            about,
            is_question: command.is_question(),
            work,
            in_zookeeper,
            session: None,
            next_seq: 0,
            asked: BTreeMap::new(),
            to_ask: VecDeque::new(),
            coordinator: None,
            asked_of_brokers: BTreeMap::new(),
            to_ask_of_brokers: Vec::new(),
            survey: None,
            to_survey: false,
            due: Some(time.since),
            time,
            failures: 0,
            trouble: None,
            reply: None,
        })
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// Whether a session is to be opened now.
    pub(super) fn wants_session(&mut self, now: Instant) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }

    pub(super) fn open(&mut self, session: SessionId, timeout: Duration, out: &mut Out) {
        self.session = Some(session);
        if self.in_zookeeper {
            out.intend(Intent::OpenSession { session, timeout });
        }
    }

    /// Without ZooKeeper it begins at once. The error is one after which everything begins anew.
    pub(super) fn begin_without_zookeeper(&mut self) -> Result<(), String> {
        if self.in_zookeeper {
            return Ok(());
        }
        self.work.begin();
        self.go_on()
    }

    pub(super) fn session_changed(&mut self, state: &ZkSessionState) -> Result<(), String> {
        match state {
            ZkSessionState::Connected { .. } => {
                self.trouble.take_if(|trouble| trouble == SUSPENDED);
                if self.asks_nothing() {
                    self.to_ask.extend(self.work.begin());
                }
                Ok(())
            }
            ZkSessionState::Suspended => {
                self.trouble = Some(SUSPENDED.to_owned());
                Ok(())
            }
            ZkSessionState::Expired => Err("the ZooKeeper session expired".to_owned()),
            ZkSessionState::Failed(reason) => Err(reason.clone()),
        }
    }

    /// An answer. The error is one after which everything begins anew.
    pub(super) fn answered(&mut self, seq: u64, result: Result<ZkAnswer, ZkError>) -> Result<(), String> {
        let Some(op) = self.asked.remove(&seq) else { return Ok(()) };
        match result {
            Err(error @ (ZkError::ConnectionLost | ZkError::SessionExpired)) => return Err(error.to_string()),
            Err(error @ (ZkError::NoAuth | ZkError::NotEmpty | ZkError::Other(_))) => {
                let (about, reason) = (self.about.text(), error.to_string());
                self.reply = Some(self.about.refused(GroupLookError::Refused { about, reason }));
            }
            result => {
                let more = self.work.answered(&op, result);
                self.to_ask.extend(more);
            }
        }
        self.go_on()
    }

    /// Whether nothing is under way.
    fn asks_nothing(&self) -> bool {
        let of_zookeeper = self.asked.len() + self.to_ask.len();
        let surveys = self.to_survey || self.survey.is_some();
        !surveys && of_zookeeper + self.asked_of_brokers.len() + self.to_ask_of_brokers.len() == 0
    }

    /// What comes next, once everything has its answer.
    fn go_on(&mut self) -> Result<(), String> {
        while self.asks_nothing() && self.reply.is_none() {
            match self.work.ended() {
                Next::Ask(more) => self.to_ask.extend(more),
                Next::AskBrokers(more) => self.to_ask_of_brokers.extend(more),
                Next::Survey => self.to_survey = true,
                Next::Again(reason) => return Err(reason),
                Next::Done(reply) => self.reply = Some(reply),
            }
        }
        Ok(())
    }

    /// How long the brokers may keep a question waiting. An order has no use for half an answer.
    fn for_brokers(&self) -> Option<TimeLimit> {
        let waits = !(self.asked_of_brokers.is_empty() && self.to_ask_of_brokers.is_empty());
        let TimeLimit { since, within } = self.time;
        (waits && self.is_question).then(|| TimeLimit::new(since, within.saturating_sub(within / KEPT_BACK)))
    }

    /// What the brokers have not answered by now is told as not known.
    fn go_on_without_brokers(&mut self, cx: &mut Context<'_>, within: Duration) -> Result<(), String> {
        let waits_for = self.waits_for_brokers().unwrap_or_else(|| "ZooKeeper, until then".to_owned());
        let error = OffsetsError::Unavailable { within, last: format!("waiting for {waits_for}") };
        self.give_up(cx);
        let asked = std::mem::take(&mut self.asked_of_brokers).into_values();
        for ask in asked.chain(std::mem::take(&mut self.to_ask_of_brokers)) {
            self.work.told(ask, Err(error.clone()));
        }
        self.go_on()
    }

    /// Asks the brokers what is to be asked of them, as far as that can be done now.
    pub(super) fn ask_brokers(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &Cluster,
        tokens: &mut u64,
        rng: &mut Rng,
    ) -> Result<(), String> {
        let (Some(group), Some(session)) = (self.about.group().cloned(), self.session) else { return Ok(()) };
        if let Some(time) = self.for_brokers().filter(|time| time.is_over(cx.now.mono)) {
            return self.go_on_without_brokers(cx, time.within);
        }
        loop {
            for ask in std::mem::take(&mut self.to_ask_of_brokers) {
                self.next_seq += 1;
                let id = ZkRequestId { session, seq: self.next_seq };
                let backoff = cx.config.retry_backoff;
                let fresh = || Coordinator::new(&group, Owner::GroupLookup, backoff, rng.fork());
                let coordinator = self.coordinator.get_or_insert_with(fresh);
                coordinator.ask(cx.now.mono, id, ask.clone());
                self.asked_of_brokers.insert(id, ask);
            }
            let Some(coordinator) = &mut self.coordinator else { return Ok(()) };
            let answered = coordinator.pump(cx, cluster, tokens, true);
            if answered.is_empty() {
                return Ok(());
            }
            self.told(answered)?;
        }
    }

    /// Asks each broker for its groups, if that is to be done.
    pub(super) fn survey_brokers(
        &mut self,
        cx: &mut Context<'_>,
        cluster: &Cluster,
        tokens: &mut u64,
        rng: &mut Rng,
    ) -> Result<(), String> {
        if std::mem::take(&mut self.to_survey) {
            let TimeLimit { since, within } = self.time;
            let left = (since + (within.saturating_sub(within / KEPT_BACK))).since(cx.now.mono);
            let time = TimeLimit::new(cx.now.mono, left.min(limits::COORDINATOR));
            self.survey = Some(Survey::new(time, cx.config.retry_backoff, rng.fork()));
        }
        let Some(survey) = &mut self.survey else { return Ok(()) };
        let Some(surveyed) = survey.pump(cx, cluster, tokens) else { return Ok(()) };
        self.survey = None;
        self.work.surveyed(surveyed);
        self.go_on()
    }

    pub(super) fn survey(&mut self) -> Option<&mut Survey> {
        self.survey.as_mut()
    }

    /// Who is asked on the brokers, if anybody is.
    pub(super) fn coordinator(&mut self) -> Option<&mut Coordinator> {
        self.coordinator.as_mut()
    }

    pub(super) fn has_sent(&self, token: u64) -> bool {
        self.coordinator.as_ref().is_some_and(|coordinator| coordinator.has_sent(token))
    }

    /// What the brokers are to answer.
    #[cfg(test)]
    pub(super) fn asked_of_brokers(&self) -> Vec<(ZkRequestId, CoordinatorAsk)> {
        self.asked_of_brokers.iter().map(|(id, ask)| (*id, ask.clone())).collect()
    }

    /// What brokers answer. The error is one after which everything begins anew.
    pub(super) fn told(&mut self, answered: Vec<Answered>) -> Result<(), String> {
        for (id, answer) in answered {
            if let Some(ask) = self.asked_of_brokers.remove(&id) {
                self.work.told(ask, answer);
            }
        }
        self.go_on()
    }

    /// Everything begins anew, later, in another session.
    pub(super) fn fail(&mut self, trouble: String, cx: &mut Context<'_>, rng: &mut Rng) {
        self.close(cx.out);
        self.give_up(cx);
        self.asked.clear();
        self.to_ask.clear();
        self.asked_of_brokers.clear();
        self.to_ask_of_brokers.clear();
        (self.survey, self.to_survey) = (None, false);
        self.trouble = Some(trouble);
        self.failures = self.failures.saturating_add(1);
        self.due = Some(cx.now.mono + cx.config.retry_backoff.wait(self.failures, rng));
    }

    /// A commit that was not sent yet is not to be sent any more: others may commit there by then.
    fn give_up(&mut self, cx: &mut Context<'_>) {
        if let Some(mut coordinator) = self.coordinator.take() {
            coordinator.give_up(cx, "nobody waits any more for a commit that was to be sent");
        }
    }

    /// Asks as much as may be asked at once; gives the answer, if there is one by now.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>) -> Option<Reply> {
        if self.reply.is_none() && self.time.is_over(cx.now.mono) {
            let last = self.trouble.take().or_else(|| self.waits_for_brokers());
            let last = last.unwrap_or_else(|| "nothing went wrong until now".to_owned());
            let (about, within) = (self.about.text(), self.time.within);
            self.reply = Some(self.about.refused(LookError::TimedOut { about, within, last }.into()));
        }
        if let Some(reply) = self.reply.take() {
            self.close(cx.out);
            self.give_up(cx);
            return Some(reply);
        }
        let session = self.session?;
        while self.asked.len() < limits::ZOOKEEPER_OPERATIONS
            && let Some(op) = self.to_ask.pop_front()
        {
            self.next_seq += 1;
            let id = ZkRequestId { session, seq: self.next_seq };
            cx.out.intend(Intent::ZooKeeper { id, op: op.clone() });
            self.asked.insert(self.next_seq, op);
        }
        None
    }

    pub(super) fn close(&mut self, out: &mut Out) {
        if let Some(session) = self.session.take()
            && self.in_zookeeper
        {
            out.intend(Intent::CloseSession { session });
        }
    }

    pub(super) fn deadline(&self) -> Deadline {
        let own = match self.due {
            Some(due) if due < self.time.until() => Deadline::new(due, "look at groups again"),
            _ => Deadline::new(self.time.until(), "look at groups"),
        };
        let without_brokers =
            self.for_brokers().map(|time| Deadline::new(time.until(), "look without the brokers"));
        let of_coordinator = self.coordinator.as_ref().and_then(Coordinator::deadline);
        let of_survey = self.survey.as_ref().map(Survey::deadline);
        without_brokers.into_iter().chain(of_coordinator).chain(of_survey).fold(own, Deadline::min)
    }

    fn waits_for_brokers(&self) -> Option<String> {
        let of_survey = self.survey.as_ref().map(Survey::waits_for);
        of_survey.or_else(|| self.coordinator.as_ref().and_then(Coordinator::waits_for))
    }

    pub(super) fn explain(&self) -> Waiting {
        let of_zookeeper = || match (self.session, self.asked.len()) {
            (None, _) => "to ask again".to_owned(),
            (Some(_), 0) => "a ZooKeeper session".to_owned(),
            (Some(_), asked) => format!("{asked} answers of ZooKeeper"),
        };
        let what = self.waits_for_brokers().unwrap_or_else(of_zookeeper);
        let who = format!("a look at {}", self.about.text());
        let waiting = Waiting::of_command(who, what, self.time);
        waiting.after(self.trouble.as_deref())
    }
}
