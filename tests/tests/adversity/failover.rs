//! How soon after a leader is gone messages reach the next one: at most 100 ms (median) after a probe that asks all live brokers
//! every 10 ms has seen the new leader and had a record of its own acknowledged there.
//!
//! Where it takes longer, look at the brokers, too. A leader acknowledges what all replicas in sync have. A follower that asks with
//! another leader epoch than its leader's is refused, rests for `replica.fetch.backoff.ms` (1 s by default), and whoever writes to that
//! partition meanwhile waits for it, as the probe does when it comes a moment later.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use async_io::Timer;
use futures_lite::future::poll_once;
use samsa_tests::{RealKafka, Release, needs};
use samsa_tokio::{Cluster, Delivery};

use crate::{client::Runtime, probe::Probe};

const TOPIC: &str = "led-anew";
const BROKERS: usize = 3;
const PARTITIONS: i32 = 18;
const SETTINGS: [(&str, &str); 6] = [
    ("num.partitions", "18"),
    ("default.replication.factor", "3"),
    ("min.insync.replicas", "1"),
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
    ("zookeeper.session.timeout.ms", "4000"),
];
const MEDIAN: Duration = Duration::from_millis(100);
const WORST: Duration = Duration::from_secs(1);

/// By partition: when the messages were published and acknowledged, in order.
type Acknowledged = Mutex<BTreeMap<i32, Vec<(Instant, Instant)>>>;

/// A message for each partition every 5 ms, until it is over.
async fn publish(cluster: &Cluster, is_over: &AtomicBool, acknowledged: &Acknowledged) {
    let topic = cluster.topic(TOPIC);
    let mut pending: BTreeMap<i32, VecDeque<(Instant, Delivery)>> = BTreeMap::new();
    while !is_over.load(Ordering::Relaxed) {
        for number in 0..PARTITIONS {
            let at = Instant::now();
            let delivery = topic.partition(number).enqueue("tick").await.expect("room");
            let pending = pending.entry(number).or_default();
            pending.push_back((at, delivery));
            while let Some((at, delivery)) = pending.front_mut() {
                let Some(outcome) = poll_once(delivery).await else { break };
                outcome.expect("it waits for a leader");
                let times = (*at, Instant::now());
                acknowledged.lock().expect("nobody failed").entry(number).or_default().push(times);
                pending.pop_front();
            }
        }
        Timer::after(Duration::from_millis(5)).await;
    }
}

/// Takes a broker away, and gives for each partition that it led how long after the probe the first message was written that was
/// published since.
fn change(
    probe: &mut Probe,
    broker: usize,
    acknowledged: &Acknowledged,
    take_away: impl FnOnce(),
) -> Vec<Duration> {
    let led = probe.wait_until_whole();
    let by_it = led.iter().filter(|(_, (leader, _))| *leader == broker);
    let partitions: BTreeSet<i32> = by_it.map(|(partition, _)| *partition).collect();
    take_away();
    let gone = Instant::now();
    let ready = probe.watch(broker, &partitions);
    thread::sleep(2 * WORST);
    let acknowledged = acknowledged.lock().expect("nobody failed");
    let first = |partition| {
        let since = acknowledged.get(partition)?.iter().find(|(published, _)| *published > gone)?;
        Some(since.1)
    };
    let late = ready.iter().map(|(partition, ready)| {
        let first = first(partition).expect("messages are written again");
        first.saturating_duration_since(*ready)
    });
    late.collect()
}

fn a_new_leader_is_found_at_once(release: Release, runtime: Runtime) {
    let Some(kafka) = &needs(RealKafka::start_many(release, BROKERS, &SETTINGS)) else { return };
    let (is_over, acknowledged) = (&AtomicBool::new(false), &Acknowledged::default());
    let (mut killed, frozen) = thread::scope(|scope| {
        let disturbing = scope.spawn(|| {
            while acknowledged.lock().expect("nobody failed").len() < PARTITIONS as usize {
                thread::sleep(Duration::from_millis(50));
            }
            let mut probe = Probe::new(kafka, BROKERS, TOPIC);
            let mut killed = Vec::new();
            for broker in 1..BROKERS {
                killed.extend(change(&mut probe, broker, acknowledged, || kafka.kill(broker)));
                kafka.restart(broker).expect("it starts again");
            }
            let freeze = || kafka.freeze(BROKERS).expect("it stands still");
            let frozen = change(&mut probe, BROKERS, acknowledged, freeze);
            kafka.thaw(BROKERS).expect("it goes on");
            (killed, frozen)
        });
        let done = scope.spawn(|| {
            let done = disturbing.join();
            is_over.store(true, Ordering::Relaxed);
            done.expect("the brokers do as they are told")
        });
        runtime.run(kafka, async |cluster| publish(cluster, is_over, acknowledged).await);
        done.join().expect("times")
    });
    killed.sort();
    let median = killed[killed.len() / 2];
    println!(
        "{release}, behind the probe: {median:?} (median) of {killed:?}; where a broker stood still {frozen:?}"
    );
    assert!(killed.len() >= 10, "{} changes", killed.len());
    assert!(median <= MEDIAN, "{killed:?}");
    assert!(killed.iter().chain(&frozen).all(|late| *late <= WORST), "{killed:?}, {frozen:?}");
}

#[test]
#[ignore = "times mean little on a busy machine: ask for it with --ignored"]
fn a_new_leader_is_found_at_once_on_4_4_0() {
    a_new_leader_is_found_at_once(Release::V4_4_0, Runtime::Tokio);
}

#[test]
#[ignore = "times mean little on a busy machine: ask for it with --ignored"]
fn a_new_leader_is_found_at_once_on_3_9_2() {
    a_new_leader_is_found_at_once(Release::V3_9_2, Runtime::AsyncStd);
}
