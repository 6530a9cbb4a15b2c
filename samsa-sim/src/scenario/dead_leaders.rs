//! Two of three brokers are gone, and each partition had one replica (S28). What is published without a key from then on is
//! written by the one that is left, at once.

use std::time::Duration;

use samsa_client::Cluster;

use super::plan::Plan;
use super::publish_and_read::publish_when_all_is_well;
use super::stage::{Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::ClusterConfig;
use crate::faults::FaultMix;
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "dead-leaders",
    about: "two of three brokers are gone, and keyless messages are written by the third without delay",
    finds: &["ignores-dead-leaders"],
};

const READER: usize = 0;
const PAUSE: std::ops::Range<Duration> = Duration::ZERO..Duration::from_millis(100);

/// In so much time the cluster and the client have noticed.
const NOTICED: Duration = Duration::from_secs(15);

/// The longest that a message may take then.
const AT_MOST: Duration = Duration::from_secs(2);

const MESSAGES: usize = 40;

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let plan = Plan::draw(seed, 3).replicated(1);
    let cluster = ClusterConfig { partitions: 6, ..plan.cluster };
    let delivery_timeout = Duration::from_secs(120);
    let request_timeout = Duration::from_secs(2);
    // It heals when the play says so.
    let faults_for = Duration::from_secs(120);
    Plan { cluster, faults_for, delivery_timeout, request_timeout, faults: Some(FaultMix::none()), ..plan }
}

async fn play(stage: Stage) {
    let Some(client) = stage.connect().await else { return };
    let mut rng = stage.world.draw(Rng::fork);
    publish_keyless(&stage, &client, &mut rng).await;
    let mut brokers = stage.world.running_brokers();
    let left = brokers.remove(rng.below(3) as usize);
    stage.world.trace().line("faults", format_args!("!! only broker {left} is left"));
    for broker in &brokers {
        stage.world.crash(*broker);
    }
    stage.world.sleep(NOTICED).await;
    let first = stage.history().accepted.len();
    publish_keyless(&stage, &client, &mut rng).await;
    stage.world.sleep(AT_MOST).await;
    check(&stage, first);
    stage.world.heal();
    for broker in &brokers {
        stage.world.host().start(*broker);
    }
    stage.world.sleep(Duration::from_secs(21)).await;
    publish_when_all_is_well(&stage, &client).await;
    stage.reads(READER, &client, Habit::default());
    stage.read_to_the_end(READER).await;
    stage.close(client).await;
}

async fn publish_keyless(stage: &Stage, client: &Cluster, rng: &mut Rng) {
    let topic = client.topic(TOPIC);
    for _ in 0..MESSAGES {
        stage.publish_keyless(&topic, rng).await;
        stage.world.sleep(rng.duration(&PAUSE)).await;
    }
}

/// All messages from this one on are acknowledged.
fn check(stage: &Stage, first: usize) {
    let history = stage.history();
    let mut all = first..history.accepted.len();
    if let Some(number) = all.find(|number| !history.is_acknowledged(*number)) {
        let what = format!("m{number} has no key and is not written, though a leader can be reached");
        stage.world.violation("keyless-go-where-a-leader-is", what);
    }
}
