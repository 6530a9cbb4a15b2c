//! A client is closed while its broker is dead or frozen, or ZooKeeper is; or its runtime ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future;
use samsa_async_std::SpawnWith;
use samsa_tests::{RealKafka, Release, java};
use samsa_tokio::{CloseError, Cluster, Delivery, Message, PublishFailure};

use crate::{
    client::{Place, Runtime},
    strict::strict,
};

const TOPIC: &str = "left";
const SOON: Duration = Duration::from_secs(2);

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
    let closed = cluster.close_within(SOON).await;
    assert!(matches!(closed, Err(CloseError::GaveUp { given_up: 100, .. })), "{closed:?}");
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
        strict.kafka.freeze(1).expect("it stands still");
        closing_is_bounded(&on_tokio).await;
        closing_is_bounded(&on_async_std).await;
        strict.kafka.thaw(1).expect("it goes on");
    });
}

#[test]
fn closing_is_bounded_while_zookeeper_is_frozen() {
    let Some(strict) = strict(Release::V3_9_2) else { return };
    let _ = java::create_topic(strict.kafka, TOPIC, 2);
    Runtime::Tokio.block_on(async {
        for runtime in Runtime::BOTH {
            let cluster = connected(runtime, strict.kafka).await;
            strict.kafka.freeze_zookeeper().expect("it stands still");
            let delivery = cluster.topic(TOPIC).enqueue("written").await.expect("room");
            let began = Instant::now();
            let closed = cluster.close_within(Duration::from_secs(20)).await;
            // The broker takes what was accepted, and ZooKeeper is given a second.
            assert_eq!(closed, Ok(()));
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
            delivery.await.expect("a receipt");
            strict.kafka.thaw_zookeeper().expect("it goes on");
        }
    });
}

/// A client on a runtime that is dropped with the second part of what this gives.
type OnRuntime = (Cluster, Box<dyn FnOnce()>);

fn on_a_runtime_of_its_own(kafka: &RealKafka, runtime: Runtime) -> OnRuntime {
    match runtime {
        Runtime::Tokio => {
            let runtime = tokio::runtime::Runtime::new().expect("a Tokio runtime");
            let cluster = runtime.block_on(connected(Runtime::Tokio, kafka));
            (cluster, Box::new(|| drop(runtime)))
        }
        Runtime::AsyncStd => {
            let executor = Arc::new(async_executor::Executor::new());
            let of_driver = Arc::downgrade(&executor);
            let spawn = SpawnWith(move |driver| {
                of_driver.upgrade().expect("it is there").spawn(driver).detach();
            });
            let connect = samsa_async_std::bootstrap_on(spawn, kafka.bootstrap()).connect();
            let cluster = future::block_on(executor.run(connect)).expect("a cluster");
            (cluster, Box::new(|| drop(executor)))
        }
    }
}

fn every_message_has_its_outcome(deliveries: Vec<Delivery>) {
    for delivery in deliveries {
        if let Err(error) = future::block_on(delivery) {
            assert!(matches!(error.failure(), PublishFailure::Closed), "{error}");
        }
    }
}

#[test]
fn a_runtime_that_is_shut_down_under_load_leaves_an_outcome_for_every_message() {
    for release in [Release::V3_9_2, Release::V4_4_0] {
        let Some(strict) = strict(release) else { return };
        let _ = java::create_topic(strict.kafka, TOPIC, 2);
        for runtime in Runtime::BOTH {
            let (cluster, shut_down) = on_a_runtime_of_its_own(strict.kafka, runtime);
            let topic = cluster.topic(TOPIC);
            let enqueue = |number: u32| topic.try_enqueue(number.to_string()).expect("room");
            let deliveries: Vec<Delivery> = (0..10_000).map(enqueue).collect();
            shut_down();
            every_message_has_its_outcome(deliveries);
            assert!(topic.try_enqueue("too late").is_err());
            assert!(future::block_on(cluster.topics()).is_err());
            assert_eq!(future::block_on(cluster.close()), Ok(()));
        }
    }
}
