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
    /// Whether Metadata lists no broker until there is a topic.
    pub(crate) lists_itself_late: bool,
    /// Whether its console consumer finds the brokers through ZooKeeper.
    pub(crate) consumes_by_zookeeper: bool,
    /// The nearest release of `kafka-tools`, which has the console tools where the broker's own jars have them no more, and what
    /// the option of their consumer is called that says how to print.
    tools: Option<(&'static str, &'static str)>,
}

/// Where the console consumer is, and what its option is called that says how to print.
pub(crate) struct ConsoleConsumer {
    pub(crate) jars: PathBuf,
    pub(crate) main: &'static str,
    pub(crate) property: &'static str,
}

/// What Kafka before 2.x logs through, and its ZooKeeper server needs besides.
const LOG4J: Artifact = Artifact::new("org.slf4j", "slf4j-log4j12", "1.7.25");
/// Kafka 0.10 and 0.11 use a package that left the JDK in 11.
const JAXB: Artifact = Artifact::new("javax.xml.bind", "jaxb-api", "2.3.1");
/// Kafka from 2.x to 3.9 logs through log4j 1.2 or its successor of the same form.
const RELOAD4J: Artifact = Artifact::new("org.slf4j", "slf4j-reload4j", "1.7.36");
/// Kafka 4.x logs through log4j 2.
const LOG4J2: Artifact = Artifact::new("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5");

impl Release {
    /// 0.8.2.2: message sets of magic 0, no `ApiVersions`, no group coordinator for clients of today.
    pub const V0_8_2_2: Self =
        Self { lists_itself_late: true, consumes_by_zookeeper: true, ..Self::old("0.8.2.2", &[]) };
    /// 0.9.0.1: the first with the group protocol; still no `ApiVersions`.
    pub const V0_9_0_1: Self = Self { consumes_by_zookeeper: true, ..Self::old("0.9.0.1", &[]) };
    /// 0.10.2.2: message sets of magic 1, `ApiVersions`.
    pub const V0_10_2_2: Self = Self::old("0.10.2.2", &[JAXB]);
    /// 0.11.0.3: the first with record batches (magic 2).
    pub const V0_11_0_3: Self = Self::old("0.11.0.3", &[JAXB]);
    /// 1.1.1: the last that the Scala consumers were made for.
    pub const V1_1_1: Self = Self::old("1.1.1", &[LOG4J]);
    /// 2.8.2.
    pub const V2_8_2: Self = Self::zookeeper("2.8.2", "kafka_2.12", &[RELOAD4J]);
    /// 3.9.2, the last line with ZooKeeper.
    pub const V3_9_2: Self =
        Self { tools: Some(("3.9.1", "--property")), ..Self::zookeeper("3.9.2", "kafka_2.13", &[RELOAD4J]) };
    /// The same without ZooKeeper.
    pub const V3_9_2_KRAFT: Self = Self { mode: Mode::KRaft, ..Self::V3_9_2 };
    /// 4.0.0, the first without ZooKeeper.
    pub const V4_0_0: Self = Self { version: "4.0.0", tools: Some(("4.0.0", "--property")), ..Self::V4_4_0 };
    /// 4.4.0, in KRaft mode as every 4.x.
    pub const V4_4_0: Self = Self {
        version: "4.4.0",
        mode: Mode::KRaft,
        artifact: "kafka_2.13",
        extra: &[LOG4J2],
        plain_address: false,
        lists_itself_late: false,
        consumes_by_zookeeper: false,
        tools: Some(("4.3.1", "--formatter-property")),
    };

    const fn old(version: &'static str, extra: &'static [Artifact]) -> Self {
        Self { plain_address: true, ..Self::zookeeper(version, "kafka_2.11", extra) }
    }

    const fn zookeeper(version: &'static str, artifact: &'static str, extra: &'static [Artifact]) -> Self {
        Self {
            version,
            mode: Mode::ZooKeeper,
            artifact,
            extra,
            plain_address: false,
            lists_itself_late: false,
            consumes_by_zookeeper: false,
            tools: None,
        }
    }

    /// The directory with the jars of the broker and its clients, fetched when they are not cached.
    pub fn jars(&self) -> Result<PathBuf, Error> {
        let mut artifacts = vec![Artifact::new("org.apache.kafka", self.artifact, self.version)];
        artifacts.extend(self.extra);
        fetch(self.version, &artifacts)
    }

    /// Its console consumer, or that of the nearest release that has one.
    pub(crate) fn console_consumer(&self) -> Result<ConsoleConsumer, Error> {
        let Some((version, property)) = self.tools else {
            let main = "kafka.tools.ConsoleConsumer";
            return Ok(ConsoleConsumer { jars: self.jars()?, main, property: "--property" });
        };
        let tools = Artifact::new("org.apache.kafka", "kafka-tools", version);
        Ok(ConsoleConsumer {
            jars: fetch(&format!("tools-{version}"), &[tools])?,
            main: "org.apache.kafka.tools.consumer.ConsoleConsumer",
            property,
        })
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
        let mode = match self.mode {
            Mode::ZooKeeper => "ZooKeeper",
            Mode::KRaft => "KRaft",
        };
        write!(f, "Kafka {} with {mode}", self.version)
    }
}
