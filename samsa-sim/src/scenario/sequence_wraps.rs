//! Sequence numbers come to their end, 2^31 - 1, and go on with 0 (S5), while batches are in flight and answers are lost.

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "sequence-wraps",
    about: "sequence numbers wrap to 0 in the middle of what is in flight",
    finds: &["wraps-negative"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    // Older brokers expect 0 of a producer that they do not know.
    let releases = [Release::V2_8, Release::V3_9, Release::V4_4];
    let release = releases[(seed % 3) as usize];
    let faults = FaultMix::of(&[Fault::LostReply, Fault::Cut, Fault::Stall]);
    let plan = Plan::draw(seed, 3).replicated(2);
    let by_zookeeper = plan.by_zookeeper && release.has_zookeeper();
    let cluster = ClusterConfig { release, ..plan.cluster };
    let first_sequence = i32::MAX - 5 - (seed % 20) as i32;
    Plan {
        cluster,
        by_zookeeper,
        idempotence: true,
        batch_bytes: 200,
        first_sequence,
        faults: Some(faults),
        ..plan
    }
}
