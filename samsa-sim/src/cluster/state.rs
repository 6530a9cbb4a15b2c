//! What a cluster knows: its brokers, its topics, and what will happen to them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use samsa_core::{HostPort, Instant, Now};
use samsa_proto::ErrorCode;
use samsa_proto::records::{self, BatchHeader};
use samsa_proto::wire::Uuid;
use samsa_proto::zookeeper::path;

use super::config::ClusterConfig;
use super::copies::Copies;
use super::creation::Published;
use super::fetch_sessions::FetchSessions;
use super::groups::Groups;
use super::offsets::Offsets;
use super::registry;
use super::release::Release;
use super::topic::{Partition, Topic};
use super::upset::{Loss, Mood};
use super::view::View;
use super::{Output, ServerConn};
use crate::rng::Rng;

/// A broker.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) address: HostPort,
    pub(super) release: Release,
    pub(super) running: bool,
    /// Whether the controller takes it for alive; it learns of a crash later.
    pub(super) known: bool,
    /// What it tells of the cluster.
    pub(super) view: View,
    pub(super) mood: Mood,
    /// Until when it takes its time, and until when it throttles.
    pub(super) slow_until: Instant,
    pub(super) throttles_until: Instant,
}

/// What will happen by itself.
#[derive(Debug)]
pub(super) enum Timer {
    /// The controller notices that a broker is gone.
    Detect(i32),
    /// A new topic's partitions get their leaders.
    Ready(String),
    /// The followers of a partition have fetched.
    Replicate(String, i32),
    /// A follower learns what all in sync have.
    Learn(String, i32, i32),
    /// A follower has the beginning of a log again.
    Whole(String, i32, i32),
    /// A restarted broker's replicas have caught up.
    Rejoin(i32),
    /// A broker learns how things are.
    Informed(i32),
    /// A replica becomes leader, whatever it lacks.
    Unclean(String, i32, i32),
    /// A deleted topic is made anew, with these replicas.
    Remake(String, Vec<Vec<i32>>),
}

const DETECTION: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(3);
const CREATION: Range<Duration> = Duration::from_millis(2)..Duration::from_millis(60);
/// How long a follower takes at least to have what its leader was given.
const REPLICATION: Duration = Duration::from_micros(300);
/// For how long a broker that has just started and knows nothing does so at least.
const BLANK: Duration = Duration::from_millis(20);
const CATCHING_UP: Range<Duration> = Duration::from_millis(20)..Duration::from_millis(800);

pub(super) fn first_header(batch: &[u8]) -> Option<BatchHeader> {
    records::batches(batch).next()?.ok().map(|batch| *batch.header())
}

/// Everything but the connections.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: ClusterConfig,
    pub(super) brokers: BTreeMap<i32, Broker>,
    pub(super) topics: BTreeMap<String, Topic>,
    timers: BTreeMap<(Instant, u64), Timer>,
    timers_set: u64,
    /// Producer ids that were given.
    pub(super) producers: i64,
    /// Topics that were created, those of the same name too.
    pub(super) incarnations: u64,
    pub(super) losses: Vec<Loss>,
    pub(super) copies: Copies,
    pub(super) published: Published,
    /// How often brokers brought what cannot be, by topic and partition.
    pub(super) nonsense: BTreeMap<(String, i32), u64>,
    pub(super) sessions: FetchSessions,
    pub(super) offsets: Offsets,
    /// Those that the brokers coordinate.
    pub(super) groups: Groups,
    pub(super) rng: Rng,
    pub(super) out: VecDeque<Output>,
}

impl State {
    pub(super) fn new(config: ClusterConfig, addresses: Vec<HostPort>, rng: Rng) -> Self {
        let release = |place: usize| config.releases.get(place).copied().unwrap_or(config.release);
        let broker = |(place, address)| Broker {
            address,
            release: release(place),
            running: false,
            known: false,
            view: View::Current,
            mood: Mood::default(),
            slow_until: Instant::START,
            throttles_until: Instant::START,
        };
        let brokers = (1..).zip(addresses.into_iter().enumerate().map(broker)).collect();
        let (topics, timers, out) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        let (producers, incarnations, losses) = (0, 0, Vec::new());
        let sessions = FetchSessions::new(config.fetch_sessions);
        Self {
            config,
            brokers,
            topics,
            timers,
            timers_set: 0,
            producers,
            incarnations,
            losses,
            copies: Copies::default(),
            published: Published::default(),
            nonsense: BTreeMap::new(),
            sessions,
            offsets: Offsets::default(),
            groups: Groups::default(),
            rng,
            out,
        }
    }

    /// What the cluster is, or becomes.
    pub(super) const fn release(&self) -> Release {
        self.config.release
    }

    /// What a broker is now.
    pub(super) fn release_of(&self, broker: i32) -> Release {
        self.brokers.get(&broker).map_or(self.config.release, |broker| broker.release)
    }

    /// Whether logs are kept in the format from before record batches.
    pub(super) fn keeps_old_format(&self) -> bool {
        self.config.keeps_old_format && self.brokers.values().any(|broker| broker.release < Release::V0_11)
    }

    pub(super) fn note(&mut self, broker: i32, text: String) {
        self.out.push_back(Output::Note { broker, text });
    }

    /// The client did what no broker would stand.
    pub(super) fn complain(&mut self, text: String) {
        self.out.push_back(Output::Complaint(text));
    }

    /// The client did what no broker would stand, if it still holds the connection.
    pub(super) fn misstep(&mut self, conn: ServerConn, text: String) {
        self.out.push_back(Output::Misstep { conn, text });
    }

    pub(super) fn send(&mut self, now: Now, conn: ServerConn, frame: Vec<Bytes>) {
        self.groups.answered(now.mono, conn);
        self.out.push_back(Output::Send { conn, frame });
    }

    /// Who acts for the cluster: the first that is known to be alive.
    pub(super) fn controller(&self) -> Option<i32> {
        self.brokers.iter().find(|(_, broker)| broker.known).map(|(id, _)| *id)
    }

    pub(super) fn set_timer(&mut self, now: Now, range: &Range<Duration>, timer: Timer) {
        let at = now.mono + self.rng.duration(range);
        self.timers_set += 1;
        self.timers.insert((at, self.timers_set), timer);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let timer = self.timers.first_key_value().map(|((at, _), _)| *at);
        timer.into_iter().chain(self.groups.deadline()).min()
    }

    /// Lets happen what is due. Says whether anything did.
    pub(super) fn tick(&mut self, now: Now) -> bool {
        let mut happened = false;
        while let Some(entry) = self.timers.first_entry().filter(|entry| entry.key().0 <= now.mono) {
            let timer = entry.remove();
            self.fire(now, timer);
            happened = true;
        }
        happened
    }

    fn fire(&mut self, now: Now, timer: Timer) {
        match timer {
            Timer::Detect(broker) => self.detect(broker),
            Timer::Ready(topic) => self.make_ready(&topic),
            Timer::Replicate(topic, partition) => {
                if let Some(partition) = self.partition_mut(&topic, partition) {
                    partition.commit();
                }
            }
            Timer::Learn(topic, partition, broker) => self.learn(now, &topic, partition, broker),
            Timer::Whole(topic, partition, broker) => self.be_whole(&topic, partition, broker),
            Timer::Rejoin(broker) => self.rejoin(broker),
            Timer::Informed(broker) => self.inform(broker),
            Timer::Unclean(topic, partition, broker) => self.elect_uncleanly(now, &topic, partition, broker),
            Timer::Remake(topic, replicas) => self.make_anew(now, &topic, replicas),
        }
    }

    pub(super) fn start(&mut self, now: Now, id: i32, blank: bool) {
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        broker.running = true;
        broker.known = true;
        // Who had not been told of anything yet when it went down is not now.
        let blank = blank || broker.view.is_blank();
        broker.view = if blank { View::Blank } else { View::Current };
        if blank {
            self.set_timer(now, &(BLANK..self.config.blank.max(2 * BLANK)), Timer::Informed(id));
        }
        let changed = self.partitions_where(|partition| {
            let waits = partition.leader.is_none() && partition.epoch >= 0;
            partition.leader == Some(id) || (waits && partition.in_sync.contains(&id))
        });
        self.elect(&changed);
        self.catch_up(now, id);
        self.register_controller(now);
    }

    /// A broker's replicas will be in sync again.
    pub(super) fn catch_up(&mut self, now: Now, id: i32) {
        self.set_timer(now, &CATCHING_UP, Timer::Rejoin(id));
    }

    pub(super) fn stop(&mut self, now: Now, id: i32) {
        self.sessions.forget(id);
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.running = false;
            self.set_timer(now, &DETECTION, Timer::Detect(id));
        }
    }

    fn detect(&mut self, id: i32) {
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| !broker.running) else { return };
        broker.known = false;
        let led = self.partitions_where(|partition| partition.leader == Some(id));
        let followed = self
            .partitions_where(|partition| partition.leader != Some(id) && partition.in_sync.contains(&id));
        self.elect(&led);
        for (topic, number) in followed {
            self.change(&topic, number, |partition| partition.drop_from_sync(id));
        }
    }

    fn rejoin(&mut self, id: i32) {
        if self.brokers.get(&id).is_some_and(|broker| broker.running) {
            for (topic, number) in self.partitions_where(|partition| {
                partition.leader.is_some()
                    && partition.replicas.contains(&id)
                    && !partition.in_sync.contains(&id)
            }) {
                self.change(&topic, number, |partition| partition.join_sync(id));
            }
        }
    }

    pub(super) fn partitions_where(&self, matches: impl Fn(&Partition) -> bool) -> Vec<(String, i32)> {
        let ready = self.topics.iter().filter(|(_, topic)| topic.ready);
        let all = ready.flat_map(|(name, topic)| {
            (0..).zip(&topic.partitions).map(move |(number, partition)| (name, number, partition))
        });
        all.filter(|(_, _, partition)| matches(partition))
            .map(|(name, number, _)| (name.clone(), number))
            .collect()
    }

    pub(super) fn elect(&mut self, partitions: &[(String, i32)]) {
        for (topic, number) in partitions {
            let alive: Vec<i32> =
                self.brokers.iter().filter(|(_, broker)| broker.running).map(|(id, _)| *id).collect();
            let mut rng = self.rng.fork();
            self.change(topic, *number, |partition| partition.elect(|id| alive.contains(&id), &mut rng));
        }
    }

    /// Changes a partition, and writes down its new state.
    pub(super) fn change(&mut self, topic: &str, number: i32, change: impl FnOnce(&mut Partition)) {
        let Some(partition) = self.partition_mut(topic, number) else { return };
        let before = partition.leader;
        change(partition);
        let state = partition.state();
        if before != state.leader {
            let leader = state.leader.map_or_else(|| "nobody".to_owned(), |id| format!("broker {id}"));
            let text = format!("{topic}/{number} is led by {leader} in epoch {}", state.leader_epoch);
            self.out.push_back(Output::Note { broker: 0, text });
        }
        if let Ok(path) = path::partition_state(topic, number) {
            self.write_node(path, state.to_bytes());
        }
    }

    pub(super) fn write_node(&mut self, path: String, data: Vec<u8>) {
        if self.release().has_zookeeper() {
            self.out.push_back(Output::Node { path, data });
        }
    }

    fn register_controller(&mut self, now: Now) {
        if let Some(controller) = self.controller() {
            let data = registry::controller(controller, now.wall, self.release());
            self.write_node("/controller".to_owned(), data);
        }
    }

    /// The topic of this name, once it is created to the end.
    pub(super) fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name).filter(|topic| topic.ready)
    }

    /// The topic of this id.
    pub(super) fn topic_by_id(&self, id: Uuid) -> Option<(&str, &Topic)> {
        let mut ready = self.topics.iter().filter(|(_, topic)| topic.ready);
        ready.find(|(_, topic)| topic.id == id && !id.is_zero()).map(|(name, topic)| (name.as_str(), topic))
    }

    pub(super) fn partition_mut(&mut self, topic: &str, number: i32) -> Option<&mut Partition> {
        self.topics.get_mut(topic)?.partition_mut(number)
    }

    /// The partition, if this broker leads it: else why not.
    pub(super) fn led_by(&self, broker: i32, topic: &str, number: i32) -> Result<&Partition, ErrorCode> {
        let is_blank = self.brokers.get(&broker).is_some_and(|broker| broker.view.is_blank());
        let topic = self.topic(topic).filter(|_| !is_blank);
        let partition = topic.and_then(|topic| topic.partition(number));
        let partition = partition.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let denies = self.mood(broker) == Mood::Denies;
        if partition.leader == Some(broker) && !denies {
            Ok(partition)
        } else {
            Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
        }
    }

    /// Lets the followers of a partition fetch what was appended.
    pub(super) fn replicate(&mut self, now: Now, topic: &str, number: i32) {
        self.let_followers_learn(now, topic, number);
        let Some(partition) = self.partition_mut(topic, number) else { return };
        partition.commit_if_alone();
        if partition.committed < partition.log.end() {
            let lasts = REPLICATION..self.config.follower_lag.max(2 * REPLICATION);
            self.set_timer(now, &lasts, Timer::Replicate(topic.to_owned(), number));
        }
    }

    /// Begins to create a topic with these partitions.
    pub(super) fn create_topic(&mut self, now: Now, name: &str, make: impl FnOnce(Uuid, &[i32]) -> Topic) {
        self.incarnations += 1;
        let known: Vec<i32> = self.brokers.keys().copied().collect();
        let id = if self.release().has_topic_ids() { self.new_id() } else { Uuid::ZERO };
        let mut topic = make(id, &known);
        topic.incarnation = self.incarnations;
        if let Ok(path) = path::topic(name) {
            self.write_node(path, topic.registration().to_bytes(registry::topic_version(self.release())));
        }
        let text = format!("topic {name} is created with {} partitions", topic.partitions.len());
        self.out.push_back(Output::Note { broker: 0, text });
        self.topics.insert(name.to_owned(), topic);
        self.set_timer(now, &CREATION, Timer::Ready(name.to_owned()));
    }

    pub(super) fn fill(&mut self, now: Now, name: &str, partitions: &[Vec<Bytes>]) {
        let replication = usize::from(self.config.replication).max(1);
        let count = partitions.len() as i32;
        self.create_topic(now, name, |id, brokers| {
            Topic::new(id, count, replication.min(brokers.len()), brokers)
        });
        self.make_ready(name);
        for (number, batches) in (0..).zip(partitions) {
            let Some(partition) = self.partition_mut(name, number) else { continue };
            for (header, bytes) in batches.iter().filter_map(|bytes| Some((first_header(bytes)?, bytes))) {
                partition.log.skip((header.base_offset - partition.log.end()).max(0));
                partition.log.append(&header, bytes, partition.epoch);
            }
            partition.commit();
        }
    }

    fn new_id(&mut self) -> Uuid {
        let high = u128::from(self.rng.draw()) << 64;
        Uuid((high | u128::from(self.rng.draw())).to_be_bytes())
    }

    fn make_ready(&mut self, name: &str) {
        let Some(topic) = self.topics.get_mut(name).filter(|topic| !topic.ready) else { return };
        topic.ready = true;
        let count = topic.partitions.len() as i32;
        self.elect(&(0..count).map(|number| (name.to_owned(), number)).collect::<Vec<_>>());
    }
}
