//! `samsa perf` beside another client and beside the least that the protocol allows, against one real broker, in turn.

use std::{error::Error, path::PathBuf};

use clap::{Parser, ValueEnum};
use samsa_tests::{RealKafka, Release, java};

use crate::{
    client::{Client, Runtime},
    rounds::in_turn,
    work::{Choice, WORKS, What, Work},
};

mod build;
mod client;
mod report;
mod rounds;
mod work;

/// Starts a Kafka 4.4.0, lets samsa, rdkafka and a floor do the same in turn, and prints what each took
#[derive(Parser)]
struct Arguments {
    /// What to compare
    #[arg(default_value = "all")]
    work: Choice,
    /// Records of 100 bytes of each run; larger ones are fewer
    #[arg(long, default_value_t = 2_000_000)]
    records: u64,
    /// How often each client runs
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long records are sent at a steady rate, in each run of latency
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Records a second of latency
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    /// The runtime of samsa: tokio on one thread and on two, async-std, or all
    #[arg(long, default_value = "all")]
    runtime: On,
    /// A samsa binary to use instead of building one
    #[arg(long)]
    samsa: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum On {
    Tokio,
    AsyncStd,
    All,
}

const RUNTIMES: [Runtime; 3] = [
    Runtime { name: "tokio, one thread", arguments: &["--threads", "1"] },
    Runtime { name: "tokio, two threads", arguments: &["--threads", "2"] },
    Runtime { name: "async-std", arguments: &["--runtime", "async-std"] },
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let clients = arguments.clients()?;
    let kafka = RealKafka::start(Release::V4_4_0)?;
    let works: Vec<&Work> = WORKS.iter().filter(|work| arguments.work.has(work.what)).collect();

    if !works.is_empty() {
        fill(&kafka, &works, &clients, arguments.records)?;
        report::head();
        for work in works {
            let records = work.records(arguments.records);
            let clients: Vec<_> = clients.iter().filter(|client| client.does(work)).collect();
            let runs =
                in_turn(&clients, arguments.rounds, |client| client.run(&kafka.bootstrap(), work, records))?;
            report::work(work, &runs);
        }
    }
    // The floor has nothing to say of the rest.
    let clients: Vec<_> = clients.iter().filter(|client| !matches!(client, Client::Floor(_))).collect();
    if arguments.work.includes(Choice::Latency) {
        java::create_topic(&kafka, "latency", 1)?;
        let runs = in_turn(&clients, arguments.rounds, |client| {
            client.latency(&kafka.bootstrap(), "latency", arguments.rate, arguments.seconds)
        })?;
        report::latency(&runs);
    }
    if arguments.work.includes(Choice::Start) {
        java::create_topic(&kafka, "start", 1)?;
        let runs = in_turn(&clients, arguments.rounds, |client| client.start(&kafka.bootstrap(), "start"))?;
        report::start(&runs);
    }
    Ok(())
}

/// Makes the topics, and writes what is to be read with rdkafka: its batches are large, a fair load for all. This warms the broker up
/// as well.
fn fill(kafka: &RealKafka, works: &[&Work], clients: &[Client], records: u64) -> Result<(), Box<dyn Error>> {
    let writer = clients.iter().find(|client| matches!(client, Client::Rdkafka(_))).ok_or("no rdkafka")?;
    for work in works.iter().filter(|work| work.what == What::Publish) {
        java::create_topic(kafka, &work.written(), 1)?;
    }
    for work in works.iter().filter(|work| work.what == What::Consume) {
        java::create_topic(kafka, &work.filled(), 1)?;
        writer.publish(&kafka.bootstrap(), &work.filled(), work, work.records(records))?;
    }
    Ok(())
}

impl Arguments {
    fn clients(&self) -> Result<Vec<Client>, Box<dyn Error>> {
        let (samsa, peers) = build::programs(self.samsa.clone())?;
        let runtimes = match self.runtime {
            On::Tokio => &RUNTIMES[..2],
            On::AsyncStd => &RUNTIMES[2..],
            On::All => &RUNTIMES,
        };
        let ours = runtimes.iter().map(|runtime| Client::Samsa { binary: samsa.clone(), runtime: *runtime });
        Ok(ours.chain([Client::Rdkafka(peers.clone()), Client::Floor(peers)]).collect())
    }
}
