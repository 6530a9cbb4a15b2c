//! Batches that brokers find too large (S4): they are split, down to single messages and sets, while answers are lost and
//! leaders move. A set is stored whole, in order, or not at all; and what may be stored never changes its bytes, whether it
//! could be split or not.

use std::time::Duration;

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::cluster::ClusterConfig;
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "sets-stay-whole",
    about: "batches are too large for the brokers and split, and sets are stored whole or not at all",
    finds: &["tears-sets", "splits-in-doubt"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = FaultMix::of(&[Fault::LostReply, Fault::Cut, Fault::Stall, Fault::Crash, Fault::LeaderMove]);
    let plan = Plan::draw(seed, 3).replicated(2);
    let cluster = ClusterConfig { batch_bytes: 900, ..plan.cluster };
    // What fails in the middle of a set shows that it was torn.
    let delivery_timeout = Duration::from_millis(if seed.is_multiple_of(2) { 120_000 } else { 1_000 });
    Plan {
        cluster,
        idempotence: true,
        batch_bytes: 256 << 10,
        delivery_timeout,
        sets: true,
        faults: Some(faults),
        ..plan
    }
}
