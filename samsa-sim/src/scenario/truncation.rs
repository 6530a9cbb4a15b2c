//! Unclean elections (S14): a replica that lacks committed records becomes leader. Readers notice that what they read is not
//! there any more, go back to where the log was cut, and have in the end what is in the log. No trouble but that costs them
//! their place, nor do leaders that move so fast that readers ask one that leads no more.

use std::ops::Range;
use std::time::Duration;

use samsa_client::{FetchConfig, Offset};

use super::plan::Plan;
use super::publish_and_read::publish_and_settle;
use super::stage::{AT_ONCE, Habit, Stage};
use super::written::small;
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "truncation",
    about: "replicas that lack records are elected, and readers go back to where the log was cut, no further",
    finds: &["skips-validation", "resets-on-trouble"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

const READERS: usize = 3;
const LITTLE: usize = 2 << 10;
/// How often leaders move behind each other, how soon, and how long they stay then.
const MOVES: usize = 6;
const SOON: Range<Duration> = Duration::ZERO..Duration::from_millis(80);
const PAUSE: Range<Duration> = Duration::from_millis(500)..Duration::from_secs(3);
const SLOWLY: Range<Duration> = Duration::ZERO..Duration::from_millis(300);
/// For who has to fetch each record: it comes to the end in time, too.
const ONE_BY_ONE: Range<Duration> = Duration::ZERO..Duration::from_millis(100);

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
    let much = FetchConfig { reset: Some(Offset::Earliest), ..FetchConfig::default() };
    // What it holds is little, so that what it fetches next is far from the end.
    let little = FetchConfig { buffer_bytes: LITTLE, reset: much.reset, ..small() };
    let readers = [(AT_ONCE, much.clone()), (SLOWLY, much), (ONE_BY_ONE, little)];
    for (number, (pace, fetch)) in readers.into_iter().enumerate() {
        stage.reads(number, &client, Habit { fetch, pace, ..Habit::default() });
    }
    stage.world.spawn_named("elections", elect_again_and_again(stage.clone()));
    publish_and_settle(&stage, &publisher).await;
    for number in 0..READERS {
        stage.read_to_the_end(number).await;
    }
    stage.close(publisher).await;
    stage.close(client).await;
}

/// Now and then leaders move so fast that whoever was named leader is none any more when a reader asks it.
async fn elect_again_and_again(stage: Stage) {
    let mut rng = stage.world.draw(Rng::fork);
    loop {
        stage.world.sleep(rng.duration(&PAUSE)).await;
        for _ in 0..MOVES {
            if stage.world.faults().are_over() {
                return;
            }
            stage.world.host().upset(Fault::LeaderMove);
            stage.world.sleep(rng.duration(&SOON)).await;
        }
    }
}
