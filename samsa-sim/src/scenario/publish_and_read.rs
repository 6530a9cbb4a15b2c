//! One client publishes to a topic that does not exist yet, with and without keys; another reads all of it. Meanwhile
//! things go wrong, and then they do not any more: from then on everything must arrive.

use std::ops::Range;
use std::time::Duration;

use samsa_client::Cluster;

use super::plan::Plan;
use super::stage::{CONVERGENCE, Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "publish-and-read",
    about: "one client publishes with and without keys, another reads, while connections and the broker fail",
    finds: &[],
};

const READER: usize = 0;

/// Records that are published when all is well.
const LAST: usize = 10;

/// After the healing a client may still wait for a connection that was begun before, and then for its next attempt to
/// dial: a little longer than the longest of both.
pub(super) const RECOVERY: Duration = Duration::from_secs(12);

/// Between two records.
const PAUSE: Range<Duration> = Duration::from_micros(0)..Duration::from_millis(120);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, Plan::draw(seed, 1).tight(seed).lax(seed), play)
}

pub(super) async fn play(stage: Stage) {
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    play_with(stage, publisher, client).await;
}

/// The same with clients that are connected already.
pub(super) async fn play_with(stage: Stage, publisher: Cluster, client: Cluster) {
    stage.reads(READER, &client, Habit::default());
    publish_and_settle(&stage, &publisher).await;
    stage.read_to_the_end(READER).await;
    stage.close(publisher).await;
    stage.close(client).await;
}

/// Publishes while things go wrong, and some records more when all is well.
pub(super) async fn publish_and_settle(stage: &Stage, publisher: &Cluster) {
    publish_until_healed(stage, publisher).await;
    flush(stage, publisher).await;
    stage.world.sleep(RECOVERY).await;
    publish_when_all_is_well(stage, publisher).await;
}

pub(super) async fn publish_until_healed(stage: &Stage, publisher: &Cluster) {
    let mut rng = stage.world.draw(Rng::fork);
    let topic = publisher.topic(TOPIC);
    while !stage.world.faults().are_over() {
        stage.publish(&topic, &mut rng).await;
        if rng.chance(700) {
            stage.world.sleep(rng.duration(&PAUSE)).await;
        }
    }
}

pub(super) async fn flush(stage: &Stage, publisher: &Cluster) {
    let flushed = stage.world.timeout(CONVERGENCE, publisher.flush()).await;
    if flushed.is_none_or(|flushed| flushed.is_err()) {
        stage.world.violation("converges", "some records have no outcome a minute after all is well");
    }
}

pub(super) async fn publish_when_all_is_well(stage: &Stage, publisher: &Cluster) {
    let first = stage.history().accepted.len();
    let mut rng = stage.world.draw(Rng::fork);
    let topic = publisher.topic(TOPIC);
    for _ in 0..LAST {
        stage.publish(&topic, &mut rng).await;
    }
    flush(stage, publisher).await;
    // The tasks that wait for the outcomes run before time moves.
    stage.world.sleep(Duration::from_micros(1)).await;
    let history = stage.history();
    if let Some(number) = (first..first + LAST).find(|number| !history.is_acknowledged(*number)) {
        let what = format!("m{number}, published when all is well, is not acknowledged");
        stage.world.violation("converges", what);
    }
}
