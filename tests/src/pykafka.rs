//! Members of a group that are balanced consumers of pykafka, each a Python process.
//!
//! pykafka is installed once, in a virtual environment in the [cache](mod@crate::cache), which needs Python 3 with its `venv` and
//! whatever package index pip is set to.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Error, RealKafka, cache,
    error::At,
    process::{self, Process},
    scratch::Scratch,
};

/// The versions that pykafka's dialect was recorded with.
const PACKAGES: [&str; 2] = ["pykafka==2.7.0", "kazoo==2.11.0"];
const MEMBER: &str = include_str!("../python/member.py");
const INSTALL_LIMIT: Duration = Duration::from_secs(300);
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);

/// How a member locks partitions, and deals them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// In the folder that has the topic's name, as on Python 2.
    pub locks_as_python2: bool,
    /// In turn, not in runs of neighbours.
    pub in_turn: bool,
}

/// A running member. It is killed on drop, as a power cut would.
#[derive(Debug)]
pub struct PykafkaMember {
    process: Process,
    scratch: Scratch,
}

impl PykafkaMember {
    /// Starts a member that reads a topic. It commits every 0.3 s, and its session is of 4 s.
    pub fn start(kafka: &RealKafka, group: &str, topic: &str, ways: Ways) -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let [script, stdout, log] = ["member.py", "stdout", "stderr"].map(|name| scratch.path().join(name));
        fs::write(&script, MEMBER).at("write", &script)?;
        let mut command = Command::new(python()?);
        let zookeeper = kafka.zookeeper().unwrap_or_default();
        let owners = if ways.locks_as_python2 { "python2" } else { "python3" };
        let deal = if ways.in_turn { "roundrobin" } else { "range" };
        command
            .arg(&script)
            .args([&kafka.bootstrap(), &zookeeper, group, topic, owners, deal])
            .stdin(Stdio::piped())
            .stdout(File::create(&stdout).at("create", &stdout)?)
            .stderr(File::create(&log).at("create", &log)?);
        let who = format!("the pykafka member of {group}, on {}", kafka.release());
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

    /// Asks it to leave, and waits until it has; says what it was given.
    pub fn shut_down(mut self) -> Result<Vec<(i32, i64)>, Error> {
        process::signal(self.process.id(), "TERM", &self.scratch.path().join("kill.log"))?;
        self.process.finish("it had left", SHUTDOWN_LIMIT)?;
        self.received()
    }
}

/// The Python of an environment in which pykafka is.
fn python() -> Result<PathBuf, Error> {
    if !process::installed("python3") {
        return Err(Error::Missing { program: "python3", install: "Python 3 with its module venv" });
    }
    let environment = cache::entry(&PACKAGES.join("-").replace("==", "-"), |partial| {
        let log = cache::directory()?.join("pykafka.log");
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(partial);
        process::run("python3 -m venv", &mut venv, &log, INSTALL_LIMIT)?;
        let mut pip = Command::new(partial.join("bin").join("python"));
        pip.args(["-m", "pip", "install"]).args(PACKAGES);
        let name = format!("pip install {}", PACKAGES.join(" "));
        process::run(&name, &mut pip, &log, INSTALL_LIMIT)
    })?;
    Ok(environment.join("bin").join("python"))
}
