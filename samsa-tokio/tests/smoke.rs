//! A client on Tokio and a broker on a real socket.

#[path = "../../samsa-client/tests/support/broker.rs"]
mod broker;
#[path = "../../samsa-client/tests/support/listener.rs"]
mod listener;

use std::time::Duration;

use samsa_tokio::{BatchReport, BrokerId, Cluster, ConnectError};

#[tokio::test]
async fn a_client_sees_the_cluster_looks_around_and_closes() {
    let address = listener::start();
    let cluster =
        samsa_tokio::bootstrap(address.to_string()).client_id("smoke").connect().await.expect("a cluster");
    look_around(&cluster, address.port()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_runs_on_many_threads_too() {
    let address = listener::start();
    let cluster =
        samsa_tokio::bootstrap(format!("localhost:{}", address.port())).connect().await.expect("a cluster");
    let port = address.port();
    tokio::spawn(async move { look_around(&cluster, port).await }).await.expect("no panic");
}

async fn look_around(cluster: &Cluster, port: u16) {
    let brokers = cluster.brokers();
    assert_eq!(brokers.len(), 1);
    assert_eq!((brokers[0].id, brokers[0].address.port), (BrokerId(broker::ID), port));
    let topics = cluster.topics().await.expect("topics");
    assert_eq!(topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["events"]);
    let partitions = cluster.topic("events").partitions().await.expect("partitions");
    assert_eq!(partitions[0].leader, Some(BrokerId(broker::ID)));
    cluster.close().await.expect("nothing was given up");
    assert!(cluster.topics().await.is_err(), "a closed client answers no more");
}

/// Stops after the first message.
async fn fill(cluster: Cluster) -> Result<BatchReport, &'static str> {
    let events = cluster.topic("events");
    cluster
        .with_batch(async |batch| {
            batch.append(&events, "a").await.map_err(|_| "not appended")?;
            Err("enough")
        })
        .await
}

#[tokio::test]
async fn a_batch_is_filled_in_a_spawned_task() {
    let address = listener::start().to_string();
    let cluster = samsa_tokio::bootstrap(address).connect().await.expect("a cluster");
    let spawned = tokio::spawn(fill(cluster.clone())).await.expect("no panic");
    assert_eq!(spawned, Err("enough"));
    let inline = tokio::spawn(async move {
        cluster.with_batch(async |batch| if batch.is_empty() { Ok(()) } else { Err("full") }).await
    });
    assert_eq!(inline.await.expect("no panic").map(|report| report.outcomes().len()), Ok(0));
}

#[tokio::test]
async fn a_broker_that_never_answers_ends_as_a_typed_error() {
    let address = listener::start_mute();
    let within = Duration::from_millis(200);
    let error = samsa_tokio::bootstrap(address.to_string())
        .connect_within(within)
        .connect()
        .await
        .expect_err("no cluster");
    assert!(error.is_retriable(), "{error}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_with_what_to_do() {
    let error = samsa_tokio::bootstrap("k1").connect().await.expect_err("no cluster");
    assert!(matches!(error, ConnectError::Bootstrap(_)));
    assert!(error.to_string().contains("write host:port"), "{error}");
}

#[cfg(feature = "zookeeper")]
#[tokio::test]
async fn a_connect_string_that_is_none_is_refused_with_what_to_do() {
    let error = samsa_tokio::zookeeper("zk1:2181,").connect().await.expect_err("no cluster");
    assert!(matches!(error, ConnectError::ConnectString(_)));
    assert!(error.to_string().contains("remove the comma"), "{error}");
}

#[cfg(feature = "zookeeper")]
#[tokio::test]
async fn an_ensemble_that_is_not_there_ends_as_a_typed_error_that_names_it() {
    let within = Duration::from_millis(500);
    let error =
        samsa_tokio::zookeeper("127.0.0.1:1").connect_within(within).connect().await.expect_err("no cluster");
    assert!(error.is_retriable(), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let mut connect = std::pin::pin!(samsa_tokio::bootstrap("k1:9092").connect());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = connect.as_mut().poll(&mut cx) else {
        panic!("it must end at once")
    };
    assert!(matches!(error, ConnectError::Runtime(_)));
    assert!(error.to_string().contains("#[tokio::main]"), "{error}");
}

#[test]
fn a_runtime_that_goes_leaves_handles_that_say_so() {
    let address = listener::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let connect = samsa_tokio::bootstrap(address.to_string()).connect();
    let cluster = runtime.block_on(connect).expect("a cluster");
    let mut delivery = cluster.topic("events").try_enqueue("hello").expect("there is room");
    drop(runtime);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut delivery).poll(&mut cx).is_ready(), "the message has its outcome");
    assert!(cluster.topic("events").try_enqueue("too late").is_err());
}
