//! `samsa perf`.

mod consume;
mod figures;
mod latency;
mod load;
mod publish;
mod usage;
mod values;

use clap::Subcommand;

use self::consume::PerfConsume;
use self::latency::PerfLatency;
use self::publish::PerfPublish;
use crate::failure::Failure;
use crate::session::Session;
use crate::settings::Setting;

/// The largest value, in bytes: more than any broker takes.
const LARGEST: usize = 1 << 30;

/// Measure what this client takes
///
/// The figures are of this process, without its start: CPU time of all its threads, and the most memory that it had.
#[derive(Debug, Subcommand)]
pub(crate) enum Perf {
    Publish(PerfPublish),
    Consume(PerfConsume),
    Latency(PerfLatency),
}

impl Perf {
    /// What its options set about the client.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        match self {
            Self::Publish(publish) => publish.settings(),
            Self::Consume(_) | Self::Latency(_) => Vec::new(),
        }
    }

    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Publish(publish) => publish.run(session).await,
            Self::Consume(consume) => consume.run(session).await,
            Self::Latency(latency) => latency.run(session).await,
        }
    }
}

fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|size| *size <= LARGEST);
    size.ok_or_else(|| format!("write a number of bytes, {LARGEST} at most"))
}
