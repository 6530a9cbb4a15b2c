//! A runtime is shut down under load, and the client on it is gone: every message has its outcome, which agrees with the log, and
//! nothing panics.

use std::{
    panic,
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use async_io::Timer;
use futures_lite::future;
use samsa_async_std::SpawnWith;
use samsa_tests::{RealKafka, Release, java};
use samsa_tokio::{AppendError, Certainty, Cluster, Delivery, Message, Offset, PublishFailure, Topic};

use crate::{
    client::{Place, Runtime},
    log::{self, Outcome, agrees, key},
    strict::strict,
};

/// What the threads of such a runtime are called.
const THREAD: &str = "of-a-runtime-that-ends";
const PUBLISHER: &str = "load";
/// So many messages are accepted before the runtime ends, and more meanwhile.
const UNDER_WAY: usize = 1000;
const PARTITIONS: u32 = 2;
/// When nothing was stored for so long, a broker has nothing more to store.
const STILL: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(60);

/// Panics on such threads, of which Tokio keeps those of a task to itself.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static COUNTED: Once = Once::new();
    COUNTED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().name() == Some(THREAD) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            before(panic);
        }));
    });
}

/// A thread whose panics are counted.
fn spawn(work: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name(THREAD.to_owned()).spawn(work).expect("a thread")
}

/// A client on a runtime that is shut down by the second part of what this gives.
type OnRuntime = (Cluster, Box<dyn FnOnce()>);

fn on_a_runtime_of_its_own(kafka: &RealKafka, runtime: Runtime) -> OnRuntime {
    match runtime {
        Runtime::Tokio => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.enable_all().thread_name(THREAD).build().expect("a Tokio runtime");
            let connect = Runtime::Tokio.connect_at(Place::of(kafka), |_| {});
            let cluster = runtime.block_on(connect).expect("a cluster");
            // Tasks may be dropped on the thread that drops the runtime.
            let shut_down = || spawn(|| drop(runtime)).join().expect("no panic");
            (cluster, Box::new(shut_down))
        }
        Runtime::AsyncStd => {
            let executor = Arc::new(async_executor::Executor::new());
            let of_driver = Arc::downgrade(&executor);
            let on_it = SpawnWith(move |driver| {
                of_driver.upgrade().expect("it is there").spawn(driver).detach();
            });
            let connect = samsa_async_std::bootstrap_on(on_it, kafka.bootstrap()).connect();
            let cluster = future::block_on(executor.run(connect)).expect("a cluster");
            // Its thread runs what was spawned, until it is stopped, and then takes the executor with it.
            let (stop, stopped) = async_std::channel::bounded::<()>(1);
            let thread = spawn(move || {
                future::block_on(executor.run(stopped.recv())).expect_err("nothing is sent");
            });
            let shut_down = || {
                drop(stop);
                thread.join().expect("no panic");
            };
            (cluster, Box::new(shut_down))
        }
    }
}

/// Publishes until the client takes no more.
async fn publish(topic: &Topic, accepted: &AtomicUsize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    loop {
        let number = deliveries.len() as u64;
        match topic.enqueue(Message::new(number.to_string()).key(key(PUBLISHER, number))).await {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => {
                assert!(matches!(error, AppendError::Closed), "{error}");
                return deliveries;
            }
        }
        accepted.fetch_add(1, Ordering::Relaxed);
    }
}

async fn outcomes(deliveries: Vec<Delivery>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for delivery in deliveries {
        let outcome = delivery.await;
        if let Err(error) = &outcome {
            assert!(matches!(error.failure(), PublishFailure::Closed), "{error}");
        }
        outcomes.push(outcome);
    }
    outcomes
}

/// Waits until nothing is stored any more: what a broker had been sent it still stores when the client is gone.
fn wait_until_all_is_stored(kafka: &RealKafka, topic: &str) {
    Runtime::Tokio.run(kafka, async |cluster| {
        let (topic, give_up) = (cluster.topic(topic), Instant::now() + LIMIT);
        let (mut stored, mut since) = (-1, Instant::now());
        while since.elapsed() < STILL {
            assert!(Instant::now() < give_up, "{stored} messages, and more are stored after {LIMIT:?}");
            Timer::after(STILL / 20).await;
            let ends = topic.offsets(Offset::Latest).await.expect("offsets");
            let now = ends.iter().map(|end| end.offset).sum();
            if now != stored {
                (stored, since) = (now, Instant::now());
            }
        }
    });
}

/// What was acknowledged is there, and what was not sent is not.
fn agree_with_the_log(kafka: &RealKafka, topic: &str, outcomes: &[Outcome]) {
    let with = |certainty| {
        let failed = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        failed.filter(|error| error.certainty() == certainty).count()
    };
    let (not_sent, possibly_sent) = (with(Certainty::NotSent), with(Certainty::PossiblySent));
    let acknowledged = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    wait_until_all_is_stored(kafka, topic);
    let log = log::read(kafka, topic);
    println!(
        "{topic}: {acknowledged} acknowledged, {possibly_sent} possibly sent, {not_sent} not sent, {} stored",
        log.len()
    );
    assert!(acknowledged > 0 && acknowledged < outcomes.len(), "it was under load");
    agrees(&log, PUBLISHER, outcomes);
}

fn shut_down_under_load(kafka: &RealKafka, name: &str, runtime: Runtime) {
    let (cluster, shut_down) = on_a_runtime_of_its_own(kafka, runtime);
    let (topic, accepted) = (cluster.topic(name), AtomicUsize::new(0));
    let deliveries = thread::scope(|scope| {
        let load = scope.spawn(|| Runtime::AsyncStd.block_on(publish(&topic, &accepted)));
        while accepted.load(Ordering::Relaxed) < UNDER_WAY && !load.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
        // What is published into the load is acknowledged, and so is what was accepted for that partition before.
        for partition in 0..PARTITIONS {
            let partition = topic.partition(partition as i32);
            let between = partition.publish(Message::new("0").key("between"));
            Runtime::AsyncStd.block_on(between).expect("a receipt");
        }
        shut_down();
        load.join().expect("no panic")
    });
    let outcomes = Runtime::AsyncStd.block_on(async {
        let outcomes = outcomes(deliveries).await;
        assert!(topic.try_enqueue("too late").is_err());
        assert!(cluster.topics().await.is_err());
        assert_eq!(cluster.close().await, Ok(()));
        outcomes
    });
    agree_with_the_log(kafka, name, &outcomes);
}

#[test]
fn a_runtime_that_is_shut_down_under_load_leaves_an_outcome_for_every_message_that_agrees_with_the_log() {
    count_panics();
    for (number, release) in [Release::V3_9_2, Release::V4_4_0].into_iter().enumerate() {
        let Some(strict) = strict(release) else { return };
        for runtime in Runtime::BOTH {
            let name = format!("shut-down-{number}-{}", runtime.name());
            java::create_topic(strict.kafka, &name, PARTITIONS).expect("a topic");
            shut_down_under_load(strict.kafka, &name, runtime);
            assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a thread of {runtime:?} panicked");
        }
    }
}
