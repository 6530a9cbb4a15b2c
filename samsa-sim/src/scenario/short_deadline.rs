//! The delivery deadline is shorter than a failover (S3, S27): what was sent to a leader that died is given up while its
//! fate is unknown, and what comes behind it must neither overtake it nor make it go twice.

use std::time::Duration;

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "short-deadline",
    about: "brokers are gone for longer than a message may take, and nothing is stored twice or overtaken",
    finds: &["deadline-frees-place"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = FaultMix::of(&[Fault::Crash, Fault::LostReply, Fault::HalfOpen, Fault::Stall]);
    let plan = Plan::draw(seed, 3);
    let replication = 1 + (seed % 2) as u16;
    Plan {
        idempotence: true,
        delivery_timeout: Duration::from_millis(1_500),
        request_timeout: Duration::from_secs(1),
        batch_bytes: 200,
        faults: Some(faults),
        ..plan.replicated(replication)
    }
}
