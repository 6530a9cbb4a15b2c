//! What is known of the cluster: brokers, topics, partitions and their leaders.
//!
//! ZooKeeper, where the cluster was found through it, says who the brokers are; metadata says what topics there are and
//! who leads their partitions. One question for metadata is under way at a time. It is asked at the start, when
//! somebody wants a topic that is not known, when what is known proved wrong, and when it is old:
//!
//! | state   | input                       | then    | emits                                       |
//! |---------|-----------------------------|---------|---------------------------------------------|
//! | Resting | due                         | Seeking | a connection to any broker                  |
//! | Seeking | it is ready                 | Asking  | the first of the questions                  |
//! | Seeking | it is unreachable           | Seeking | a connection to the next broker             |
//! | Asking  | answer, more to ask         | Asking  | the next question                           |
//! | Asking  | answer, all asked           | Resting | what has changed; due again later, or soon  |
//! | Asking  | no answer, nonsense         | Resting | due again after a wait                      |

mod brokers;
mod contacts;
mod hurry;
pub(crate) mod metadata;
mod topics;
mod view;
mod zookeeper;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::api::metadata::{MetadataRequest, MetadataResponse};

use crate::command::Reply;
use crate::config::{Config, Discovery};
use crate::connection::{Call, Failure, Owner, Peer, Role};
use crate::error::ConnectError;
use crate::event::Event;
use crate::explanation::Waiting;
use crate::id::{ConnId, OpId};
use crate::intent::{Intent, Snapshot};
use crate::limits;
use crate::out::Context;
use crate::rng::Rng;
use crate::time::{Deadline, Instant};
use crate::topology::BrokerInfo;
use crate::zookeeper::ZkNews;
use brokers::Brokers;
use contacts::Contacts;
use metadata::Question;
use topics::{TopicNews, Topics, Want, Witness};
use view::Moved;
use zookeeper::{Learnt, ZooKeeperDiscovery};

pub(crate) use topics::Interest;
pub(crate) use view::TopicView;

#[derive(Debug)]
pub(crate) struct Cluster {
    zookeeper: Option<ZooKeeperDiscovery>,
    contacts: Contacts,
    brokers: Brokers,
    published: Vec<BrokerInfo>,
    topics: Topics,
    state: State,
    failures: u32,
    last_answer: Option<Instant>,
    /// When the last question ended, answered or not.
    last_end: Option<Instant>,
    /// Messages wait for the next answer.
    is_hurried: bool,
    rng: Rng,
    last_trouble: String,
    connecting: Vec<Connecting>,
    changed: bool,
}

#[derive(Debug)]
enum State {
    Resting { due: Instant, why: &'static str },
    Seeking { since: Instant },
    Asking { question: Question, rest: VecDeque<Question>, peer: Option<Peer> },
}

/// A command that waits for the first sight of the cluster.
#[derive(Debug)]
struct Connecting {
    op: OpId,
    until: Instant,
    within: Duration,
}

#[derive(Debug)]
pub(crate) enum ClusterInput {
    Connect { op: OpId, within: Duration },
    Forget { op: OpId },
    ZooKeeper(ZkNews),
    Ready,
    Unreachable { peer: Peer, reason: String },
    Response { version: i16, frame: Bytes },
    Failed(Failure),
    Tick,
    Close,
}

/// What other machines ask.
impl Cluster {
    pub(crate) fn new(config: &Config, mut rng: Rng) -> Self {
        let (zookeeper, bootstrap) = match &config.discovery {
            Discovery::ZooKeeper { session_timeout } => {
                (Some(ZooKeeperDiscovery::new(*session_timeout, rng.fork())), 0)
            }
            Discovery::Bootstrap(addresses) => (None, addresses.len()),
        };
        Self {
            zookeeper,
            contacts: Contacts::new(bootstrap, rng.fork()),
            brokers: Brokers::default(),
            published: Vec::new(),
            topics: Topics::default(),
            state: State::Resting { due: Instant::START, why: "first metadata" },
            failures: 0,
            last_answer: None,
            last_end: None,
            is_hurried: false,
            rng,
            last_trouble: "nothing was tried yet".to_owned(),
            connecting: Vec::new(),
            changed: false,
        }
    }

    /// Keeps this topic's metadata from now on, and asks for it if it is not known.
    pub(crate) fn want(&mut self, cx: &mut Context<'_>, topic: &Arc<str>, interest: Interest) {
        if !self.topics.is_wanted(topic) && self.topics.len() >= limits::TOPICS {
            self.trouble(format!("more than {} topics are wanted", limits::TOPICS));
            return;
        }
        match self.topics.want(topic, interest) {
            Want::New => {
                self.look_at_incarnations(cx);
                self.ask_soon(cx, cx.now.mono, "topic wanted");
            }
            Want::Unknown => self.refresh(cx, "topic wanted"),
            Want::Known => {}
        }
    }

    /// A topic with at least one partition, if it is known.
    pub(crate) fn topic(&self, topic: &str) -> Option<&TopicView> {
        self.topics.view(topic)
    }

    /// Whether the brokers say that there is no such topic.
    pub(crate) fn is_unknown(&self, topic: &str) -> bool {
        self.topics.is_unknown(topic)
    }

    /// Why the brokers will not tell of this topic, nor create it, however often they are asked: an invalid name, or
    /// no permission.
    pub(crate) fn refusal(&self, topic: &str) -> Option<ErrorCode> {
        self.topics.refusal(topic)
    }

    /// What is known seems wrong: asks again, soon but not at once again and again. A change is told to all machines.
    pub(crate) fn refresh(&mut self, cx: &mut Context<'_>, why: &'static str) {
        if self.failures > 0 {
            // It is asked again after a wait already, and that must not be cut short again and again.
            return;
        }
        let not_before = self.last_answer.map_or(cx.now.mono, |last| last + cx.config.retry_backoff.first);
        self.ask_soon(cx, not_before.max(cx.now.mono), why);
    }

    /// The last thing that went wrong, for errors that speak of a time that is over.
    pub(crate) fn last_trouble(&self) -> &str {
        &self.last_trouble
    }

    /// A connection to any broker, for questions that each of them answers. If there is none, one is made.
    pub(crate) fn contact(&mut self, cx: &mut Context<'_>) -> Option<ConnId> {
        let peer = self.contacts.current()?;
        cx.net.connection(cx.now, peer, Role::Control)
    }

    /// Whether metadata has changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

/// What the engine passes on.
impl Cluster {
    pub(crate) fn handle(&mut self, cx: &mut Context<'_>, input: ClusterInput) {
        match input {
            ClusterInput::Connect { op, within } => self.connect(cx, op, within),
            ClusterInput::Forget { op } => self.connecting.retain(|waiting| waiting.op != op),
            ClusterInput::ZooKeeper(news) => self.zookeeper_news(cx, news),
            ClusterInput::Ready => self.seek(cx),
            ClusterInput::Unreachable { peer, reason } => self.unreachable(cx, peer, reason),
            ClusterInput::Response { version, frame } => self.response(cx, version, &frame),
            ClusterInput::Failed(failure) => self.failed(cx, failure.reason().to_owned()),
            ClusterInput::Tick => self.tick(cx),
            ClusterInput::Close => self.close(cx),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let metadata = match self.state {
            State::Resting { due, why } => self.contacts.current().map(|_| Deadline::new(due, why)),
            State::Seeking { .. } | State::Asking { .. } => None,
        };
        let zookeeper = self.zookeeper.as_ref().and_then(ZooKeeperDiscovery::deadline);
        let connecting = self.connecting.iter().map(|waiting| Deadline::new(waiting.until, "connect")).min();
        Deadline::earlier(Deadline::earlier(metadata, zookeeper), connecting)
    }

    /// Holds the cluster to [`limits`].
    pub(crate) fn assert_bounds(&self) {
        assert!(self.connecting.len() <= limits::COMMANDS, "{} wait to be connected", self.connecting.len());
        assert!(self.topics.len() <= limits::TOPICS, "{} topics", self.topics.len());
    }

    /// Since when the picture of the cluster is as it is.
    pub(crate) fn last_answer(&self) -> Option<Instant> {
        self.last_answer
    }

    pub(crate) fn explain(&self, lines: &mut Vec<Waiting>) {
        let (what, since, until) = match &self.state {
            State::Resting { due, why } => (format!("to be asked for ({why})"), self.last_answer, Some(*due)),
            State::Seeking { since } => {
                (format!("a broker to ask ({})", self.last_trouble), Some(*since), None)
            }
            State::Asking { question, .. } => (format!("the answer to {question:?}"), None, None),
        };
        lines.push(Waiting { who: "metadata".to_owned(), what, since, until });
    }

    /// Asks at this time at the latest, unless something is asked already.
    fn ask_soon(&mut self, cx: &mut Context<'_>, at: Instant, why: &'static str) {
        if let State::Resting { due, .. } = self.state {
            self.state = State::Resting { due: due.min(at), why };
            self.tick(cx);
        }
    }

    fn connect(&mut self, cx: &mut Context<'_>, op: OpId, within: Duration) {
        if self.last_answer.is_some() {
            return cx.out.complete(op, Reply::Connect(Ok(())));
        }
        let waiting = self.connecting.len();
        if waiting >= limits::COMMANDS {
            return cx.out.complete(op, Reply::Connect(Err(ConnectError::Busy { waiting })));
        }
        self.connecting.push(Connecting { op, until: cx.now.mono + within, within });
        self.tick(cx);
    }

    fn tick(&mut self, cx: &mut Context<'_>) {
        if let Some(zookeeper) = &mut self.zookeeper {
            zookeeper.tick(cx);
        }
        if matches!(self.state, State::Resting { due, .. } if due <= cx.now.mono) {
            self.state = State::Seeking { since: cx.now.mono };
            self.seek(cx);
        }
        for late in self.connecting.extract_if(.., |waiting| waiting.until <= cx.now.mono) {
            let error = ConnectError::Unreachable { within: late.within, last: self.last_trouble.clone() };
            cx.out.complete(late.op, Reply::Connect(Err(error)));
        }
    }

    fn zookeeper_news(&mut self, cx: &mut Context<'_>, news: ZkNews) {
        let Some(zookeeper) = &mut self.zookeeper else { return };
        match zookeeper.handle(cx, news) {
            Some(Learnt::Trouble(trouble)) => self.trouble(trouble),
            Some(Learnt::TopicsChanged) => {
                self.look_at_incarnations(cx);
                if self.topics.is_troubled() {
                    self.refresh(cx, "topics changed");
                }
            }
            Some(Learnt::Topic { name, czxid }) => self.topic_registered(cx, &name, czxid),
            None => {}
            Some(Learnt::Brokers(brokers)) => {
                if brokers.is_empty() {
                    self.trouble("no broker is registered in ZooKeeper".to_owned());
                }
                let news = self.brokers.set_registered(brokers);
                self.brokers_changed(cx);
                if news {
                    self.refresh(cx, "brokers changed");
                }
                self.seek(cx);
            }
        }
    }

    fn topic_registered(&mut self, cx: &mut Context<'_>, topic: &str, czxid: i64) {
        if self.topics.is_registered(topic, czxid, cx.now.mono) {
            if !self.topics.has_ids(topic) {
                cx.out.event(Event::TopicMadeAnew { topic: Arc::from(topic) });
            }
            self.refresh(cx, "topic made anew");
        }
    }

    /// Where topics have no ids, ZooKeeper knows them from others that had their names.
    fn look_at_incarnations(&mut self, cx: &mut Context<'_>) {
        if let Some(zookeeper) = &mut self.zookeeper {
            zookeeper.look_at(cx, self.topics.without_id());
        }
    }

    /// Asks, if that is wanted and a broker can be asked.
    fn seek(&mut self, cx: &mut Context<'_>) {
        if !matches!(self.state, State::Seeking { .. }) {
            return;
        }
        let Some(conn) = self.contact(cx) else { return };
        self.ask(cx, conn, self.topics.questions().into());
    }

    fn ask(&mut self, cx: &mut Context<'_>, conn: ConnId, mut questions: VecDeque<Question>) {
        let Some(question) = questions.pop_front() else { return };
        let Some(version) = cx.net.version::<MetadataRequest<'_>>(conn) else {
            return self
                .failed(cx, "the broker speaks no version of Metadata that this client knows".to_owned());
        };
        let call = Call {
            request: &question.request(version),
            version,
            timeout: self.patience(cx.config.request_timeout),
            owner: Owner::Cluster,
            response_bytes: limits::RESPONSE_BYTES,
        };
        match cx.net.send(cx.now, conn, &call) {
            Ok(()) => {
                let peer = self.contacts.current();
                self.state = State::Asking { question, rest: questions, peer };
            }
            Err(error) => self.failed(cx, error.to_string()),
        }
    }

    fn response(&mut self, cx: &mut Context<'_>, version: i16, frame: &[u8]) {
        let resting = State::Resting { due: cx.now.mono, why: "metadata" };
        let State::Asking { question, rest, peer } = std::mem::replace(&mut self.state, resting) else {
            return;
        };
        match samsa_proto::decode_response::<MetadataRequest<'_>>(version, frame) {
            Err(error) => self.failed(cx, error.to_string()),
            Ok((_, response)) if response.error_code == ErrorCode::REBOOTSTRAP_REQUIRED => {
                self.trouble(ErrorCode::REBOOTSTRAP_REQUIRED.to_string());
                self.contacts.begin_again();
                self.wait(cx, "metadata, from the beginning");
            }
            Ok((_, response))
                if metadata::brokers(&response).is_empty() && !self.may_know_nobody(version) =>
            {
                self.failed(cx, "the broker knows no broker, not even itself: it may be starting".to_owned());
            }
            Ok((_, response)) => {
                let is_alone = self.published.len() <= 1;
                let from = Witness { peer, is_alone, now: cx.now.mono };
                self.learn(cx, &question, &response, version, from);
                match self.contact(cx) {
                    Some(conn) if !rest.is_empty() => self.ask(cx, conn, rest),
                    _ => self.rest(cx),
                }
            }
        }
    }

    /// Brokers of 0.8 name nobody until there is a topic; those of 0.10 and later, only while they start.
    fn may_know_nobody(&self, version: i16) -> bool {
        version == 0 && !self.brokers.are_advertised()
    }

    fn learn(
        &mut self,
        cx: &mut Context<'_>,
        asked: &Question,
        response: &MetadataResponse<'_>,
        version: i16,
        from: Witness,
    ) {
        let told: BTreeMap<&str, _> =
            response.topics.iter().filter_map(|topic| Some((topic.name?, topic))).collect();
        for (name, topic) in &told {
            if !self.topics.is_wanted(name) {
                continue;
            }
            let answer = metadata::answer(topic, version);
            if let metadata::Answer::NotYet(code) | metadata::Answer::Refused(code) = &answer {
                self.last_trouble = format!("topic {name:?}: {code}");
            }
            let TopicNews { moves, is_made_anew } = self.topics.learn(name, answer, from);
            if is_made_anew {
                cx.out.event(Event::TopicMadeAnew { topic: Arc::from(*name) });
            }
            for Moved { partition, leader, leader_epoch } in moves {
                let topic = Arc::from(*name);
                cx.out.event(Event::LeaderMoved { topic, partition, leader, leader_epoch });
            }
        }
        self.topics.learn_missing(asked, from, |name| told.contains_key(name));
        self.brokers.set_advertised(metadata::brokers(response));
        self.brokers_changed(cx);
        self.changed = true;
    }

    /// All was asked and answered.
    fn rest(&mut self, cx: &mut Context<'_>) {
        if self.last_answer.replace(cx.now.mono).is_none() {
            tracing::info!(
                brokers = self.published.len(),
                "connected: the cluster was seen for the first time"
            );
        }
        self.last_end = self.last_answer;
        self.is_hurried = false;
        if !self.topics.is_troubled() {
            "nothing is wrong with the metadata".clone_into(&mut self.last_trouble);
        }
        for waiting in self.connecting.drain(..) {
            cx.out.complete(waiting.op, Reply::Connect(Ok(())));
        }
        if self.topics.has_new() {
            self.state = State::Seeking { since: cx.now.mono };
            self.seek(cx);
        } else if self.topics.is_troubled() {
            if self.topics.is_disputed() {
                self.contacts.next_broker();
            }
            self.wait(cx, "topics without leader");
        } else {
            self.failures = 0;
            let due = cx.now.mono + cx.config.metadata_max_age;
            self.state = State::Resting { due, why: "age of metadata" };
        }
    }

    fn failed(&mut self, cx: &mut Context<'_>, reason: String) {
        self.trouble(reason);
        self.contacts.next();
        self.last_end = Some(cx.now.mono);
        self.wait(cx, "metadata, again");
        if self.is_hurried {
            self.hurry(cx, "metadata, again");
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>, why: &'static str) {
        self.failures = self.failures.saturating_add(1);
        let due = cx.now.mono + cx.config.retry_backoff.wait(self.failures, &mut self.rng);
        self.state = State::Resting { due, why };
    }

    fn unreachable(&mut self, cx: &mut Context<'_>, peer: Peer, reason: String) {
        self.trouble(reason);
        if self.contacts.current() == Some(peer) {
            self.contacts.next();
            self.seek(cx);
        }
    }

    fn brokers_changed(&mut self, cx: &mut Context<'_>) {
        let brokers = self.brokers.known().clone();
        cx.net.set_registered(cx.now, self.brokers.registered_as_old());
        let published: Vec<BrokerInfo> = brokers.values().cloned().collect();
        if published == self.published {
            return;
        }
        self.contacts.set_brokers(brokers.keys().copied());
        cx.net.set_brokers(cx.now, brokers.into_iter().map(|(id, broker)| (id, broker.address)).collect());
        cx.out.intend(Intent::Snapshot(Snapshot::Brokers(published.clone().into())));
        self.published = published;
    }

    fn close(&mut self, cx: &mut Context<'_>) {
        if let Some(zookeeper) = &mut self.zookeeper {
            zookeeper.close(cx);
        }
        self.zookeeper = None;
        for waiting in self.connecting.drain(..) {
            cx.out.complete(waiting.op, Reply::Connect(Err(ConnectError::Closed)));
        }
    }

    fn trouble(&mut self, trouble: String) {
        tracing::debug!(%trouble, "cluster");
        self.last_trouble = trouble;
    }
}

#[cfg(test)]
mod tests;
