//! A client under comparison: two commands that print the figures of `samsa perf --json`.

use std::{
    error::Error,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde::Deserialize;

/// What a run prints; the other fields are passed over.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Figures {
    pub(crate) records: u64,
    pub(crate) records_per_second: f64,
    pub(crate) cpu_ns_per_record: f64,
    pub(crate) max_rss_bytes: u64,
}

/// The programs of a client.
pub(crate) enum Client {
    /// One binary with subcommands.
    Samsa(PathBuf),
    /// The directory with `rdkafka-publish` and `rdkafka-consume`.
    Rdkafka(PathBuf),
}

impl Client {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Samsa(_) => "samsa",
            Self::Rdkafka(_) => "rdkafka",
        }
    }

    pub(crate) fn publish(
        &self,
        bootstrap: &str,
        topic: &str,
        records: u64,
        size: u64,
    ) -> Result<Figures, Box<dyn Error>> {
        let mut command = self.command("publish", bootstrap, topic, records);
        self.run(command.args(["--size", &size.to_string()]), records)
    }

    pub(crate) fn consume(
        &self,
        bootstrap: &str,
        topic: &str,
        records: u64,
    ) -> Result<Figures, Box<dyn Error>> {
        self.run(&mut self.command("consume", bootstrap, topic, records), records)
    }

    fn command(&self, work: &str, bootstrap: &str, topic: &str, records: u64) -> Command {
        let mut command = match self {
            Self::Samsa(binary) => Command::new(binary),
            Self::Rdkafka(directory) => Command::new(directory.join(format!("rdkafka-{work}"))),
        };
        command.args(["--bootstrap", bootstrap]);
        if let Self::Samsa(_) = self {
            command.args(["--json", "perf", work]);
        }
        command.args([topic, "--records", &records.to_string()]);
        command
    }

    /// The figures are the last line: a client may say more before it.
    fn run(&self, command: &mut Command, records: u64) -> Result<Figures, Box<dyn Error>> {
        let failed = |why: &str| format!("{}: {why}\n(the command was {command:?})", self.name());
        let output = Command::new(command.get_program())
            .args(command.get_args())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| failed(&error.to_string()))?;
        if !output.status.success() {
            return Err(failed(&output.status.to_string()).into());
        }
        let printed = String::from_utf8_lossy(&output.stdout);
        let last = printed.lines().last().ok_or_else(|| failed("no figures were printed"))?;
        let figures: Figures =
            serde_json::from_str(last).map_err(|error| failed(&format!("{last}: {error}")))?;
        if figures.records != records {
            return Err(failed(&format!("{} records instead of {records}", figures.records)).into());
        }
        Ok(figures)
    }
}
