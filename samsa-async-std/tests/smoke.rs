//! A client on async-std, smol and a bare executor, and a broker on a real socket.

#[path = "../../samsa-client/tests/support/broker.rs"]
mod broker;
#[path = "../../samsa-client/tests/support/listener.rs"]
mod listener;

use std::sync::Arc;
use std::time::Duration;

use samsa_async_std::{BatchReport, BrokerId, Cluster, SpawnWith};

async fn look_around(cluster: &Cluster) {
    assert_eq!(cluster.brokers()[0].id, BrokerId(broker::ID));
    let topics = cluster.topics().await.expect("topics");
    assert_eq!(topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["events"]);
    let partitions = cluster.topic("events").partitions().await.expect("partitions");
    assert_eq!(partitions[0].leader, Some(BrokerId(broker::ID)));
    cluster.close().await.expect("nothing was given up");
    assert!(cluster.topics().await.is_err(), "a closed client answers no more");
}

#[cfg(feature = "async-std")]
#[test]
fn a_client_runs_on_async_std() {
    let address = format!("localhost:{}", listener::start().port());
    async_std::task::block_on(async {
        let cluster = samsa_async_std::bootstrap(address).connect().await.expect("a cluster");
        look_around(&cluster).await;
    });
}

#[cfg(feature = "smol")]
#[test]
fn a_client_runs_on_smol() {
    let address = listener::start().to_string();
    smol::block_on(async {
        let connect = samsa_async_std::bootstrap_on(samsa_async_std::Smol, address).connect();
        look_around(&connect.await.expect("a cluster")).await;
    });
}

#[test]
fn a_client_runs_on_any_executor() {
    let address = listener::start().to_string();
    let executor = Arc::new(async_executor::Executor::new());
    let of_driver = Arc::clone(&executor);
    let spawn = SpawnWith(move |driver| of_driver.spawn(driver).detach());
    futures_lite::future::block_on(executor.run(async {
        let cluster = samsa_async_std::bootstrap_on(spawn, address).connect().await.expect("a cluster");
        look_around(&cluster).await;
    }));
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

#[cfg(feature = "async-std")]
#[test]
fn a_batch_is_filled_in_a_spawned_task() {
    let address = listener::start().to_string();
    async_std::task::block_on(async {
        let cluster = samsa_async_std::bootstrap(address).connect().await.expect("a cluster");
        assert_eq!(async_std::task::spawn(fill(cluster)).await, Err("enough"));
    });
}

#[test]
fn a_broker_that_never_answers_ends_as_a_typed_error() {
    let address = listener::start_mute().to_string();
    let executor = Arc::new(async_executor::Executor::new());
    let of_driver = Arc::clone(&executor);
    let spawn = SpawnWith(move |driver| of_driver.spawn(driver).detach());
    let within = Duration::from_millis(200);
    let connect = samsa_async_std::bootstrap_on(spawn, address).connect_within(within).connect();
    let error = futures_lite::future::block_on(executor.run(connect)).expect_err("no cluster");
    assert!(error.is_retriable(), "{error}");
}
