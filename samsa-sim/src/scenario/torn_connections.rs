//! Connections tear at any byte (S25): reads and writes take parts, resets come in the middle of frames, nothing moves for
//! a while, hosts are out of reach. What a broker reads are whole frames, and each request has one answer or one error.

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "torn-connections",
    about: "connections tear at any byte, stall, and go deaf",
    finds: &["skips-half-written"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = [Fault::Split, Fault::Cut, Fault::Stall, Fault::HalfOpen, Fault::Latency, Fault::Partition];
    let plan = Plan::draw(seed, 2).replicated(2).lax(seed);
    Plan { faults: Some(FaultMix::of(&faults)), ..plan }
}
