//! Brokers start again at other addresses, one of them or all at once (S25): then nobody is left at any address that clients have
//! learned, or only somebody who sends them back (KIP-1102), or another broker. They find the cluster again by the names that
//! they were told at first, which lead to the brokers wherever they are, or through `ZooKeeper`.

use std::ops::Range;
use std::time::Duration;

use super::plan::{Bootstrap, Plan};
use super::publish_and_read::{publish_and_settle, publish_when_all_is_well};
use super::stage::{Habit, Stage};
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::moves;
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "moved-cluster",
    about: "brokers start again at other addresses, one or all, and clients find them by their first names or ZooKeeper",
    finds: &["never-rebootstraps", "asks-who-sends-back", "keeps-old-address"],
};

const READER: usize = 0;
const BROKERS: u16 = 3;

/// How long brokers are down that move when nothing else goes wrong.
const DOWN: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(3);
/// How soon after that somebody publishes.
const IDLE: Range<Duration> = Duration::ZERO..Duration::from_secs(6);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let replication = 1 + Rng::new(seed).below(u64::from(BROKERS)) as u16;
    let plan = Plan::draw(seed, BROKERS).replicated(replication);
    // Only these send clients back.
    let release = if seed.is_multiple_of(2) { Release::V4_4 } else { plan.cluster.release };
    let faults = [
        Fault::Moved,
        Fault::Crash,
        Fault::Cut,
        Fault::LostReply,
        Fault::StaleMetadata,
        Fault::ZooKeeperLoss,
        Fault::SessionExpiry,
    ];
    Plan {
        cluster: ClusterConfig { release, ..plan.cluster },
        by_zookeeper: plan.by_zookeeper && release.has_zookeeper(),
        bootstrap: Bootstrap::Names,
        delivery_timeout: Duration::from_secs(120),
        faults: Some(FaultMix::of(&faults)),
        ..plan
    }
}

async fn play(stage: Stage) {
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    stage.reads(READER, &client, Habit::default());
    publish_and_settle(&stage, &publisher).await;
    move_all(&stage).await;
    publish_when_all_is_well(&stage, &publisher).await;
    stage.read_to_the_end(READER).await;
    stage.close(publisher).await;
    stage.close(client).await;
}

/// Clients that have learned everything, and have nothing to say, lose every address that they know.
async fn move_all(stage: &Stage) {
    let mut rng = stage.world.draw(Rng::fork);
    moves::all(&stage.world, &DOWN, &mut rng);
    stage.world.sleep(rng.duration(&IDLE)).await;
}
