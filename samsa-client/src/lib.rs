//! What an application holds of a Kafka cluster, and the driver that performs what `samsa-core` asks for: written once,
//! for every runtime.
//!
//! Applications depend on an adapter, `samsa-tokio` or `samsa-async-std`, which gives `zookeeper(..)`, `bootstrap(..)`
//! and everything that is here. None of the handles knows the runtime, so code is written against them:
//!
//! ```no_run
//! use samsa_client::{Cluster, Message, Offset};
//!
//! async fn greet(cluster: &Cluster) -> Result<(), Box<dyn std::error::Error>> {
//!     for broker in cluster.brokers().iter() {
//!         println!("{} at {}", broker.id, broker.address);
//!     }
//!
//!     // One message, awaited.
//!     let topic = cluster.topic("events");
//!     let receipt = topic.publish(Message::new("hello").key("user-1")).await?;
//!     println!("partition {}, offset {:?}", receipt.partition, receipt.offset);
//!
//!     // Many: their order is fixed by enqueue, which waits for room only.
//!     for number in 0..1000 {
//!         let _outcome = topic.enqueue(number.to_string()).await?;
//!     }
//!     cluster.flush().await?;
//!
//!     // And back.
//!     let mut reader = topic.partition(receipt.partition).reader(Offset::Earliest).open().await?;
//!     while let Some(chunk) = reader.next_chunk().await {
//!         for record in &chunk? {
//!             println!("{}: {:?}", record.offset(), record.value());
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # What can be relied on
//!
//! - Every future may be dropped at any await. Before a message is accepted, it is never sent then; after that it goes
//!   on, and only its outcome is not seen.
//! - Every call ends: when its time is over ([`Call::within`], else [`Builder::api_timeout`]), when the client is closed, or
//!   when its runtime is gone.
//! - Every message that was accepted has exactly one outcome, a [`Receipt`] or a [`PublishError`], which says whether it
//!   may have been stored.
//! - `Drop` does no IO and never blocks. When the last handle is dropped, the driver works on until every accepted
//!   message has its outcome, and ends.
//!
//! # The driver
//!
//! [`client`] gives the first handle and a [`Driver`], which is a future for the runtime to poll. How a runtime looks to
//! it is said in [`runtime`].
//!
//! # Features
//!
//! - `zookeeper` brings the way to ZooKeeper through the zookeeper-client crate, for any runtime.
//! - `metrics` brings `Exporter`, which hands [`Cluster::metrics`] to the recorder of the metrics crate.

mod builder;
mod call;
mod clock;
mod command_queue;
mod driver;
mod error;
mod events;
#[cfg(feature = "metrics")]
mod export;
mod handles;
mod link;
mod lock;
mod no_zookeeper;
mod properties;
pub mod runtime;

use std::sync::Arc;
use std::time::Duration;

use samsa_core::Engine;

pub use builder::{Builder, Launch};
pub use call::Call;
pub use clock::SystemClock;
pub use driver::Driver;
#[cfg(feature = "zookeeper")]
pub use driver::ZooKeeperSessions;
pub use error::{CloseError, ConnectError, ConsumeError, FlushError, MetricsError};
pub use events::{Events, Missed};
#[cfg(feature = "metrics")]
pub use export::Exporter;
pub use handles::{
    Batch, BatchReport, Cluster, ConsumedMessage, Consumer, ConsumerBuilder, ConsumerEvents, Delivery,
    Enqueue, Group, Message, MessageSet, OffsetMove, Partition, Payload, Publish, Publishing, Reader,
    ReaderBuilder, ResetPlan, Topic, TopicBatch, TryEnqueueError,
};
pub use no_zookeeper::NoZooKeeper;
pub use properties::{IgnoredProperty, Properties, PropertyError};
pub use runtime::Runtime;
pub use samsa_core::{
    Acks, AppendError, Assignor, Backoff, BrokerId, BrokerInfo, BrokerMetrics, BrokerPartition, Certainty,
    Chunk, ChunkRecords, Clock, Commit, CommitError, Compression, Config, ConsumerEvent, CoordinatedGroup,
    CoordinatedMember, CreateTopicError, CustomPartitioner, Discovery, Event, Explanation, FailedMessage,
    FetchConfig, GroupDescription, GroupError, GroupHome, GroupKind, GroupList, GroupLookError, GroupMember,
    GroupPartition, GroupProtocol, GroupResetError, GroupTimes, Guarantee, GuaranteeKind, Hold, HostPort,
    Instant, InvalidAddress, Isolation, Job, JobOutput, Latency, LatencyBucket, ListedGroup, LookError,
    Metrics, Now, Offset, OffsetStorage, OffsetsError, PartitionInfo, PartitionOffset, Partitioner,
    PatternError, PublishConfig, PublishError, PublishFailure, PublishMetrics, PublishedPartition, ReadError,
    ReadPartition, Receipt, Retries, SetReceipt, TopicName, TopicPartition, UnixMillis, UnnumberedPartition,
    UntoldBroker, Volume, Waiting,
};
pub use samsa_proto::ErrorCode;
pub use samsa_proto::zookeeper::{ConnectString, ConnectStringError, Dialect, Subscription, TopicFilter};

use crate::link::{Link, Shared};

/// The way to ZooKeeper for runtimes that live in real time: the zookeeper-client crate, if the feature `zookeeper` is on.
#[cfg(feature = "zookeeper")]
pub type SystemZooKeeper = ZooKeeperSessions;

/// The way to ZooKeeper for runtimes that live in real time: none, because the feature `zookeeper` is off.
#[cfg(not(feature = "zookeeper"))]
pub type SystemZooKeeper = NoZooKeeper;

/// A client on a runtime: the first handle, and the driver for the runtime to poll.
///
/// Nothing happens before the driver is polled. The adapters' builders do all this; it is here for other runtimes and
/// for simulation.
pub fn client<R: Runtime>(config: Config, runtime: R) -> (Cluster, Driver<R>) {
    let outcomes_within = config.publish.delivery_timeout + Duration::from_secs(1);
    let Config { api_timeout, commit_interval, group_protocol, assignor, group_times, .. } = config;
    let fetch = config.fetch.clone();
    let engine = Engine::new(config);
    let shared = Arc::new(Shared::new(engine.signal(), outcomes_within));
    let (clock, buffer) = (runtime.clock(), engine.batch_buffer());
    let link = Link {
        shared: Arc::clone(&shared),
        clock,
        buffer,
        fetch,
        commit_interval,
        group_protocol,
        assignor,
        group_times,
        api_timeout,
    };
    (Cluster::new(link), Driver::new(engine, runtime, shared))
}
