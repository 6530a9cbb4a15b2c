//! Fetch sessions (S18): brokers keep fewer of them than there are readers, lose them when they restart, and leaders move;
//! readers pause and seek, so that partitions come and go.

use super::plan::Plan;
use super::stage::Stage;
use super::wander::play;
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "fetch-sessions",
    about: "brokers forget fetch sessions, leaders move, readers want now these and now those partitions",
    finds: &["keeps-lost-session", "never-forgets"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = FaultMix::of(&[Fault::LeaderMove, Fault::Crash, Fault::Cut, Fault::LostReply]);
    let plan = Plan::draw(seed, 2).replicated(2);
    let fetch_sessions = 1 + (seed % 3) as usize;
    let release = plan.cluster.release.max(Release::V1_1);
    let cluster = ClusterConfig { fetch_sessions, release, partitions: 4, ..plan.cluster };
    Plan { cluster, faults: Some(faults), ..plan }
}
