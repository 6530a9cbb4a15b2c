//! An application's own code, tested in the simulator: brokers crash, leaders move and connections break around it, in
//! virtual time, from a seed. The same seed gives the same run.
//!
//! ```sh
//! cargo run -p samsa-sim --example application -- 0..20
//! ```
//!
//! The application is what stands in `election`. It knows nothing of the simulator: in production `main` would connect by
//! `samsa_tokio::bootstrap(..)` and call the same functions.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use samsa_sim::{ClusterConfig, Fault, FaultMix, Run, Simulation};

/// The application: votes are published, each with its voter as key, and counted.
mod election {
    use std::collections::BTreeMap;
    use std::error::Error;

    use samsa_client::{Cluster, Message, Offset};

    /// Every vote is accepted when this returns.
    pub(crate) async fn vote(cluster: &Cluster, votes: &[(&str, &str)]) -> Result<(), Box<dyn Error>> {
        let topic = cluster.topic("votes");
        let mut deliveries = Vec::new();
        for (voter, choice) in votes {
            deliveries.push(topic.enqueue(Message::new(*choice).key(*voter)).await?);
        }
        for delivery in deliveries {
            delivery.await?;
        }
        Ok(())
    }

    /// Counts so many votes.
    pub(crate) async fn count(
        cluster: &Cluster,
        votes: usize,
    ) -> Result<BTreeMap<String, usize>, Box<dyn Error>> {
        let mut reader = cluster.topic("votes").reader(Offset::Earliest).open().await?;
        let mut counted = BTreeMap::new();
        for _ in 0..votes {
            let message = reader.next().await.ok_or("the client was closed")??;
            let choice = String::from_utf8_lossy(message.value().unwrap_or_default()).into_owned();
            *counted.entry(choice).or_default() += 1;
        }
        Ok(counted)
    }
}

const VOTES: [(&str, &str); 6] =
    [("ada", "yes"), ("ben", "no"), ("cleo", "yes"), ("dan", "yes"), ("eve", "no"), ("fay", "yes")];

/// One election in a world from this seed.
fn hold(seed: u64) -> Run<Result<BTreeMap<String, usize>, String>> {
    let cluster = ClusterConfig { brokers: 3, replication: 3, ..ClusterConfig::default() };
    let faults =
        FaultMix::of(&[Fault::Crash, Fault::LeaderMove, Fault::Cut, Fault::LostReply, Fault::Latency]);
    Simulation::new(seed).cluster(cluster).faults(faults).run(|world| async move {
        let app = async {
            let cluster = world.bootstrap().connect_within(Duration::from_secs(60)).connect().await?;
            election::vote(&cluster, &VOTES).await?;
            let counted = election::count(&cluster, VOTES.len()).await?;
            cluster.close().await?;
            Ok::<_, Box<dyn std::error::Error>>(counted)
        };
        app.await.map_err(|error| error.to_string())
    })
}

/// Every vote is counted once, whatever went wrong: this is what the test is about.
fn check(seed: u64) {
    let Run { output, report } = hold(seed);
    assert!(report.is_ok(), "{report}");
    let counted = output.expect("it ran to its end");
    let expected = [("no", 2), ("yes", 4)].map(|(choice, count)| (choice.to_owned(), count));
    assert_eq!(counted, Ok(BTreeMap::from(expected)), "{report}");
    println!("{report}");
}

fn seeds(argument: Option<String>) -> Option<Range<u64>> {
    let argument = argument.unwrap_or_else(|| "0..10".to_owned());
    let (from, to) = argument.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

fn main() {
    match seeds(std::env::args().nth(1)) {
        Some(seeds) => seeds.for_each(check),
        None => eprintln!("give the seeds as FROM..TO, for example 0..20"),
    }
}

#[test]
fn every_vote_is_counted_once_whatever_goes_wrong() {
    (0..20).for_each(check);
}
