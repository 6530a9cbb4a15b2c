//! The one place that chooses a runtime.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use crate::alarm::Alarm;
use crate::arguments::{RuntimeName, Threads};
use crate::failure::Failure;
use crate::place::Place;
use samsa_client::{Builder, Cluster, Launch, Properties};
use tokio::runtime::{Builder as TokioBuilder, Runtime as TokioRuntime};

/// What a command needs of the runtime that was chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    /// A sleep, to the millisecond or so.
    pub(crate) sleep: fn(Duration) -> Pin<Box<dyn Future<Output = ()>>>,
    /// What wakes sooner after the moment than that.
    pub(crate) alarm: fn() -> io::Result<Alarm>,
}

/// Starts a client on this runtime, and runs what is to be done with it. The client need not have reached anything.
pub(crate) fn run(
    name: RuntimeName,
    threads: Threads,
    place: &Place,
    properties: &Properties,
    main: impl AsyncFnOnce(Cluster, Timers) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match name {
        RuntimeName::Tokio => tokio(threads)?.block_on(async {
            let cluster = place.builder(samsa_tokio::OnTokio).properties(properties).start()?;
            let sleep = |lasts| Box::pin(tokio::time::sleep(lasts)) as _;
            main(cluster, Timers { sleep, alarm: Alarm::on_tokio }).await
        }),
        RuntimeName::AsyncStd => async_std::task::block_on(async {
            let cluster = place.builder(samsa_async_std::AsyncStd).properties(properties).start()?;
            let sleep = |lasts| Box::pin(async_std::task::sleep(lasts)) as _;
            main(cluster, Timers { sleep, alarm: Alarm::on_async_io }).await
        }),
    }
}

fn tokio(threads: Threads) -> Result<TokioRuntime, Failure> {
    let mut builder = match threads {
        Threads::One => TokioBuilder::new_current_thread(),
        Threads::Two => TokioBuilder::new_multi_thread(),
    };
    // Beside the main thread, which is the command's.
    let runtime = builder.worker_threads(1).enable_all().build();
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
