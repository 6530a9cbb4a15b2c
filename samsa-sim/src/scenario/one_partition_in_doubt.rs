//! One partition loses its place in the sequence while others have batches in flight (S2): messages that no broker takes
//! leave gaps behind. That partition takes a new identity; nothing of the others is sent under another than before. With every second
//! seed the epochs of a producer id are used up soon, so that partitions take other ids (S5).

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::cluster::ClusterConfig;
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "one-partition-in-doubt",
    about: "partitions take new identities one by one, while batches of others are in flight",
    finds: &["shares-identity", "reuses-last-epoch"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = FaultMix::of(&[Fault::LostReply, Fault::Cut, Fault::Stall, Fault::HalfOpen]);
    let plan = Plan::draw(seed, 3).replicated(2);
    let cluster = ClusterConfig { batch_bytes: 1000, partitions: 4, ..plan.cluster };
    let first_epoch = if seed.is_multiple_of(2) { 0 } else { i16::MAX - 2 };
    Plan {
        cluster,
        idempotence: true,
        batch_bytes: 200,
        too_large: 120,
        first_epoch,
        faults: Some(faults),
        ..plan
    }
}
