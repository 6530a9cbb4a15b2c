//! What a seed decides of a scenario, besides the faults: the cluster, the way to it, and the client's settings.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use samsa_client::{Acks, Builder, Compression, Retries};

use crate::cluster::{ClusterConfig, Release};
use crate::faults::FaultMix;
use crate::rng::Rng;
use crate::runtime::Launcher;
use crate::world::World;

/// How long things go wrong.
const FAULTS: Range<Duration> = Duration::from_secs(3)..Duration::from_secs(20);

/// How long a batch waits for more, where it does.
const LINGER: Range<Duration> = Duration::from_micros(100)..Duration::from_millis(60);

/// Draws a plan apart from everything else that the seed decides.
const SALT: u64 = 0x706c_616e;

/// What clients are told that do not find the brokers through `ZooKeeper`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bootstrap {
    /// Where the brokers are.
    Addresses,
    /// Names that lead to the brokers wherever they are.
    Names,
}

/// What a world is like and how its clients are set.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) cluster: ClusterConfig,
    pub(super) faults_for: Duration,
    pub(super) by_zookeeper: bool,
    pub(super) bootstrap: Bootstrap,
    pub(super) compression: Compression,
    pub(super) delivery_timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) metadata_max_age: Duration,
    pub(super) batch_bytes: usize,
    pub(super) buffer_bytes: usize,
    pub(super) acks: Acks,
    /// How long a batch waits for more.
    pub(super) linger: Duration,
    pub(super) idempotence: bool,
    pub(super) retries: Retries,
    /// Where each partition begins to count.
    pub(super) first_sequence: i32,
    /// In which epoch each partition begins under a producer id.
    pub(super) first_epoch: i16,
    /// How many of a thousand messages have a header.
    pub(super) headers: u64,
    /// Some messages are published in sets.
    pub(super) sets: bool,
    /// How many of a thousand messages are larger than a batch may be, while things go wrong.
    pub(super) too_large: u64,
    /// What goes wrong; what the seed chooses, when that is not said.
    pub(super) faults: Option<FaultMix>,
}

impl Plan {
    /// A cluster of so many brokers.
    pub(super) fn draw(seed: u64, brokers: u16) -> Self {
        let rng = &mut Rng::new(seed ^ SALT);
        let release = rng.pick(&Release::ALL).copied().unwrap_or(Release::V3_9);
        let partitions = 1 + rng.below(4) as i32;
        Self {
            cluster: ClusterConfig { release, brokers, partitions, ..ClusterConfig::default() },
            faults_for: rng.duration(&FAULTS),
            by_zookeeper: release.has_zookeeper() && rng.chance(600),
            bootstrap: Bootstrap::Addresses,
            compression: if rng.chance(300) { Compression::Lz4 } else { Compression::None },
            delivery_timeout: Duration::from_secs(if rng.chance(300) { 3 } else { 120 }),
            request_timeout: Duration::from_secs(1 + rng.below(10)),
            metadata_max_age: Duration::from_secs(300),
            batch_bytes: if rng.chance(500) { 256 << 10 } else { 500 },
            buffer_bytes: 64 << 20,
            acks: Acks::All,
            idempotence: rng.chance(800),
            retries: Retries::All,
            first_sequence: 0,
            first_epoch: 0,
            headers: 0,
            sets: false,
            too_large: 0,
            faults: None,
            linger: if rng.chance(250) { rng.duration(&LINGER) } else { Duration::ZERO },
        }
    }

    /// The same with so many replicas of each partition.
    pub(super) fn replicated(mut self, replication: u16) -> Self {
        self.cluster.replication = replication;
        self
    }

    /// The same, but every third seed has so little memory for records that publishers wait for room.
    pub(super) fn tight(mut self, seed: u64) -> Self {
        if seed.is_multiple_of(3) {
            self.buffer_bytes = 6 << 10;
        }
        self
    }

    /// The same, but every fifth seed is content with what the leader alone has. Then nothing can be known again, and what its
    /// leader had and no other is lost with it.
    pub(super) fn lax(mut self, seed: u64) -> Self {
        if seed % 5 == 4 {
            self.acks = Acks::Leader;
        }
        self
    }

    /// A client of such a cluster.
    pub(super) fn client(&self, world: &World) -> Builder<Launcher> {
        let builder = match self.bootstrap {
            _ if self.by_zookeeper => world.zookeeper(),
            Bootstrap::Addresses => world.bootstrap(),
            Bootstrap::Names => world.bootstrap_by_names(),
        };
        builder
            .compression(self.compression)
            .delivery_timeout(self.delivery_timeout)
            .request_timeout(self.request_timeout)
            .configure(|config| config.metadata_max_age = self.metadata_max_age)
            .batch_bytes(self.batch_bytes)
            .buffer_bytes(self.buffer_bytes)
            .acks(self.acks)
            .linger(self.linger)
            .idempotence(self.idempotence)
            .retries(self.retries)
            .configure(|config| config.publish.first_sequence = self.first_sequence)
            .configure(|config| config.publish.first_epoch = self.first_epoch)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClusterConfig { release, releases, brokers, partitions, .. } = &self.cluster;
        let way = if self.by_zookeeper { "ZooKeeper" } else { "bootstrap" };
        let brokers = if *brokers == 1 { "one broker".to_owned() } else { format!("{brokers} brokers") };
        let partitions =
            if *partitions == 1 { "one partition".to_owned() } else { format!("{partitions} partitions") };
        let sends = if self.idempotence { "" } else { "; no idempotence" };
        write!(f, "{brokers} of Kafka {release}, found by {way}; {partitions}{sends}")?;
        if self.acks == Acks::Leader {
            f.write_str("; acknowledged by leaders alone")?;
        }
        if !self.linger.is_zero() {
            write!(f, "; batches linger for {:?}", self.linger)?;
        }
        if !releases.is_empty() {
            let releases: Vec<String> = releases.iter().map(ToString::to_string).collect();
            write!(f, "; they are {} at first", releases.join(", "))?;
        }
        Ok(())
    }
}
