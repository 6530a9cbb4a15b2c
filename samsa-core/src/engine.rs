//! The composition root: owns the machines and tells each what concerns it, nothing else.

mod news;

use std::sync::Arc;

use bytes::Bytes;

use crate::admin::{GroupLookup, GroupLookupInput, Lookup, LookupInput};
use crate::cluster::{Cluster, ClusterInput};
use crate::command::{Command, Reply};
use crate::config::{Config, Discovery};
use crate::connection::{Network, ReadBuffer, RecvBuf};
use crate::consumer::{Consumer, ConsumerInput};
use crate::explanation::Explanation;
use crate::group::{GroupInput, Groups};
use crate::id::{ConnId, OpId};
use crate::input::Input;
use crate::intent::Intent;
use crate::metrics::Metrics;
use crate::out::{Context, Out};
use crate::planted::{PlantedBug, is_planted};
use crate::producer::{BatchBuffer, Producer, ProducerInput};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, Now};
use crate::wake::DriverSignal;
use crate::zookeeper::ZkNews;
use crate::{admin, group};
use std::time::Duration;

/// The whole client, without IO.
///
/// [`handle`](Self::handle) tells it what happened, [`poll_intent`](Self::poll_intent) tells what it wants done,
/// [`deadline`](Self::deadline) when it wants [`Input::Tick`]. Bytes take their own way: out by
/// [`poll_writable`](Self::poll_writable), [`transmit`](Self::transmit) and [`transmitted`](Self::transmitted), in by
/// [`recv_buf`](Self::recv_buf) and [`received`](Self::received). Nothing that it hands out borrows from it.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    signal: Arc<DriverSignal>,
    now: Now,
    out: Out,
    net: Network,
    cluster: Cluster,
    producer: Producer,
    consumer: Consumer,
    groups: Groups,
    lookup: Lookup,
    group_lookup: GroupLookup,
    life: Life,
}

/// How far a client is. What is said on its way from one to the next:
///
/// | life    | input                            | then    | emits                                                     |
/// |---------|----------------------------------|---------|-----------------------------------------------------------|
/// | Open    | a close                          | Closing | nothing is accepted any more; members leave, readers end  |
/// | Closing | another close                    | Closing | the earlier end counts                                    |
/// | Closing | a flush, or a member that leaves | Closing | as before                                                 |
/// | Closing | another command                  | Closing | a refusal, but for questions about the client itself      |
/// | Closing | all records have their outcome,  | Closed  | the answers; connections end                              |
/// |         | members have left, and orders    |         |                                                           |
/// |         | are done or the time is over     |         |                                                           |
/// | Closed  | a command                        | Closed  | a refusal, but for questions about the client itself      |
/// | any     | the driver goes                  | Closed  | every outcome and every answer that is still owed         |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    /// The producer still works for outcomes, members leave, and orders are followed.
    Closing {
        until: Instant,
    },
    Closed,
}

/// The control plane.
impl Engine {
    /// A client that has not begun; it begins with the first input.
    pub fn new(config: Config) -> Self {
        let mut rng = Rng::new(config.seed);
        let signal = Arc::new(DriverSignal::default());
        let mut net = Network::new(&config, rng.fork());
        if let Discovery::Bootstrap(addresses) = &config.discovery {
            net.set_bootstrap(addresses);
        }
        Self {
            cluster: Cluster::new(&config, rng.fork()),
            producer: Producer::new(&config, Arc::clone(&signal), rng.fork()),
            consumer: Consumer::new(Arc::clone(&signal), rng.fork()),
            lookup: Lookup::new(rng.fork()),
            groups: Groups::new(Arc::clone(&signal), rng.fork()),
            group_lookup: GroupLookup::new(rng.fork()),
            config,
            signal,
            now: Now::default(),
            out: Out::default(),
            net,
            life: Life::Open,
        }
    }

    /// The bell that application threads ring for the driver.
    pub fn signal(&self) -> Arc<DriverSignal> {
        Arc::clone(&self.signal)
    }

    /// What brokers are told of who this is.
    pub fn client_id(&self) -> &str {
        &self.config.client_id
    }

    /// Panics where a machine has more under way than it may, where more memory is charged for records than may be, or some is
    /// left after the close. The latter can be told only while no other thread publishes, so it is for who drives client and
    /// application on one thread.
    pub fn assert_bounds(&self) {
        self.assert_machines();
        self.producer.assert_memory();
    }

    /// Where application threads publish.
    pub fn batch_buffer(&self) -> BatchBuffer {
        self.producer.buffer()
    }

    /// Whether the answer to [`Command::Close`] was given: the driver may end once it has done what is still intended.
    pub fn is_closed(&self) -> bool {
        self.life == Life::Closed
    }

    /// Something happened. Never fails, never wakes a task of the application: a peer's faults become state and
    /// intents, and who has to be woken is told by [`Intent::Wake`].
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Tick => self.tick(),
            Input::BatchesReady => self.producer(ProducerInput::BatchesReady),
            Input::Credit => {
                self.consumer(ConsumerInput::Credit);
                self.groups(GroupInput::Credit);
            }
            Input::Command { op, command, within } => self.command(op, command, within),
            Input::Forget { op } => self.forget(op),
            Input::Resolved { id, addresses } => self.net.resolved(now, id, addresses),
            Input::Connected { conn } => self.net.connected(now, conn),
            Input::ConnectFailed { conn, reason } => self.net.connect_failed(now, conn, &reason),
            Input::Disconnected { conn, reason } => self.net.disconnected(now, conn, &reason),
            Input::ZooKeeper(news) => self.zookeeper(news),
            Input::Computed { id, output } => self.producer(ProducerInput::Computed { id, output }),
        }
        self.settle();
    }

    /// The next thing to do, first in first out. Draining late is harmless.
    pub fn poll_intent(&mut self) -> Option<Intent> {
        self.out.pop()
    }

    /// When to hand in [`Input::Tick`], and for what.
    pub fn deadline(&self) -> Option<Deadline> {
        let machines = [
            self.net.deadline().filter(|_| !is_planted(PlantedBug::SleepsThrough)),
            self.cluster.deadline(),
            self.producer.deadline(&self.net),
            self.consumer.deadline(),
            self.lookup.deadline(),
            self.groups.deadline(),
            self.group_lookup.deadline(),
            self.orders_deadline(),
        ];
        machines.into_iter().flatten().min()
    }

    /// The driver is going: every open ticket and command gets its outcome. Drain the intents once more after it.
    pub fn abort(&mut self) {
        self.net.close_all(self.now, "the client was dropped");
        self.settle();
        self.producer.abort(&mut self.out);
        self.shut();
        self.settle();
    }
}

/// The data plane.
impl Engine {
    /// A connection that has bytes to write, told once each time that its queue was empty before; the driver remembers
    /// whom it could not write to.
    pub fn poll_writable(&mut self) -> Option<ConnId> {
        self.net.poll_writable()
    }

    /// What to write now, as cheap clones for one vectored write; nothing when the queue is empty. From here on these
    /// bytes count as possibly sent.
    pub fn transmit(&mut self, conn: ConnId, into: &mut Vec<Bytes>) {
        self.net.transmit(conn, into);
    }

    /// How much of it was written.
    pub fn transmitted(&mut self, now: Now, conn: ConnId, written: usize) {
        self.now = now;
        self.net.transmitted(now, conn, written);
    }

    /// Where to read to.
    pub fn recv_buf(&mut self, conn: ConnId) -> RecvBuf {
        self.net.recv_buf(conn)
    }

    /// The buffer comes back, with what was read.
    pub fn received(&mut self, now: Now, conn: ConnId, buffer: ReadBuffer) {
        self.now = now;
        self.net.received(now, conn, buffer);
        self.settle();
    }
}

impl Engine {
    fn tick(&mut self) {
        self.net.tick(self.now);
        self.cluster(ClusterInput::Tick);
        self.producer(ProducerInput::Tick);
        self.groups(GroupInput::Tick);
        self.consumer(ConsumerInput::Tick);
        self.lookup(LookupInput::Tick);
        self.group_lookup(GroupLookupInput::Tick);
        self.settle();
        let now = self.now.mono;
        debug_assert!(
            self.deadline().is_none_or(|deadline| deadline.at > now),
            "{:?} is not after {now}: a machine asked to be called now again",
            self.deadline()
        );
    }

    fn command(&mut self, op: OpId, command: Command, within: Duration) {
        let waits_with_the_close = self.closing_until().is_some()
            && matches!(command, Command::Flush | Command::LeaveGroup { .. } | Command::Close);
        if self.life != Life::Open
            && !waits_with_the_close
            && let Some(refusal) = command.refused_by_close()
        {
            return self.out.complete(op, refusal);
        }
        let until = self.now.mono + within;
        match command {
            Command::Connect => self.cluster(ClusterInput::Connect { op, within }),
            Command::Topics | Command::Partitions { .. } | Command::Offsets { .. } => {
                self.lookup(LookupInput::Ask { op, command, within });
            }
            Command::Groups | Command::Group { .. } | Command::ResetGroup(_) => {
                self.group_lookup(GroupLookupInput::Ask { op, command, within });
            }
            Command::CreateTopic(topic) => self.lookup(LookupInput::Create { op, topic, within }),
            Command::Flush => self.producer(ProducerInput::Flush { op, until }),
            Command::OpenReader(spec) => self.consumer(ConsumerInput::Open { op, spec, within }),
            Command::Seek { reader, partition, to } => {
                self.consumer(ConsumerInput::Seek { op, reader, partition, to, within });
            }
            Command::JoinGroup(spec) => self.groups(GroupInput::Join { op, spec, within }),
            Command::CommitOffsets { member } => self.groups(GroupInput::Commit { op, member, within }),
            Command::LeaveGroup { member } => self.groups(GroupInput::Leave { op, member, within }),
            Command::Explain => self.explain(op),
            Command::Metrics => self.metrics(op),
            Command::Close => {
                let earlier = self.closing_until().unwrap_or(until);
                self.life = Life::Closing { until: earlier.min(until) };
                self.groups(GroupInput::Close { until });
                self.consumer(ConsumerInput::Close);
                self.producer(ProducerInput::Close { op, until });
            }
        }
    }

    fn forget(&mut self, op: OpId) {
        self.cluster(ClusterInput::Forget { op });
        self.producer(ProducerInput::Forget { op });
        self.consumer(ConsumerInput::Forget { op });
        self.lookup(LookupInput::Forget { op });
        self.groups(GroupInput::Forget { op });
        self.group_lookup(GroupLookupInput::Forget { op });
    }

    fn explain(&mut self, op: OpId) {
        let mut explanation = Explanation::default();
        self.net.explain(&mut explanation.lines);
        self.cluster.explain(&mut explanation.lines);
        self.producer.explain(self.now.mono, &mut explanation);
        self.consumer.explain(self.now.mono, &mut explanation.lines);
        self.lookup.explain(&mut explanation.lines);
        self.groups.explain(&mut explanation.lines);
        self.group_lookup.explain(&mut explanation.lines);
        self.out.complete(op, Reply::Explain(explanation));
    }

    fn metrics(&mut self, op: OpId) {
        let (publishing, published) = self.producer.metrics();
        let (read, reading) = self.consumer.metrics();
        let metadata_age = self.cluster.last_answer().map(|last| self.now.mono - last);
        let brokers = self.net.metrics();
        let metrics = Metrics { publishing, read, metadata_age, brokers, published, reading };
        self.out.complete(op, Reply::Metrics(Box::new(metrics)));
    }

    /// Passes on what the machines have for each other, until there is nothing more.
    fn settle(&mut self) {
        loop {
            while let Some(news) = self.net.poll_news() {
                self.news(news);
            }
            if self.consumer.take_found_start() {
                self.groups(GroupInput::Credit);
            }
            if !self.cluster.take_changed() {
                break;
            }
            self.producer(ProducerInput::MetadataChanged);
            self.consumer(ConsumerInput::MetadataChanged);
            self.groups(GroupInput::LookAgain);
            self.group_lookup(GroupLookupInput::LookAgain);
            self.lookup(LookupInput::MetadataChanged);
        }
        if self.is_done() {
            self.shut();
        }
        while let Some(intent) = self.net.poll_intent() {
            self.out.intend(intent);
        }
        if cfg!(any(debug_assertions, feature = "planted-bugs")) {
            self.assert_machines();
        }
    }

    fn assert_machines(&self) {
        self.net.assert_bounds();
        self.cluster.assert_bounds();
        // A broker that tells of one version here and of another there can have these wrong: not for an application.
        if cfg!(feature = "planted-bugs") {
            self.producer.assert_bounds();
        }
    }

    /// When a close that goes on gives up what is left.
    fn closing_until(&self) -> Option<Instant> {
        match self.life {
            Life::Closing { until } => Some(until),
            Life::Open | Life::Closed => None,
        }
    }

    /// Whether a close has waited for everything that it waits for. An order is bounded by the close, too; questions are not
    /// waited for.
    fn is_done(&self) -> bool {
        let Some(until) = self.closing_until() else { return false };
        let has_outcomes = self.producer.is_closed() || is_planted(PlantedBug::ClosesAtOnce);
        has_outcomes && self.groups.is_empty() && (until <= self.now.mono || !self.has_orders())
    }

    fn has_orders(&self) -> bool {
        self.lookup.has_orders() || self.group_lookup.has_orders()
    }

    fn orders_deadline(&self) -> Option<Deadline> {
        let until = self.closing_until().filter(|until| *until > self.now.mono)?;
        self.has_orders().then(|| Deadline::new(until, "orders, before the client is closed"))
    }

    fn shut(&mut self) {
        self.life = Life::Closed;
        self.groups.abort(&mut self.out);
        self.consumer.abort(&mut self.out);
        self.lookup.abort(&mut self.out);
        self.group_lookup.abort(&mut self.out);
        self.cluster(ClusterInput::Close);
        self.net.close_all(self.now, "the client was closed");
    }

    /// News of a session is for who opened it, as its number tells.
    fn zookeeper(&mut self, news: ZkNews) {
        match news.session().0 {
            group::FIRST_SESSION.. => self.groups(GroupInput::ZooKeeper(news)),
            admin::FIRST_SESSION.. => self.group_lookup(GroupLookupInput::ZooKeeper(news)),
            _ => self.cluster(ClusterInput::ZooKeeper(news)),
        }
    }

    fn cluster(&mut self, input: ClusterInput) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.cluster.handle(&mut cx, input);
    }

    fn producer(&mut self, input: ProducerInput) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.producer.handle(&mut cx, &mut self.cluster, input);
    }

    fn consumer(&mut self, input: ConsumerInput) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.consumer.handle(&mut cx, &mut self.cluster, input);
    }

    fn groups(&mut self, input: GroupInput) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.groups.handle(&mut cx, &mut self.cluster, &mut self.consumer, input);
    }

    fn group_lookup(&mut self, input: GroupLookupInput) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.group_lookup.handle(&mut cx, &self.cluster, input);
    }

    fn lookup(&mut self, input: LookupInput) {
        let mut cx = Context { now: self.now, config: &self.config, net: &mut self.net, out: &mut self.out };
        self.lookup.handle(&mut cx, &mut self.cluster, input);
    }
}

#[cfg(test)]
mod tests;
