//! A topic without further replicas, and one broker after the other is killed until one is left: what has no key goes where
//! somebody leads. Only what was on its way to a broker when that was killed may be in doubt.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use async_io::Timer;
use futures_lite::future::poll_once;
use samsa_tests::{RealKafka, Release, needs};
use samsa_tokio::{Certainty, Cluster, Delivery, PublishError, Receipt};

use crate::client::Runtime;

const TOPIC: &str = "without-replicas";
const BROKERS: usize = 3;
const SETTINGS: [(&str, &str); 2] = [("num.partitions", "6"), ("default.replication.factor", "1")];
/// What is in doubt has its outcome then.
const DELIVERY: Duration = Duration::from_secs(8);
/// So long after a broker was killed nothing goes there any more.
const NOTICED: Duration = Duration::from_secs(1);
/// What is published undisturbed does not take so long, beside three brokers on a machine under load either.
const STALLED: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_secs(4);

/// When a message was published, and what became of it after how long.
struct Published {
    at: Instant,
    took: Duration,
    outcome: Result<Receipt, PublishError>,
}

/// A thousand messages a second without keys until it is over.
async fn publish(cluster: &Cluster, is_over: &AtomicBool) -> Vec<Published> {
    let topic = cluster.topic(TOPIC);
    let mut pending: Vec<(Instant, Delivery)> = Vec::new();
    let mut published = Vec::new();
    loop {
        let is_over = is_over.load(Ordering::Relaxed);
        for _ in 0..if is_over { 0 } else { 5 } {
            let at = Instant::now();
            pending.push((at, topic.enqueue("anywhere").await.expect("room")));
        }
        let mut open = Vec::new();
        for (at, mut delivery) in pending {
            match poll_once(&mut delivery).await {
                Some(outcome) => published.push(Published { at, took: at.elapsed(), outcome }),
                None => open.push((at, delivery)),
            }
        }
        pending = open;
        if is_over && pending.is_empty() {
            return published;
        }
        Timer::after(Duration::from_millis(5)).await;
    }
}

/// Kills all but the first. Says when.
fn kill_in_turn(kafka: &RealKafka) -> Vec<Instant> {
    let kills = (2..=BROKERS).map(|broker| {
        thread::sleep(BETWEEN);
        let at = Instant::now();
        kafka.kill(broker);
        at
    });
    let kills = kills.collect();
    thread::sleep(BETWEEN);
    kills
}

/// On both runtimes at the same time.
fn what_has_no_key_goes_to_the_brokers_that_are_left(release: Release) {
    let Some(kafka) = &needs(RealKafka::start_many(release, BROKERS, &SETTINGS)) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        cluster.topic(TOPIC).publish("the topic is made").await.expect("a receipt");
    });
    let is_over = &AtomicBool::new(false);
    let (published, kills) = thread::scope(|scope| {
        let published = Runtime::BOTH.map(|runtime| {
            scope.spawn(move || {
                let set = |config: &mut samsa_tokio::Config| config.publish.delivery_timeout = DELIVERY;
                runtime.run_with(kafka, set, async |cluster| publish(cluster, is_over).await)
            })
        });
        let kills = scope.spawn(|| kill_in_turn(kafka)).join();
        is_over.store(true, Ordering::Relaxed);
        let published = published.map(|published| published.join().expect("each has its outcome"));
        (published, kills.expect("they are killed"))
    });
    for (runtime, published) in Runtime::BOTH.into_iter().zip(&published) {
        agrees(release, runtime, published, &kills);
    }
}

fn agrees(release: Release, runtime: Runtime, published: &[Published], kills: &[Instant]) {
    let (mut in_doubt, mut slowest) = (0, Duration::ZERO);
    for Published { at, took, outcome } in published {
        let killed = kills.iter().find(|kill| *at <= **kill + NOTICED && **kill < *at + *took);
        match (outcome, killed) {
            (Ok(_), Some(_)) => {}
            (Ok(_), None) => slowest = slowest.max(*took),
            (Err(error), Some(_)) => {
                assert_eq!(error.certainty(), Certainty::PossiblySent, "{error}");
                in_doubt += 1;
            }
            (Err(error), None) => panic!("not on its way when a broker was killed: {error}"),
        }
    }
    let count = published.len();
    println!("{release}, {runtime:?}: {count} published, {in_doubt} in doubt, the slowest took {slowest:?}");
    assert!(slowest < STALLED, "one that nothing had disturbed took {slowest:?}");
}

#[test]
fn what_has_no_key_goes_to_the_brokers_that_are_left_on_3_9_2() {
    what_has_no_key_goes_to_the_brokers_that_are_left(Release::V3_9_2);
}

#[test]
fn what_has_no_key_goes_to_the_brokers_that_are_left_on_4_4_0() {
    what_has_no_key_goes_to_the_brokers_that_are_left(Release::V4_4_0);
}
