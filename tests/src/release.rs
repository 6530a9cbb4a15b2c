//! The Kafka releases that can be started, and how they differ in that.

use std::{fmt, path::PathBuf};

use crate::{
    Error,
    jars::{Artifact, fetch},
};

/// How a cluster keeps its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A broker registered in ZooKeeper.
    ZooKeeper,
    /// One process that is broker and controller, without ZooKeeper.
    KRaft,
}

/// A Kafka release, with what it takes to run it on a present-day JDK.
///
/// A further release is one more constant; nothing else knows versions by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Release {
    /// As `3.9.2`.
    pub version: &'static str,
    /// How it is run.
    pub mode: Mode,
    /// The artifact with the broker, named after its Scala version.
    artifact: &'static str,
    /// What the broker needs that its own dependencies do not bring: log bindings, classes that left the JDK.
    extra: &'static [Artifact],
    /// Whether the broker's address is `host.name` and `port` (before `listeners`).
    plain_address: bool,
}

/// Kafka from 2.x to 3.9 logs through log4j 1.2 or its successor of the same form.
const RELOAD4J: Artifact = Artifact::new("org.slf4j", "slf4j-reload4j", "1.7.36");
/// Kafka 4.x logs through log4j 2.
const LOG4J2: Artifact = Artifact::new("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5");

impl Release {
    /// 3.9.2, the last line with ZooKeeper.
    pub const V3_9_2: Self = Self::zookeeper("3.9.2", "kafka_2.13", &[RELOAD4J]);
    /// 4.4.0, in KRaft mode as every 4.x.
    pub const V4_4_0: Self = Self {
        version: "4.4.0",
        mode: Mode::KRaft,
        artifact: "kafka_2.13",
        extra: &[LOG4J2],
        plain_address: false,
    };

    const fn zookeeper(version: &'static str, artifact: &'static str, extra: &'static [Artifact]) -> Self {
        Self { version, mode: Mode::ZooKeeper, artifact, extra, plain_address: false }
    }

    /// The directory with the jars of the broker and its clients, fetched when they are not cached.
    pub fn jars(&self) -> Result<PathBuf, Error> {
        let mut artifacts = vec![Artifact::new("org.apache.kafka", self.artifact, self.version)];
        artifacts.extend(self.extra);
        fetch(self.version, &artifacts)
    }

    /// The properties that say where a broker in ZooKeeper mode listens.
    pub(crate) fn address(&self, port: u16) -> Vec<(&'static str, String)> {
        if self.plain_address {
            vec![("host.name", "127.0.0.1".into()), ("port", port.to_string())]
        } else {
            vec![("listeners", format!("PLAINTEXT://127.0.0.1:{port}"))]
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kafka {}", self.version)
    }
}
