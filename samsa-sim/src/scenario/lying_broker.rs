//! Brokers answer nonsense (S20): wrong numbers, lengths that cannot be, halves of answers, partitions that are missing, twice
//! there or not asked for, offsets that no log has or that contradict each other, and leaders that deny to lead. It costs the connection, or the partition a while; never the
//! process, and never another request its answer.

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "lying-broker",
    about: "brokers answer nonsense, which costs a connection or a while, and nothing else",
    finds: &["trusts-correlation", "trusts-offsets"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = FaultMix::of(&[Fault::Lies, Fault::Lies, Fault::LeaderMove, Fault::Split]);
    let plan = Plan::draw(seed, 3).replicated(2);
    Plan { batch_bytes: 300, faults: Some(faults), ..plan }
}
