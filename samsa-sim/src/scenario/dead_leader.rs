//! One of two brokers is gone: it crashes, or cannot be reached. What is for the other one goes its way meanwhile (S2: one dead
//! leader must not hold up the producer).

use std::time::Duration;

use samsa_client::Cluster;

use super::plan::Plan;
use super::stage::{Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::ClusterConfig;
use crate::faults::FaultMix;
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "dead-leader",
    about: "one broker is gone, and what is for the other is not held up",
    finds: &["held-up-by-dialling"],
};

/// How long one broker is gone.
const GONE: Duration = Duration::from_secs(20);
/// In how much time the other takes a record, whatever becomes of the first.
const IN_TIME: Duration = Duration::from_millis(1_500);
/// Leads what it leads alone, and is gone for a while.
const DEAD: i32 = 2;
const READER: usize = 0;

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let plan = Plan::draw(seed, 2).replicated(1);
    Plan {
        cluster: ClusterConfig { partitions: 2, ..plan.cluster },
        faults: Some(FaultMix::none()),
        faults_for: GONE,
        delivery_timeout: Duration::from_secs(120),
        ..plan
    }
}

async fn play(stage: Stage) {
    let Some(client) = stage.connect().await else { return };
    let mut rng = stage.world.draw(Rng::fork);
    stage.reads(READER, &client, Habit::default());
    for partition in 0..2 {
        publish(&stage, &client, partition).await;
    }
    go_away(&stage, &mut rng);
    while !stage.world.faults().are_over() {
        let held_up = (stage.clone(), client.clone());
        // Partitions are led round robin: the second is the dead one's.
        stage.world.spawn(async move {
            publish(&held_up.0, &held_up.1, 1).await;
        });
        if publish(&stage, &client, 0).await.is_none_or(|took| took > IN_TIME) {
            let what = format!("a record for partition 0 took too long while broker {DEAD} was gone");
            stage.world.violation("no-partition-holds-up-another", what);
        }
        stage.world.sleep(rng.duration(&(Duration::ZERO..Duration::from_millis(700)))).await;
    }
    stage.world.timeout(super::stage::CONVERGENCE, client.flush()).await;
    stage.world.sleep(Duration::from_micros(1)).await;
    stage.read_to_the_end(READER).await;
    stage.close(client).await;
}

async fn publish(stage: &Stage, client: &Cluster, partition: i32) -> Option<Duration> {
    stage.publish_to(&client.topic(TOPIC), partition).await
}

fn go_away(stage: &Stage, rng: &mut Rng) {
    if rng.chance(400) {
        stage.world.crash(DEAD);
    } else {
        let host = stage.world.host().name_of(DEAD).unwrap_or_default();
        stage.world.network().part(&host, GONE);
    }
}
