//! A leader stands still, connections and all, and others lead in its place (S2). What was sent to it goes to them soon, though
//! nothing says that its connection is of no use.

use std::time::Duration;

use samsa_client::Cluster;

use super::plan::Plan;
use super::stage::{Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::ClusterConfig;
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "silent-leader",
    about: "a leader stands still, another one leads in its place, and what was sent to the first goes there soon",
    finds: &["stays-with-the-silent"],
};

const ROUNDS: usize = 4;
const READER: usize = 0;
/// In how much time a record is written once another broker leads, though the one that is asked for metadata is silent as well.
const IN_TIME: Duration = Duration::from_secs(6);
/// Longer than that.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let plan = Plan::draw(seed, 3).replicated(2);
    Plan {
        cluster: ClusterConfig { partitions: 1, ..plan.cluster },
        faults: Some(FaultMix::none()),
        faults_for: Duration::from_secs(60),
        delivery_timeout: Duration::from_secs(120),
        request_timeout: REQUEST_TIMEOUT,
        ..plan
    }
}

async fn play(stage: Stage) {
    let Some(client) = stage.connect().await else { return };
    let mut rng = stage.world.draw(Rng::fork);
    for _ in 0..ROUNDS {
        // The producer's connection is used again, and brokers know the producer.
        publish(&stage, &client).await;
        publish(&stage, &client).await;
        let Some(leader) = leader(&client).await else { continue };
        stage.world.freeze(leader);
        let (waiting, cluster) = (stage.clone(), client.clone());
        stage.world.spawn(async move { check(&waiting, publish(&waiting, &cluster).await) });
        stage.world.sleep(rng.duration(&(Duration::ZERO..Duration::from_secs(2)))).await;
        stage.world.host().upset(Fault::LeaderMove);
        check(&stage, publish(&stage, &client).await);
        stage.world.thaw(leader);
    }
    stage.reads(READER, &client, Habit::default());
    stage.read_to_the_end(READER).await;
    stage.close(client).await;
}

async fn publish(stage: &Stage, client: &Cluster) -> Option<Duration> {
    stage.publish_to(&client.topic(TOPIC), 0).await
}

async fn leader(client: &Cluster) -> Option<i32> {
    let partitions = client.topic(TOPIC).partitions().await.ok()?;
    partitions.first()?.leader.map(|leader| leader.0)
}

/// Two seconds more for who was sent before the leader moved.
fn check(stage: &Stage, took: Option<Duration>) {
    if took.is_none_or(|took| took > IN_TIME + Duration::from_secs(2)) {
        let what = format!(
            "a record was not written in {IN_TIME:?} after another broker led its partition: {took:?}"
        );
        stage.world.violation("a-silent-leader-is-left", what);
    }
}
