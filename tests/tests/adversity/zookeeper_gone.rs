//! ZooKeeper is killed and started again, and then stands still for longer than the sessions of clients last, while these publish:
//! nothing is lost or stored twice, and nobody stands still for over a second.
//!
//! The brokers' own sessions last longer than that, so that only the clients' end. A client beside them that knows nothing of ZooKeeper
//! tells whether it was the machine that stood still: where it waited too, a second that is passed proves nothing, and all is
//! done again.

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
/// Who knows nothing of ZooKeeper waits no longer than this, unless the machine is busy with something else.
const QUIET: Duration = Duration::from_millis(500);
const ATTEMPTS: usize = 4;
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

/// What each was told while ZooKeeper was disturbed once, by the names under which they published.
fn publish_while_disturbed(kafka: &RealKafka, names: &[String; 3]) -> [Told; 3] {
    let play = &Play::default();
    let by_zookeeper = |runtime: Runtime, name, acknowledged| {
        let _end = End(play);
        runtime.block_on(async {
            let cluster = connect(runtime, kafka).await;
            let told = publish(&cluster, name, acknowledged, &play.is_over).await;
            cluster.close().await.expect("it closes");
            told
        })
    };
    let by_bootstrap = |name, acknowledged| {
        let _end = End(play);
        let place = crate::client::Place::Bootstrap(kafka.bootstrap());
        let work = async |cluster: &Cluster| publish(cluster, name, acknowledged, &play.is_over).await;
        Runtime::Tokio.run_at(place, |_| {}, work)
    };
    let [on_tokio, on_async_std, beside] = names;
    let [first, second, third] = &play.acknowledged;
    thread::scope(|scope| {
        let disturbing = scope.spawn(|| disturb(kafka, play));
        let tokio = scope.spawn(move || by_zookeeper(Runtime::Tokio, on_tokio, first));
        let async_std = scope.spawn(move || by_zookeeper(Runtime::AsyncStd, on_async_std, second));
        let aside = scope.spawn(move || by_bootstrap(beside, third));
        disturbing.join().expect("ZooKeeper does as it is told");
        [tokio, async_std, aside]
            .map(|publisher| publisher.join().expect("it has the outcome of each message"))
    })
}

/// Whether nobody stood still for too long; `None` where the machine did.
fn goes_on([tokio, async_std, aside]: &[Told; 3]) -> Option<bool> {
    let goes_on = tokio.longest.max(async_std.longest) <= STANDS_STILL;
    (goes_on || aside.longest <= QUIET).then_some(goes_on)
}

#[test]
fn who_publishes_does_not_notice_that_zookeeper_is_gone() {
    let Some(kafka) = &needs(RealKafka::start_many(Release::V3_9_2, 3, &SETTINGS)) else { return };
    for attempt in 1..=ATTEMPTS {
        let names = ["tokio", "async-std", "aside"].map(|name| format!("{name}-{attempt}"));
        let all = publish_while_disturbed(kafka, &names);
        let log = log::read(kafka, TOPIC);
        for (publisher, told) in names.iter().zip(&all) {
            println!("{publisher}: {} messages, at most {:?} apart", told.acknowledged.len(), told.longest);
            is_whole_and_in_order(&log, publisher, told.acknowledged.len() as u64);
            is_where_it_was_acknowledged(&log, publisher, &told.acknowledged);
        }
        match goes_on(&all) {
            Some(goes_on) => {
                return assert!(goes_on, "they stood still for over {STANDS_STILL:?}, by themselves");
            }
            None => println!("the machine stood still, too: nothing is proved"),
        }
    }
    panic!(
        "the machine was busy {ATTEMPTS} times: a client without ZooKeeper waited for over {QUIET:?}, too"
    );
}

#[test]
fn who_stands_still_while_another_goes_on_is_found_out_and_a_busy_machine_proves_nothing() {
    let told = |millis| {
        let told = |millis| Told { longest: Duration::from_millis(millis), ..Told::default() };
        goes_on(&<[u64; 3]>::map(millis, told))
    };
    assert_eq!(told([900, 900, 400]), Some(true));
    assert_eq!(told([900, 1100, 400]), Some(false));
    assert_eq!(told([1100, 900, 400]), Some(false));
    assert_eq!(told([5000, 5000, 4500]), None);
    assert_eq!(told([900, 900, 4500]), Some(true));
}
