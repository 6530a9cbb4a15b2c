//! Logs with holes (S16): batches that compaction has emptied, offsets that it took whole, markers of transactions, at the
//! end of a partition too. A reader goes on behind them, and knows that it has come to the end.

use samsa_client::FetchConfig;

use super::plan::Plan;
use super::stage::{Habit, Stage};
use super::written::{self, Habits, small};
use super::{Options, Scenario};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "empty-batches",
    about: "readers go on behind what compaction has emptied and behind markers, to the very end",
    finds: &["stops-at-empty-batches"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, Plan::draw(seed, 1), play)
}

async fn play(stage: Stage) {
    let release = stage.plan.cluster.release;
    let habits = Habits { release, transactions: 300, compacted: 500, left_open: false };
    stage.fill(|rng, partition| written::log(rng, partition, habits));
    let Some(client) = stage.connect().await else { return };
    for (number, fetch) in [FetchConfig::default(), small()].into_iter().enumerate() {
        stage.reads(number, &client, Habit { fetch, ..Habit::default() });
    }
    stage.world.healed().await;
    for number in 0..2 {
        stage.read_to_the_end(number).await;
    }
    stage.close(client).await;
}
