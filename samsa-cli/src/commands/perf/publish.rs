//! `samsa perf publish`.

use clap::Args;

use super::figures::Run;
use super::load::Load;
use super::values::Values;
use crate::failure::Failure;
use crate::session::Session;
use crate::settings::Setting;

/// Publish records without keys, and see each acknowledged
#[derive(Args, Debug)]
pub(crate) struct PerfPublish {
    /// Where to
    topic: String,
    /// How many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// Bytes of each value
    #[arg(long, value_name = "B", value_parser = super::size)]
    size: usize,
    /// No more than so many records a second
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    rate: Option<u64>,
    /// none, gzip, snappy, lz4 or zstd
    #[arg(long, value_name = "C", value_parser = |value: &str| Setting::new("compression.type", value))]
    compression: Option<Setting>,
    /// How long a batch waits for more records when it could go
    #[arg(long, value_name = "L", value_parser = |value: &str| Setting::new("linger.ms", value))]
    linger_ms: Option<Setting>,
    /// Who has to have a record: all in-sync replicas, or 1, the leader
    #[arg(long, value_name = "A", value_parser = |value: &str| Setting::new("acks", value))]
    acks: Option<Setting>,
}

impl PerfPublish {
    pub(super) fn settings(&self) -> Vec<Setting> {
        [&self.compression, &self.linger_ms, &self.acks].into_iter().flatten().cloned().collect()
    }

    pub(super) async fn run(&self, session: &Session) -> Result<(), Failure> {
        session.connect().await?;
        let topic = session.cluster.topic(&self.topic);
        session.ask(topic.partitions()).await?;
        let values = Values::new(self.size);
        let mut load = Load::new(session, &topic, self.records, self.size);

        let run = Run::begin()?;
        let halted = load.send(&values, self.records, self.rate).await.err();
        if halted.is_some() {
            load.abandon().await;
        }
        let figures = run.end(load.acknowledged(), load.acknowledged() * self.size as u64)?;

        let undelivered = load.end();
        figures.print(session.json)?;
        undelivered.into_result()?;
        halted.map_or(Ok(()), Err)
    }
}
