//! Clients that are told everything by the names of Java's and librdkafka's settings.

use samsa_async_std::{AsyncStd, Smol};
use samsa_client::AppendError;
use samsa_tests::{RealKafka, Release, shared};
use samsa_tokio::{Builder, Cluster, Launch, Offset, OnTokio, Properties, PropertyError};

use crate::client::Runtime;

type Pair = (&'static str, String);

/// Where a cluster is, each in one way, and what else is said.
fn ways(kafka: &RealKafka) -> [Vec<Pair>; 2] {
    let zookeeper = kafka.zookeeper().expect("it has one");
    [("zookeeper.connect", zookeeper), ("bootstrap.servers", kafka.bootstrap())].map(|way| {
        let others = [("max.request.size", "1000"), ("linger.ms", "1"), ("compression.type", "lz4")];
        let others = others.map(|(name, value)| (name, value.to_owned()));
        [way].into_iter().chain(others).collect()
    })
}

/// It reaches the cluster, and does what it was told: no message may have more than 1000 bytes.
async fn goes_by_what_it_was_told<L: Launch>(builder: Result<Builder<L>, PropertyError>, topic: &str) {
    let cluster: Cluster = builder.expect("known names").connect().await.expect("a cluster");
    let topic = cluster.topic(topic);
    let refused = topic.enqueue(vec![b'x'; 1001]).await.expect_err("it is too large");
    assert!(matches!(refused, AppendError::TooLarge { .. }), "{refused}");
    let receipt = topic.publish("there").await.expect("a receipt");
    let mut reader = topic.reader(Offset::Earliest).open().await.expect("a reader");
    let message = reader.next().await.expect("no end").expect("a message");
    assert_eq!((message.value(), Some(message.offset())), (Some(&b"there"[..]), receipt.offset));
    cluster.close().await.expect("nothing is given up");
}

#[test]
fn a_cluster_is_reached_by_the_usual_names_on_tokio() {
    let Some(kafka) = shared(Release::V3_9_2) else { return };
    for way in ways(kafka) {
        let topic = format!("told-on-tokio-by-{}", way[0].0);
        let by_name = samsa_tokio::from_properties(way.clone());
        Runtime::Tokio.block_on(goes_by_what_it_was_told(by_name, &topic));
        let properties = Properties::of(way).expect("known names");
        let built = Builder::from_properties(OnTokio, &properties);
        Runtime::Tokio.block_on(goes_by_what_it_was_told(built, &format!("{topic}-and-builder")));
    }
}

#[test]
fn a_cluster_is_reached_by_the_usual_names_on_async_std_and_smol() {
    let Some(kafka) = shared(Release::V3_9_2) else { return };
    for way in ways(kafka) {
        let topic = format!("told-on-async-std-by-{}", way[0].0);
        let by_name = samsa_async_std::from_properties(way.clone());
        Runtime::AsyncStd.block_on(goes_by_what_it_was_told(by_name, &topic));
        let on_smol = samsa_async_std::from_properties_on(Smol, way);
        Runtime::AsyncStd.block_on(goes_by_what_it_was_told(on_smol, &format!("{topic}-and-smol")));
    }
}

#[test]
fn settings_that_name_no_cluster_or_are_not_known_make_no_client() {
    let settings = [("linger.ms", "5")];
    let refusals = [
        samsa_tokio::from_properties(settings).err(),
        samsa_async_std::from_properties(settings).err(),
        samsa_async_std::from_properties_on(Smol, settings).err(),
        Builder::from_properties(AsyncStd, &Properties::default()).err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal, Some(PropertyError::NoCluster));
    }
    let unknown = samsa_tokio::from_properties([("bootstrap.server", "k1:9092")]).err();
    let nearest = "bootstrap.servers";
    assert_eq!(unknown, Some(PropertyError::Unknown { name: "bootstrap.server".to_owned(), nearest }));
}
