//! Every bound of the engine, in one place. What reaches its bound waits or is refused; nothing grows without one.

use std::time::Duration;

use crate::backoff::Backoff;

/// Commands of the application that wait for their answer at once; the next is refused.
pub const COMMANDS: usize = 1024;

/// Commands about groups, from outside, that wait for their answer at once, each with a session where there is a ZooKeeper; the
/// next is refused.
pub const GROUP_LOOKS: usize = 16;

/// Streams with which a member of a group takes part: all of the group's are sorted in each round.
pub const STREAMS: u16 = 1024;

/// Operations that such a command has under way at once.
pub const ZOOKEEPER_OPERATIONS: usize = 64;

/// How long a broker that has never told its versions may take to answer the first question of a connection. Brokers of
/// 0.9 stay silent for ever.
pub const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// Connections that are being dialled at once, over all brokers.
pub const DIALS: usize = 8;

/// Of these, how many may lead to one broker.
pub const DIALS_TO_ONE_PEER: usize = 2;

/// The longest time for which a broker may have a connection sent nothing (KIP-219). Its default quota windows come to 11 s.
pub const THROTTLE: Duration = Duration::from_secs(60);

/// Requests in flight on one connection.
pub const REQUESTS_IN_FLIGHT: usize = 32;

/// Of these, how many are kept for questions about metadata and for producer ids: one for each, as these are asked one at a time.
pub const REQUESTS_KEPT_FREE: usize = 2;

/// Produce requests in flight on one connection.
pub const PRODUCE_REQUESTS_IN_FLIGHT: usize = 5;

/// Batches of one partition whose fate is unknown, where a broker remembers as many (Kafka 1.0 and later).
pub const BATCHES_IN_FLIGHT: usize = 5;

/// Bytes of one response: a longer one costs the connection. Fetches ask for no more than half of it.
pub const RESPONSE_BYTES: usize = 100 << 20;

/// Bytes that are read into a connection's own buffer before the length of a frame is known.
pub const READ_BYTES: usize = 16 << 10;

/// Receive buffers that are kept for the next large frames, none of them larger than [`POOLED_FRAME_BYTES`].
pub const POOLED_FRAMES: usize = 8;

/// The largest receive buffer that is kept.
pub const POOLED_FRAME_BYTES: usize = 16 << 20;

/// Segments that one gather write takes.
pub const GATHER_SEGMENTS: usize = 64;

/// Open batches of keyless messages of one topic: as many threads append at once without waiting for each other.
pub const FREE_SLOTS: usize = 4;

/// Leaders that brokers name in their own place and that are asked without a wait, one after the other, for one partition.
pub const HINTS_AT_ONCE: u32 = 3;

/// How long a reader stays with the leader after a nearer replica was of no use: after the first time, and at most when that goes on
/// (KIP-392).
pub const REPLICA_AVOIDED_FIRST: Duration = Duration::from_secs(1);

/// See [`REPLICA_AVOIDED_FIRST`].
pub const REPLICA_AVOIDED_MOST: Duration = Duration::from_secs(60);

/// Bytes of a rack that brokers are told, as strings of the protocol are.
pub const RACK_BYTES: usize = i16::MAX as usize;

/// Brokers whose addresses are kept. Those that the metadata names are kept in any case; beyond them nobody is introduced.
pub const ADDRESSES: usize = 10_000;

/// How long the leader epochs of a topic that ZooKeeper shows to be made anew are taken as they come: meanwhile every broker
/// will have heard of it.
pub const MADE_ANEW: Duration = Duration::from_secs(30);

/// How long brokers must say that a topic is unknown which was seen, before that is believed: one that has just started says so of
/// every topic for a while. Where ZooKeeper has no topic of this name, it is believed at once.
pub const UNKNOWN: Duration = Duration::from_secs(30);

/// How long those brokers that answer must say that a topic is unknown which nobody has seen, where others do not answer.
pub const NEVER_SEEN: Duration = Duration::from_secs(1);

/// From the end of one question for metadata to the next, while messages wait for what only metadata can tell: who leads their
/// partition now.
pub const LEADERLESS: Duration = Duration::from_millis(50);

/// Between attempts to send a batch to a partition that may have another leader.
pub const LEADERLESS_RETRY: Backoff = Backoff { first: LEADERLESS, most: Duration::from_millis(100) };

/// How long a question for metadata may take while messages wait for a leader, and a connection for it while an application waits
/// for its first sight of the cluster, before another broker is turned to. Doubled when three in a row, or as many as there are,
/// were in vain.
pub const METADATA_ANSWER: Duration = Duration::from_secs(1);

/// A produce request whose answer is owed for so long lets the client doubt that its broker leads still. A broker that took longer
/// lately has twice as long as it took.
pub const PRODUCE_ANSWER: Duration = Duration::from_secs(1);

/// Between questions for metadata for that reason.
pub const PRODUCE_DOUBT: Duration = Duration::from_millis(250);

/// A produce request is held back by its broker if the answer is owed for so long, and four times as long as a quick one takes.
pub const PRODUCE_HELD: Duration = Duration::from_millis(20);

/// How long a leader is new: its followers may rest meanwhile (Kafka's `replica.fetch.backoff.ms`, 1 s by default).
pub const NEW_LEADER: Duration = Duration::from_secs(2);

/// How long a new leader waits for its followers, before it answers for what those have.
pub const NEW_LEADER_ANSWER: Duration = Duration::from_millis(200);

/// Topics that one client can publish to or look at.
pub const TOPICS: usize = 100_000;

/// Partitions of one topic that are believed.
pub const PARTITIONS: usize = 200_000;

/// Readers open at once.
pub const READERS: usize = 4096;

/// Events of a group's member that are kept for a listener that lags behind.
pub const CONSUMER_EVENTS: usize = 1024;

/// How long a member of a group that nobody wants any more may take to commit what is done and to go.
pub const LEAVING: Duration = Duration::from_secs(10);

/// How long a group that keeps its offsets on the brokers tries to ask its coordinator something, before that is told as failed;
/// and how long brokers are asked for the groups that they coordinate.
pub const COORDINATOR: Duration = Duration::from_secs(10);

/// How often a commit of a member of a group on the brokers is tried that is refused because of its partition, or of an epoch that
/// the member is about to hear of.
pub const MEMBERS_COMMIT: u32 = 5;

/// How long a member that ends because of an error waits for its coordinator to hear of that.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// The longest session of a member at brokers before 0.10.1, by their default `group.max.session.timeout.ms`.
pub const OLD_SESSION: Duration = Duration::from_secs(30);

/// The shortest time between heartbeats for which a coordinator can ask (KIP-848).
pub const HEARTBEAT_LEAST: Duration = Duration::from_millis(100);

/// The longest.
pub const HEARTBEAT_MOST: Duration = Duration::from_secs(60);

/// How often in a row a commit on the brokers may be left without an answer, before it is told as failed.
pub const COMMIT_DOUBTS: u32 = 3;
