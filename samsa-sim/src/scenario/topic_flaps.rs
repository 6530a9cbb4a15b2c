//! A topic goes out of the metadata and comes back (S6), because brokers that have just started know nothing. Who a
//! partition says it is, and where it is in its sequence, outlives that.

use std::time::Duration;

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "topic-flaps",
    about: "brokers that restart say for a while that the topic does not exist, while a client publishes to it",
    finds: &["forgets-with-metadata"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    // Some take what comes under old numbers for repetitions, and acknowledge it.
    let releases = [Release::V1_1, Release::V2_1, Release::V3_9, Release::V4_4];
    let release = releases[(seed % 4) as usize];
    let faults = FaultMix::of(&[Fault::BlankMetadata, Fault::Crash, Fault::LostReply]);
    let plan = Plan::draw(seed, 1);
    let by_zookeeper = plan.by_zookeeper && release.has_zookeeper();
    // Longer than what is known of a topic outlives such answers.
    let blank = Duration::from_secs(60);
    let faults_for = plan.faults_for + Duration::from_secs(40);
    let cluster = ClusterConfig { release, blank, ..plan.cluster };
    Plan {
        cluster,
        faults_for,
        by_zookeeper,
        idempotence: true,
        batch_bytes: 200,
        faults: Some(faults),
        ..plan
    }
}
