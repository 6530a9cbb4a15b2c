//! A client is closed while its broker is dead or frozen, or ZooKeeper is; or its last handle goes.

use std::thread;
use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tests::{Error, RealKafka, Release, java};
use samsa_tokio::{CloseError, Cluster, ConnectError, Message, Offset, PublishFailure};

use crate::{
    client::{Place, Runtime},
    strict::strict,
};

const TOPIC: &str = "left";
const SOON: Duration = Duration::from_secs(2);
/// What closing may take beside its bound, for ZooKeeper, as `Cluster::close` has it.
const GOODBYE: Duration = Duration::from_secs(1);
/// What a machine under load may need beside that.
const SLACK: Duration = Duration::from_secs(3);

/// What stands still goes on when this is dropped, by a test that fails too: others use the same broker.
pub(crate) struct Frozen<'a> {
    kafka: &'a RealKafka,
    thaw: fn(&RealKafka) -> Result<(), Error>,
}

impl<'a> Frozen<'a> {
    pub(crate) fn broker(kafka: &'a RealKafka) -> Self {
        kafka.freeze(1).expect("it stands still");
        Self { kafka, thaw: |kafka| kafka.thaw(1) }
    }

    fn zookeeper(kafka: &'a RealKafka) -> Self {
        kafka.freeze_zookeeper().expect("it stands still");
        Self { kafka, thaw: RealKafka::thaw_zookeeper }
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let thawed = (self.thaw)(self.kafka);
        assert!(thawed.is_ok() || thread::panicking(), "{thawed:?}");
    }
}

async fn connected(runtime: Runtime, kafka: &RealKafka) -> Cluster {
    let cluster = runtime.connect_at(Place::of(kafka), |_| {}).await.expect("a cluster");
    cluster.topic(TOPIC).publish("written").await.expect("a receipt");
    cluster
}

async fn closing_is_bounded(cluster: &Cluster) {
    let topic = cluster.topic(TOPIC);
    let mut deliveries = Vec::new();
    for number in 0..100 {
        let message = Message::new("lost").key(format!("key {number}"));
        deliveries.push(topic.enqueue(message).await.expect("room"));
    }
    let began = Instant::now();
    let closed = cluster.close_within(SOON).await;
    let took = began.elapsed();
    println!("closed within {took:?}");
    assert!(matches!(closed, Err(CloseError::GaveUp { given_up: 100, .. })), "{closed:?}");
    assert!(took <= SOON + SLACK, "{took:?}");
    for delivery in deliveries {
        let error = delivery.await.expect_err("nobody was there");
        assert!(matches!(error.failure(), PublishFailure::Closed), "{error}");
        assert_eq!(error.message().value.as_deref(), Some(&b"lost"[..]));
    }
    assert!(topic.try_enqueue("too late").is_err());
    assert!(cluster.topics().await.is_err());
    cluster.close().await.expect("what is closed may be closed again");
}

#[test]
fn closing_is_bounded_and_every_message_has_its_outcome() {
    let Some(strict) = strict(Release::V4_4_0) else { return };
    let _ = java::create_topic(strict.kafka, TOPIC, 2);
    Runtime::Tokio.block_on(async {
        let on_tokio = connected(Runtime::Tokio, strict.kafka).await;
        let on_async_std = connected(Runtime::AsyncStd, strict.kafka).await;
        strict.kafka.kill_broker();
        closing_is_bounded(&on_tokio).await;
        closing_is_bounded(&on_async_std).await;
    });
}

#[test]
fn closing_is_bounded_while_the_broker_is_frozen() {
    let Some(strict) = strict(Release::V4_4_0) else { return };
    let _ = java::create_topic(strict.kafka, TOPIC, 2);
    Runtime::Tokio.block_on(async {
        let on_tokio = connected(Runtime::Tokio, strict.kafka).await;
        let on_async_std = connected(Runtime::AsyncStd, strict.kafka).await;
        let _frozen = Frozen::broker(strict.kafka);
        closing_is_bounded(&on_tokio).await;
        closing_is_bounded(&on_async_std).await;
    });
}

#[test]
fn closing_is_bounded_while_zookeeper_is_frozen() {
    let Some(strict) = strict(Release::V3_9_2) else { return };
    let _ = java::create_topic(strict.kafka, TOPIC, 2);
    Runtime::Tokio.block_on(async {
        for runtime in Runtime::BOTH {
            let cluster = connected(runtime, strict.kafka).await;
            let _frozen = Frozen::zookeeper(strict.kafka);
            let delivery = cluster.topic(TOPIC).enqueue("written").await.expect("room");
            let began = Instant::now();
            let closed = cluster.close_within(Duration::from_secs(120)).await;
            let took = began.elapsed();
            println!("closed within {took:?}");
            // The broker takes what was accepted at once.
            assert_eq!(closed, Ok(()));
            assert!(took <= GOODBYE + SLACK, "{took:?}");
            delivery.await.expect("a receipt");
        }
    });
}

#[test]
fn the_last_handle_leaves_when_all_that_was_accepted_is_stored() {
    for (number, release) in [Release::V3_9_2, Release::V4_4_0].into_iter().enumerate() {
        let Some(strict) = strict(release) else { return };
        for (turn, runtime) in Runtime::BOTH.into_iter().enumerate() {
            let name = format!("by-the-last-handle-{number}-{turn}");
            java::create_topic(strict.kafka, &name, 2).expect("a topic");
            runtime.block_on(async {
                let cluster = runtime.connect_at(Place::of(strict.kafka), |_| {}).await.expect("a cluster");
                let topic = cluster.topic(&name);
                let mut batch = topic.batch();
                for message in ["appended", "too"] {
                    batch.append(message).await.expect("room");
                }
                for message in 0..100 {
                    drop(topic.enqueue(message.to_string()).await.expect("room"));
                }
                drop((batch, topic, cluster));
                all_are_stored(&runtime.connect_at(Place::of(strict.kafka), |_| {}).await, &name, 102).await;
            });
        }
    }
}

/// Nobody can tell when: the client that stores them has no handle.
async fn all_are_stored(cluster: &Result<Cluster, ConnectError>, topic: &str, count: i64) {
    let topic = cluster.as_ref().expect("a cluster").topic(topic);
    let began = Instant::now();
    loop {
        let ends = topic.offsets(Offset::Latest).await.expect("offsets");
        let stored: i64 = ends.iter().map(|end| end.offset).sum();
        if stored == count {
            return;
        }
        assert!(stored < count && began.elapsed() < Duration::from_secs(30), "{stored} of {count}");
        Timer::after(Duration::from_millis(20)).await;
    }
}
