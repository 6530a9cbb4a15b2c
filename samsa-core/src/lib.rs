//! A Kafka client as pure state machines: no sockets, no clock, no tasks.
//!
//! [`Engine`] is the whole client: discovery, metadata, routing, batching, retries, fetching. It never does anything
//! itself. A *driver* tells it what happened and performs what it asks for; which runtime that driver uses, or whether
//! it is a simulator, the engine cannot know.
//!
//! # The contract
//!
//! **Control** travels as small owned values.
//!
//! - [`Engine::handle`] is told one [`Input`]. It never fails, and never wakes a task of the application.
//! - [`Engine::poll_intent`] gives the next [`Intent`], first in first out, until there is none. Draining late is
//!   harmless.
//! - [`Engine::deadline`] says when [`Input::Tick`] is due. Ask again after each input; a tick that comes early or late
//!   does no harm. After a tick the deadline lies in the future.
//! - [`Engine::abort`] is called when the driver goes: every open command and every accepted record gets its outcome.
//!
//! **Bytes** never travel in those values.
//!
//! - [`Engine::poll_writable`] names a connection whose queue was empty and is not any more. The driver takes
//!   [`Engine::transmit`]'s segments, writes what the socket takes, and says how much that was to
//!   [`Engine::transmitted`], until nothing is left or the socket blocks. It remembers who blocks.
//! - [`Engine::recv_buf`] lends a buffer to read into; [`Engine::received`] takes it back.
//!
//! **Application threads** share two structures with the engine: the [`BatchBuffer`], where they append records, and
//! each [`Reader`]'s buffer, where they take what was fetched. Both ring [`Engine::signal`]; the driver registers its
//! waker there, and turns [`Notices`] into [`Input::BatchesReady`] and [`Input::Credit`].
//!
//! Time is [`Now`], passed in. Chance is one seed in [`Config`]. The same inputs at the same times give the same
//! intents.
//!
//! # A driving loop
//!
//! All of the loop, with a clock that jumps from deadline to deadline, in a world where nobody listens:
//!
//! ```
//! use samsa_core::{Command, Config, Discovery, Engine, HostPort, Input, Instant, Intent, Now, OpId, Reply};
//! use std::time::Duration;
//!
//! let mut config = Config::new(Discovery::Bootstrap(HostPort::list("127.0.0.1:9092")?));
//! config.seed = 7;
//! let mut engine = Engine::new(config);
//! let mut now = Now::default();
//! engine.handle(now, Input::Command { op: OpId(1), command: Command::Connect, within: Duration::from_secs(5) });
//!
//! let mut attempts = 0;
//! let outcome = 'driving: loop {
//!     // Do what is wanted.
//!     while let Some(intent) = engine.poll_intent() {
//!         match intent {
//!             Intent::Connect { conn, .. } => {
//!                 attempts += 1;
//!                 let reason = "connection refused".to_owned();
//!                 engine.handle(now, Input::ConnectFailed { conn, reason });
//!             }
//!             Intent::Complete { op: OpId(1), reply: Reply::Connect(outcome) } => break 'driving outcome,
//!             Intent::Wake(wakers) => wakers.wake(),
//!             _ => {}
//!         }
//!     }
//!     // Here a driver writes to and reads from its sockets, and waits for them no longer than this:
//!     let deadline = engine.deadline().expect("a command that waits has a deadline");
//!     now.mono = deadline.at;
//!     engine.handle(now, Input::Tick);
//! };
//!
//! assert!(attempts > 3, "it was dialled again and again, after growing waits");
//! assert!(outcome.unwrap_err().to_string().contains("connection refused"));
//! assert_eq!(now.mono, Instant::START + Duration::from_secs(5));
//! # Ok::<(), samsa_core::InvalidAddress>(())
//! ```

mod address;
mod admin;
mod answer;
mod backoff;
mod broker_partition;
mod cluster;
mod command;
mod config;
mod connection;
mod consumer;
mod engine;
mod error;
mod event;
mod explanation;
mod group;
mod id;
mod input;
mod intent;
pub mod limits;
mod metrics;
mod offset;
mod out;
#[cfg_attr(
    not(feature = "planted-bugs"),
    expect(dead_code, unreachable_pub, reason = "the choice of a fault is for tests")
)]
mod planted;
mod producer;
mod rng;
mod sync;
mod time;
mod topology;
mod wake;
mod zookeeper;

pub use address::{HostPort, InvalidAddress};
pub use admin::{
    GroupDescription, GroupHome, GroupList, GroupLookError, GroupMember, GroupPartition, GroupResetError,
    ListedGroup, UntoldBroker,
};
pub use backoff::Backoff;
pub use broker_partition::{BrokerPartition, UnnumberedPartition};
pub use command::{Command, GroupReset, GroupSpec, NewTopic, ReaderSpec, Reply};
pub use config::{
    Acks, Compression, Config, Discovery, FetchConfig, GroupTimes, Isolation, PublishConfig, Retries,
};
pub use connection::{ReadBuffer, RecvBuf};
pub use consumer::{
    Board, Chunk, ChunkRecords, ConsumerEvent, Hold, Lease, Membership, OwnedRecord, OwnedRecords, Progress,
    Reader,
};
pub use engine::Engine;
pub use error::{
    AppendError, Certainty, ConnectError, CreateTopicError, LookError, PublishFailure, ReadError,
};
pub use event::Event;
pub use explanation::{Explanation, Guarantee, GuaranteeKind, Waiting};
#[cfg(feature = "model")]
#[doc(hidden)]
pub use group::model;
pub use group::{
    Assignor, Commit, CommitError, CoordinatedGroup, CoordinatedMember, GroupError, GroupKind, GroupProtocol,
    OffsetStorage, OffsetsError, PatternError, TopicPattern,
};
pub use id::{BrokerId, ConnId, JobId, MemberId, OpId, ReaderId, ResolveId, SessionId, ZkRequestId};
pub use input::Input;
pub use intent::{Intent, Job, JobOutput, Snapshot};
pub use metrics::{
    BrokerMetrics, Latency, LatencyBucket, Metrics, PublishMetrics, PublishedPartition, ReadPartition, Volume,
};
pub use offset::{Offset, PartitionOffset};
#[cfg(feature = "planted-bugs")]
pub use planted::{PlantedBug, with_planted};
pub use producer::{
    BatchBuffer, CompressedBatch, CompressionJob, CustomPartitioner, FailedMessage, OutgoingRecord,
    OutgoingSet, Partitioner, PublishError, Receipt, Room, SetReceipt, SetTicket, Ticket, TopicBuffer,
};
pub use samsa_proto::ErrorCode;
pub use time::{Clock, Deadline, Instant, Now, UnixMillis};
pub use topology::{BrokerInfo, PartitionInfo, TopicName, TopicPartition};
pub use wake::{DriverSignal, Notices, Wakers};
pub use zookeeper::{ZkAnswer, ZkError, ZkNews, ZkOp, ZkSessionState, ZkStat};
