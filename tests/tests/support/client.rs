//! A client of a real broker, on either runtime.

use std::time::Duration;

use async_io::Timer;
use futures_lite::future;
use samsa_async_std::AsyncStd;
use samsa_tests::RealKafka;
use samsa_tokio::{Builder, Cluster, Config, Launch, OnTokio};

/// Far beyond what any work here takes: what is not done by then hangs.
const LIMIT: Duration = Duration::from_secs(240);

/// A runtime that the client runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    Tokio,
    AsyncStd,
}

impl Runtime {
    pub(crate) const BOTH: [Self; 2] = [Self::Tokio, Self::AsyncStd];

    /// As `--runtime` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tokio => "tokio",
            Self::AsyncStd => "async-std",
        }
    }

    /// Works with a client of this broker, which is found through ZooKeeper where that is, and closes the client.
    pub(crate) fn run<T>(self, kafka: &RealKafka, work: impl AsyncFnOnce(&Cluster) -> T) -> T {
        self.run_with(kafka, |_| {}, work)
    }

    /// The same with settings.
    pub(crate) fn run_with<T>(
        self,
        kafka: &RealKafka,
        set: impl FnOnce(&mut Config),
        work: impl AsyncFnOnce(&Cluster) -> T,
    ) -> T {
        println!("{} on {self:?}", kafka.release());
        self.block_on(async {
            let cluster = self.connect(kafka, set).await;
            let done = within_limit(&cluster, work(&cluster)).await;
            cluster.close().await.expect("it closes");
            done
        })
    }

    /// A client of this broker. For one on Tokio, call it there.
    pub(crate) async fn connect(self, kafka: &RealKafka, set: impl FnOnce(&mut Config)) -> Cluster {
        let cluster = match self {
            Self::Tokio => builder(OnTokio, kafka).configure(set).connect().await,
            Self::AsyncStd => builder(AsyncStd, kafka).configure(set).connect().await,
        };
        cluster.expect("a cluster")
    }

    /// Runs a future to its end.
    pub(crate) fn block_on<T>(self, future: impl Future<Output = T>) -> T {
        match self {
            Self::Tokio => {
                let runtime =
                    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
                runtime.expect("a Tokio runtime").block_on(future)
            }
            Self::AsyncStd => async_std::task::block_on(future),
        }
    }
}

fn builder<L: Launch>(launch: L, kafka: &RealKafka) -> Builder<L> {
    match kafka.zookeeper() {
        Some(connect_string) => Builder::zookeeper(launch, connect_string),
        None => Builder::bootstrap(launch, kafka.bootstrap()),
    }
}

/// What hangs says what it waits for.
async fn within_limit<T>(cluster: &Cluster, work: impl Future<Output = T>) -> T {
    let late = async {
        Timer::after(LIMIT).await;
        None
    };
    if let Some(done) = future::or(async { Some(work.await) }, late).await {
        return done;
    }
    let explanation = cluster.explain().within(Duration::from_secs(10)).await;
    panic!("not done within {LIMIT:?}: {:#?}", explanation.lines);
}
