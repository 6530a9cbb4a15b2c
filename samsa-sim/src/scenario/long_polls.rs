//! A broker answers one request of a connection after the other, and holds a fetch back until there is something to read, or the
//! reader's wait is over. What is published meanwhile is not held up (S25).

use std::ops::Range;
use std::time::Duration;

use samsa_client::{Cluster, FetchConfig};

use super::plan::Plan;
use super::stage::{Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::ClusterConfig;
use crate::faults::FaultMix;
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "long-polls",
    about: "a client reads with long polls, and what it publishes meanwhile is not held up",
    finds: &["shares-connection"],
};

const READER: usize = 0;
const PARTITIONS: i32 = 2;
const ROUNDS: usize = 10;
/// How long brokers hold a fetch back.
const LONG: Duration = Duration::from_secs(10);
/// In how much time a record is written.
const IN_TIME: Duration = Duration::from_secs(1);
/// Between two records.
const PAUSE: Range<Duration> = Duration::from_millis(100)..Duration::from_secs(2);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let plan = Plan::draw(seed, 2).replicated(2);
    Plan {
        cluster: ClusterConfig { partitions: PARTITIONS, ..plan.cluster },
        faults: Some(FaultMix::none()),
        delivery_timeout: Duration::from_secs(120),
        ..plan
    }
}

async fn play(stage: Stage) {
    let Some(client) = stage.connect().await else { return };
    let mut rng = stage.world.draw(Rng::fork);
    // The topic is there then, and its leaders are connected.
    for partition in 0..PARTITIONS {
        publish(&stage, &client, partition).await;
    }
    let fetch = FetchConfig { max_wait: LONG, ..FetchConfig::default() };
    stage.reads(READER, &client, Habit { fetch, ..Habit::default() });
    for _ in 0..ROUNDS {
        stage.world.sleep(rng.duration(&PAUSE)).await;
        let partition = rng.below(PARTITIONS.unsigned_abs().into()) as i32;
        let took = publish(&stage, &client, partition).await;
        if took.is_none_or(|took| took > IN_TIME) {
            let what = format!("a record for partition {partition} was written in {took:?}");
            stage.world.violation("no-long-poll-holds-up-a-publish", what);
        }
    }
    stage.read_to_the_end(READER).await;
    stage.close(client).await;
}

async fn publish(stage: &Stage, client: &Cluster, partition: i32) -> Option<Duration> {
    stage.publish_to(&client.topic(TOPIC), partition).await
}
