//! One Kafka process with its port and its directory: a broker, a controller, or both.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Release,
    error::{At, Error},
    jvm::Jvm,
    ports::Port,
    probe,
    process::{self, Process},
};

const START_LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: usize,
    pub(crate) port: Port,
    pub(crate) release: Release,
    /// Whether it says that it is where nobody may reach it.
    is_elsewhere: bool,
    jvm: Jvm,
    directory: PathBuf,
    process: Mutex<Option<Process>>,
}

impl Node {
    pub(crate) fn new(release: Release, id: usize, within: &Path, is_elsewhere: bool) -> Result<Self, Error> {
        let directory = within.join(id.to_string());
        fs::create_dir_all(&directory).at("make", &directory)?;
        let jvm = Jvm::of(release, "leash")?;
        let (port, process) = (Port::take()?, Mutex::new(None));
        Ok(Self { id, port, release, is_elsewhere, jvm, directory, process })
    }

    /// Where it keeps its data, its settings and its log.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn write_properties(&self, lines: &str) -> Result<(), Error> {
        let file = self.file("server.properties");
        fs::write(&file, lines).at("write", file)
    }

    /// In KRaft mode, once, before it is first started.
    pub(crate) fn format(&self, cluster: &str) -> Result<(), Error> {
        let mut command = self.jvm.command(&["-XX:TieredStopAtLevel=1"], "kafka.tools.StorageTool");
        command.args(["format", "-t", cluster, "-c"]).arg(self.file("server.properties"));
        process::run("StorageTool format", &mut command, &self.file("format.log"), START_LIMIT)
    }

    /// Starts it, and does not wait.
    pub(crate) fn start(&self) -> Result<(), Error> {
        let mut command = self.jvm.leashed(&["-Xmx512m"], &self.directory, "kafka.Kafka");
        command.arg(self.file("server.properties"));
        let name = format!("{}, node {}", self.release, self.id);
        *self.process() = Some(Process::start(&name, &mut command, &self.file("broker.log"))?);
        Ok(())
    }

    /// Waits until it serves as a broker.
    pub(crate) fn wait_until_it_serves(&self) -> Result<(), Error> {
        match self.process().as_mut() {
            Some(process) => process.wait_until("it served", START_LIMIT, |process| self.serves(process)),
            None => Ok(()),
        }
    }

    /// Kills it (`SIGKILL`) and waits until its process is gone. Its data and its port stay.
    pub(crate) fn kill(&self) {
        self.process().take();
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, signal: &str) -> Result<(), Error> {
        let Some(id) = self.process_id() else { return Ok(()) };
        process::signal(id, signal, &self.file("kill.log"))
    }

    pub(crate) fn process_id(&self) -> Option<u32> {
        self.process().as_ref().map(Process::id)
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A broker serves when it is a member of its cluster, which its own Metadata shows.
    fn serves(&self, process: &Process) -> bool {
        match probe::listed_brokers(self.port.number) {
            Some(0) => {
                (self.release.lists_itself_late || self.is_elsewhere)
                    && process.logged().contains("started (kafka.server.KafkaServer)")
            }
            listed => listed.is_some(),
        }
    }
}
