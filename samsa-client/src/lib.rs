//! The handles that applications hold and the driver that performs what `samsa-core` asks for, written once for every
//! runtime.

mod builder;
mod call;
mod clock;
mod driver;
mod error;
mod events;
mod handles;
mod link;
mod no_zookeeper;
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
pub use error::{CloseError, ConnectError, FlushError};
pub use events::{Events, Missed};
pub use handles::{
    Cluster, ConsumedMessage, Delivery, Enqueue, Message, Partition, Payload, Reader, ReaderBuilder, Topic,
    TryEnqueueError,
};
pub use no_zookeeper::NoZooKeeper;
pub use runtime::Runtime;
pub use samsa_core::{
    Acks, AppendError, Backoff, BrokerId, BrokerInfo, Certainty, Chunk, ChunkRecords, Clock, Compression,
    Config, Discovery, Event, Explanation, FailedMessage, FetchConfig, HostPort, Instant, InvalidAddress,
    Job, JobOutput, LookError, Now, Offset, PartitionInfo, PartitionOffset, PublishConfig, PublishError,
    PublishFailure, ReadError, Receipt, TopicName, UnixMillis, Waiting,
};
pub use samsa_proto::zookeeper::{ConnectString, ConnectStringError};

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
    let engine = Engine::new(config);
    let shared = Arc::new(Shared::new(engine.signal(), outcomes_within));
    let link = Link { shared: Arc::clone(&shared), clock: runtime.clock(), buffer: engine.batch_buffer() };
    (Cluster::new(link), Driver::new(engine, runtime, shared))
}
