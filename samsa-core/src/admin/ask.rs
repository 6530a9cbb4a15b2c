//! One command that looks, from its question to its answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::list_offsets::ListOffsetsRequest;
use samsa_proto::api::metadata::{MetadataRequest, MetadataResponse};

use super::list_offsets;
use super::listing::{Listing, Trouble};
use super::names;
use crate::answer::read_answer;
use crate::backoff::Backoff;
use crate::cluster::metadata::{self, Answer};
use crate::command::{Command, Reply};
use crate::config::{Config, Isolation};
use crate::connection::{Network, Peer};
use crate::error::LookError;
use crate::explanation::Waiting;
use crate::id::{BrokerId, ConnId};
use crate::offset::Offset;
use crate::rng::Rng;
use crate::time::{Deadline, Instant, Now, TimeLimit};

#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) question: Question,
    time: TimeLimit,
    stage: Stage,
    /// Kept from round to round.
    listing: Option<Listing>,
    failures: u32,
    trouble: Option<String>,
    reply: Option<Reply>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    Topics,
    Partitions(Arc<str>),
    Offsets { topic: Arc<str>, partitions: Option<BTreeSet<i32>>, at: Offset, isolation: Isolation },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Seeking,
    Asking(u64),
    Listing,
    /// Something went wrong: how long to rest is still to be drawn.
    Failed,
    Resting(Instant),
}

/// What it takes to send a request over one connection.
pub(crate) struct Sending<'a> {
    pub(crate) net: &'a mut Network,
    pub(crate) now: Now,
    pub(crate) config: &'a Config,
    pub(crate) conn: ConnId,
    pub(crate) token: u64,
}

impl Question {
    pub(crate) fn of(command: Command) -> Option<Self> {
        match command {
            Command::Topics => Some(Self::Topics),
            Command::Partitions { topic } => Some(Self::Partitions(topic)),
            Command::Offsets { topic, partitions, at, isolation } => {
                Some(Self::Offsets { topic, partitions, at, isolation })
            }
            _ => None,
        }
    }

    pub(crate) fn refused(&self, error: LookError) -> Reply {
        match self {
            Self::Topics => Reply::Topics(Err(error)),
            Self::Partitions(_) => Reply::Partitions(Err(error)),
            Self::Offsets { .. } => Reply::Offsets(Err(error)),
        }
    }

    fn topic(&self) -> Option<&Arc<str>> {
        match self {
            Self::Topics => None,
            Self::Partitions(topic) | Self::Offsets { topic, .. } => Some(topic),
        }
    }

    /// In words.
    fn about(&self) -> String {
        match self {
            Self::Topics => "all topics".to_owned(),
            Self::Partitions(topic) => format!("the partitions of topic {topic:?}"),
            Self::Offsets { topic, .. } => format!("the offsets of topic {topic:?}"),
        }
    }
}

/// What is sent.
impl Ask {
    pub(crate) fn new(question: Question, now: Instant, within: Duration) -> Self {
        let time = TimeLimit::new(now, within);
        let stage = Stage::Seeking;
        Self { question, time, stage, listing: None, failures: 0, trouble: None, reply: None }
    }

    /// A rest may be over.
    pub(crate) fn wake(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Resting(due) if due <= now) {
            self.stage = Stage::Seeking;
        }
    }

    pub(crate) fn seeks(&self) -> bool {
        self.stage == Stage::Seeking
    }

    pub(crate) fn ask_metadata(&mut self, sending: &mut Sending<'_>) -> bool {
        let sent = match self.question.topic() {
            None => sending.send(names::request),
            Some(topic) => {
                let look = metadata::Question::Look(vec![Arc::clone(topic)]);
                sending.send(|version| look.request(version))
            }
        };
        match sent {
            Ok(()) => self.stage = Stage::Asking(sending.token),
            Err(trouble) => return self.fail(trouble),
        }
        true
    }

    /// Whom to ask for offsets.
    pub(crate) fn leaders(&self) -> Vec<BrokerId> {
        let listing = self.listing.as_ref().filter(|_| self.stage == Stage::Listing);
        listing.map(Listing::leaders).unwrap_or_default()
    }

    pub(crate) fn ask_offsets(&mut self, sending: &mut Sending<'_>, leader: BrokerId) -> bool {
        let Question::Offsets { topic, isolation, .. } = &self.question else { return false };
        let Some(listing) = &mut self.listing else { return false };
        let wanted = listing.wanted(leader);
        let timeout = sending.config.request_timeout;
        match sending.send(|version| list_offsets::request(topic, &wanted, version, *isolation, timeout)) {
            Ok(()) => listing.asked(leader, sending.token),
            Err(trouble) => {
                listing.fail(leader);
                self.trouble = Some(trouble);
                return false;
            }
        }
        true
    }
}

/// What comes back.
impl Ask {
    pub(crate) fn answer(&mut self, token: u64, version: i16, frame: &[u8]) {
        if self.stage == Stage::Asking(token) {
            match read_answer::<MetadataRequest<'_>>(version, frame) {
                Ok(response) => self.learn(&response, version),
                Err(error) => _ = self.fail(error.to_string()),
            }
        } else {
            self.learn_offsets(token, version, frame);
        }
    }

    pub(crate) fn no_answer(&mut self, token: u64, reason: &str) {
        if self.stage == Stage::Asking(token) {
            self.fail(reason.to_owned());
        } else if let Some(listing) = &mut self.listing {
            listing.fail_rest(token);
            self.trouble = Some(reason.to_owned());
        }
    }

    pub(crate) fn unreachable(&mut self, peer: Peer, reason: &str) {
        self.trouble = Some(reason.to_owned());
        if let (Peer::Broker(broker), Some(listing)) = (peer, &mut self.listing) {
            listing.fail(broker);
        }
    }

    fn learn(&mut self, response: &MetadataResponse<'_>, version: i16) {
        let Some(topic) = self.question.topic().cloned() else {
            self.reply = Some(Reply::Topics(Ok(names::names(response, version))));
            return;
        };
        let told = response.topics.iter().find(|told| told.name == Some(&topic));
        let answer = told.map_or(Answer::Unknown, |told| metadata::answer(told, version));
        match (answer, &self.question) {
            (Answer::Known(view), Question::Offsets { partitions, at, .. }) => {
                self.listing.get_or_insert_with(|| Listing::new(partitions.clone(), *at)).begin(&view);
                self.stage = Stage::Listing;
            }
            (Answer::Known(view), _) => self.reply = Some(Reply::Partitions(Ok(view.partitions))),
            (Answer::Unknown, Question::Offsets { .. }) => self.refuse(LookError::UnknownTopic { topic }),
            (Answer::Unknown, _) => self.reply = Some(Reply::Partitions(Ok(Vec::new()))),
            (Answer::NotYet(code), _) => _ = self.fail(code.to_string()),
            (Answer::Refused(code), _) => self.refuse_for(code),
        }
    }

    fn learn_offsets(&mut self, token: u64, version: i16, frame: &[u8]) {
        let (Some(topic), Some(mut listing)) = (self.question.topic().cloned(), self.listing.take()) else {
            return;
        };
        match read_answer::<ListOffsetsRequest<'_>>(version, frame) {
            Ok(response) => {
                for (number, found) in list_offsets::answers(&response, &topic, version) {
                    match listing.take(token, number, version, found) {
                        None => {}
                        Some(Trouble::Refused(code)) if !may_pass(code) => self.refuse_for(code),
                        Some(trouble) => self.trouble = Some(trouble.to_string()),
                    }
                }
            }
            Err(error) => self.trouble = Some(error.to_string()),
        }
        listing.fail_rest(token);
        self.listing = Some(listing);
    }

    /// The reply, if there is one by now; else what went wrong is tried again later.
    pub(crate) fn settle(
        &mut self,
        now: Instant,
        backoff: Backoff,
        rng: &mut Rng,
        cluster: &str,
    ) -> Option<Reply> {
        if self.stage == Stage::Listing {
            self.settle_listing();
        }
        if self.reply.is_none() && self.time.is_over(now) {
            let last = self.trouble.take().unwrap_or_else(|| cluster.to_owned());
            self.refuse(LookError::TimedOut { about: self.question.about(), within: self.time.within, last });
        }
        if self.stage == Stage::Failed {
            self.failures = self.failures.saturating_add(1);
            self.stage = Stage::Resting(now + backoff.wait(self.failures, rng));
        }
        self.reply.take()
    }

    fn settle_listing(&mut self) {
        let Some(listing) = self.listing.as_ref().filter(|listing| listing.is_over()) else { return };
        if let Some(offsets) = listing.found() {
            self.reply = Some(Reply::Offsets(Ok(offsets)));
            return;
        }
        if let Some(number) = listing.leaderless() {
            self.trouble = Some(format!("partition {number} has no leader"));
        }
        self.stage = Stage::Failed;
    }

    fn fail(&mut self, trouble: String) -> bool {
        self.trouble = Some(trouble);
        self.stage = Stage::Failed;
        false
    }

    fn refuse_for(&mut self, code: ErrorCode) {
        self.refuse(LookError::Refused { about: self.question.about(), code });
    }

    fn refuse(&mut self, error: LookError) {
        self.reply = Some(self.question.refused(error));
    }
}

/// When, and what for.
impl Ask {
    pub(crate) fn deadline(&self) -> Deadline {
        match self.stage {
            Stage::Resting(due) if due < self.time.until() => Deadline::new(due, "look again"),
            _ => Deadline::new(self.time.until(), "look"),
        }
    }

    pub(crate) fn explain(&self) -> Waiting {
        let what = match self.stage {
            Stage::Seeking => "a broker to ask",
            Stage::Asking(_) => "metadata",
            Stage::Listing => "offsets from the leaders",
            Stage::Failed | Stage::Resting(_) => "to ask again",
        };
        let (who, what) = (format!("a look at {}", self.question.about()), what.to_owned());
        let waiting = Waiting::of_command(who, what, self.time);
        waiting.after(self.trouble.as_deref())
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(code) => code.fmt(f),
            Self::Silent(number) => {
                write!(f, "the broker does not say where partition {number} begins or ends")
            }
            Self::Impossible(number, offset) => {
                write!(f, "the broker tells what cannot be: offset {offset} in partition {number}")
            }
        }
    }
}

/// A broker in trouble is asked again, and so is one that is not the leader any more.
fn may_pass(code: ErrorCode) -> bool {
    code.is_retriable() || matches!(code, ErrorCode::UNKNOWN_SERVER_ERROR | ErrorCode::BROKER_NOT_AVAILABLE)
}
