//! ZooKeeper is killed and started again, and then stands still for longer than the sessions of clients last, while these publish:
//! nothing is lost or stored twice, and nobody stands still for over a second.
//!
//! The brokers' own sessions last longer than that, so that only the clients' end. What the machine does to everybody is measured
//! by a client that knows nothing of ZooKeeper.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use async_io::Timer;
use futures_lite::future::poll_once;
use samsa_async_std::AsyncStd;
use samsa_tests::{RealKafka, Release, needs};
use samsa_tokio::{Builder, Cluster, Delivery, Message, OnTokio};

use crate::{
    client::Runtime,
    log::{self, Acknowledged, is_where_it_was_acknowledged, is_whole_and_in_order, key},
};

const TOPIC: &str = "without-zookeeper";
const SETTINGS: [(&str, &str); 4] = [
    ("num.partitions", "6"),
    ("default.replication.factor", "3"),
    ("min.insync.replicas", "2"),
    ("zookeeper.session.timeout.ms", "60000"),
];
pub(crate) const SESSION: Duration = Duration::from_secs(3);
/// ZooKeeper notices the end of a session up to two ticks late.
const FROZEN: Duration = Duration::from_secs(7);
const AFTERWARDS: Duration = Duration::from_secs(2);
const STANDS_STILL: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(60);

/// What a publisher was told, and the longest time between two acknowledgements.
#[derive(Default)]
struct Told {
    acknowledged: Vec<Acknowledged>,
    longest: Duration,
}

/// Who publishes, and how far they have come.
#[derive(Default)]
struct Play {
    acknowledged: [AtomicUsize; 3],
    is_over: AtomicBool,
}

/// All end, however this one does.
struct End<'a>(&'a Play);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

/// A message every 5 ms until it is over; each is acknowledged.
async fn publish(
    cluster: &Cluster,
    publisher: &str,
    acknowledged: &AtomicUsize,
    is_over: &AtomicBool,
) -> Told {
    let topic = cluster.topic(TOPIC);
    let mut pending: VecDeque<(u64, Delivery)> = VecDeque::new();
    let (mut told, mut last, mut number) = (Told::default(), None, 0);
    while !is_over.load(Ordering::Relaxed) || !pending.is_empty() {
        if !is_over.load(Ordering::Relaxed) {
            let message = Message::new(number.to_string()).key(key(publisher, number));
            pending.push_back((number, topic.enqueue(message).await.expect("room")));
            number += 1;
        }
        while let Some((number, delivery)) = pending.front_mut() {
            let Some(outcome) = poll_once(delivery).await else { break };
            let receipt = outcome.expect("nothing is wrong with the brokers");
            let offset = receipt.offset.expect("a broker of today tells it");
            told.acknowledged.push(Acknowledged { number: *number, partition: receipt.partition, offset });
            acknowledged.fetch_add(1, Ordering::Relaxed);
            pending.pop_front();
            let now = Instant::now();
            told.longest = told.longest.max(last.map_or(Duration::ZERO, |last| now - last));
            last = Some(now);
        }
        Timer::after(Duration::from_millis(5)).await;
    }
    assert_eq!(told.acknowledged.len() as u64, number, "each has its outcome");
    told
}

/// A client that is found through ZooKeeper.
pub(crate) async fn connect(runtime: Runtime, kafka: &RealKafka) -> Cluster {
    let zookeeper = kafka.zookeeper().expect("it has one");
    let connected = match runtime {
        Runtime::Tokio => Builder::zookeeper(OnTokio, zookeeper).session_timeout(SESSION).connect().await,
        Runtime::AsyncStd => Builder::zookeeper(AsyncStd, zookeeper).session_timeout(SESSION).connect().await,
    };
    connected.expect("a cluster")
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < give_up, "not within {LIMIT:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The sessions of both clients, when both are connected.
fn sessions(kafka: &RealKafka) -> BTreeSet<String> {
    let mut sessions = BTreeSet::new();
    wait_until("both clients have a session", || {
        sessions = kafka.zookeeper_sessions(SESSION);
        sessions.len() == 2
    });
    sessions
}

fn disturb(kafka: &RealKafka, play: &Play) {
    let _end = End(play);
    let is_under_way = |count: &AtomicUsize| count.load(Ordering::Relaxed) >= 100;
    wait_until("all publish", || play.acknowledged.iter().all(is_under_way));
    kafka.restart_zookeeper().expect("it starts again");
    let before = sessions(kafka);
    thread::sleep(AFTERWARDS);

    kafka.freeze_zookeeper().expect("it stands still");
    thread::sleep(FROZEN);
    kafka.thaw_zookeeper().expect("it goes on");
    wait_until("the sessions ended", || kafka.zookeeper_sessions(SESSION).is_disjoint(&before));
    assert!(sessions(kafka).is_disjoint(&before), "both clients have another session");
    thread::sleep(AFTERWARDS);
}

#[test]
fn who_publishes_does_not_notice_that_zookeeper_is_gone() {
    let Some(kafka) = &needs(RealKafka::start_many(Release::V3_9_2, 3, &SETTINGS)) else { return };
    let play = &Play::default();
    let by_zookeeper = |runtime: Runtime, acknowledged| {
        let _end = End(play);
        runtime.block_on(async {
            let cluster = connect(runtime, kafka).await;
            let told = publish(&cluster, runtime.name(), acknowledged, &play.is_over).await;
            cluster.close().await.expect("it closes");
            told
        })
    };
    let by_bootstrap = |acknowledged| {
        let _end = End(play);
        let place = crate::client::Place::Bootstrap(kafka.bootstrap());
        let work = async |cluster: &Cluster| publish(cluster, "aside", acknowledged, &play.is_over).await;
        Runtime::Tokio.run_at(place, |_| {}, work)
    };
    let [first, second, third] = &play.acknowledged;
    let (tokio, async_std, aside) = thread::scope(|scope| {
        let disturbing = scope.spawn(|| disturb(kafka, play));
        let tokio = scope.spawn(move || by_zookeeper(Runtime::Tokio, first));
        let async_std = scope.spawn(move || by_zookeeper(Runtime::AsyncStd, second));
        let aside = scope.spawn(move || by_bootstrap(third));
        disturbing.join().expect("ZooKeeper does as it is told");
        (tokio.join().expect("Tokio"), async_std.join().expect("async-std"), aside.join().expect("aside"))
    });

    let log = log::read(kafka, TOPIC);
    for (publisher, told) in [("tokio", &tokio), ("async-std", &async_std), ("aside", &aside)] {
        println!("{publisher}: {} messages, at most {:?} apart", told.acknowledged.len(), told.longest);
        is_whole_and_in_order(&log, publisher, told.acknowledged.len() as u64);
        is_where_it_was_acknowledged(&log, publisher, &told.acknowledged);
        assert!(told.longest <= aside.longest + STANDS_STILL, "{publisher}: {:?}", told.longest);
    }
}
