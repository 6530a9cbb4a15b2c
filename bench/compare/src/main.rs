//! `samsa perf` beside another client, against one real broker, in turn.

use std::{error::Error, path::PathBuf};

use clap::{Parser, ValueEnum};
use samsa_tests::{RealKafka, Release, java};

use crate::{client::Client, report::Pair};

mod build;
mod client;
mod report;

/// Starts a Kafka 4.4.0, lets samsa and rdkafka do the same in turn, and prints the CPU time of both per record
#[derive(Parser)]
struct Arguments {
    /// What to compare
    #[arg(default_value = "both")]
    work: Work,
    /// Records of each run
    #[arg(long, default_value_t = 2_000_000)]
    records: u64,
    /// Bytes of a value; there are no keys
    #[arg(long, default_value_t = 100)]
    size: u64,
    /// How often each client runs
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Partitions of the topics
    #[arg(long, default_value_t = 1)]
    partitions: u32,
    /// A samsa binary to use instead of building one
    #[arg(long)]
    samsa: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Work {
    Publish,
    Consume,
    Both,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (ours, theirs) = build::clients(arguments.samsa.clone())?;
    let kafka = RealKafka::start(Release::V4_4_0)?;

    // These two runs warm the broker up for all others, and their topic is what both consume.
    java::create_topic(&kafka, "filled", arguments.partitions)?;
    theirs.publish(&kafka.bootstrap(), "filled", arguments.records, arguments.size)?;
    theirs.consume(&kafka.bootstrap(), "filled", arguments.records)?;

    if arguments.work != Work::Consume {
        let pairs = in_turn(arguments.rounds, &ours, &theirs, |client, round| {
            let topic = format!("publish-{}-{round}", client.name());
            java::create_topic(&kafka, &topic, arguments.partitions)?;
            client.publish(&kafka.bootstrap(), &topic, arguments.records, arguments.size)
        })?;
        report::print("publish", &pairs);
    }
    if arguments.work != Work::Publish {
        let pairs = in_turn(arguments.rounds, &ours, &theirs, |client, _| {
            client.consume(&kafka.bootstrap(), "filled", arguments.records)
        })?;
        report::print("consume", &pairs);
    }
    Ok(())
}

/// Each round runs both, and the one that goes first changes from round to round, so that what the machine does beside
/// this falls on both.
fn in_turn(
    rounds: usize,
    ours: &Client,
    theirs: &Client,
    run: impl Fn(&Client, usize) -> Result<client::Figures, Box<dyn Error>>,
) -> Result<Vec<Pair>, Box<dyn Error>> {
    (0..rounds)
        .map(|round| {
            if round % 2 == 0 {
                let ours = run(ours, round)?;
                Ok(Pair { ours, theirs: run(theirs, round)? })
            } else {
                let theirs = run(theirs, round)?;
                Ok(Pair { ours: run(ours, round)?, theirs })
            }
        })
        .collect()
}
