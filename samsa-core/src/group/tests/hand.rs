//! What a member does to the rest of the client: the readers that come and go with its topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::coordinator::Coordinator;
use super::super::hand::{Hand, Outcome};
use super::super::world::World;
use super::super::{Groups, Opens, Place};
use super::{Commit, GroupError};
use crate::backoff::Backoff;
use crate::cluster::Cluster;
use crate::command::{GroupSpec, ReaderSpec};
use crate::config::{Config, Discovery, FetchConfig, GroupTimes};
use crate::connection::Network;
use crate::consumer::{Board, Consumer, ConsumerInput, Lease};
use crate::limits;
use crate::offset::Offset;
use crate::out::{Context, Out};
use crate::rng::Rng;
use crate::time::Now;
use crate::topology::TopicPartition;
use crate::wake::DriverSignal;

const MEMORY: usize = 12_000;
const PARTITION: usize = 1_000;

/// A client that knows no brokers, and the place of a member that chooses its topics by a pattern.
struct Client {
    config: Config,
    net: Network,
    out: Out,
    cluster: Cluster,
    consumer: Consumer,
    signal: Arc<DriverSignal>,
    place: Place,
    coordinator: Coordinator,
}

fn fetch() -> FetchConfig {
    FetchConfig { buffer_bytes: MEMORY, partition_bytes: PARTITION, ..FetchConfig::default() }
}

impl Client {
    fn new() -> Self {
        let session_timeout = Duration::from_secs(6);
        let config = Config::new(Discovery::ZooKeeper { ensemble: "z:2181".to_owned(), session_timeout });
        let signal = Arc::<DriverSignal>::default();
        let backoff = Backoff { first: Duration::from_millis(50), most: Duration::from_millis(200) };
        let opens = Opens { group: Arc::from("g"), start: Offset::Earliest, fetch: fetch() };
        let place = Place {
            readers: BTreeMap::new(),
            opens: Some(opens),
            sources: BTreeMap::new(),
            board: Arc::<Board>::default(),
            lease: Arc::<Lease>::default(),
            commit: Commit::Marked,
        };
        Self {
            net: Network::new(&config, Rng::new(1)),
            out: Out::default(),
            cluster: Cluster::new(&config, Rng::new(1)),
            consumer: Consumer::new(Arc::clone(&signal), Rng::new(1)),
            coordinator: Coordinator::new(
                &Arc::from("g"),
                crate::connection::Owner::Group,
                backoff,
                Rng::new(1),
            ),
            config,
            signal,
            place,
        }
    }

    /// The member does this, and what comes of it.
    fn does<T>(&mut self, act: impl FnOnce(&mut Hand<'_, '_>) -> T) -> (T, Vec<Outcome>) {
        let now = Now::default();
        let mut cx = Context { now, config: &self.config, net: &mut self.net, out: &mut self.out };
        let own = (&mut self.place, &mut self.coordinator);
        let mut sessions = 0;
        let mut hand =
            Hand::new(&mut cx, &mut self.cluster, &mut self.consumer, own, &mut sessions, &self.signal);
        let done = act(&mut hand);
        (done, hand.finish())
    }

    /// In which turn the partition begins.
    fn assigns(&mut self, topic: &str, partition: i32) -> u64 {
        let partition = TopicPartition::new(topic, partition);
        let (turn, outcomes) = self.does(|hand| hand.assign(&partition, Offset::Exact(0), false));
        assert!(outcomes.is_empty(), "{outcomes:?}");
        turn.expect("a reader")
    }

    fn forgets(&mut self, topic: &str, partition: i32) {
        let partition = TopicPartition::new(topic, partition);
        self.does(|hand| {
            hand.withdraw(&partition);
            hand.forget(&partition);
        });
    }

    /// What there is no room for, as the member is told.
    fn refusal(&mut self) -> GroupError {
        let partition = TopicPartition::new("a", 0);
        let (turn, mut outcomes) = self.does(|hand| hand.assign(&partition, Offset::Exact(0), false));
        assert_eq!(turn, None);
        match outcomes.pop() {
            Some(Outcome::Refused(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// The memory of each reader.
    fn memory(&self) -> Vec<(&str, usize)> {
        let readers = self.place.readers.iter();
        readers.map(|(topic, reader)| (&**topic, self.consumer.memory_of(*reader))).collect()
    }
}

#[test]
fn the_memory_is_shared_among_the_readers_as_topics_come_and_go() {
    let mut client = Client::new();
    client.assigns("a", 0);
    assert_eq!(client.memory(), [("a", MEMORY)]);
    client.assigns("b", 0);
    client.assigns("b", 1);
    assert_eq!(client.memory(), [("a", MEMORY / 2), ("b", MEMORY / 2)]);
    client.assigns("c", 0);
    assert_eq!(client.memory(), [("a", MEMORY / 3), ("b", MEMORY / 3), ("c", MEMORY / 3)]);
    client.forgets("b", 0);
    assert_eq!(client.memory().len(), 3, "another partition of it is read");
    client.forgets("b", 1);
    assert_eq!(client.memory(), [("a", MEMORY / 2), ("c", MEMORY / 2)]);
}

#[test]
fn no_reader_has_less_memory_than_one_partition_is_to_bring() {
    let mut client = Client::new();
    for number in 0..20 {
        client.assigns(&format!("t-{number}"), 0);
    }
    assert!(client.memory().iter().all(|(_, bytes)| *bytes == PARTITION), "{:?}", client.memory());
}

#[test]
fn topics_that_are_named_share_the_memory_alike() {
    for (topics, each) in [(3, MEMORY / 3), (20, PARTITION)] {
        let mut client = Client::new();
        let named = |number| Arc::from(format!("t-{number}"));
        let spec = GroupSpec {
            group: Arc::from("g"),
            topics: (0..topics).map(named).collect(),
            pattern: None,
            start: Offset::Earliest,
            commit: Commit::Automatic,
            commit_interval: Duration::from_secs(5),
            assignor: None,
            times: GroupTimes::default(),
            streams: 1,
            offsets: None,
            protocol: None,
            python3_owners: false,
            fetch: fetch(),
        };
        let mut groups = Groups::new(Arc::clone(&client.signal), Rng::new(1));
        let Client { config, net, out, cluster, consumer, .. } = &mut client;
        let mut cx = Context { now: Now::default(), config, net, out };
        let member = groups.prepare(&cx, &spec).unwrap();
        let (entry, _membership) = groups.open(&mut cx, cluster, consumer, member, &spec).unwrap();
        client.place = entry.place;
        assert_eq!(client.memory().len(), topics);
        assert!(client.memory().iter().all(|(_, bytes)| *bytes == each), "{:?}", client.memory());
    }
}

#[test]
fn a_topic_that_comes_back_begins_in_a_later_turn_than_any_that_it_had() {
    let mut client = Client::new();
    let before = client.assigns("a", 0);
    client.forgets("a", 0);
    assert!(client.memory().is_empty(), "its reader has ended");
    assert!(client.assigns("a", 0) > before);
}

#[test]
fn who_has_no_room_for_another_reader_is_told_how_many_the_client_has() {
    let mut client = Client::new();
    let Client { config, net, out, cluster, consumer, .. } = &mut client;
    let mut cx = Context { now: Now::default(), config, net, out };
    let mut others = Vec::new();
    for _ in 0..limits::READERS {
        let (topic, fetch) = (Arc::from("other"), fetch());
        let spec = ReaderSpec { topic, partition: None, start: Offset::Earliest, fetch };
        others.push(consumer.open_for_group(&mut cx, cluster, &Arc::from("h"), spec).unwrap());
    }
    assert_eq!(client.refusal(), GroupError::Busy { open: limits::READERS });
}

#[test]
fn who_gets_a_partition_when_the_client_is_closed_is_told_so() {
    let mut client = Client::new();
    let Client { config, net, out, cluster, consumer, .. } = &mut client;
    let mut cx = Context { now: Now::default(), config, net, out };
    consumer.handle(&mut cx, cluster, ConsumerInput::Close);
    assert_eq!(client.refusal(), GroupError::Closed);
}
