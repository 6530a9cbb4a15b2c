//! A client of a real broker, on either runtime.

use std::time::Duration;

use async_io::Timer;
use futures_lite::future;
use samsa_async_std::AsyncStd;
use samsa_tests::RealKafka;
use samsa_tokio::{Builder, Cluster, Config, ConnectError, Launch, OnTokio};

/// Far beyond what any work here takes, unless it is told to go on for longer: what is not done by then hangs.
fn limit() -> Duration {
    Duration::from_secs(240) + longer()
}

/// The same for several of them, one after the other.
fn hangs() -> Duration {
    Duration::from_secs(900) + longer()
}

/// How long brokers are to be killed and started again.
fn longer() -> Duration {
    let seconds = std::env::var("SAMSA_ROLLING_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

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
        self.run_at(Place::of(kafka), set, work)
    }

    /// The same with a cluster that is found so.
    pub(crate) fn run_at<T>(
        self,
        place: Place,
        set: impl FnOnce(&mut Config),
        work: impl AsyncFnOnce(&Cluster) -> T,
    ) -> T {
        self.block_on(async {
            let cluster = self.connect_at(place, set).await.expect("a cluster");
            let done = within_limit(&cluster, work(&cluster)).await;
            cluster.close().await.expect("it closes");
            done
        })
    }

    /// A client of the cluster that is found so. For one on Tokio, call it there.
    pub(crate) async fn connect_at(
        self,
        place: Place,
        set: impl FnOnce(&mut Config),
    ) -> Result<Cluster, ConnectError> {
        match self {
            Self::Tokio => place.builder(OnTokio).configure(set).connect().await,
            Self::AsyncStd => place.builder(AsyncStd).configure(set).connect().await,
        }
    }

    /// Runs a future to its end, unless it hangs.
    pub(crate) fn block_on<T>(self, future: impl Future<Output = T>) -> T {
        let late = async {
            Timer::after(hangs()).await;
            panic!("not done within {:?}", hangs())
        };
        let future = future::or(future, late);
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

/// How a cluster is found.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// By a ZooKeeper connect string.
    ZooKeeper(String),
    /// By some of its brokers.
    Bootstrap(String),
}

impl Place {
    /// Through ZooKeeper where that is.
    pub(crate) fn of(kafka: &RealKafka) -> Self {
        kafka.zookeeper().map_or_else(|| Self::Bootstrap(kafka.bootstrap()), Self::ZooKeeper)
    }

    fn builder<L: Launch>(self, launch: L) -> Builder<L> {
        match self {
            Self::ZooKeeper(connect_string) => Builder::zookeeper(launch, connect_string),
            Self::Bootstrap(brokers) => Builder::bootstrap(launch, brokers),
        }
    }
}

/// What hangs says what it waits for.
async fn within_limit<T>(cluster: &Cluster, work: impl Future<Output = T>) -> T {
    let late = async {
        Timer::after(limit()).await;
        None
    };
    if let Some(done) = future::or(async { Some(work.await) }, late).await {
        return done;
    }
    let explanation = cluster.explain().within(Duration::from_secs(10)).await;
    panic!("not done within {:?}: {:#?}", limit(), explanation.lines);
}
