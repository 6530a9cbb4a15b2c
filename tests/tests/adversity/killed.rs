//! The broker is killed in the middle of publishing and started again with what it had: nothing that was acknowledged is lost, and
//! nothing is there twice.

use std::{
    collections::VecDeque,
    io::Write,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use samsa_tests::{RealKafka, Release, cli::Samsa, java};
use samsa_tokio::{Cluster, Delivery, Message};

use crate::{
    client::Runtime,
    log::{self, Acknowledged, is_where_it_was_acknowledged, is_whole_and_in_order, key},
    strict::strict,
};

const LIMIT: Duration = Duration::from_secs(240);
const TOPIC: &str = "kept";

/// How far a publisher has come, for the thread that kills the broker.
struct Progress {
    /// So many messages before the broker is killed, and again after it is back.
    enough: u64,
    passed: AtomicU64,
    is_enough: AtomicBool,
}

impl Progress {
    fn new(enough: u64) -> Self {
        Self { enough, passed: AtomicU64::new(0), is_enough: AtomicBool::new(false) }
    }

    fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.is_enough.store(true, Ordering::Relaxed);
    }

    fn is_enough(&self) -> bool {
        self.is_enough.load(Ordering::Relaxed)
    }
}

/// When one of them, or who waits for them, fails, all end.
struct EndOnPanic<'a>(&'a [&'a Progress]);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.iter().for_each(|publisher| publisher.end());
        }
    }
}

/// Waits until all of them have passed so many, each of which is then told to `each`.
fn wait_for(publishers: &[&Progress], passed: &[u64], each: impl Fn(&Progress)) {
    let give_up = Instant::now() + LIMIT;
    let mut waiting: Vec<_> = publishers.iter().zip(passed).collect();
    while !waiting.is_empty() {
        assert!(Instant::now() < give_up, "{} publishers do not go on", waiting.len());
        thread::sleep(Duration::from_millis(5));
        let has_come = |publisher: &Progress, passed| publisher.passed() >= passed || publisher.is_enough();
        for (publisher, _) in waiting.extract_if(.., |(publisher, passed)| has_come(publisher, **passed)) {
            each(publisher);
        }
    }
}

/// Kills the broker when all are under way, starts it again, and ends each that has gone on.
fn kill_in_the_middle(kafka: &RealKafka, publishers: &[&Progress]) {
    let _end = EndOnPanic(publishers);
    let enough: Vec<_> = publishers.iter().map(|publisher| publisher.enough).collect();
    wait_for(publishers, &enough, |_| {});
    kafka.kill_broker();
    kafka.restart_broker().expect("it starts again");
    let further: Vec<_> = publishers.iter().map(|publisher| publisher.passed() + publisher.enough).collect();
    wait_for(publishers, &further, Progress::end);
}

/// Publishes through the library, as fast as the broker takes it; sees the outcome of each message.
async fn publish(cluster: &Cluster, publisher: &str, progress: &Progress) -> Vec<Acknowledged> {
    let topic = cluster.topic(TOPIC);
    let mut pending: VecDeque<(u64, Delivery)> = VecDeque::new();
    let mut acknowledged = Vec::new();
    let mut number = 0;
    loop {
        let is_enough = progress.is_enough();
        if !is_enough {
            let message = Message::new(number.to_string()).key(key(publisher, number));
            pending.push_back((number, topic.enqueue(message).await.expect("room")));
            number += 1;
        }
        if pending.len() > 5000 || is_enough {
            let Some((number, delivery)) = pending.pop_front() else { break };
            let receipt = delivery.await.expect("it waits until the broker is back");
            let offset = receipt.offset.expect("a broker of today tells it");
            acknowledged.push(Acknowledged { number, partition: receipt.partition, offset });
            progress.passed.fetch_add(1, Ordering::Relaxed);
        }
    }
    assert_eq!(acknowledged.len() as u64, number, "each has its outcome");
    acknowledged
}

fn samsa_publish(kafka: &RealKafka) -> Samsa {
    let bootstrap = kafka.bootstrap();
    let arguments =
        ["--bootstrap", &bootstrap, "-X", "buffer.memory=500000", "publish", TOPIC, "--key-delimiter", ":"];
    Samsa::start(&arguments).expect("samsa starts")
}

/// Publishes through `samsa publish`, line after line; gives their number. What was acknowledged is not seen before the
/// end, so the lines are counted that it took: far more than its buffer holds.
fn publish_lines(mut samsa: Samsa, publisher: &str, progress: &Progress) -> u64 {
    let mut stdin = samsa.stdin().expect("a pipe");
    let mut number = 0;
    while !progress.is_enough() {
        let line = |number| format!("{}:{number}\n", key(publisher, number));
        let lines: Vec<_> = (number..number + 100).map(line).collect();
        stdin.write_all(lines.concat().as_bytes()).expect("samsa reads");
        number += 100;
        progress.passed.store(number, Ordering::Relaxed);
    }
    drop(stdin);
    let ended = samsa.end(LIMIT).expect("it ends with its input");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("{number} messages published")), "{}", ended.stderr);
    number
}

fn nothing_acknowledged_is_lost_or_stored_twice(release: Release) {
    let Some(strict) = strict(release) else { return };
    let kafka = strict.kafka;
    java::create_topic(kafka, TOPIC, 3).expect("a topic");

    let [tokio, async_std, lines] = &[Progress::new(10_000), Progress::new(10_000), Progress::new(50_000)];
    let publishers = [tokio, async_std, lines];
    let samsa = samsa_publish(kafka);
    let (by_tokio, by_async_std, by_lines) = thread::scope(|scope| {
        scope.spawn(|| kill_in_the_middle(kafka, &publishers));
        let library = |runtime: Runtime, progress| {
            let _end = EndOnPanic(&publishers);
            runtime.run(kafka, async |cluster| publish(cluster, runtime.name(), progress).await)
        };
        let by_tokio = scope.spawn(move || library(Runtime::Tokio, tokio));
        let by_async_std = scope.spawn(move || library(Runtime::AsyncStd, async_std));
        let _end = EndOnPanic(&publishers);
        let by_lines = publish_lines(samsa, "lines", lines);
        (by_tokio.join().expect("Tokio"), by_async_std.join().expect("async-std"), by_lines)
    });

    let log = log::read(kafka, TOPIC);
    for (publisher, acknowledged) in [("tokio", &by_tokio), ("async-std", &by_async_std)] {
        is_whole_and_in_order(&log, publisher, acknowledged.len() as u64);
        is_where_it_was_acknowledged(&log, publisher, acknowledged);
    }
    is_whole_and_in_order(&log, "lines", by_lines);
}

#[test]
fn nothing_acknowledged_is_lost_or_stored_twice_on_3_9_2() {
    nothing_acknowledged_is_lost_or_stored_twice(Release::V3_9_2);
}

#[test]
fn nothing_acknowledged_is_lost_or_stored_twice_on_4_4_0() {
    nothing_acknowledged_is_lost_or_stored_twice(Release::V4_4_0);
}
