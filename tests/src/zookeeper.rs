//! The ZooKeeper server that a release's own jars bring.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
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

const PROPERTIES: &str = "zookeeper.properties";
const START_LIMIT: Duration = Duration::from_secs(90);
/// Beyond any session timeout that is granted.
const SESSION_LIMIT: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub(crate) struct ZooKeeper {
    pub(crate) port: Port,
    name: String,
    directory: PathBuf,
    process: Mutex<Process>,
}

impl ZooKeeper {
    /// Starts a server with its data in `directory`, and waits until it serves.
    pub(crate) fn start(release: &Release, jvm: &Jvm, directory: &Path) -> Result<Self, Error> {
        let port = Port::take()?;
        let properties = directory.join(PROPERTIES);
        let data = directory.join("zookeeper");
        fs::write(&properties, lines(&data, port.number)).at("write", &properties)?;

        let name = format!("ZooKeeper of {release}");
        let process = Mutex::new(serve(&name, jvm, directory, port.number)?);
        Ok(Self { port, name, directory: directory.to_owned(), process })
    }

    /// Kills the server (`SIGKILL`) and starts it on the same port with the same data: its sessions go on.
    pub(crate) fn restart(&self, jvm: &Jvm) -> Result<(), Error> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.kill();
        *process = serve(&self.name, jvm, &self.directory, self.port.number)?;
        Ok(())
    }

    /// The sessions with this timeout that are connected now.
    pub(crate) fn sessions(&self, timeout: Duration) -> BTreeSet<String> {
        probe::zookeeper_sessions(self.port.number, timeout).unwrap_or_default()
    }

    /// The timeout that a session was granted, if that is connected now.
    pub(crate) fn session_timeout(&self, session: i64) -> Option<Duration> {
        probe::zookeeper_session_timeout(self.port.number, session)
    }

    /// Sessions are over at multiples of this.
    pub(crate) fn tick(&self) -> Option<Duration> {
        probe::zookeeper_tick(self.port.number)
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, signal: &str) -> Result<(), Error> {
        let id = self.process.lock().unwrap_or_else(PoisonError::into_inner).id();
        process::signal(id, signal, &self.directory.join("kill-zookeeper.log"))
    }

    /// Waits until the session that owns the node `path` is over.
    pub(crate) fn wait_until_gone(&self, path: &str) -> Result<(), Error> {
        let port = self.port.number;
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.wait_until(&format!("{path} was gone"), SESSION_LIMIT, |_| {
            matches!(probe::zookeeper_session_owns(port, path), Ok(false))
        })
    }
}

/// Starts a server in `directory`, and waits until it serves.
fn serve(name: &str, jvm: &Jvm, directory: &Path, port: u16) -> Result<Process, Error> {
    let main = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
    let mut command = jvm.leashed(&["-Xmx256m"], directory, main);
    command.arg(directory.join(PROPERTIES));
    let mut process = Process::start(name, &mut command, &directory.join("zookeeper.log"))?;
    process.wait_until("it served", START_LIMIT, |_| probe::zookeeper_serves(port))?;
    Ok(process)
}

/// Sessions of 2 to 60 s are granted: what a test asks for is what it gets.
fn lines(data: &Path, port: u16) -> String {
    format!(
        "dataDir={}\nclientPortAddress=127.0.0.1\nclientPort={port}\nmaxClientCnxns=0\nadmin.enableServer=false\n\
         4lw.commands.whitelist=*\ntickTime=1000\nminSessionTimeout=2000\nmaxSessionTimeout=60000\n",
        data.display()
    )
}
