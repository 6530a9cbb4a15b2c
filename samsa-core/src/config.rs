//! What an application may set, with defaults.

#[cfg(test)]
mod tests;

use std::time::Duration;

use samsa_proto::records::Codec;

use crate::address::HostPort;
use crate::backoff::Backoff;
use crate::group::{Assignor, GroupProtocol};
use crate::offset::Offset;
use crate::producer::partitioner::Partitioner;

/// How the first brokers are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// Brokers register themselves in ZooKeeper (Kafka 0.8 to 3.9). To reach it is the driver's business.
    ZooKeeper {
        /// What people call it, for errors: its servers with the chroot.
        ensemble: String,
        /// The session timeout to ask for: ZooKeeper forgets a client that was silent for so long. The server may give more
        /// or less. Usual: 6 s. Source: `zookeeper.session.timeout.ms` of the Scala consumers.
        session_timeout: Duration,
    },
    /// These answer for the others.
    Bootstrap(Vec<HostPort>),
}

/// Who must have a message before it counts as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// Every in-sync replica.
    #[default]
    All,
    /// The partition's leader alone: lost when it dies before the others have it.
    Leader,
}

/// What is sent again where no idempotence keeps it from being stored twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retries {
    /// Every message, until its delivery timeout is over. One that may be stored already is then stored twice, if it is.
    #[default]
    All,
    /// Only what is certainly not stored. A message fails as [`PossiblySent`](crate::Certainty::PossiblySent) with the first
    /// attempt that has no definite answer; one that has one, or could not be sent, is tried until its delivery timeout is
    /// over. (As close as it gets to Java's `retries=0`, which does not try again what was certainly refused either.)
    OnlyNotSent,
}

/// How message batches are compressed: each once, before it is first sent, unless that makes it no smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Deflate with the header of gzip.
    Gzip,
    /// Snappy, framed as xerial's Java library does.
    Snappy,
    /// LZ4 frames; with the fault in their checksum that brokers before 0.10 expect.
    Lz4,
    /// Zstandard (KIP-110). A leader before 2.1 does not know it: keyless messages go to others then, and messages for it
    /// fail as `NotSent`.
    Zstd,
}

impl Compression {
    pub(crate) const fn codec(self) -> Codec {
        match self {
            Self::None => Codec::None,
            Self::Gzip => Codec::Gzip,
            Self::Snappy => Codec::Snappy,
            Self::Lz4 => Codec::Lz4,
            Self::Zstd => Codec::Zstd,
        }
    }
}

/// How messages are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishConfig {
    /// Who must have a message before it counts as written. Default: all in-sync replicas. Source: `acks` (librdkafka:
    /// `request.required.acks`), the field `acks` of Produce requests.
    pub acks: Acks,
    /// Whether brokers know a batch again that is sent twice, so that a retry is stored once and order is kept with five
    /// batches in flight (KIP-98). Needs [`Acks::All`] and brokers of 0.11 or later (Produce 3); elsewhere it is off, and
    /// one batch of a partition is in flight at a time. Default: true. Source: `enable.idempotence`.
    pub idempotence: bool,
    /// What is sent again where idempotence is off or not to be had: with it in force, a retry is stored once anyway, and this
    /// makes no difference. Default: all. Source: `retries` (librdkafka: `message.send.max.retries`), of which 0 alone makes a
    /// difference: otherwise [`delivery_timeout`](Self::delivery_timeout) says for how long a message is tried.
    pub retries: Retries,
    /// The sequence number of the first batch of each partition. Brokers expect 0 of a producer that they do not know;
    /// from 2.5 on they take others, so that a test can begin shortly before the numbers wrap.
    #[doc(hidden)]
    pub first_sequence: i32,
    /// The epoch that partitions begin with under each producer id, where the broker's is earlier, so that a test can begin
    /// shortly before the epochs are used up.
    #[doc(hidden)]
    pub first_epoch: i16,
    /// How batches are compressed. Default: not at all. Source: `compression.type` (librdkafka: `compression.codec`).
    pub compression: Compression,
    /// Which partition a key belongs to. Default: `murmur2`, which is what Java's client does with keys. Source: `partitioner` of
    /// librdkafka, with names of its own beside those.
    pub partitioner: Partitioner,
    /// How long a batch waits for more, when it could go. Default 0 ms: it leaves when its connection has room, and fills
    /// while requests are in flight. Source: `linger.ms` (librdkafka: `queue.buffering.max.ms`); Java has 5 ms since 4.0.
    pub linger: Duration,
    /// Bytes at which a batch is full, before it is compressed. Default 256 KiB. Source: `batch.size`; Java has 16 KiB.
    pub batch_bytes: usize,
    /// The largest single message, and the largest batch that holds more than one, in bytes before they are compressed.
    /// Default 1,000,000 bytes: a little under what brokers accept by default. Source: `max.request.size` (librdkafka:
    /// `message.max.bytes`); Java has 1 MiB.
    pub message_bytes: usize,
    /// Memory for messages that have no outcome yet, in bytes. Who publishes more waits for room. Default 64 MiB. Source:
    /// `buffer.memory`; Java has 32 MiB.
    pub buffer_bytes: usize,
    /// The longest from append to outcome, retries and all. Default 120 s. Source: `delivery.timeout.ms` (KIP-91; librdkafka:
    /// `message.timeout.ms`).
    pub delivery_timeout: Duration,
}

impl Default for PublishConfig {
    fn default() -> Self {
        Self {
            acks: Acks::default(),
            idempotence: true,
            retries: Retries::default(),
            first_sequence: 0,
            first_epoch: 0,
            compression: Compression::default(),
            partitioner: Partitioner::default(),
            linger: Duration::ZERO,
            batch_bytes: 256 << 10,
            message_bytes: 1_000_000,
            buffer_bytes: 64 << 20,
            delivery_timeout: Duration::from_secs(120),
        }
    }
}

/// Which records are read where there are transactions (Kafka 0.11 and later).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Those of committed transactions, and all that were written outside of one. What is behind the first transaction
    /// that is still open is not read before that one has ended.
    #[default]
    ReadCommitted,
    /// All of them, also those of transactions that are open or were aborted.
    ReadUncommitted,
}

impl Isolation {
    /// As brokers have it.
    pub(crate) const fn id(self) -> i8 {
        match self {
            Self::ReadCommitted => 1,
            Self::ReadUncommitted => 0,
        }
    }
}

/// How messages are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchConfig {
    /// Which records are read. Default: committed ones only, since an aborted record was never published as far as its
    /// publisher is concerned. (So does librdkafka. Java reads all of them by default.) Source: `isolation.level` (KIP-98).
    pub isolation: Isolation,
    /// Where to read on in a partition whose log does not hold its position any more, or was made anew. Where a log was
    /// cut back by an unclean election, reading goes on where it was cut. Each time
    /// [`Event::PositionReset`](crate::Event::PositionReset) tells of it. Default: nowhere; the reader tells of it as an
    /// error, and that partition is read on only after a seek. Source: `auto.offset.reset`; Java has `latest`.
    pub reset: Option<Offset>,
    /// Where the application stands, in the words of the brokers' `broker.rack`: a partition's leader may then name a
    /// replica that is nearer, and records are read from that one (KIP-392; brokers of 2.4 and later whose
    /// `replica.selector.class` says so). Default: nowhere; records are read from leaders. Source: `client.rack`.
    pub rack: Option<String>,
    /// Memory of one reader, in bytes, over all its partitions. Default 64 MiB. Source: our own; librdkafka's
    /// `queued.max.messages.kbytes` comes closest.
    pub buffer_bytes: usize,
    /// Most bytes of one response. Default 8 MiB. Source: `fetch.max.bytes` (KIP-74); Java has 50 MiB.
    pub response_bytes: usize,
    /// Most bytes of one partition in a response; the first batch comes whole, whatever its size. Default 1 MiB. Source:
    /// `max.partition.fetch.bytes` (librdkafka: `fetch.message.max.bytes`).
    pub partition_bytes: usize,
    /// How long a broker may hold a fetch while there is nothing new. Default 500 ms. Source: `fetch.max.wait.ms` (librdkafka:
    /// `fetch.wait.max.ms`).
    ///
    /// A broker has one fetch of a reader at a time: a partition that is due while one for others is held waits for the answer
    /// to that, so up to this long.
    pub max_wait: Duration,
    /// Most bytes that one compressed batch may become; one that would become more stops its partition with an error. Default
    /// 64 MiB. Source: our own, against batches that are made to fill memory.
    pub decompressed_bytes: usize,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            isolation: Isolation::default(),
            reset: None,
            rack: None,
            buffer_bytes: 64 << 20,
            response_bytes: 8 << 20,
            partition_bytes: 1 << 20,
            max_wait: Duration::from_millis(500),
            decompressed_bytes: 64 << 20,
        }
    }
}

/// What a member of a group that the brokers coordinate and its coordinator expect of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupTimes {
    /// How long a member may be silent before the coordinator takes it out and gives its partitions to others. Default 45 s
    /// (KIP-735), and 30 s at most with brokers before 0.10.1; brokers allow 6 s to 30 min by default. Where groups are of
    /// KIP-848 the broker says it. Source: `session.timeout.ms`.
    pub session_timeout: Duration,
    /// Between signs of life of a member, each of which may bring news of a rebalance. Default 3 s. Where groups are of KIP-848 the
    /// broker says it. Source: `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// How long others wait in a rebalance for a member to give up what it holds; the application may hold on to it for half of
    /// that. With brokers before 0.10.1 it is the session timeout. Default 60 s. Source: the rebalance timeout of `JoinGroup` (KIP-62); Java and librdkafka have `max.poll.interval.ms`
    /// for it, 300 s, since their members answer only while the application asks for messages.
    pub rebalance_timeout: Duration,
}

impl Default for GroupTimes {
    fn default() -> Self {
        Self {
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            rebalance_timeout: Duration::from_secs(60),
        }
    }
}

/// Everything the engine is told at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How the first brokers are found. No default: it has to be said. Source: `bootstrap.servers` (librdkafka:
    /// `metadata.broker.list`), or `zookeeper.connect` of the Scala consumers.
    pub discovery: Discovery,
    /// Told to brokers with each request, for their logs and quotas. Default `samsa`. Source: `client.id`.
    pub client_id: String,
    /// The seed of all chance in the engine. Default 0; the builders of samsa-client draw one. Source: our own.
    pub seed: u64,
    /// The longest from dialling to a connection that can be used. Default 10 s. Source: `socket.connection.setup.timeout.ms`
    /// (KIP-601).
    pub connect_timeout: Duration,
    /// The longest from sending a request to its response, beyond what the request itself lets the broker wait. Default 30 s.
    /// Source: `request.timeout.ms` (librdkafka: `socket.timeout.ms`).
    pub request_timeout: Duration,
    /// The longest that a question or an order of the application may take that is not told otherwise: looking, creating,
    /// opening a reader, seeking. Default 30 s. Source: `default.api.timeout.ms` (KIP-266); Java has 60 s.
    pub api_timeout: Duration,
    /// Between attempts at one request, doubling from the first to the longest. Default 100 ms to 1 s. Source:
    /// `retry.backoff.ms` and `retry.backoff.max.ms` (KIP-580).
    pub retry_backoff: Backoff,
    /// Between attempts to dial one broker, doubling from the first to the longest. Default 50 ms to 1 s, as in Java: a longer
    /// wait outlives short delivery timeouts, so that a broker is back and records fail for want of an attempt. One attempt a
    /// second hurts nobody, and the cap on dialling holds over all brokers. Source: `reconnect.backoff.ms` and
    /// `reconnect.backoff.max.ms`.
    pub dial_backoff: Backoff,
    /// Metadata is asked for again at this age, errors apart. Default 5 min. Source: `metadata.max.age.ms` (librdkafka:
    /// `topic.metadata.refresh.interval.ms`).
    pub metadata_max_age: Duration,
    /// How messages are published.
    pub publish: PublishConfig,
    /// How messages are fetched, where a reader is not told otherwise.
    pub fetch: FetchConfig,
    /// How often the members of groups commit where that goes by itself, if they are not told otherwise. Default 5 s. Source:
    /// `auto.commit.interval.ms`.
    pub commit_interval: Duration,
    /// Where the groups of consumers live, if they are not told otherwise. Default: in ZooKeeper where the cluster is found through
    /// it, in the dialect Scala; else on the brokers. Source: `group.protocol` (KIP-848) for the latter.
    pub group_protocol: Option<GroupProtocol>,
    /// How members of groups share partitions out, if they are not told otherwise. Default: by range, or as the coordinator is
    /// configured where it shares out (KIP-848). Source: `partition.assignment.strategy`, `group.remote.assignor`.
    pub assignor: Option<Assignor>,
    /// What members of groups on the brokers and their coordinators expect of each other, if they are not told otherwise.
    pub group_times: GroupTimes,
}

impl Config {
    /// Defaults for everything but the way in.
    pub fn new(discovery: Discovery) -> Self {
        Self {
            discovery,
            client_id: "samsa".to_owned(),
            seed: 0,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            api_timeout: Duration::from_secs(30),
            retry_backoff: Backoff { first: Duration::from_millis(100), most: Duration::from_secs(1) },
            dial_backoff: Backoff { first: Duration::from_millis(50), most: Duration::from_secs(1) },
            metadata_max_age: Duration::from_secs(300),
            publish: PublishConfig::default(),
            fetch: FetchConfig::default(),
            commit_interval: Duration::from_secs(5),
            group_protocol: None,
            assignor: None,
            group_times: GroupTimes::default(),
        }
    }
}
