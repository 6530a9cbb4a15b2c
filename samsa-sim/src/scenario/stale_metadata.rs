//! Brokers tell of leaders as they were (S13, S6): some learn late that a leader moved, some have just started and know
//! nothing. A client goes by the newest word of each partition, never back, and comes to know the truth in bounded time.

use std::time::Duration;

use super::plan::Plan;
use super::publish_and_read::play;
use super::stage::Stage;
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "stale-metadata",
    about: "brokers have different views of who leads and of what topics there are",
    finds: &["believes-stale-leaders"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = [Fault::StaleMetadata, Fault::BlankMetadata, Fault::LeaderMove, Fault::Crash];
    let plan = Plan::draw(seed, 3).replicated(3);
    let release = if plan.cluster.release < Release::V2_8 { Release::V2_8 } else { plan.cluster.release };
    Plan {
        cluster: ClusterConfig { release, ..plan.cluster },
        metadata_max_age: Duration::from_millis(400),
        faults: Some(FaultMix::of(&faults)),
        ..plan
    }
}
