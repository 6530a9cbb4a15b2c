//! A client under comparison: commands that print the figures of `samsa perf --json`.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::work::{What, Work};

/// What a run prints; the other fields are passed over.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Figures {
    pub(crate) records: u64,
    pub(crate) cpu_ns_per_record: f64,
    pub(crate) max_rss_bytes: u64,
    /// Of those that measure how long records take.
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
}

/// A runtime of samsa.
#[derive(Clone, Copy)]
pub(crate) struct Runtime {
    /// What the tables call it.
    pub(crate) name: &'static str,
    /// What tells samsa to use it.
    pub(crate) arguments: &'static [&'static str],
}

/// The programs of a client.
#[derive(Clone)]
pub(crate) enum Client {
    /// One binary with subcommands, on this runtime.
    Samsa { binary: PathBuf, runtime: Runtime },
    /// The directory with `rdkafka-publish` and its like.
    Rdkafka(PathBuf),
    /// The directory with `floor-publish` and `floor-consume`.
    Floor(PathBuf),
}

impl Client {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Samsa { runtime, .. } => format!("samsa, {}", runtime.name),
            Self::Rdkafka(_) => "rdkafka".to_owned(),
            Self::Floor(_) => "floor".to_owned(),
        }
    }

    /// Whether it does this work: the floor does not compress, and has one way to consume.
    pub(crate) fn does(&self, work: &Work) -> bool {
        !matches!(self, Self::Floor(_)) || work.compression.is_none()
    }

    pub(crate) fn run(&self, bootstrap: &str, work: &Work, records: u64) -> Result<Figures, Box<dyn Error>> {
        match work.what {
            What::Publish => self.publish(bootstrap, &work.written(), work, records),
            What::Consume | What::ConsumeByMessage => {
                let mut command = self.command("consume", bootstrap, &work.filled());
                let by_message = work.what == What::ConsumeByMessage && matches!(self, Self::Samsa { .. });
                command.args(by_message.then_some("--by-message"));
                self.figures(command.args(["--records", &records.to_string()]), records)
            }
        }
    }

    pub(crate) fn publish(
        &self,
        bootstrap: &str,
        topic: &str,
        work: &Work,
        records: u64,
    ) -> Result<Figures, Box<dyn Error>> {
        let mut command = self.command("publish", bootstrap, topic);
        match (self, work.compression) {
            (Self::Samsa { .. }, Some(codec)) => _ = command.args(["--compression", codec]),
            (_, Some(codec)) => _ = command.args(["-X", &format!("compression.type={codec}")]),
            (_, None) => {}
        }
        self.figures(
            command.args(["--records", &records.to_string(), "--size", &work.size.to_string()]),
            records,
        )
    }

    /// How long records take at this rate.
    pub(crate) fn latency(
        &self,
        bootstrap: &str,
        topic: &str,
        rate: u64,
        seconds: u64,
    ) -> Result<Figures, Box<dyn Error>> {
        let mut command = self.command("latency", bootstrap, topic);
        let [per_second, lasts] = [rate, seconds].map(|number| number.to_string());
        command.args(["--rate", &per_second, "--seconds", &lasts, "--size", "100"]);
        let figures = self.figures(&mut command, rate * seconds)?;
        if figures.p50_ms.is_none() || figures.p99_ms.is_none() {
            return Err(self.failed(&command, "it did not say how long records took"));
        }
        Ok(figures)
    }

    /// How long it takes from the start of the process until it says that its only record is acknowledged.
    pub(crate) fn start(&self, bootstrap: &str, topic: &str) -> Result<Duration, Box<dyn Error>> {
        let mut command = self.command("publish", bootstrap, topic);
        let began = Instant::now();
        let mut child = command.args(["--records", "1", "--size", "100"]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let lasted = began.elapsed();
        let status = child.wait()?;
        if !status.success() || line.is_empty() {
            return Err(self.failed(&command, &status.to_string()));
        }
        Ok(lasted)
    }

    fn command(&self, work: &str, bootstrap: &str, topic: &str) -> Command {
        let mut command = match self {
            Self::Samsa { binary, .. } => Command::new(binary),
            Self::Rdkafka(directory) => Command::new(directory.join(format!("rdkafka-{work}"))),
            Self::Floor(directory) => Command::new(directory.join(format!("floor-{work}"))),
        };
        command.args(["--bootstrap", bootstrap]);
        if let Self::Samsa { runtime, .. } = self {
            command.args(["--json", "perf", work]).args(runtime.arguments);
        }
        command.arg(topic);
        command
    }

    /// The figures are the last line: a client may say more before it.
    fn figures(&self, command: &mut Command, records: u64) -> Result<Figures, Box<dyn Error>> {
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| self.failed(command, &error.to_string()))?;
        if !output.status.success() {
            return Err(self.failed(command, &output.status.to_string()));
        }
        let printed = String::from_utf8_lossy(&output.stdout);
        let last = printed.lines().last().ok_or_else(|| self.failed(command, "no figures were printed"))?;
        let figures: Figures =
            serde_json::from_str(last).map_err(|error| self.failed(command, &format!("{last}: {error}")))?;
        if figures.records != records {
            return Err(self.failed(command, &format!("{} records instead of {records}", figures.records)));
        }
        Ok(figures)
    }

    fn failed(&self, command: &Command, why: &str) -> Box<dyn Error> {
        format!("{}: {why}\n(the command was {command:?})", self.name()).into()
    }
}
