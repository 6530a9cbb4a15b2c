//! What brokers did and did not say (S1): answers are lost with their connections, again and again, while full batches are
//! in flight behind each other. Whatever is sent again is stored once and in order.

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "ambiguous-outcome",
    about: "answers to produce requests are lost, and what is sent again is stored once, in order",
    finds: &["forgets-sequence", "renews-while-in-doubt", "always-five"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = FaultMix::of(&[Fault::LostReply, Fault::Cut, Fault::Stall, Fault::HalfOpen, Fault::Crash]);
    let plan = Plan::draw(seed, 3).replicated(2).tight(seed);
    Plan { idempotence: true, batch_bytes: 200, faults: Some(faults), ..plan }
}
