//! The one place that chooses a runtime.

use std::pin::Pin;
use std::time::Duration;

use crate::arguments::RuntimeName;
use crate::failure::Failure;
use crate::place::Place;
use samsa_client::{Builder, Cluster, Launch, Properties};

/// The sleep of the runtime that was chosen.
pub(crate) type Sleep = fn(Duration) -> Pin<Box<dyn Future<Output = ()>>>;

/// Starts a client on this runtime, and runs what is to be done with it. The client need not have reached anything.
pub(crate) fn run(
    name: RuntimeName,
    place: &Place,
    properties: &Properties,
    main: impl AsyncFnOnce(Cluster, Sleep) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match name {
        RuntimeName::Tokio => tokio()?.block_on(async {
            let cluster = place.builder(samsa_tokio::OnTokio).properties(properties).start()?;
            main(cluster, |lasts| Box::pin(tokio::time::sleep(lasts))).await
        }),
        RuntimeName::AsyncStd => async_std::task::block_on(async {
            let cluster = place.builder(samsa_async_std::AsyncStd).properties(properties).start()?;
            main(cluster, |lasts| Box::pin(async_std::task::sleep(lasts))).await
        }),
    }
}

/// One thread is enough for the client's one task; the command has the main thread.
fn tokio() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| Failure::NotDone(format!("cannot start the runtime: {error}")))
}

impl Place {
    fn builder<L: Launch>(&self, launch: L) -> Builder<L> {
        match self {
            Self::ZooKeeper(connect_string) => Builder::zookeeper(launch, connect_string),
            Self::Bootstrap(brokers) => Builder::bootstrap(launch, brokers),
        }
    }
}
