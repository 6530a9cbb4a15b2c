//! Samsa, a Kafka client, on Tokio.
//!
//! ```no_run
//! use samsa_tokio::{Message, Offset};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let cluster = samsa_tokio::bootstrap("k1:9092,k2:9092").client_id("greeter").connect().await?;
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
//! }
//! ```
//!
//! Clusters that register themselves in ZooKeeper are found by its connect string, with the feature `zookeeper`, which
//! is on by default:
//!
//! ```no_run
//! # #[cfg(feature = "zookeeper")]
//! # async fn run() -> Result<(), samsa_tokio::ConnectError> {
//! let cluster = samsa_tokio::zookeeper("zk1:2181,zk2:2181/kafka").connect().await?;
//! for broker in cluster.brokers().iter() {
//!     println!("{} at {}", broker.id, broker.address);
//! }
//! # Ok(()) }
//! ```
//!
//! All types but the builder come from `samsa-client` and know no runtime: code that takes a [`Cluster`] or a [`Topic`]
//! runs on any of them.
//!
//! The client's one task is spawned on the runtime that `connect` is called in, which must have IO and time enabled.
//! When that runtime goes before the client is closed, every message and call that waits is told so.
//!
//! # Features
//!
//! - `zookeeper` (default): clusters are also found by ZooKeeper.
//! - `metrics`: `Exporter` hands [`Cluster::metrics`] to the recorder of the `metrics` crate.

mod adapter;

pub use adapter::{OnTokio, Tokio};
pub use samsa_client::*;

/// A cluster that registers itself in ZooKeeper: a connect string with its chroot, `zk1:2181,zk2:2181/kafka`.
#[cfg(feature = "zookeeper")]
pub fn zookeeper(connect_string: impl Into<String>) -> Builder<OnTokio> {
    Builder::zookeeper(OnTokio, connect_string)
}

/// A cluster of which some brokers are known: `k1:9092,k2:9092`. They tell of the others.
pub fn bootstrap(brokers: impl Into<String>) -> Builder<OnTokio> {
    Builder::bootstrap(OnTokio, brokers)
}

/// A cluster, and everything about it, by the names of Java's and librdkafka's settings. See [`Properties`].
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let properties = [("bootstrap.servers", "k1:9092,k2:9092"), ("linger.ms", "5")];
/// let cluster = samsa_tokio::from_properties(properties)?.connect().await?;
/// # Ok(()) }
/// ```
pub fn from_properties<N: AsRef<str>, V: AsRef<str>>(
    properties: impl IntoIterator<Item = (N, V)>,
) -> Result<Builder<OnTokio>, PropertyError> {
    Builder::from_properties(OnTokio, &Properties::of(properties)?)
}

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
