//! Brokers enforce quotas (S25, KIP-219): a client that is told to wait sends nothing to that connection until the time is
//! over, and loses nothing by it.

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "quotas",
    about: "brokers throttle their clients, which wait as long as they are told to",
    finds: &["ignores-throttle"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    // Where bytes take their time, a broker cannot tell who is hasty.
    let faults = FaultMix::of(&[Fault::Quota, Fault::SlowBroker, Fault::LeaderMove, Fault::Crash]);
    let plan = Plan::draw(seed, 2).replicated(2).lax(seed);
    Stage::play(seed, options, Plan { faults: Some(faults), ..plan }, play)
}
