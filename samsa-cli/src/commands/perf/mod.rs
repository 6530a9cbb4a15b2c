//! `samsa perf`.

mod consume;
mod figures;
mod latency;
mod load;
mod publish;
mod usage;
mod values;

use clap::{Args, Subcommand};

use self::consume::PerfConsume;
use self::latency::PerfLatency;
use self::publish::PerfPublish;
use crate::arguments::{RuntimeName, Threads};
use crate::failure::Failure;
use crate::session::Session;
use crate::settings::Setting;

/// The largest value, in bytes: more than any broker takes.
const LARGEST: usize = 1 << 30;

/// Measure what this client takes
///
/// The figures are of this process, without its start: CPU time of all its threads, and the most memory that it had.
#[derive(Args, Debug)]
pub(crate) struct Perf {
    #[command(subcommand)]
    work: Work,
    /// Threads of Tokio: with 1 the client and what is measured take turns, with 2 they run beside each other; 1 by default
    ///
    /// Two threads are done sooner where there are cores to spare, and take more CPU time.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=2))]
    threads: Option<u8>,
}

#[derive(Debug, Subcommand)]
enum Work {
    Publish(PerfPublish),
    Consume(PerfConsume),
    Latency(PerfLatency),
}

impl Perf {
    /// What its options set about the client.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        match &self.work {
            Work::Publish(publish) => publish.settings(),
            Work::Consume(_) | Work::Latency(_) => Vec::new(),
        }
    }

    pub(crate) fn threads(&self, runtime: RuntimeName) -> Result<Threads, Failure> {
        match (self.threads, runtime) {
            (Some(_), RuntimeName::AsyncStd) => {
                Err(Failure::Usage("--threads is for Tokio: async-std has threads of its own".to_owned()))
            }
            (Some(2), RuntimeName::Tokio) => Ok(Threads::Two),
            _ => Ok(Threads::One),
        }
    }

    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match &self.work {
            Work::Publish(publish) => publish.run(session).await,
            Work::Consume(consume) => consume.run(session).await,
            Work::Latency(latency) => latency.run(session).await,
        }
    }
}

fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|size| *size <= LARGEST);
    size.ok_or_else(|| format!("write a number of bytes, {LARGEST} at most"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        perf: Perf,
    }

    fn threads(line: &str, runtime: RuntimeName) -> Result<Threads, String> {
        let line = Line::try_parse_from(line.split(' ')).unwrap();
        line.perf.threads(runtime).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn it_runs_on_one_thread_of_tokio_unless_two_are_asked_for() {
        let consume = "perf consume events --records 1";
        assert_eq!(threads(consume, RuntimeName::Tokio), Ok(Threads::One));
        assert_eq!(threads(&format!("{consume} --threads 1"), RuntimeName::Tokio), Ok(Threads::One));
        assert_eq!(threads(&format!("{consume} --threads 2"), RuntimeName::Tokio), Ok(Threads::Two));
        threads(consume, RuntimeName::AsyncStd).unwrap();
        let refused = threads(&format!("{consume} --threads 1"), RuntimeName::AsyncStd).unwrap_err();
        assert!(refused.contains("async-std has threads of its own"), "{refused}");
    }
}
