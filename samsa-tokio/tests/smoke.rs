//! The adapter for Tokio does what every adapter does, and what Tokio alone is about.

#[path = "../../samsa-client/tests/support/broker.rs"]
mod broker;
#[path = "../../samsa-client/tests/support/conformance.rs"]
mod conformance;
#[path = "../../samsa-client/tests/support/driven.rs"]
mod driven;
#[path = "../../samsa-client/tests/support/limit.rs"]
mod limit;
#[path = "../../samsa-client/tests/support/listener.rs"]
mod listener;

#[cfg(feature = "zookeeper")]
use std::time::Duration;

use samsa_tokio::ConnectError;

use crate::conformance::conforms;

conforms!(on_one_thread: samsa_tokio::OnTokio, |future| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future);
});

conforms!(on_many_threads: samsa_tokio::OnTokio, |future| {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(future);
});

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
