//! The adapter does what every adapter does, on async-std, on smol and on a bare executor.

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

use std::future::Future;
use std::sync::Arc;

use async_executor::Executor;
use futures_lite::future::block_on;
use samsa_async_std::{BoxedDriver, LookError, SpawnWith};

use crate::conformance::conforms;

#[cfg(feature = "async-std")]
conforms!(on_async_std: samsa_async_std::AsyncStd, async_std::task::block_on);

#[cfg(feature = "smol")]
conforms!(on_smol: samsa_async_std::Smol, smol::block_on);

static EXECUTOR: Executor<'static> = Executor::new();

conforms!(on_a_bare_executor: crate::spawning(), crate::run);

fn run<T>(future: impl Future<Output = T>) -> T {
    block_on(EXECUTOR.run(future))
}

fn spawning() -> SpawnWith<impl Fn(BoxedDriver)> {
    SpawnWith(|driver| EXECUTOR.spawn(driver).detach())
}

#[test]
fn an_executor_that_goes_leaves_handles_that_say_so() {
    let executor = Arc::new(Executor::new());
    let of_driver = Arc::downgrade(&executor);
    let spawn = SpawnWith(move |driver| {
        of_driver.upgrade().expect("it is there").spawn(driver).detach();
    });
    let connect = samsa_async_std::bootstrap_on(spawn, listener::start().to_string()).connect();
    let cluster = block_on(executor.run(connect)).expect("a cluster");
    let delivery = cluster.topic("events").try_enqueue("hello").expect("there is room");
    drop(executor);
    block_on(async {
        delivery.await.expect_err("it has its outcome");
        assert_eq!(cluster.topics().await, Err(LookError::Closed));
    });
    assert!(cluster.topic("events").try_enqueue("too late").is_err());
}

#[cfg(feature = "async-std")]
#[test]
fn a_batch_is_filled_in_a_spawned_task() {
    fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
        async_std::task::block_on(async_std::task::spawn(future))
    }
    let address = listener::start().to_string();
    let appended = spawn(async {
        let cluster = samsa_async_std::bootstrap(address).connect().await.expect("a cluster");
        let events = cluster.topic("events");
        let append = cluster.with_batch(async |batch| {
            batch.append(&events, "a").await.map_err(|_| "not appended")?;
            Err("enough")
        });
        append.await.map(drop)
    });
    assert_eq!(appended, Err("enough"));
}
