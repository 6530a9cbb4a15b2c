//! Samsa, a Kafka client, on async-std, smol, and whatever else polls futures beside async-io.
//!
//! ```no_run
//! # #[cfg(feature = "async-std")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use samsa_async_std::{Message, Offset};
//!
//! async_std::task::block_on(async {
//!     let cluster = samsa_async_std::bootstrap("k1:9092,k2:9092").client_id("greeter").connect().await?;
//!
//!     let topic = cluster.topic("events");
//!     topic.publish(Message::new("hello").key("user-1")).await?;
//!
//!     let mut reader = topic.reader(Offset::Earliest).open().await?;
//!     while let Some(message) = reader.next().await {
//!         println!("{:?}", message?.value());
//!     }
//!     cluster.close().await?;
//!     Ok(())
//! })
//! # }
//! # #[cfg(not(feature = "async-std"))]
//! # fn main() {}
//! ```
//!
//! # Features
//!
//! They add up: each only adds a way to have the client's one task polled, and the caller chooses among them.
//!
//! - `async-std` (default): [`zookeeper`] and [`bootstrap`] spawn it by `async_std::task::spawn`; also [`AsyncStd`].
//! - `smol`: `Smol` spawns it by `smol::spawn`.
//! - `zookeeper` (default): clusters are also found by ZooKeeper.
//! - `metrics`: `Exporter` hands [`Cluster::metrics`] to the recorder of the `metrics` crate.
//!
//! Any other executor is named by [`SpawnWith`]:
//!
//! ```no_run
//! # async fn run(executor: std::sync::Arc<async_executor::Executor<'static>>) -> Result<(), samsa_async_std::ConnectError> {
//! let spawn = samsa_async_std::SpawnWith(move |driver| executor.spawn(driver).detach());
//! let cluster = samsa_async_std::bootstrap_on(spawn, "k1:9092").connect().await?;
//! # Ok(()) }
//! ```
//!
//! All types but the builder come from `samsa-client` and know no runtime: code that takes a [`Cluster`] or a [`Topic`]
//! runs on any of them.

mod adapter;
mod spawn;

pub use adapter::AsyncIo;
pub use samsa_client::*;
#[cfg(feature = "async-std")]
pub use spawn::AsyncStd;
#[cfg(feature = "smol")]
pub use spawn::Smol;
pub use spawn::{BoxedDriver, SpawnWith};

/// A cluster that registers itself in ZooKeeper: a connect string with its chroot, `zk1:2181,zk2:2181/kafka`.
#[cfg(all(feature = "async-std", feature = "zookeeper"))]
pub fn zookeeper(connect_string: impl Into<String>) -> Builder<AsyncStd> {
    zookeeper_on(AsyncStd, connect_string)
}

/// A cluster of which some brokers are known: `k1:9092,k2:9092`. They tell of the others.
#[cfg(feature = "async-std")]
pub fn bootstrap(brokers: impl Into<String>) -> Builder<AsyncStd> {
    bootstrap_on(AsyncStd, brokers)
}

/// A cluster, and everything about it, by the names of Java's and librdkafka's settings. See [`Properties`].
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let properties = [("bootstrap.servers", "k1:9092,k2:9092"), ("linger.ms", "5")];
/// let cluster = samsa_async_std::from_properties(properties)?.connect().await?;
/// # Ok(()) }
/// ```
#[cfg(feature = "async-std")]
pub fn from_properties<N: AsRef<str>, V: AsRef<str>>(
    properties: impl IntoIterator<Item = (N, V)>,
) -> Result<Builder<AsyncStd>, PropertyError> {
    from_properties_on(AsyncStd, properties)
}

/// As `zookeeper`, with a spawner of one's choice.
#[cfg(feature = "zookeeper")]
pub fn zookeeper_on<S: Launch>(spawner: S, connect_string: impl Into<String>) -> Builder<S> {
    Builder::zookeeper(spawner, connect_string)
}

/// As `bootstrap`, with a spawner of one's choice.
pub fn bootstrap_on<S: Launch>(spawner: S, brokers: impl Into<String>) -> Builder<S> {
    Builder::bootstrap(spawner, brokers)
}

/// As `from_properties`, with a spawner of one's choice.
pub fn from_properties_on<S: Launch, N: AsRef<str>, V: AsRef<str>>(
    spawner: S,
    properties: impl IntoIterator<Item = (N, V)>,
) -> Result<Builder<S>, PropertyError> {
    Builder::from_properties(spawner, &Properties::of(properties)?)
}
