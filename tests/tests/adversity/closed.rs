//! A client is closed while its broker is dead.

use std::time::Duration;

use samsa_tests::{RealKafka, Release, java};
use samsa_tokio::{CloseError, Cluster, Message, PublishFailure};

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
    java::create_topic(strict.kafka, TOPIC, 2).expect("a topic");
    Runtime::Tokio.block_on(async {
        let on_tokio = connected(Runtime::Tokio, strict.kafka).await;
        let on_async_std = connected(Runtime::AsyncStd, strict.kafka).await;
        strict.kafka.kill_broker();
        closing_is_bounded(&on_tokio).await;
        closing_is_bounded(&on_async_std).await;
    });
}
