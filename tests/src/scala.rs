//! Members of a group that are high-level consumers of Scala, as Kafka had them from 0.8 to 1.1, each a Java process.

use std::{
    fs::{self, File},
    process::Stdio,
    time::Duration,
};

use crate::{
    Error, RealKafka,
    error::At,
    jvm::Jvm,
    process::{self, Process},
    scratch::Scratch,
};

const OPTIONS: [&str; 3] = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);

/// Commits often, and never gives up a rebalance before the session of a member that was killed is over.
const SETTINGS: [(&str, &str); 6] = [
    ("auto.offset.reset", "smallest"),
    ("auto.commit.interval.ms", "500"),
    ("zookeeper.session.timeout.ms", "4000"),
    ("rebalance.backoff.ms", "500"),
    ("rebalance.max.retries", "40"),
    ("fetch.wait.max.ms", "100"),
];

/// A running member. It is killed on drop, as a power cut would.
#[derive(Debug)]
pub struct ScalaMember {
    process: Process,
    scratch: Scratch,
}

impl ScalaMember {
    /// Starts a member by the consumer of the release that runs. It is called `GROUP_NAME`, and reads a topic with so many
    /// streams; a topic `~REGEX` is a white list. `settings` are properties of the consumer.
    pub fn start(
        kafka: &RealKafka,
        (group, name): (&str, &str),
        (topic, streams): (&str, usize),
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let jvm = Jvm::of_all(kafka.release(), &["leash", "scala"])?;
        let mut command = jvm.leashed(&OPTIONS, scratch.path(), "Member");
        let zookeeper = kafka.zookeeper().unwrap_or_default();
        command.args([&zookeeper, group, topic, &streams.to_string()]);
        let named = [("consumer.id", name)];
        let settings = SETTINGS.iter().chain(&named).chain(settings);
        command.args(settings.map(|(name, value)| format!("{name}={value}")));
        let [stdout, log] = ["stdout", "stderr"].map(|name| scratch.path().join(name));
        command
            .stdin(Stdio::piped())
            .stdout(File::create(&stdout).at("create", &stdout)?)
            .stderr(File::create(&log).at("create", &log)?);
        let who = format!("the Scala member {group}_{name} of {}", kafka.release());
        Ok(Self { process: Process::spawn(&who, &mut command, &log)?, scratch })
    }

    /// Partition and offset of each message that it was given so far, in its order.
    pub fn received(&self) -> Result<Vec<(i32, i64)>, Error> {
        let file = self.scratch.path().join("stdout");
        let text = fs::read_to_string(&file).at("read", file)?;
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let place = |line: &str| {
            let (partition, offset) = line.split_once(' ')?;
            Some((partition.parse().ok()?, offset.parse().ok()?))
        };
        Ok(whole.lines().filter_map(place).collect())
    }

    /// What it has logged.
    pub fn logged(&self) -> String {
        self.process.logged()
    }

    /// Asks it to shut down, and waits until it has; says what it was given.
    pub fn shut_down(mut self) -> Result<Vec<(i32, i64)>, Error> {
        self.signal("TERM")?;
        self.process.end("it had shut down", SHUTDOWN_LIMIT)?;
        self.received()
    }

    /// Has it stand still, by `SIGSTOP`.
    pub fn freeze(&self) -> Result<(), Error> {
        self.signal("STOP")
    }

    /// Has it go on, by `SIGCONT`.
    pub fn thaw(&self) -> Result<(), Error> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), Error> {
        process::signal(self.process.id(), signal, &self.scratch.path().join("kill.log"))
    }
}
