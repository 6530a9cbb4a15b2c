//! One real broker, with its ZooKeeper where it has one.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    Mode, Release,
    error::{At, Error},
    jvm::Jvm,
    ports::Port,
    probe,
    process::{self, Process},
    scratch::Scratch,
    zookeeper::ZooKeeper,
};

const START_LIMIT: Duration = Duration::from_secs(120);

/// What a cluster of one broker has to be told. Older releases pass over what they do not know.
const ALONE: &str = "\
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
zookeeper.session.timeout.ms=6000
zookeeper.connection.timeout.ms=60000
";

/// A broker on loopback, alone in its cluster, with its data in a directory of its own. Everything goes on drop, and with the
/// process that started it, however that ends.
#[derive(Debug)]
pub struct RealKafka {
    release: Release,
    jvm: Jvm,
    port: Port,
    broker: Mutex<Option<Process>>,
    zookeeper: Option<ZooKeeper>,
    controller: Option<Port>,
    scratch: Scratch,
}

impl RealKafka {
    /// Starts a broker of `release`, after fetching its jars when they are not cached, and waits until it serves.
    pub fn start(release: Release) -> Result<Self, Error> {
        Self::start_with(release, &[])
    }

    /// The same with further lines for `server.properties`.
    pub fn start_with(release: Release, properties: &[(&str, &str)]) -> Result<Self, Error> {
        let jvm = Jvm::of(release, "leash")?;
        let scratch = Scratch::new()?;
        let port = Port::take()?;
        let controller = (release.mode == Mode::KRaft).then(Port::take).transpose()?;
        let mut kafka =
            Self { release, jvm, port, broker: Mutex::new(None), zookeeper: None, controller, scratch };
        if release.mode == Mode::ZooKeeper {
            kafka.zookeeper = Some(ZooKeeper::start(&release, &kafka.jvm, kafka.scratch.path())?);
        }
        kafka.write_properties(properties)?;
        if release.mode == Mode::KRaft {
            kafka.format_storage()?;
        }
        kafka.restart_broker()?;
        Ok(kafka)
    }

    /// The release that runs.
    pub fn release(&self) -> Release {
        self.release
    }

    /// `HOST:PORT` of the broker.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port.number)
    }

    /// `HOST:PORT` of its ZooKeeper; `None` in KRaft mode.
    pub fn zookeeper(&self) -> Option<String> {
        self.zookeeper.as_ref().map(|zookeeper| format!("127.0.0.1:{}", zookeeper.port.number))
    }

    /// Kills the broker (`SIGKILL`) and waits until its process is gone. Its data and its port stay.
    pub fn kill_broker(&self) {
        self.broker().take();
    }

    /// Starts the broker on the same port with the same data, after killing it if it runs, and waits until it serves.
    ///
    /// In ZooKeeper mode it waits for the end of the killed broker's session first: a broker that starts before that ends at once,
    /// and one of 0.8 lives on without a controller (KAFKA-1724).
    pub fn restart_broker(&self) -> Result<(), Error> {
        let mut broker = self.broker();
        broker.take();
        if let Some(zookeeper) = &self.zookeeper {
            zookeeper.wait_until_gone("/brokers/ids/1")?;
        }
        let mut process = self.spawn_broker()?;
        process.wait_until("it served", START_LIMIT, |process| self.serves(process))?;
        *broker = Some(process);
        Ok(())
    }

    /// The operating system's id of the broker's process, while it runs.
    pub fn broker_process(&self) -> Option<u32> {
        self.broker().as_ref().map(Process::id)
    }

    fn broker(&self) -> MutexGuard<'_, Option<Process>> {
        self.broker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A broker serves when it is a member of its cluster, which its own Metadata shows.
    fn serves(&self, process: &Process) -> bool {
        match probe::listed_brokers(self.port.number) {
            Some(0) => {
                self.release.lists_itself_late
                    && process.logged().contains("started (kafka.server.KafkaServer)")
            }
            listed => listed.is_some(),
        }
    }

    fn spawn_broker(&self) -> Result<Process, Error> {
        let mut command = self.jvm.leashed(&["-Xmx512m"], self.scratch.path(), "kafka.Kafka");
        command.arg(self.file("server.properties"));
        Process::start(&self.release.to_string(), &mut command, &self.file("broker.log"))
    }

    fn format_storage(&self) -> Result<(), Error> {
        let cluster = URL_SAFE_NO_PAD.encode(format!("samsa-{:010}", std::process::id()));
        let mut command = self.jvm.command(&["-XX:TieredStopAtLevel=1"], "kafka.tools.StorageTool");
        command.args(["format", "-t", &cluster, "-c"]).arg(self.file("server.properties"));
        process::run("StorageTool format", &mut command, &self.file("format.log"), START_LIMIT)
    }

    fn write_properties(&self, further: &[(&str, &str)]) -> Result<(), Error> {
        let mut properties = vec![("log.dirs", self.file("data").display().to_string())];
        let port = self.port.number;
        match (&self.controller, self.zookeeper()) {
            (Some(controller), _) => properties.extend(kraft(port, controller.number)),
            (None, zookeeper) => {
                properties.extend(self.release.address(port));
                properties.push(("broker.id", "1".into()));
                properties.push(("zookeeper.connect", zookeeper.unwrap_or_default()));
            }
        }
        let mut text = ALONE.to_owned();
        for (name, value) in
            properties.iter().map(|(name, value)| (*name, value.as_str())).chain(further.iter().copied())
        {
            text.extend([name, "=", value, "\n"]);
        }
        let file = self.file("server.properties");
        fs::write(&file, text).at("write", file)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }
}

/// The properties of a process that is broker and controller at once.
fn kraft(port: u16, controller: u16) -> Vec<(&'static str, String)> {
    vec![
        ("process.roles", "broker,controller".into()),
        ("node.id", "1".into()),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("controller.listener.names", "CONTROLLER".into()),
        ("listeners", format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}")),
        ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{port}")),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".into()),
    ]
}
