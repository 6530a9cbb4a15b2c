//! From an address and settings to a cluster.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use samsa_core::{
    Acks, Compression, Config, Discovery, FetchConfig, GroupProtocol, GroupTimes, HostPort, Partitioner,
    Retries,
};
use samsa_proto::zookeeper::ConnectString;

use crate::driver::Driver;
use crate::error::ConnectError;
use crate::handles::Cluster;
use crate::properties::{Properties, PropertyError, Way};
use crate::runtime::Runtime;

/// The ZooKeeper session timeout that is asked for, unless said otherwise.
const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

/// How a client comes to run on a runtime: what an adapter tells the [`Builder`].
pub trait Launch {
    /// What drives the client.
    type Runtime: Runtime;

    /// The runtime, or in words why there is none here and what to do. `ensemble` is where ZooKeeper is, for clusters
    /// that are found by it.
    fn runtime(&self, ensemble: Option<&ConnectString>) -> Result<Self::Runtime, &'static str>;

    /// Has the driver polled until it ends.
    fn spawn(&self, driver: Driver<Self::Runtime>);
}

/// Where a cluster is and how to speak with it. `zookeeper(..)` and `bootstrap(..)` of the adapters begin one,
/// [`connect`](Self::connect) ends it.
#[must_use = "nothing happens before connect"]
#[derive(Clone)]
pub struct Builder<L> {
    launch: L,
    way: Way,
    session_timeout: Duration,
    connect_within: Option<Duration>,
    config: Config,
}

impl<L: Launch> Builder<L> {
    /// A cluster that registers itself in ZooKeeper: a connect string with its chroot, `zk1:2181,zk2:2181/kafka`.
    pub fn zookeeper(launch: L, connect_string: impl Into<String>) -> Self {
        Self::new(launch, Way::ZooKeeper(connect_string.into()))
    }

    /// A cluster of which some brokers are known: `k1:9092,k2:9092`. They tell of the others.
    pub fn bootstrap(launch: L, brokers: impl Into<String>) -> Self {
        Self::new(launch, Way::Bootstrap(brokers.into()))
    }

    /// A cluster, and everything about it, by the names of Java's and librdkafka's settings: `bootstrap.servers` or
    /// `zookeeper.connect` must be among them. See [`Properties`].
    pub fn from_properties(launch: L, properties: &Properties) -> Result<Self, PropertyError> {
        let way = properties.way.clone().ok_or(PropertyError::NoCluster)?;
        Ok(Self::new(launch, way).properties(properties))
    }

    fn new(launch: L, way: Way) -> Self {
        let seed = RandomState::new().build_hasher().finish();
        let config = Config { seed, ..Config::new(Discovery::Bootstrap(Vec::new())) };
        Self { launch, way, session_timeout: SESSION_TIMEOUT, connect_within: None, config }
    }

    /// Told to brokers with each request, for their logs and quotas. Default `samsa`. Source: `client.id`.
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        let client_id = client_id.into();
        self.configure(|config| config.client_id = client_id)
    }

    /// The longest that [`connect`](Self::connect) may take. Default: as [`api_timeout`](Self::api_timeout). Source: our own.
    ///
    /// Where several brokers are known, one that cannot be reached within a second is passed over for the next, and has its turn again.
    pub fn connect_within(mut self, within: Duration) -> Self {
        self.connect_within = Some(within);
        self
    }

    /// The ZooKeeper session timeout to ask for: of discovery's session, and of each consumer's. Default 6 s; of no use with
    /// bootstrap brokers. Source: `zookeeper.session.timeout.ms` of the Scala consumers.
    ///
    /// A member of a group stops before the servers end its session, whichever of them fails, if this is six of their `tickTime`s or
    /// more, 12 s as they usually are. With 6 s half a second can lack, if a server is lost within half a tick of its answer and no
    /// other one is found for 4 s.
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout;
        self
    }

    /// The longest from dialling a broker to a connection that can be used. Default 10 s. Source:
    /// `socket.connection.setup.timeout.ms` (KIP-601).
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.connect_timeout = timeout)
    }

    /// The longest from a request to its response, beyond what the request itself lets the broker wait. Default 30 s. Source:
    /// `request.timeout.ms` (librdkafka: `socket.timeout.ms`).
    pub fn request_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.request_timeout = timeout)
    }

    /// The longest that a question or an order may take, unless its own [`Call::within`](crate::Call::within) says
    /// otherwise: connecting, topics, partitions, offsets, creating a topic, opening a reader, seeking. Default 30 s. Each
    /// ends with an error then that says what was waited for. Source: `default.api.timeout.ms` (KIP-266); Java has 60 s.
    pub fn api_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.api_timeout = timeout)
    }

    /// The longest from the acceptance of a message to its outcome, retries and all. Default 120 s. Source:
    /// `delivery.timeout.ms` (KIP-91; librdkafka: `message.timeout.ms`).
    pub fn delivery_timeout(self, timeout: Duration) -> Self {
        self.configure(|config| config.publish.delivery_timeout = timeout)
    }

    /// Who must have a message before it counts as written. Default: every in-sync replica. Source: `acks` (librdkafka:
    /// `request.required.acks`), the field `acks` of Produce requests.
    pub fn acks(self, acks: Acks) -> Self {
        self.configure(|config| config.publish.acks = acks)
    }

    /// Whether brokers know a batch again that is sent twice, so that it is stored once (KIP-98). Needs
    /// [`Acks::All`] and brokers of 0.11 or later; elsewhere it is off, and
    /// [`explain`](Cluster::explain) says so. Default: true. Source: `enable.idempotence`.
    pub fn idempotence(self, on: bool) -> Self {
        self.configure(|config| config.publish.idempotence = on)
    }

    /// What is sent again where idempotence is off or not to be had: all of it, so that what had no answer may be stored twice,
    /// or [only what is certainly not stored](Retries::OnlyNotSent). With idempotence in force it makes no difference.
    /// Default: all, until the delivery timeout is over. Source: `retries` (librdkafka: `message.send.max.retries`), of which 0
    /// alone makes a difference.
    pub fn retries(self, retries: Retries) -> Self {
        self.configure(|config| config.publish.retries = retries)
    }

    /// How batches are compressed. Default: not at all. Source: `compression.type` (librdkafka: `compression.codec`).
    pub fn compression(self, compression: Compression) -> Self {
        self.configure(|config| config.publish.compression = compression)
    }

    /// Which partition a key belongs to. Default: `murmur2`, which is what Java's client does with keys. Source: `partitioner` of
    /// librdkafka, with names of its own beside those.
    pub fn partitioner(self, partitioner: Partitioner) -> Self {
        self.configure(|config| config.publish.partitioner = partitioner)
    }

    /// How long a batch waits for more messages when it could go. Default 0 ms: it leaves when its connection has room, and
    /// fills while requests are in flight. Source: `linger.ms` (librdkafka: `queue.buffering.max.ms`); Java has 5 ms since 4.0.
    pub fn linger(self, linger: Duration) -> Self {
        self.configure(|config| config.publish.linger = linger)
    }

    /// Bytes at which a batch is full, before it is compressed. Default 256 KiB. Source: `batch.size`; Java has 16 KiB.
    pub fn batch_bytes(self, bytes: usize) -> Self {
        self.configure(|config| config.publish.batch_bytes = bytes)
    }

    /// The largest single message, and the largest batch that holds more than one, in bytes before they are compressed.
    /// Default 1,000,000 bytes. Source: `max.request.size` (librdkafka: `message.max.bytes`); Java has 1 MiB.
    pub fn message_bytes(self, bytes: usize) -> Self {
        self.configure(|config| config.publish.message_bytes = bytes)
    }

    /// Memory for messages that have no outcome yet, in bytes. Who publishes more waits for room. Default 64 MiB. Source:
    /// `buffer.memory`; Java has 32 MiB.
    pub fn buffer_bytes(self, bytes: usize) -> Self {
        self.configure(|config| config.publish.buffer_bytes = bytes)
    }

    /// How readers and consumers fetch that are not told otherwise. Default, unit and source of each: what [`FetchConfig`] says.
    pub fn fetch(self, fetch: FetchConfig) -> Self {
        self.configure(|config| config.fetch = fetch)
    }

    /// How often the members of groups commit where that goes by itself, unless they are
    /// [told otherwise](crate::ConsumerBuilder::commit_every). Default 5 s. Source: `auto.commit.interval.ms`.
    pub fn commit_interval(self, interval: Duration) -> Self {
        self.configure(|config| config.commit_interval = interval)
    }

    /// Where the groups of consumers live, unless they are [told otherwise](crate::ConsumerBuilder::protocol). Default: in ZooKeeper
    /// where the cluster is found through it, else on the brokers. Source: `group.protocol`.
    pub fn group_protocol(self, protocol: GroupProtocol) -> Self {
        self.configure(|config| config.group_protocol = Some(protocol))
    }

    /// What members of groups on the brokers and their coordinators expect of each other, unless a consumer says otherwise. Default
    /// and source of each: those of [`GroupTimes`].
    pub fn group_times(self, times: GroupTimes) -> Self {
        self.configure(|config| config.group_times = times)
    }

    /// Where the application stands, as brokers have it in `broker.rack`: readers then read from replicas that are nearer
    /// than the leaders, where brokers name such (KIP-392); see [`FetchConfig::rack`]. Default: nowhere. Source: `client.rack`.
    pub fn rack(self, rack: impl Into<String>) -> Self {
        let rack = rack.into();
        self.configure(|config| config.fetch.rack = Some(rack))
    }

    /// Everything that these settings say, and the default for what they do not, but for the way to the cluster. What they
    /// leave out of account is logged.
    pub fn properties(mut self, properties: &Properties) -> Self {
        for ignored in properties.ignored() {
            tracing::warn!(name = %ignored.name, why = ignored.why, "a setting makes no difference");
        }
        self.session_timeout = properties.zookeeper_session_timeout().unwrap_or(SESSION_TIMEOUT);
        self.configure(|config| *config = Config { seed: config.seed, ..properties.config.clone() })
    }

    /// The seed of all chance in the client, to repeat a run. Default: the system's randomness. Source: our own.
    pub fn seed(self, seed: u64) -> Self {
        self.configure(|config| config.seed = seed)
    }

    /// Everything else that can be set. How the cluster is found is not: the builder's own address wins.
    pub fn configure(mut self, set: impl FnOnce(&mut Config)) -> Self {
        set(&mut self.config);
        self
    }

    /// Starts the client, and waits until it has seen the cluster.
    ///
    /// When that fails, or when this future is dropped, the client is gone again.
    ///
    /// # Errors
    /// When the address cannot be read, there is no runtime to run on, or no broker answers in time; what went wrong last is
    /// in it.
    pub async fn connect(self) -> Result<Cluster, ConnectError> {
        let within = self.connect_within.unwrap_or(self.config.api_timeout);
        let cluster = self.start()?;
        cluster.connected().within(within).await?;
        Ok(cluster)
    }

    /// Starts the client, and waits for nothing: so it can be asked what it waits for even when no broker answers. Whether
    /// the cluster was seen says [`Cluster::connected`].
    pub fn start(self) -> Result<Cluster, ConnectError> {
        let Self { launch, way, session_timeout, mut config, .. } = self;
        let mut ensemble = None;
        config.discovery = match way {
            Way::Bootstrap(brokers) => Discovery::Bootstrap(HostPort::list(&brokers)?),
            Way::ZooKeeper(connect_string) => {
                let connect_string = connect_string.parse::<ConnectString>()?;
                let name = connect_string.to_string();
                ensemble = Some(connect_string);
                Discovery::ZooKeeper { ensemble: name, session_timeout }
            }
        };
        let runtime = launch.runtime(ensemble.as_ref()).map_err(ConnectError::Runtime)?;
        let (cluster, driver) = crate::client(config, runtime);
        launch.spawn(driver);
        Ok(cluster)
    }
}

impl<L> fmt::Debug for Builder<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("way", &self.way)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    /// The setters of the builder, with their documentation.
    fn setters() -> Vec<(&'static str, String)> {
        let (mut setters, mut text) = (Vec::new(), String::new());
        for line in include_str!("builder.rs").lines() {
            if let Some(words) = line.strip_prefix("    ///") {
                text.push_str(words);
                continue;
            }
            let text = std::mem::take(&mut text);
            let function = line.strip_prefix("    pub fn ").and_then(|function| function.split_once('('));
            if let Some((name, rest)) = function
                && rest.contains("self, ")
            {
                setters.push((name, text));
            }
        }
        setters
    }

    #[test]
    fn each_setting_says_its_default_and_its_source() {
        let setters = setters();
        assert!(setters.len() > 20, "{setters:?}");
        for (name, text) in setters {
            // Settings by their names, and all others at once.
            if ["properties", "configure"].contains(&name) {
                continue;
            }
            assert!(text.contains("Default"), "{name} says no default:{text}");
            assert!(
                text.contains("Source: ") || text.contains("source of each"),
                "{name} says no source:{text}"
            );
        }
    }
}
