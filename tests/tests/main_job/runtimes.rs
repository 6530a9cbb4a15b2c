//! Runtimes that the other tests do not use: smol, and a Tokio that has one thread. A cluster is found through ZooKeeper, whose session
//! lives on the same threads.

use futures_lite::future;
use samsa_async_std::Smol;
use samsa_tests::{RealKafka, Release, shared};
use samsa_tokio::{Cluster, Offset};

async fn there_and_back(cluster: &Cluster, name: &str) {
    let topic = cluster.topic(name);
    let receipt = topic.publish("there").await.expect("a receipt");
    let mut reader = topic.reader(Offset::Earliest).open().await.expect("a reader");
    let message = reader.next().await.expect("no end").expect("a message");
    assert_eq!((message.value(), Some(message.offset())), (Some(&b"there"[..]), receipt.offset));
    let group = topic.consumer(format!("{name}-readers")).start_at(Offset::Earliest);
    let mut member = group.subscribe().await.expect("a member");
    let message = member.next().await.expect("it goes on").expect("a message");
    assert_eq!(message.value(), Some(&b"there"[..]));
    member.close().await.expect("it leaves");
    cluster.close().await.expect("nothing is given up");
}

fn zookeeper(kafka: &RealKafka) -> String {
    kafka.zookeeper().expect("it has one")
}

#[test]
fn a_client_runs_on_smol() {
    let Some(kafka) = shared(Release::V3_9_2) else { return };
    future::block_on(async {
        let connect = samsa_async_std::zookeeper_on(Smol, zookeeper(kafka)).connect();
        there_and_back(&connect.await.expect("a cluster"), "on-smol").await;
    });
}

#[test]
fn a_client_runs_on_a_tokio_of_one_thread() {
    let Some(kafka) = shared(Release::V3_9_2) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let connect = samsa_tokio::zookeeper(zookeeper(kafka)).connect();
        there_and_back(&connect.await.expect("a cluster"), "on-one-thread").await;
    });
}
