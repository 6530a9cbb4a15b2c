//! A child process with a log, a goal to wait for, and a time limit for every wait.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::error::{At, Error, tail};

const LINES_OF_LOG: usize = 40;
const POLL: Duration = Duration::from_millis(50);

/// A running child. It is killed (`SIGKILL`) and reaped on drop.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// Where in the log this process begins.
    log_from: usize,
}

impl Process {
    /// Starts `command`; its stderr, and its stdout unless the caller set it, go to the end of `log`.
    ///
    /// stdin is a pipe that nothing writes to and that closes with this process, however that ends.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self, Error> {
        let errors = File::options().create(true).append(true).open(log).at("open", log)?;
        let output = errors.try_clone().at("open", log)?;
        command.stdin(Stdio::piped()).stdout(output).stderr(errors);
        Self::spawn(name, command, log)
    }

    pub(crate) fn spawn(name: &str, command: &mut Command, log: &Path) -> Result<Self, Error> {
        let log_from = fs::metadata(log).map_or(0, |log| log.len() as usize);
        let child = command.spawn().at("run", command.get_program())?;
        Ok(Self { name: name.into(), child, log: log.into(), log_from })
    }

    /// Asks `reached` until it says yes. A child that ends before that is an error, as is the end of `limit`.
    pub(crate) fn wait_until(
        &mut self,
        goal: &str,
        limit: Duration,
        mut reached: impl FnMut(&Self) -> bool,
    ) -> Result<(), Error> {
        let give_up = Instant::now() + limit;
        while !reached(self) {
            if let Some(status) = self.status()? {
                return Err(self.ended(status, goal));
            }
            if Instant::now() > give_up {
                return Err(self.late(goal, limit));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Waits for the child to end well.
    pub(crate) fn finish(&mut self, goal: &str, limit: Duration) -> Result<(), Error> {
        let status = self.end(goal, limit)?;
        if status.success() { Ok(()) } else { Err(self.ended(status, goal)) }
    }

    /// Waits for the child to end, well or not.
    pub(crate) fn end(&mut self, goal: &str, limit: Duration) -> Result<ExitStatus, Error> {
        let give_up = Instant::now() + limit;
        loop {
            match self.status()? {
                Some(status) => return Ok(status),
                None if Instant::now() > give_up => return Err(self.late(goal, limit)),
                None => thread::sleep(POLL / 5),
            }
        }
    }

    /// Its stdin, if that is a pipe and was not taken before.
    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Kills the child at once, as a power cut would, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn status(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().at("wait for", &self.name)
    }

    fn ended(&self, status: ExitStatus, goal: &str) -> Error {
        Error::Ended {
            process: self.name.clone(),
            status: status.to_string(),
            goal: goal.into(),
            tail: self.tail(),
        }
    }

    fn late(&self, goal: &str, limit: Duration) -> Error {
        Error::Late { process: self.name.clone(), goal: goal.into(), limit, tail: self.tail() }
    }

    /// What the process has logged so far.
    pub(crate) fn logged(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(self.log_from..).unwrap_or_default()).into_owned()
    }

    fn tail(&self) -> String {
        tail(&self.logged(), LINES_OF_LOG, self.log.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs `command` to its end with nothing on stdin; what it prints goes to `log`.
pub(crate) fn run(name: &str, command: &mut Command, log: &Path, limit: Duration) -> Result<(), Error> {
    Process::start(name, command, log)?.finish("it was done", limit)
}

/// Sends a signal, by its name.
pub(crate) fn signal(id: u32, signal: &str, log: &Path) -> Result<(), Error> {
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -{signal} {id}")]);
    run(&format!("kill -{signal}"), &mut kill, log, Duration::from_secs(10))
}

/// Runs `command` to its end with `input` on stdin and gives back its stdout. Both pass through files in `directory`, and
/// stderr is kept there as the log, so no size of either can make the two sides wait for each other.
pub(crate) fn converse(
    name: &str,
    command: &mut Command,
    input: &[u8],
    directory: &Path,
    limit: Duration,
) -> Result<Vec<u8>, Error> {
    let (inputs, outputs, log) =
        (directory.join("stdin"), directory.join("stdout"), directory.join("stderr"));
    fs::write(&inputs, input).at("write", &inputs)?;
    command
        .stdin(File::open(&inputs).at("open", &inputs)?)
        .stdout(File::create(&outputs).at("create", &outputs)?)
        .stderr(File::create(&log).at("create", &log)?);
    Process::spawn(name, command, &log)?.finish("it was done", limit)?;
    fs::read(&outputs).at("read", outputs)
}

/// Whether `program` can be run at all.
pub(crate) fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_failure_quotes_the_end_of_the_log() {
        let scratch = Scratch::new().expect("a directory");
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such luck; exit 3"]);
        let failure = run("the shell", &mut command, &scratch.path().join("log"), Duration::from_secs(30));
        let message = failure.expect_err("status 3 is a failure").to_string();
        assert!(message.contains("no such luck"), "{message}");
        assert!(message.contains("exit status: 3"), "{message}");
    }

    #[test]
    fn a_process_beyond_its_limit_is_killed() {
        let scratch = Scratch::new().expect("a directory");
        let mut command = Command::new("sleep");
        let failure = run("sleep", command.arg("600"), &scratch.path().join("log"), Duration::ZERO);
        assert!(matches!(failure, Err(Error::Late { .. })));
    }
}
