//! The questions for metadata: when one is due, whom it goes to, and what comes of it.
//!
//! One is under way at a time. It is asked at the start, when somebody wants a topic that is not known, when what is known
//! proved wrong, and when it is old; and often while messages wait for it, of whoever answers:
//!
//! | state   | input                       | then    | emits                                       |
//! |---------|-----------------------------|---------|---------------------------------------------|
//! | Resting | due                         | Seeking | a connection to any broker                  |
//! | Seeking | it is ready                 | Asking  | the first of the questions                  |
//! | Seeking | it is unreachable           | Seeking | a connection to the next broker             |
//! | Asking  | answer, more to ask         | Asking  | the next question                           |
//! | Asking  | answer, all asked           | Resting | what has changed; due again later, or soon  |
//! | Asking  | no answer, nonsense         | Resting | due again after a wait                      |
//! | Seeking | late, and somebody waits    | Resting | due again after a wait, of the next broker  |
//! | Asking  | late, and messages wait     | Resting | the same                                    |

use std::collections::VecDeque;

use samsa_proto::ErrorCode;
use samsa_proto::api::metadata::MetadataRequest;

use super::Cluster;
use super::contacts::Contact;
use super::metadata::{self, Question};
use super::wanted::Witness;
use crate::answer::read_answer;
use crate::command::Reply;
use crate::connection::{Call, Owner, Peer, Role};
use crate::explanation::Waiting;
use crate::id::ConnId;
use crate::limits;
use crate::out::Context;
use crate::planted::{PlantedBug, is_planted};
use crate::rng::Rng;
use crate::time::{Deadline, Instant};

/// So many in a row are given the same time. Where more say nothing, all may be slow.
const AS_PATIENT_WITH: usize = 3;

/// Where the questions stand.
#[derive(Debug)]
pub(super) struct Asking {
    state: State,
    /// Rounds in a row that found something wrong, or were not answered.
    failures: u32,
    /// The questions in a row that were not answered.
    silences: u32,
    last_answer: Option<Instant>,
    /// When the last question ended, answered or not.
    last_end: Option<Instant>,
    /// Messages wait for the next answer.
    is_hurried: bool,
    rng: Rng,
}

/// How soon metadata is to be asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Soon, but not at once again and again.
    Soon,
    /// Messages wait for a leader, of whom there may be news at any moment: every 50 ms, however often it was in vain, and of
    /// whoever answers within a second. Holds for one round of questions: who waits still says so again.
    Hurry,
}

#[derive(Debug)]
enum State {
    Resting { due: Instant, why: &'static str },
    Seeking { since: Instant, turn: Option<Turn> },
    Asking { question: Question, rest: VecDeque<Question>, contact: Option<Contact>, since: Instant },
}

/// Who is to be asked, and since when a connection to it is waited for.
#[derive(Clone, Copy, Debug)]
struct Turn {
    of: Peer,
    since: Instant,
}

impl Asking {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            state: State::Resting { due: Instant::START, why: "first metadata" },
            failures: 0,
            silences: 0,
            last_answer: None,
            last_end: None,
            is_hurried: false,
            rng,
        }
    }

    pub(super) fn last_answer(&self) -> Option<Instant> {
        self.last_answer
    }

    /// Who owes an answer.
    pub(super) fn asked(&self) -> Option<Contact> {
        match self.state {
            State::Asking { contact, .. } => contact,
            State::Resting { .. } | State::Seeking { .. } => None,
        }
    }

    #[cfg(test)]
    pub(super) fn is_resting(&self) -> bool {
        matches!(self.state, State::Resting { .. })
    }

    #[cfg(test)]
    pub(super) fn silences(&self) -> u32 {
        self.silences
    }

    /// Whoever is sought now has time of its own.
    fn turns_to(&mut self, peer: Option<Peer>, now: Instant) {
        if let State::Seeking { turn, .. } = &mut self.state
            && turn.map(|turn| turn.of) != peer
        {
            *turn = peer.map(|of| Turn { of, since: now });
        }
    }

    fn explain(&self, last_trouble: &str, late_at: Option<Instant>) -> Waiting {
        let (what, since, until) = match &self.state {
            State::Resting { due, why } => (format!("to be asked for ({why})"), self.last_answer, Some(*due)),
            State::Seeking { since, .. } => {
                (format!("a broker to ask ({last_trouble})"), Some(*since), late_at)
            }
            State::Asking { question, since, .. } => {
                (format!("the answer to {question:?}"), Some(*since), late_at)
            }
        };
        Waiting { who: "metadata".to_owned(), what, since, until }
    }

    /// A question is due in so long as the failures so far command.
    fn wait(&mut self, cx: &Context<'_>, why: &'static str) {
        self.failures = self.failures.saturating_add(1);
        let due = cx.now.mono + cx.config.retry_backoff.wait(self.failures, &mut self.rng);
        self.state = State::Resting { due, why };
    }
}

/// When it is asked.
impl Cluster {
    pub(super) fn asking_deadline(&self) -> Option<Deadline> {
        match self.asking.state {
            State::Resting { due, why } => Some(Deadline::new(due, why)),
            State::Seeking { .. } | State::Asking { .. } => {
                self.late_at().map(|at| Deadline::new(at, "metadata, of another broker"))
            }
        }
    }

    pub(super) fn explain_asking(&self) -> Waiting {
        self.asking.explain(&self.last_trouble, self.late_at())
    }

    /// When somebody else is turned to. Messages wait for no broker for long, whether it is reached or asked. An application that
    /// wants to be connected waits for none that is not reached, if there are others; one that is reached may take its time.
    fn late_at(&self) -> Option<Instant> {
        let rivals = self.contacts.rivals().max(1);
        let is_hurried = self.asking.is_hurried;
        let may_be_left = is_hurried || (!self.connecting.is_empty() && rivals > 1);
        let since = match self.asking.state {
            State::Seeking { turn: Some(turn), .. } if may_be_left => turn.since,
            State::Asking { since, .. } if is_hurried => since,
            State::Resting { .. } | State::Seeking { .. } | State::Asking { .. } => return None,
        };
        let rounds = self.asking.silences / rivals.min(AS_PATIENT_WITH) as u32;
        Some(since + limits::METADATA_ANSWER.saturating_mul(1 << rounds.min(10)))
    }

    /// What is known seems wrong: asks again. A change is told to all machines.
    pub(crate) fn refresh(&mut self, cx: &mut Context<'_>, why: &'static str, urgency: Urgency) {
        if urgency == Urgency::Hurry {
            self.hurry(cx);
        }
        let (last, rest) = match urgency {
            // It is asked again after a wait already, and that must not be cut short again and again.
            Urgency::Soon if self.asking.failures > 0 => return,
            Urgency::Soon => (self.asking.last_answer, cx.config.retry_backoff.first),
            Urgency::Hurry => (self.asking.last_end, limits::LEADERLESS),
        };
        let not_before = last.map_or(cx.now.mono, |last| last + rest);
        self.ask_soon(cx, not_before.max(cx.now.mono), why);
    }

    fn hurry(&mut self, cx: &mut Context<'_>) {
        self.asking.is_hurried = true;
        self.leave_who_is_late(cx);
        // For whoever is asked instead, too.
        self.asking.is_hurried = true;
    }

    /// Asks at this time at the latest, unless something is asked already.
    pub(super) fn ask_soon(&mut self, cx: &mut Context<'_>, at: Instant, why: &'static str) {
        if let State::Resting { due, .. } = self.asking.state {
            self.asking.state = State::Resting { due: due.min(at), why };
            self.tick(cx);
        }
    }

    pub(super) fn ask_if_due(&mut self, cx: &mut Context<'_>) {
        if matches!(self.asking.state, State::Resting { due, .. } if due <= cx.now.mono) {
            self.seek_anew(cx);
        }
    }

    /// Somebody waits: another broker may be faster.
    pub(super) fn leave_who_is_late(&mut self, cx: &mut Context<'_>) {
        if self.late_at().is_none_or(|at| at > cx.now.mono) {
            return;
        }
        let asked = self.asking.asked();
        let silent = asked.or_else(|| self.contacts.contact());
        if self.asking.is_hurried {
            self.trouble("no answer in time, while messages wait for a leader".to_owned());
        }
        // Otherwise its connection is still being made, and tells itself what comes of that.
        self.turn_from(cx, silent);
        if let Some(asked) = asked {
            cx.net.give_up(cx.now, asked.peer, Role::Metadata, "metadata took too long while messages wait");
        }
    }

    fn seek_anew(&mut self, cx: &mut Context<'_>) {
        self.asking.state = State::Seeking { since: cx.now.mono, turn: None };
        self.seek(cx);
    }

    /// Asks, if that is wanted and a broker can be asked.
    pub(super) fn seek(&mut self, cx: &mut Context<'_>) {
        if !matches!(self.asking.state, State::Seeking { .. }) {
            return;
        }
        self.asking.turns_to(self.contacts.current(), cx.now.mono);
        let Some(conn) = self.asked_next(cx) else { return };
        let questions = self.topics.ask().into();
        self.ask(cx, conn, questions);
    }

    /// A connection to whoever is asked next. If there is none, one is made.
    fn asked_next(&self, cx: &mut Context<'_>) -> Option<ConnId> {
        let peer = self.contacts.current()?;
        cx.net.connection(cx.now, peer, Role::Metadata)
    }

    fn ask(&mut self, cx: &mut Context<'_>, conn: ConnId, mut questions: VecDeque<Question>) {
        let Some(question) = questions.pop_front() else { return };
        let contact = self.contacts.contact();
        let Some(version) = cx.net.version::<MetadataRequest<'_>>(conn) else {
            let reason = "the broker speaks no version of Metadata that this client knows";
            return self.failed(cx, contact, reason.to_owned());
        };
        let call = Call {
            request: &question.request(version),
            version,
            timeout: cx.config.request_timeout,
            owner: Owner::Cluster,
            response_bytes: limits::RESPONSE_BYTES,
        };
        match cx.net.send(cx.now, conn, &call) {
            Ok(()) => {
                self.asking.state = State::Asking { question, rest: questions, contact, since: cx.now.mono };
            }
            Err(error) => self.failed(cx, contact, error.to_string()),
        }
    }
}

/// What comes of it.
impl Cluster {
    pub(super) fn response(&mut self, cx: &mut Context<'_>, version: i16, frame: &[u8]) {
        let resting = State::Resting { due: cx.now.mono, why: "metadata" };
        let State::Asking { question, rest, contact, .. } =
            std::mem::replace(&mut self.asking.state, resting)
        else {
            return;
        };
        match read_answer::<MetadataRequest<'_>>(version, frame) {
            Err(error) => self.failed(cx, contact, error.to_string()),
            Ok(response) if response.error_code == ErrorCode::REBOOTSTRAP_REQUIRED => {
                self.trouble(ErrorCode::REBOOTSTRAP_REQUIRED.to_string());
                if !is_planted(PlantedBug::AsksWhoSendsBack) {
                    self.contacts.begin_again();
                }
                self.asking.wait(cx, "metadata, from the beginning");
            }
            Ok(response) if metadata::brokers(&response).is_empty() && !self.may_know_nobody(version) => {
                self.failed(
                    cx,
                    contact,
                    "the broker knows no broker, not even itself: it may be starting".to_owned(),
                );
            }
            Ok(response) => {
                let place = contact.map(|contact| contact.place);
                let from = Witness { place, rivals: self.contacts.rivals(), now: cx.now.mono };
                self.learn(cx, &question, &response, version, from);
                match (self.asked_next(cx), rest.is_empty()) {
                    (_, true) => self.rest(cx),
                    (Some(conn), false) => self.ask(cx, conn, rest),
                    (None, false) => self.seek_anew(cx),
                }
            }
        }
    }

    /// Brokers of 0.8 name nobody until there is a topic; those of 0.10 and later, only while they start.
    fn may_know_nobody(&self, version: i16) -> bool {
        version == 0 && !self.brokers.are_advertised()
    }

    /// All was asked and answered.
    fn rest(&mut self, cx: &mut Context<'_>) {
        if self.asking.last_answer.replace(cx.now.mono).is_none() {
            tracing::info!(
                brokers = self.published.len(),
                "connected: the cluster was seen for the first time"
            );
        }
        self.asking.last_end = self.asking.last_answer;
        self.asking.is_hurried = false;
        self.asking.silences = 0;
        if !self.topics.is_troubled() {
            "nothing is wrong with the metadata".clone_into(&mut self.last_trouble);
        }
        for waiting in self.connecting.drain(..) {
            cx.out.complete(waiting.op, Reply::Connect(Ok(())));
        }
        if self.topics.has_new() {
            self.seek_anew(cx);
        } else if self.topics.is_troubled() {
            if self.topics.is_disputed() {
                self.contacts.next_broker();
            }
            self.asking.wait(cx, "topics without leader");
        } else {
            self.asking.failures = 0;
            let due = cx.now.mono + cx.config.metadata_max_age;
            self.asking.state = State::Resting { due, why: "age of metadata" };
        }
    }

    /// The question has no answer.
    pub(super) fn unanswered(&mut self, cx: &mut Context<'_>, reason: &str) {
        if let State::Asking { contact, .. } = self.asking.state {
            self.failed(cx, contact, reason.to_owned());
        }
    }

    /// This one gave no answer. Whether messages wait still, they say by hurrying again.
    fn failed(&mut self, cx: &mut Context<'_>, silent: Option<Contact>, reason: String) {
        self.trouble(reason);
        self.turn_from(cx, silent);
    }

    fn turn_from(&mut self, cx: &Context<'_>, silent: Option<Contact>) {
        if let Some(silent) = silent {
            self.contacts.pass_over(silent.place);
        }
        self.asking.last_end = Some(cx.now.mono);
        self.asking.is_hurried = false;
        self.asking.silences = self.asking.silences.saturating_add(1);
        self.asking.wait(cx, "metadata, again");
    }

    pub(super) fn unreachable(&mut self, cx: &mut Context<'_>, peer: Peer, reason: String) {
        self.trouble(reason);
        if self.contacts.current() == Some(peer) {
            self.contacts.next();
            self.seek(cx);
        }
    }
}
