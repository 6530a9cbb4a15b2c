//! Members of a group that are balanced consumers of pykafka, each a Python process.
//!
//! pykafka is installed once, in a virtual environment in the [cache](mod@crate::cache), which needs Python 3 with its `venv` and
//! whatever package index pip is set to.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use crate::{Error, RealKafka, cache, error::At, member::MemberProcess, process, scratch::Scratch};

/// The versions that pykafka's dialect was recorded with.
const PACKAGES: [&str; 2] = ["pykafka==2.7.0", "kazoo==2.11.0"];
const MEMBER: &str = include_str!("../python/member.py");
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

/// How a member locks partitions, and deals them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// In the folder that has the topic's name, as on Python 2.
    pub locks_as_python2: bool,
    /// In turn, not in runs of neighbours.
    pub in_turn: bool,
}

/// Starts a member that reads a topic. It commits every 0.3 s, and its session is of 4 s.
pub fn start(kafka: &RealKafka, group: &str, topic: &str, ways: Ways) -> Result<MemberProcess, Error> {
    let scratch = Scratch::new()?;
    let script = scratch.path().join("member.py");
    fs::write(&script, MEMBER).at("write", &script)?;
    let mut command = Command::new(python()?);
    let zookeeper = kafka.zookeeper().unwrap_or_default();
    let owners = if ways.locks_as_python2 { "python2" } else { "python3" };
    let deal = if ways.in_turn { "roundrobin" } else { "range" };
    command.arg(&script).args([&kafka.bootstrap(), &zookeeper, group, topic, owners, deal]);
    let who = format!("the pykafka member of {group}, on {}", kafka.release());
    MemberProcess::start(&who, scratch, &mut command, true)
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
