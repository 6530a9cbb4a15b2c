//! Creating a topic with as many partitions and replicas as the application wants.
//!
//! | stage      | input                               | then       | emits                             |
//! |------------|-------------------------------------|------------|-----------------------------------|
//! | Seeking    | some broker can be asked            | Asking     | the question who the controller is |
//! | Asking     | answer                              | Controlled | a connection to the controller    |
//! | Controlled | it is ready                         | Creating   | the order                         |
//! | Creating   | done, refused for good              | -          | the reply                         |
//! | Creating   | it exists, after an order in doubt  | -          | the reply: it is taken for ours   |
//! | any        | no answer, no controller, not it    | Resting    |                                   |
//! | Resting    | due                                 | Seeking    |                                   |
//! | any        | time is over                        | -          | the error                         |
//!
//! With ZooKeeper only the controller takes the order; without, any broker passes it on.

use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use samsa_proto::api::metadata::MetadataRequest;

use super::ask::Sending;
use crate::answer::read_answer;
use crate::backoff::Backoff;
use crate::command::{NewTopic, Reply};
use crate::connection::{Failure, Peer};
use crate::error::CreateTopicError;
use crate::explanation::Waiting;
use crate::id::BrokerId;
use crate::rng::Rng;
use crate::time::{Deadline, Instant, TimeLimit};

/// One command that creates a topic, from its order to its answer.
#[derive(Debug)]
pub(crate) struct Creation {
    topic: NewTopic,
    time: TimeLimit,
    stage: Stage,
    failures: u32,
    /// An order had no answer: it may have been followed, or may still be.
    in_doubt: bool,
    trouble: Option<String>,
    result: Option<Result<(), CreateTopicError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Seeking,
    Asking(u64),
    Controlled(BrokerId),
    Creating(u64),
    /// Something went wrong: how long to rest is still to be drawn.
    Failed,
    Resting(Instant),
}

/// What is sent.
impl Creation {
    pub(crate) fn new(topic: NewTopic, now: Instant, within: Duration) -> Self {
        Self {
            topic,
            time: TimeLimit::new(now, within),
            stage: Stage::Seeking,
            failures: 0,
            in_doubt: false,
            trouble: None,
            result: None,
        }
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

    /// Who takes the order, once that is known.
    pub(crate) fn controller(&self) -> Option<BrokerId> {
        match self.stage {
            Stage::Controlled(controller) => Some(controller),
            _ => None,
        }
    }

    /// Asks who the controller is.
    pub(crate) fn ask(&mut self, sending: &mut Sending<'_>) -> bool {
        let brokers = |_| MetadataRequest { topics: Some(Vec::new()), ..Default::default() };
        match sending.send(brokers) {
            Ok(()) => self.stage = Stage::Asking(sending.token),
            Err(trouble) => self.fail(trouble),
        }
        self.stage != Stage::Failed
    }

    pub(crate) fn order(&mut self, sending: &mut Sending<'_>) -> bool {
        if sending.net.version::<CreateTopicsRequest<'_>>(sending.conn).is_none() {
            self.result = Some(Err(CreateTopicError::Unsupported));
            return false;
        }
        let NewTopic { name, partitions, replication } = &self.topic;
        let topic = CreatableTopic {
            name,
            num_partitions: *partitions,
            replication_factor: *replication,
            ..Default::default()
        };
        let timeout_ms = i32::try_from(sending.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let order = |_| CreateTopicsRequest { topics: vec![topic], timeout_ms, ..Default::default() };
        match sending.send(order) {
            Ok(()) => self.stage = Stage::Creating(sending.token),
            Err(trouble) => self.fail(trouble),
        }
        self.stage != Stage::Failed
    }
}

/// What comes back.
impl Creation {
    pub(crate) fn answer(&mut self, token: u64, version: i16, frame: &[u8]) {
        match self.stage {
            Stage::Asking(asked) if asked == token => self.learn_controller(version, frame),
            Stage::Creating(asked) if asked == token => self.learn_outcome(version, frame),
            _ => {}
        }
    }

    pub(crate) fn no_answer(&mut self, token: u64, failure: &Failure) {
        if self.stage == Stage::Asking(token) || self.stage == Stage::Creating(token) {
            let is_order = self.stage == Stage::Creating(token);
            self.in_doubt |= is_order && matches!(failure, Failure::PossiblySent(_));
            self.fail(failure.reason().to_owned());
        }
    }

    pub(crate) fn unreachable(&mut self, peer: Peer, reason: &str) {
        if self.controller().is_some_and(|controller| peer == Peer::Broker(controller)) {
            self.fail(reason.to_owned());
        }
    }

    fn learn_controller(&mut self, version: i16, frame: &[u8]) {
        match read_answer::<MetadataRequest<'_>>(version, frame) {
            Err(error) => self.fail(error.to_string()),
            // Before 0.10.1 nobody says who it is, nor creates topics.
            Ok(_) if version == 0 => self.result = Some(Err(CreateTopicError::Unsupported)),
            Ok(response) if response.controller_id < 0 => {
                self.fail("the cluster has no controller now".to_owned());
            }
            Ok(response) => self.stage = Stage::Controlled(BrokerId(response.controller_id)),
        }
    }

    fn learn_outcome(&mut self, version: i16, frame: &[u8]) {
        let response = match read_answer::<CreateTopicsRequest<'_>>(version, frame) {
            Ok(response) => response,
            Err(error) => {
                self.in_doubt = true;
                return self.fail(error.to_string());
            }
        };
        let Some(topic) = response.topics.iter().find(|topic| *topic.name == *self.topic.name) else {
            self.in_doubt = true;
            return self.fail("the answer says nothing of the topic".to_owned());
        };
        let said = topic.error_message.filter(|message| !message.is_empty()).map(str::to_owned);
        match topic.error_code {
            ErrorCode::NONE => self.result = Some(Ok(())),
            ErrorCode::TOPIC_ALREADY_EXISTS if self.in_doubt => self.result = Some(Ok(())),
            ErrorCode::TOPIC_ALREADY_EXISTS => {
                self.result = Some(Err(CreateTopicError::Exists { topic: Arc::clone(&self.topic.name) }));
            }
            code if code.is_retriable() => {
                self.in_doubt |= code == ErrorCode::REQUEST_TIMED_OUT;
                self.fail(code.to_string());
            }
            code => {
                let topic = Arc::clone(&self.topic.name);
                let reason = said.unwrap_or_else(|| code.meaning().to_owned());
                self.result = Some(Err(CreateTopicError::Refused { topic, code, reason }));
            }
        }
    }

    /// The reply, if there is one by now; else what went wrong is tried again later.
    pub(crate) fn settle(
        &mut self,
        now: Instant,
        backoff: Backoff,
        rng: &mut Rng,
        cluster: &str,
    ) -> Option<Reply> {
        if self.result.is_none() && self.time.is_over(now) {
            let last = self.trouble.take().unwrap_or_else(|| cluster.to_owned());
            let (topic, within, in_doubt) = (Arc::clone(&self.topic.name), self.time.within, self.in_doubt);
            self.result = Some(Err(CreateTopicError::TimedOut { topic, within, in_doubt, last }));
        }
        if self.stage == Stage::Failed {
            self.failures = self.failures.saturating_add(1);
            self.stage = Stage::Resting(now + backoff.wait(self.failures, rng));
        }
        self.result.take().map(Reply::CreateTopic)
    }

    fn fail(&mut self, trouble: String) {
        self.trouble = Some(trouble);
        self.stage = Stage::Failed;
    }
}

/// When, and what for.
impl Creation {
    pub(crate) fn deadline(&self) -> Deadline {
        match self.stage {
            Stage::Resting(due) if due < self.time.until() => Deadline::new(due, "create the topic again"),
            _ => Deadline::new(self.time.until(), "create a topic"),
        }
    }

    pub(crate) fn explain(&self) -> Waiting {
        let what = match self.stage {
            Stage::Seeking => "a broker to ask",
            Stage::Asking(_) => "who the controller is",
            Stage::Controlled(_) => "a connection to the controller",
            Stage::Creating(_) => "the controller's answer",
            Stage::Failed | Stage::Resting(_) => "to try again",
        };
        let (who, what) = (format!("the creation of topic {:?}", self.topic.name), what.to_owned());
        let waiting = Waiting::of_command(who, what, self.time);
        waiting.after(self.trouble.as_deref())
    }
}
