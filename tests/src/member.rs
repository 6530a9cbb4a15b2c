//! A member of a group in a process of its own: somebody else's consumer, or one of ours that takes its time.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Error,
    error::At,
    process::{self, Process},
    scratch::Scratch,
};

const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);

/// A running member, which prints partition and offset of each message that it is given, a line each. It is killed on drop,
/// as a power cut would.
#[derive(Debug)]
pub struct MemberProcess {
    process: Process,
    scratch: Scratch,
    /// Whether its status is 0 when it was asked to end; that of a Java process tells of the signal.
    ends_with_success: bool,
}

impl MemberProcess {
    pub(crate) fn start(
        who: &str,
        scratch: Scratch,
        command: &mut Command,
        ends_with_success: bool,
    ) -> Result<Self, Error> {
        let [stdout, log] = ["stdout", "stderr"].map(|name| scratch.path().join(name));
        command
            .stdin(Stdio::piped())
            .stdout(File::create(&stdout).at("create", &stdout)?)
            .stderr(File::create(&log).at("create", &log)?);
        Ok(Self { process: Process::spawn(who, command, &log)?, scratch, ends_with_success })
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
        self.signal("TERM")?;
        if self.ends_with_success {
            self.process.finish("it had left", SHUTDOWN_LIMIT)?;
        } else {
            self.process.end("it had left", SHUTDOWN_LIMIT)?;
        }
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
