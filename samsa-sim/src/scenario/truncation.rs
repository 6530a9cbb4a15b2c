//! Unclean elections (S14): a replica that lacks committed records becomes leader. Readers notice that what they read is not
//! there any more, go back to where the log was cut, and have in the end what is in the log. No trouble but that costs them
//! their place.

use std::ops::Range;
use std::time::Duration;

use samsa_client::{FetchConfig, Offset};

use super::plan::Plan;
use super::publish_and_read::publish_and_settle;
use super::stage::{AT_ONCE, Habit, Stage};
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "truncation",
    about: "replicas that lack records are elected, and readers go back to where the log was cut, no further",
    finds: &["skips-validation", "resets-on-trouble"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

const SLOWLY: Range<Duration> = Duration::ZERO..Duration::from_millis(300);

/// Before 2.8 clients learn too little of leader epochs.
fn plan(seed: u64) -> Plan {
    let faults = [Fault::UncleanElection, Fault::LeaderMove, Fault::Crash, Fault::Cut, Fault::StaleMetadata];
    let plan = Plan::draw(seed, 3).replicated(3);
    let release = plan.cluster.release.max(Release::V2_8);
    let cluster = ClusterConfig { release, partitions: plan.cluster.partitions.min(2), ..plan.cluster };
    Plan { cluster, faults: Some(FaultMix::of(&faults)), ..plan }
}

async fn play(stage: Stage) {
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    for (number, pace) in [AT_ONCE, SLOWLY].into_iter().enumerate() {
        let fetch = FetchConfig { reset: Some(Offset::Earliest), ..FetchConfig::default() };
        stage.reads(number, &client, Habit { fetch, pace, ..Habit::default() });
    }
    publish_and_settle(&stage, &publisher).await;
    for number in 0..2 {
        stage.read_to_the_end(number).await;
    }
    stage.close(publisher).await;
    stage.close(client).await;
}
