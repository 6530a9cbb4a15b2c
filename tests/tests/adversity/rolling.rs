//! Three brokers under load, each of which is killed, started again, frozen and thawed in turn: what was acknowledged is there,
//! nothing is there twice, and each key is in order; also for a publisher whose delivery deadline is shorter than a failover. Who
//! listens is told of each broker that was lost, and of each leader that moved.
//!
//! Each broker has its turn once. `SAMSA_ROLLING_SECONDS` has them go on for longer. The controllers, which are left alone then,
//! have a run of their own, which is ignored unless it is asked for.

use std::{
    collections::{BTreeSet, VecDeque},
    env,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use futures_lite::future;
use samsa_tests::{RealKafka, Release, Shape, needs};
use samsa_tokio::{Cluster, Delivery, Event, Message};

use crate::{
    client::Runtime,
    log::{self, Outcome, agrees, key},
};

const TOPIC: &str = "rolling";
const BROKERS: usize = 3;
const PARTITIONS: i32 = 6;
/// Longer than brokers and controllers wait for a sign of life.
const FROZEN: Duration = Duration::from_secs(12);
/// Shorter.
const SHORT_DEADLINE: Duration = Duration::from_secs(2);
const SETTINGS: [(&str, &str); 4] = [
    ("num.partitions", "6"),
    ("default.replication.factor", "3"),
    ("min.insync.replicas", "2"),
    ("unclean.leader.election.enable", "false"),
];

/// A publisher: its keys begin with its name.
#[derive(Clone, Copy)]
struct Publisher {
    name: &'static str,
    delivery_timeout: Duration,
}

const PATIENT: Publisher = Publisher { name: "patient", delivery_timeout: Duration::from_secs(120) };
const HASTY: Publisher = Publisher { name: "hasty", delivery_timeout: SHORT_DEADLINE };

/// Publishes a few thousand messages a second until it is over. Returns the outcome of each.
async fn publish(cluster: &Cluster, name: &str, is_over: &AtomicBool) -> Vec<Outcome> {
    let topic = cluster.topic(TOPIC);
    let mut pending: VecDeque<Delivery> = VecDeque::new();
    let mut outcomes = Vec::new();
    let mut number = 0;
    while !is_over.load(Ordering::Relaxed) {
        for _ in 0..10 {
            let message = Message::new(number.to_string()).key(key(name, number));
            pending.push_back(topic.enqueue(message).await.expect("room"));
            number += 1;
        }
        while pending.len() > 20_000 {
            outcomes.push(pending.pop_front().expect("there are some").await);
        }
        async_io::Timer::after(Duration::from_millis(5)).await;
    }
    for delivery in pending {
        outcomes.push(delivery.await);
    }
    outcomes
}

/// What is told to a listener while something is done.
async fn listen<T>(cluster: &Cluster, work: impl Future<Output = T>) -> (T, Vec<Event>) {
    let (mut events, mut heard) = (cluster.events(), Vec::new());
    let mut work = pin!(work);
    loop {
        let done = async { Ok(work.as_mut().await) };
        let told = async { Err(events.next().await.expect("it goes on").expect("none is missed")) };
        match future::or(done, told).await {
            Ok(done) => return (done, heard),
            Err(event) => heard.push(event),
        }
    }
}

/// How long the brokers are disturbed beyond one turn for each.
fn asked_for() -> Duration {
    env::var("SAMSA_ROLLING_SECONDS").map_or(Duration::ZERO, |seconds| {
        Duration::from_secs(seconds.parse().expect("SAMSA_ROLLING_SECONDS is a number of seconds"))
    })
}

fn pause() {
    thread::sleep(Duration::from_secs(3));
}

/// One after the other, until it was long enough and each had a turn.
fn in_turn(turn: impl Fn(usize)) {
    let until = Instant::now() + asked_for();
    loop {
        (1..=BROKERS).for_each(&turn);
        if Instant::now() > until {
            return pause();
        }
    }
}

/// A broker is killed, comes back, and another one stands still for longer than the others wait for it, and goes on.
fn disturb(kafka: &RealKafka, broker: usize) {
    pause();
    kafka.kill(broker);
    pause();
    kafka.restart(broker).expect("it starts again");
    pause();
    let frozen = broker % BROKERS + 1;
    kafka.freeze(frozen).expect("it stands still");
    thread::sleep(FROZEN);
    kafka.thaw(frozen).expect("it goes on");
}

/// A controller is killed, and comes back; there is time for a new one to be elected.
fn disturb_controller(kafka: &RealKafka, controller: usize) {
    pause();
    kafka.kill_controller(controller);
    thread::sleep(Duration::from_secs(8));
    kafka.restart_controller(controller).expect("it starts again");
    thread::sleep(Duration::from_secs(10));
}

/// What the patient one runs on there, and the hasty one: each is on either where both releases are tried.
fn runtimes(release: Release) -> [Runtime; 2] {
    let [first, second] = Runtime::BOTH;
    if release == Release::V3_9_2 { [first, second] } else { [second, first] }
}

/// What became of the messages of each, and what it was told, while somebody disturbed the cluster.
type Told = (Vec<Outcome>, Vec<Event>);

fn publish_while(kafka: &RealKafka, disturb: impl Fn(&RealKafka, usize) + Sync) -> [Told; 2] {
    let (is_over, disturb) = (&AtomicBool::new(false), &disturb);
    let [patient, hasty] = runtimes(kafka.release());
    thread::scope(|scope| {
        let publishers = [(PATIENT, patient), (HASTY, hasty)].map(|(publisher, runtime)| {
            scope.spawn(move || {
                let set = |config: &mut samsa_tokio::Config| {
                    config.publish.delivery_timeout = publisher.delivery_timeout;
                };
                let work = async |cluster: &Cluster| {
                    listen(cluster, publish(cluster, publisher.name, is_over)).await
                };
                runtime.run_with(kafka, set, work)
            })
        });
        let disturbed = scope.spawn(|| in_turn(|which| disturb(kafka, which))).join();
        is_over.store(true, Ordering::Relaxed);
        disturbed.expect("they do as they are told");
        publishers.map(|publisher| publisher.join().expect("it has the outcome of each message"))
    })
}

/// Gives how many messages missed the shorter deadline.
fn all_agrees(kafka: &RealKafka, [(patient, _), (hasty, _)]: &[Told; 2]) -> usize {
    let lost = patient.iter().find_map(|outcome| outcome.as_ref().err());
    assert!(lost.is_none(), "two of three were always there: {lost:?}");
    let log = log::read(kafka, TOPIC);
    agrees(&log, PATIENT.name, patient);
    agrees(&log, HASTY.name, hasty);
    let missed = hasty.iter().filter(|outcome| outcome.is_err()).count();
    println!(
        "{}: {} and {} messages, of which {missed} missed their deadline",
        kafka.release(),
        patient.len(),
        hasty.len()
    );
    missed
}

/// Each broker was killed once, and so each partition had another leader at some time.
fn hears_of_each(release: Release, events: &[Event]) {
    let (mut lost, mut moved) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match event {
            Event::BrokerLost { broker, .. } => {
                lost.insert(broker.0);
            }
            Event::LeaderMoved { topic, partition, leader: Some(_), .. } if &**topic == TOPIC => {
                moved.insert(*partition);
            }
            _ => {}
        }
    }
    println!("{release}: {} events, of brokers {lost:?} and partitions {moved:?}", events.len());
    assert!(lost.into_iter().eq(1..=BROKERS as i32), "{events:?}");
    assert!(moved.into_iter().eq(0..PARTITIONS), "{events:?}");
}

fn nothing_is_lost_doubled_or_overtaken(release: Release) {
    let kafka = RealKafka::start_many(release, BROKERS, &SETTINGS);
    let Some(kafka) = &needs(kafka) else { return };
    let told = publish_while(kafka, disturb);
    for (_, events) in &told {
        hears_of_each(release, events);
    }
    let missed = all_agrees(kafka, &told);
    assert!(
        (1..told[1].0.len()).contains(&missed),
        "its deadline is shorter than a failover, and longer than a delivery"
    );
}

#[test]
#[ignore = "takes minutes: ask for it with --include-ignored, for longer with SAMSA_ROLLING_SECONDS"]
fn a_quorum_of_controllers_loses_nothing_either() {
    let shape = Shape { brokers: BROKERS, controllers: BROKERS, properties: &SETTINGS, ..Shape::default() };
    let Some(kafka) = &needs(RealKafka::start_as(Release::V4_4_0, shape)) else { return };
    let told = publish_while(kafka, disturb_controller);
    all_agrees(kafka, &told);
}

#[test]
fn nothing_is_lost_doubled_or_overtaken_on_3_9_2() {
    nothing_is_lost_doubled_or_overtaken(Release::V3_9_2);
}

#[test]
fn nothing_is_lost_doubled_or_overtaken_on_4_4_0() {
    nothing_is_lost_doubled_or_overtaken(Release::V4_4_0);
}
