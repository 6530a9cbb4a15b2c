//! Model brokers: they read the real wire format and answer in it, keep logs, elect leaders, and stop and start.
//!
//! A [`ModelCluster`] is pure: it is told what arrives and what time it is, and says what is to be sent. The simulated
//! network carries that here; a real one could as well.
//!
//! It is strict. What a broker of its release would refuse is refused in the same way, and if no correct client could
//! have sent it, it is also told as a [`Output::Complaint`].

mod answer;
mod api_versions;
mod config;
mod connection;
mod copies;
mod create_topics;
mod creation;
mod fetch;
mod fetch_sessions;
mod followers;
mod former;
mod groups;
mod list_offsets;
mod log;
mod lying;
mod metadata;
mod offset_for_leader_epoch;
mod offsets;
mod produce;
mod producers;
mod registry;
mod release;
mod state;
mod topic;
mod transactions;
mod upset;
mod validate;
mod view;

pub use config::ClusterConfig;
pub use release::Release;

pub(crate) use log::LoggedRecord;
pub(crate) use lying::BOMB;
pub(crate) use offsets::Committed;
pub(crate) use upset::Loss;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use samsa_core::{HostPort, Instant, Now};

use self::answer::{Answer, Waiting};
use self::connection::Connection;
use self::state::State;
use crate::faults::Fault;
use crate::rng::Rng;

/// A connection that a broker has accepted; numbered by whoever carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerConn(pub(crate) u64);

/// What happened to the cluster.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A broker has a new connection, or whoever is left at an address that was its own has one.
    Accepted { conn: ServerConn, broker: i32, is_former: bool },
    /// Bytes came, any part of a frame or several.
    Received { conn: ServerConn, bytes: Bytes },
    /// A connection is gone.
    Gone { conn: ServerConn },
    /// A broker starts; a blank one knows of no topics and no other brokers at first.
    Start { broker: i32, blank: bool },
    /// A broker stops, at once and without a word. Its connections are gone.
    Stop(i32),
    /// The deadline has come.
    Tick,
}

/// What the cluster wants done.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Send a frame.
    Send { conn: ServerConn, frame: Vec<Bytes> },
    /// Close a connection, as a broker does that cannot make sense of what it got.
    Close { conn: ServerConn },
    /// Write a node into `ZooKeeper`.
    Node { path: String, data: Vec<u8> },
    /// Remove a node of `ZooKeeper`, with all below it.
    NodeGone { path: String },
    /// An offset of a group was committed.
    Committed(Committed),
    /// A line for the trace: which broker (0 for the controller), and what it did.
    Note { broker: i32, text: String },
    /// A client did what no correct client does.
    Complaint(String),
    /// What is to be stored once was stored a second time.
    Copied(String),
    /// A topic was created for who asked about it, and nobody publishes to it.
    Looked(String),
    /// A client did what no correct client does that has not given this connection up.
    Misstep { conn: ServerConn, text: String },
    /// Something came from a client that is throttled: it was sent too early, or was under way for long.
    Hasty(String),
}

/// All brokers of one cluster.
#[derive(Debug)]
pub(crate) struct ModelCluster {
    state: State,
    connections: BTreeMap<ServerConn, Connection>,
}

impl ModelCluster {
    /// Brokers with the ids 1, 2, ... that will listen at these addresses. None is started.
    pub(crate) fn new(config: ClusterConfig, addresses: Vec<HostPort>, rng: Rng) -> Self {
        Self { state: State::new(config, addresses, rng), connections: BTreeMap::new() }
    }

    pub(crate) fn config(&self) -> &ClusterConfig {
        &self.state.config
    }

    /// Where a broker listens.
    pub(crate) fn address(&self, broker: i32) -> Option<&HostPort> {
        self.state.brokers.get(&broker).map(|broker| &broker.address)
    }

    /// A broker that does not run will listen there.
    pub(crate) fn set_address(&mut self, broker: i32, address: HostPort) {
        if let Some(broker) = self.state.brokers.get_mut(&broker).filter(|broker| !broker.running) {
            broker.address = address;
        }
    }

    pub(crate) fn broker_ids(&self) -> Vec<i32> {
        self.state.brokers.keys().copied().collect()
    }

    pub(crate) fn is_running(&self, broker: i32) -> bool {
        self.state.brokers.get(&broker).is_some_and(|broker| broker.running)
    }

    /// What a broker registers in `ZooKeeper` when it starts; nothing where there is none.
    pub(crate) fn registration(&self, broker: i32, now: Now) -> Option<Vec<u8>> {
        let address = self.address(broker).filter(|_| self.state.release().has_zookeeper())?;
        Some(registry::broker(address, self.state.rack(broker), now.wall, self.state.release_of(broker)))
    }

    /// A broker is what the cluster becomes when it next starts.
    pub(crate) fn upgrade(&mut self, broker: i32) {
        let release = self.state.release();
        if let Some(broker) = self.state.brokers.get_mut(&broker) {
            broker.release = release;
        }
    }

    /// Whether some partition is led by a broker that stores headers.
    pub(crate) fn stores_headers(&self, topic: &str) -> bool {
        let stores = |broker: i32| self.state.release_of(broker) >= Release::V0_11 && self.is_running(broker);
        let partitions = self.state.topics.get(topic).map(|topic| topic.partitions.as_slice());
        let mut leaders = partitions.unwrap_or_default().iter().filter_map(|partition| partition.leader);
        !self.state.keeps_old_format() && leaders.any(stores)
    }

    /// The brokers that are not yet what the cluster becomes.
    pub(crate) fn not_upgraded(&self) -> Vec<i32> {
        let release = self.state.release();
        let old = self.state.brokers.iter().filter(|(_, broker)| broker.release != release);
        old.map(|(id, _)| *id).collect()
    }

    /// Something happened.
    pub(crate) fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Accepted { conn, broker, is_former } => {
                self.connections.insert(conn, Connection::new(broker, is_former));
            }
            Input::Received { conn, bytes } => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    if let Some(since) = connection.is_muted_for(now.mono) {
                        let text = format!("{} bytes {since:?} after it was throttled", bytes.len());
                        self.state.out.push_back(Output::Hasty(text));
                    }
                    connection.push(&bytes);
                }
                self.serve(now, conn);
            }
            Input::Gone { conn } => {
                self.connections.remove(&conn);
                self.state.groups.gone(conn);
            }
            Input::Start { broker, blank } => self.state.start(now, broker, blank),
            Input::Stop(broker) => {
                let gone = self.connections.extract_if(.., |_, connection| connection.broker() == broker);
                gone.for_each(|(conn, _)| self.state.groups.gone(conn));
                self.state.stop(now, broker);
            }
            Input::Tick => {
                self.state.tick(now);
            }
        }
        self.look_at_waiting(now);
    }

    /// Makes a topic that has been there before anybody looks: for each partition its batches, as a producer sends them.
    pub(crate) fn fill(&mut self, now: Now, topic: &str, partitions: &[Vec<Bytes>]) {
        self.state.fill(now, topic, partitions);
    }

    /// Lets something go wrong. Says whether there was anything to which it could happen.
    pub(crate) fn upset(&mut self, now: Now, kind: Fault) -> bool {
        let happened = match kind {
            Fault::LeaderMove => self.state.move_a_leader(now),
            Fault::UncleanElection => self.state.let_one_fall_behind(now),
            Fault::TopicRemade => self.state.delete_a_topic(now),
            Fault::StaleMetadata => self.state.let_one_view_stand(now),
            Fault::SlowBroker => self.state.slow_one_down(now),
            Fault::Quota => self.state.let_one_throttle(now),
            Fault::ShortFollower => self.state.let_one_be_short(now),
            Fault::Lies => self.state.let_one_lie(now),
            Fault::SpoiltBatches => self.state.let_one_spoil(now),
            Fault::HangUp => self.state.let_one_hang_up(now),
            Fault::PartitionAdded => self.state.add_a_partition(),
            _ => false,
        };
        self.look_at_waiting(now);
        happened
    }

    /// All is well from now on: every broker knows what there is.
    pub(crate) fn heal(&mut self) {
        self.state.heal();
    }

    pub(crate) fn next_output(&mut self) -> Option<Output> {
        self.state.out.pop_front()
    }

    /// When to hand in [`Input::Tick`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let waits = self.connections.values().filter_map(Connection::deadline);
        waits.chain(self.state.deadline()).min()
    }

    /// Answers what has come whole, one request after the other, until one has to wait.
    fn serve(&mut self, now: Now, conn: ServerConn) {
        while let Some(connection) = self.connections.get_mut(&conn) {
            match connection.next_frame(now.mono) {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    let broker = connection.broker();
                    let answer = if connection.is_former() {
                        former::answer(&mut self.state, now, (conn, broker), &frame)
                    } else {
                        answer::answer(&mut self.state, now, (conn, broker), &frame)
                    };
                    self.give(now, conn, answer);
                }
                Err(complaint) => {
                    self.state.complain(complaint);
                    self.give(now, conn, Answer::HangUp);
                }
            }
        }
    }

    fn give(&mut self, now: Now, conn: ServerConn, answer: Answer) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        match answer {
            Answer::Frame(frame) => match self.state.slowness(now, connection.broker()) {
                Some(until) => connection.wait_for(Waiting::Late { frame, until }),
                None => self.state.send(now, conn, frame),
            },
            // Up to 1.1 the answer itself is held back.
            Answer::Throttled { frame, lasts }
                if self.state.release_of(connection.broker()) < Release::V2_1 =>
            {
                connection.wait_for(Waiting::Late { frame, until: now.mono + lasts });
            }
            Answer::Throttled { frame, lasts } => {
                connection.mute(now.mono, lasts);
                self.state.send(now, conn, frame);
            }
            Answer::Silence => {}
            Answer::Wait(waiting) => connection.wait_for(waiting),
            Answer::HangUp => {
                self.connections.remove(&conn);
                self.state.groups.gone(conn);
                self.state.out.push_back(Output::Close { conn });
            }
        }
    }

    /// Asks each request that waits whether it can be answered now.
    fn look_at_waiting(&mut self, now: Now) {
        groups::tick(&mut self.state, now);
        self.look_once(now);
        // What is read behind an answer may be what others wait for.
        while self.state.groups.has_news() {
            self.look_once(now);
        }
    }

    fn look_once(&mut self, now: Now) {
        let busy = self.connections.iter().filter(|(_, connection)| connection.is_busy());
        let busy: Vec<ServerConn> = busy.map(|(id, _)| *id).collect();
        for conn in busy {
            let Some(connection) = self.connections.get_mut(&conn) else { continue };
            let broker = connection.broker();
            if let Some(waiting) = connection.stop_waiting() {
                let answer = self.look_again(now, broker, waiting);
                match answer {
                    Answer::Frame(frame) => self.state.send(now, conn, frame),
                    answer => self.give(now, conn, answer),
                }
            }
            self.serve(now, conn);
        }
    }

    fn look_again(&mut self, now: Now, broker: i32, waiting: Waiting) -> Answer {
        match waiting {
            Waiting::Fetch(pending) => fetch::look_again(&mut self.state, now, broker, pending),
            Waiting::Produce(pending) => produce::look_again(&mut self.state, now, broker, pending),
            Waiting::Group(pending) => groups::look_again(&mut self.state, broker, pending),
            Waiting::Late { frame, until } if now.mono >= until => Answer::Frame(frame),
            late @ Waiting::Late { .. } => Answer::Wait(late),
        }
    }

    /// Every committed record of a partition, for those who check: all in sync have it, and so its transaction, if it has
    /// one, was committed.
    pub(crate) fn log(&self, topic: &str, partition: i32) -> Vec<LoggedRecord> {
        let partition = self.state.topics.get(topic).and_then(|topic| topic.partition(partition));
        partition.map_or_else(Vec::new, |partition| {
            let end = partition.readable_end(true);
            partition.log.committed_records().into_iter().filter(|record| record.offset < end).collect()
        })
    }

    /// Where a partition has the first batch without identity behind one that has one.
    pub(crate) fn loses_numbers_at(&self, topic: &str, partition: i32) -> Option<i64> {
        self.state.topics.get(topic)?.partition(partition)?.log.loses_numbers_at()
    }

    /// The acknowledged records that were lost, as no fault of any client.
    pub(crate) fn losses(&self, topic: &str) -> Vec<Loss> {
        self.state.losses.iter().filter(|loss| loss.topic == topic).cloned().collect()
    }

    /// What was lost of a partition.
    pub(crate) fn losses_of(&self, topic: &str, partition: i32) -> impl Iterator<Item = &Loss> {
        let of_it = move |loss: &&Loss| loss.topic == topic && loss.partition == partition;
        self.state.losses.iter().filter(of_it)
    }

    /// Whether somebody can read a record between these offsets of a partition, of which the second one is read.
    pub(crate) fn has_between(&self, topic: &str, partition: i32, before: i64, after: i64) -> bool {
        let partition = self.state.topics.get(topic).and_then(|topic| topic.partition(partition));
        partition.is_some_and(|partition| partition.log.has_committed_between(before, after))
    }

    /// Every record of a partition that all in sync have, whatever became of its transaction.
    pub(crate) fn whole_log(&self, topic: &str, partition: i32) -> Vec<LoggedRecord> {
        let partition = self.state.topics.get(topic).and_then(|topic| topic.partition(partition));
        partition.map_or_else(Vec::new, |partition| {
            let end = partition.committed;
            partition.log.records().into_iter().filter(|record| record.offset < end).collect()
        })
    }

    /// Every record of a partition that its leader has, whatever becomes of it.
    pub(crate) fn leaders_log(&self, topic: &str, partition: i32) -> Vec<LoggedRecord> {
        let partition = self.state.topics.get(topic).and_then(|topic| topic.partition(partition));
        partition.map_or_else(Vec::new, |partition| partition.log.records())
    }

    /// Up to where readers of committed records get in a partition.
    pub(crate) fn stable_end(&self, topic: &str, partition: i32) -> i64 {
        let partition = self.state.topics.get(topic).and_then(|topic| topic.partition(partition));
        partition.map_or(0, |partition| partition.readable_end(true))
    }

    /// From whom a reader in this rack is to read a partition at its end, if not from its leader.
    pub(crate) fn nearest(&self, topic: &str, partition: i32, rack: &str) -> Option<i32> {
        let partition = self.state.topics.get(topic).and_then(|topic| topic.partition(partition))?;
        let nearest = self.state.nearest(partition, rack, partition.committed, false);
        nearest.filter(|broker| partition.in_sync.contains(broker))
    }

    /// The brokers that are up, and tell of a topic.
    pub(crate) fn tell_of(&self, topic: &str) -> BTreeSet<i32> {
        let tells =
            |broker: &i32| self.state.picture_of(*broker).topics.get(topic).is_some_and(|told| told.ready);
        self.broker_ids().into_iter().filter(|broker| self.is_running(*broker)).filter(tells).collect()
    }

    /// What a group has committed of a partition.
    pub(crate) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.state.offsets.of(group, topic, partition)
    }

    /// Who of a group that the brokers coordinate has a partition, each with the generation or epoch in which it got it.
    pub(crate) fn holders(&self, group: &str, topic: &str, partition: i32) -> Vec<(String, i32)> {
        groups::holders(&self.state, group, topic, partition)
    }

    /// Whether any group was ever asked for on the brokers, so that they have a topic for offsets.
    pub(crate) fn keeps_offsets(&self) -> bool {
        self.state.topics.contains_key(groups::OFFSETS_TOPIC)
    }

    /// So many members of a group are there from now on, which the brokers coordinate.
    pub(crate) fn set_members(&mut self, group: &str, members: usize) {
        self.state.groups.count(group, members);
    }

    /// What leaders had that was not committed, and those that came after them had not: partition and record.
    pub(crate) fn dropped(&self, topic: &str) -> Vec<(i32, LoggedRecord)> {
        let partitions = self.state.topics.get(topic).map(|topic| topic.partitions.as_slice());
        let all = (0..).zip(partitions.unwrap_or_default());
        all.flat_map(|(number, partition)| {
            partition.dropped.iter().map(move |record| (number, record.clone()))
        })
        .collect()
    }

    /// The record at an offset of a partition, if all in sync have it; or also where its leader alone does.
    pub(crate) fn record_at(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        of_leader_too: bool,
    ) -> Option<LoggedRecord> {
        let partition = self.state.topics.get(topic)?.partition(partition)?;
        let is_there = of_leader_too || offset < partition.committed;
        partition.log.record_at(offset).filter(|_| is_there)
    }

    /// From now on no value is to be in this topic twice.
    pub(crate) fn expect_once(&mut self, topic: &str) {
        self.state.copies.expect_once(topic);
    }

    /// From now on a topic is created for who publishes to it, which is told before.
    pub(crate) fn expect_publishers(&mut self) {
        self.state.published.is_told();
    }

    /// Somebody is about to publish to a topic.
    pub(crate) fn is_published_to(&mut self, topic: &str) {
        self.state.published.add(topic);
    }

    /// How often a broker brought of a partition what cannot be.
    pub(crate) fn nonsense_of(&self, topic: &str, partition: i32) -> u64 {
        self.state.nonsense.get(&(topic.to_owned(), partition)).copied().unwrap_or(0)
    }

    /// How many partitions a topic has; 0 when there is no such topic.
    pub(crate) fn partition_count(&self, topic: &str) -> i32 {
        self.state.topics.get(topic).map_or(0, |topic| topic.partitions.len() as i32)
    }
}

#[cfg(test)]
mod tests;
