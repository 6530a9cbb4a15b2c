//! The `samsa` command: built in the profile and target directory of the running tests, and run with a limit for each wait.

use std::{
    fs,
    fs::File,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    Error, built,
    error::At,
    process::{self, Process},
    scratch::Scratch,
};

/// What would tell the command of another cluster, or make it say more.
const VARIABLES: [&str; 4] = ["SAMSA_ZOOKEEPER", "SAMSA_BOOTSTRAP", "SAMSA_CONFIG", "RUST_LOG"];

/// A running `samsa`. It is killed on drop.
#[derive(Debug)]
pub struct Samsa {
    process: Process,
    scratch: Scratch,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it said besides.
    pub stderr: String,
}

impl Samsa {
    /// Starts it with a pipe for its stdin.
    pub fn start(arguments: &[&str]) -> Result<Self, Error> {
        Self::start_with(&[], arguments, |_| Ok(Stdio::piped()))
    }

    /// Starts it with this for its stdin.
    pub fn start_reading(arguments: &[&str], stdin: Stdio) -> Result<Self, Error> {
        Self::start_with(&[], arguments, |_| Ok(stdin))
    }

    /// Runs it to its end, with `input` on its stdin.
    pub fn run(arguments: &[&str], input: &[u8], limit: Duration) -> Result<Ended, Error> {
        let stdin = |directory: &Path| {
            let file = directory.join("stdin");
            fs::write(&file, input).at("write", &file)?;
            Ok(File::open(&file).at("open", &file)?.into())
        };
        Self::start_with(&[], arguments, stdin)?.end(limit)
    }

    /// Runs it to its end with these variables in its environment, and nothing on its stdin.
    pub fn run_in(variables: &[(&str, &str)], arguments: &[&str], limit: Duration) -> Result<Ended, Error> {
        Self::start_with(variables, arguments, |_| Ok(Stdio::null()))?.end(limit)
    }

    fn start_with(
        variables: &[(&str, &str)],
        arguments: &[&str],
        stdin: impl FnOnce(&Path) -> Result<Stdio, Error>,
    ) -> Result<Self, Error> {
        let mut command = Command::new(binary()?);
        let scratch = Scratch::new()?;
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        command.envs(variables.iter().copied());
        command.env("XDG_CONFIG_HOME", scratch.path()).args(arguments);
        let [stdout, log] = ["stdout", "stderr"].map(|name| scratch.path().join(name));
        command
            .stdin(stdin(scratch.path())?)
            .stdout(File::create(&stdout).at("create", &stdout)?)
            .stderr(File::create(&log).at("create", &log)?);
        let process = Process::spawn(&format!("samsa {}", arguments.join(" ")), &mut command, &log)?;
        Ok(Self { process, scratch })
    }

    /// Its stdin, once, if it was [started](Self::start) with a pipe.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.process.stdin()
    }

    /// The operating system's id of its process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What it printed so far.
    pub fn printed(&self) -> Result<Vec<u8>, Error> {
        let file = self.scratch.path().join("stdout");
        fs::read(&file).at("read", file)
    }

    /// Asks it to end, by `SIGTERM`.
    pub fn terminate(&self) -> Result<(), Error> {
        self.signal("TERM")
    }

    /// Asks it to end as Ctrl-C does, by `SIGINT`.
    pub fn interrupt(&self) -> Result<(), Error> {
        self.signal("INT")
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

    /// Waits for its end. A pipe that is still its stdin is closed first.
    pub fn end(mut self, limit: Duration) -> Result<Ended, Error> {
        drop(self.stdin());
        let status = self.process.end("it was done", limit)?.code();
        let stderr = self.process.logged();
        Ok(Ended { status, stdout: self.printed()?, stderr })
    }
}

/// The executable, built by the first that asks.
fn binary() -> Result<PathBuf, Error> {
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(binary) = &*built {
        return Ok(binary.clone());
    }
    let binary = built::build(&["-p", "samsa-cli"], "samsa")?;
    Ok(built.insert(binary).clone())
}
