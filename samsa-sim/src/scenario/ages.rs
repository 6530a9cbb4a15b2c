//! Brokers of all ages, some of which close connections without a word or stand still (design of `connection/age.rs`): none is taken
//! for one before 0.10 where another has told its versions; and those that are so old are spoken to in their own formats. Before
//! 0.11 who names a topic creates it: somebody looks for one all the time that is not there, and must not make it.

use std::time::Duration;

use samsa_client::{Cluster, Compression, Offset, ReadError};

use super::plan::Plan;
use super::publish_and_read::play_with;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "ages",
    about: "brokers of all ages, of which the newer ones are not taken for old when they hang up or freeze",
    finds: &["doubts-modern-brokers", "looking-creates"],
};

/// What a silence alone can have a client believe: it takes two of them, with an answer in between.
pub(super) const STUTTERING: Scenario = Scenario {
    name: "stuttering-brokers",
    about: "brokers stand still, go on for a moment and stand still again, and are not taken for old",
    finds: &["doubts-modern-brokers"],
};

/// A topic that nobody publishes to.
const NOBODYS: &str = "nothing";

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// So much longer: two silences have to come to their ends.
const LONGER: Duration = Duration::from_secs(30);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

pub(super) fn run_stuttering(seed: u64, options: Options) -> Report {
    let plan = plan(seed);
    let faults = FaultMix::of(&[Fault::Standstill, Fault::LeaderMove, Fault::Split]);
    let (faults_for, request_timeout) = (plan.faults_for + LONGER, Duration::from_secs(1 + seed % 3));
    Stage::play(seed, options, Plan { faults_for, request_timeout, faults: Some(faults), ..plan }, play)
}

fn plan(seed: u64) -> Plan {
    const AGES: [Release; 5] = [Release::V0_9, Release::V0_10, Release::V0_11, Release::V3_9, Release::V4_4];
    let plan = Plan::draw(seed, 2).replicated(2);
    let release = Rng::new(seed).pick(&AGES).copied().unwrap_or(Release::V3_9);
    // Each of the two ways to say nothing hides the other.
    let silence = if seed.is_multiple_of(2) { Fault::HangUp } else { Fault::Standstill };
    let faults = FaultMix::of(&[silence, Fault::Cut, Fault::Crash, Fault::SlowBroker, Fault::LeaderMove]);
    let is_old = release < Release::V0_11;
    Plan {
        cluster: ClusterConfig { release, ..plan.cluster },
        by_zookeeper: plan.by_zookeeper && release.has_zookeeper(),
        compression: if is_old { Compression::None } else { plan.compression },
        faults: Some(faults),
        ..plan
    }
}

/// Each client hears from a broker before any falls silent: one that meets nobody else takes it for old, as it must.
async fn play(stage: Stage) {
    stage.world.faults().keep_calm(true);
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    stage.world.faults().keep_calm(false);
    stage.world.spawn(look_in_vain(stage.clone(), client.clone()));
    play_with(stage, publisher, client).await;
}

/// Looks for a topic that nobody publishes to, until the client is closed.
async fn look_in_vain(stage: Stage, client: Cluster) {
    let topic = client.topic(NOBODYS);
    loop {
        match topic.reader(Offset::Earliest).open().await {
            Err(ReadError::Closed) => return,
            Err(error) => stage.tell("app", format_args!("nothing is there to read: {error}")),
            Ok(_) => stage.world.violation("looking-never-creates", "a reader of what nobody made is open"),
        }
        let has_partitions = topic.partitions().await.is_ok_and(|partitions| !partitions.is_empty());
        if has_partitions || topic.offsets(Offset::Earliest).await.is_ok() {
            stage.world.violation("looking-never-creates", "what nobody made has partitions or offsets");
        }
        stage.world.sleep(BETWEEN_LOOKS).await;
    }
}
