//! What is known of the cluster: brokers, topics, partitions and their leaders.
//!
//! ZooKeeper, where the cluster was found through it, says who the brokers are; metadata says what topics there are and
//! who leads their partitions ([`asking`]).

mod asking;
mod brokers;
mod contacts;
pub(crate) mod metadata;
mod topics;
mod view;
mod wanted;
mod zookeeper;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::api::metadata::MetadataResponse;

use crate::command::Reply;
use crate::config::{Config, Discovery};
use crate::connection::{Failure, Peer, Role};
use crate::error::ConnectError;
use crate::event::Event;
use crate::explanation::Waiting;
use crate::id::{BrokerId, ConnId, OpId};
use crate::intent::{Intent, Snapshot};
use crate::limits;
use crate::out::Context;
use crate::rng::Rng;
use crate::time::{Deadline, Instant, TimeLimit};
use crate::topology::BrokerInfo;
use crate::zookeeper::ZkNews;
use asking::Asking;
use brokers::Brokers;
use contacts::Contacts;
use metadata::Question;
use topics::{Topics, Want};
use view::Moved;
use wanted::{TopicNews, Witness};
use zookeeper::{Learnt, ZooKeeperDiscovery};

pub(crate) use asking::Urgency;
pub(crate) use view::TopicView;
pub(crate) use wanted::Interest;

#[derive(Debug)]
pub(crate) struct Cluster {
    zookeeper: Option<ZooKeeperDiscovery>,
    contacts: Contacts,
    brokers: Brokers,
    published: Vec<BrokerInfo>,
    topics: Topics,
    asking: Asking,
    last_trouble: String,
    connecting: Vec<Connecting>,
    changed: bool,
}

/// A command that waits for the first sight of the cluster.
#[derive(Debug)]
struct Connecting {
    op: OpId,
    time: TimeLimit,
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
            Discovery::ZooKeeper { ensemble, session_timeout } => {
                (Some(ZooKeeperDiscovery::new(ensemble.clone(), *session_timeout, rng.fork())), &[][..])
            }
            Discovery::Bootstrap(addresses) => (None, &addresses[..]),
        };
        Self {
            zookeeper,
            contacts: Contacts::new(bootstrap, rng.fork()),
            brokers: Brokers::default(),
            published: Vec::new(),
            topics: Topics::default(),
            asking: Asking::new(rng),
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
            Want::Unknown => self.refresh(cx, "topic wanted", Urgency::Soon),
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

    /// The last thing that went wrong, for errors that speak of a time that is over.
    pub(crate) fn last_trouble(&self) -> &str {
        &self.last_trouble
    }

    /// A connection to any broker, for questions that each of them answers. If there is none, one is made.
    pub(crate) fn contact(&self, cx: &mut Context<'_>) -> Option<ConnId> {
        let peer = self.contacts.current()?;
        cx.net.connection(cx.now, peer, Role::Control)
    }

    /// The brokers, as they were last seen.
    pub(crate) fn brokers(&self) -> impl Iterator<Item = BrokerId> {
        self.brokers.known().keys().copied()
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
            ClusterInput::Failed(failure) => self.unanswered(cx, failure.reason()),
            ClusterInput::Tick => self.tick(cx),
            ClusterInput::Close => self.close(cx),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let metadata = self.contacts.current().and_then(|_| self.asking_deadline());
        let zookeeper = self.zookeeper.as_ref().and_then(ZooKeeperDiscovery::deadline);
        let connecting =
            self.connecting.iter().map(|waiting| Deadline::new(waiting.time.until(), "connect")).min();
        Deadline::earlier(Deadline::earlier(metadata, zookeeper), connecting)
    }

    /// Holds the cluster to [`limits`].
    pub(crate) fn assert_bounds(&self) {
        assert!(self.connecting.len() <= limits::COMMANDS, "{} wait to be connected", self.connecting.len());
        assert!(self.topics.len() <= limits::TOPICS, "{} topics", self.topics.len());
    }

    /// Since when the picture of the cluster is as it is.
    pub(crate) fn last_answer(&self) -> Option<Instant> {
        self.asking.last_answer()
    }

    pub(crate) fn explain(&self, lines: &mut Vec<Waiting>) {
        lines.push(self.explain_asking());
        lines.extend(self.zookeeper.as_ref().and_then(ZooKeeperDiscovery::explain));
        for waiting in &self.connecting {
            let (who, what) =
                ("connecting".to_owned(), format!("the first answer of a broker ({})", self.last_trouble));
            lines.push(Waiting::of_command(who, what, waiting.time));
        }
    }

    fn connect(&mut self, cx: &mut Context<'_>, op: OpId, within: Duration) {
        if self.asking.last_answer().is_some() {
            return cx.out.complete(op, Reply::Connect(Ok(())));
        }
        let waiting = self.connecting.len();
        if waiting >= limits::COMMANDS {
            return cx.out.complete(op, Reply::Connect(Err(ConnectError::Busy { waiting })));
        }
        self.connecting.push(Connecting { op, time: TimeLimit::new(cx.now.mono, within) });
        self.tick(cx);
    }

    fn tick(&mut self, cx: &mut Context<'_>) {
        if let Some(zookeeper) = &mut self.zookeeper {
            zookeeper.tick(cx);
        }
        self.leave_who_is_late(cx);
        self.ask_if_due(cx);
        for late in self.connecting.extract_if(.., |waiting| waiting.time.is_over(cx.now.mono)) {
            let error =
                ConnectError::Unreachable { within: late.time.within, last: self.last_trouble.clone() };
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
                    self.refresh(cx, "topics changed", Urgency::Soon);
                }
            }
            Some(Learnt::Topic { name, czxid }) => self.topic_registered(cx, &name, czxid),
            Some(Learnt::NoTopic { name }) => self.changed |= self.topics.is_not_registered(&name),
            None => {}
            Some(Learnt::Brokers(brokers)) => {
                if brokers.is_empty() {
                    let trouble = zookeeper.why_no_broker();
                    self.trouble(trouble);
                }
                let news = self.brokers.set_registered(brokers);
                self.brokers_changed(cx);
                if news {
                    self.refresh(cx, "brokers changed", Urgency::Soon);
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
            self.refresh(cx, "topic made anew", Urgency::Soon);
        }
    }

    /// Where topics have no ids, ZooKeeper knows them from others that had their names.
    fn look_at_incarnations(&mut self, cx: &mut Context<'_>) {
        if let Some(zookeeper) = &mut self.zookeeper {
            zookeeper.look_at(cx, self.topics.without_id());
        }
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
            if let Some(trouble) = answer.trouble(name) {
                self.last_trouble = trouble;
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
        if let Some(zookeeper) = &mut self.zookeeper {
            zookeeper.look_at(cx, self.topics.in_doubt());
        }
        self.brokers.set_advertised(metadata::brokers(response));
        self.brokers_changed(cx);
        self.changed = true;
    }

    fn brokers_changed(&mut self, cx: &mut Context<'_>) {
        let brokers = self.brokers.known().clone();
        cx.net.set_registered(cx.now, self.brokers.registered_as_old());
        let published: Vec<BrokerInfo> = brokers.values().cloned().collect();
        if published == self.published {
            return;
        }
        self.contacts.set_brokers(brokers.iter().map(|(id, broker)| (*id, &broker.address)));
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
