//! Three brokers under load, each of which is killed, started again, frozen and thawed in turn: what was acknowledged is there,
//! nothing is there twice, and each key is in order; also for a publisher whose delivery deadline is shorter than a failover.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use samsa_tests::{RealKafka, Release, needs};
use samsa_tokio::{Certainty, Cluster, Delivery, Message, PublishError, Receipt};

use crate::{
    client::Runtime,
    log::{self, Log, is_once_and_in_order, key},
};

const TOPIC: &str = "rolling";
const BROKERS: usize = 3;
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
    runtime: Runtime,
    delivery_timeout: Duration,
}

const PATIENT: Publisher =
    Publisher { name: "patient", runtime: Runtime::Tokio, delivery_timeout: Duration::from_secs(120) };
const HASTY: Publisher =
    Publisher { name: "hasty", runtime: Runtime::AsyncStd, delivery_timeout: SHORT_DEADLINE };

type Outcome = Result<Receipt, PublishError>;

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

/// Each broker is killed, comes back, stands still for longer than the others wait for it, and goes on.
fn disturb(kafka: &RealKafka) {
    let pause = || thread::sleep(Duration::from_secs(3));
    for broker in 1..=BROKERS {
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
    pause();
}

/// What became of each message agrees with the log.
fn agrees(log: &Log, name: &str, outcomes: &[Outcome]) {
    let stored = is_once_and_in_order(log, name);
    for (number, outcome) in outcomes.iter().enumerate() {
        let number = number as u64;
        match outcome {
            Ok(receipt) => {
                assert!(stored.contains(&number), "{name}: {number} was acknowledged and is not there");
                if let Some(offset) = receipt.offset {
                    let there = log.get(&(receipt.partition, offset));
                    assert_eq!(there, Some(&(key(name, number), number)));
                }
            }
            Err(error) if error.certainty() == Certainty::NotSent => {
                assert!(!stored.contains(&number), "{name}: {number} was not sent, and is there: {error}");
            }
            Err(_) => {}
        }
    }
}

fn nothing_is_lost_doubled_or_overtaken(release: Release) {
    let kafka = RealKafka::start_many(release, BROKERS, &SETTINGS);
    let Some(kafka) = &needs(kafka) else { return };
    let is_over = &AtomicBool::new(false);
    let [patient, hasty] = thread::scope(|scope| {
        let publishers = [PATIENT, HASTY].map(|publisher| {
            scope.spawn(move || {
                let set = |config: &mut samsa_tokio::Config| {
                    config.publish.delivery_timeout = publisher.delivery_timeout;
                };
                let work = async |cluster: &Cluster| publish(cluster, publisher.name, is_over).await;
                publisher.runtime.run_with(kafka, set, work)
            })
        });
        let disturbed = scope.spawn(|| disturb(kafka)).join();
        is_over.store(true, Ordering::Relaxed);
        disturbed.expect("the brokers do as they are told");
        publishers.map(|publisher| publisher.join().expect("it has the outcome of each message"))
    });

    let lost = patient.iter().find_map(|outcome| outcome.as_ref().err());
    assert!(lost.is_none(), "two of three brokers were always there: {lost:?}");
    let log = log::read(kafka, TOPIC);
    agrees(&log, PATIENT.name, &patient);
    agrees(&log, HASTY.name, &hasty);
    let missed = hasty.iter().filter(|outcome| outcome.is_err()).count();
    assert!(
        (1..hasty.len()).contains(&missed),
        "its deadline is shorter than a failover, and longer than a delivery"
    );
    println!(
        "{release}: {} and {} messages, of which {missed} missed their deadline",
        patient.len(),
        hasty.len()
    );
}

#[test]
fn nothing_is_lost_doubled_or_overtaken_on_3_9_2() {
    nothing_is_lost_doubled_or_overtaken(Release::V3_9_2);
}

#[test]
fn nothing_is_lost_doubled_or_overtaken_on_4_4_0() {
    nothing_is_lost_doubled_or_overtaken(Release::V4_4_0);
}
