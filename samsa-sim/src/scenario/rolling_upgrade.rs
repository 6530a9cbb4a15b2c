//! A cluster in the middle of a rolling upgrade from 0.10, brokers of which know neither headers nor idempotence: one broker
//! after the other goes and comes back newer, and leaders move between them. Headers are stored with their messages or the
//! message is not; what is keyless goes where it can be stored; what was written with an identity is never written in an older
//! format; and when the last broker is upgraded everything can be stored. With some
//! seeds the newer ones keep the old format until then, as operators are told to have them do.

use std::ops::Range;
use std::time::Duration;

use samsa_client::{Cluster, Retries};

use super::plan::Plan;
use super::publish_and_read::{flush, publish_until_healed, publish_when_all_is_well};
use super::stage::{Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "rolling-upgrade",
    about: "brokers of 0.10 are upgraded one by one, and no message loses its headers",
    finds: &["drops-headers", "forgets-numbering", "encodes-in-doubt"],
};

const READER: usize = 0;
const BROKERS: u16 = 3;
const KEYLESS: usize = 10;

/// Between the upgrades of two brokers, and how long each takes.
const PAUSE: Range<Duration> = Duration::from_millis(500)..Duration::from_secs(6);
const DOWN: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(3);

/// In so much time cluster and client have noticed the last upgrade.
const NOTICED: Duration = Duration::from_secs(15);

/// For so long a client goes by what a broker said of its format or of producer ids.
const BELIEVED: Duration = Duration::from_secs(61);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let rng = &mut Rng::new(seed);
    let plan = Plan::draw(seed, BROKERS).replicated(2 + rng.below(2) as u16);
    let release = if rng.chance(500) { Release::V0_11 } else { Release::V1_1 };
    let newer = rng.below(u64::from(BROKERS)) as usize;
    let releases =
        (0..usize::from(BROKERS)).map(|place| if place < newer { release } else { Release::V0_10 });
    let faults =
        FaultMix::of(&[Fault::LeaderMove, Fault::Crash, Fault::Cut, Fault::LostReply, Fault::Latency]);
    Plan {
        cluster: ClusterConfig {
            release,
            releases: releases.collect(),
            keeps_old_format: rng.chance(300),
            ..plan.cluster
        },
        retries: if rng.chance(500) { Retries::OnlyNotSent } else { Retries::All },
        headers: 400,
        faults: Some(faults),
        ..plan
    }
}

async fn play(stage: Stage) {
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    stage.reads(READER, &client, Habit::default());
    stage.world.spawn_named("upgrade", upgrade_until_healed(stage.clone()));
    publish_until_healed(&stage, &publisher).await;
    flush(&stage, &publisher).await;
    stage.world.sleep(NOTICED).await;
    publish_keyless_in_between(&stage, &publisher).await;
    upgrade_all(&stage).await;
    stage.world.sleep(NOTICED + BELIEVED).await;
    publish_when_all_is_well(&stage, &publisher).await;
    check_numbers(&stage);
    stage.read_to_the_end(READER).await;
    stage.close(publisher).await;
    stage.close(client).await;
}

/// What has been written with a producer's identity is never written without by the same process.
fn check_numbers(stage: &Stage) {
    for partition in (0..stage.plan.cluster.partitions).filter(|_| stage.plan.idempotence) {
        let lost = stage.world.host().look(|cluster| cluster.loses_numbers_at(TOPIC, partition));
        if let Some(offset) = lost {
            let what = format!(
                "partition {partition} has a batch without identity at {offset}, behind one that has one"
            );
            stage.world.violation("once-numbered-always-numbered", what);
        }
    }
}

/// While all is well and one leader stores headers, what is keyless is written, with headers and without.
async fn publish_keyless_in_between(stage: &Stage, publisher: &Cluster) {
    let (mut rng, topic) = (stage.world.draw(Rng::fork), publisher.topic(TOPIC));
    // Who sends to a leader learns whether it leads.
    for partition in 0..stage.plan.cluster.partitions {
        stage.publish_to(&topic, partition).await;
    }
    stage.world.sleep(NOTICED).await;
    // Clients go for a while by what brokers said of their format.
    let is_known = !stage.plan.cluster.keeps_old_format;
    if !is_known || !stage.world.host().look(|cluster| cluster.stores_headers(TOPIC)) {
        return;
    }
    let first = stage.history().accepted.len();
    for _ in 0..KEYLESS {
        stage.publish_keyless(&topic, &mut rng).await;
    }
    flush(stage, publisher).await;
    stage.world.sleep(Duration::from_micros(1)).await;
    let history = stage.history();
    let written = (first..first + KEYLESS).filter(|number| history.is_acknowledged(*number)).count();
    if written < KEYLESS {
        let what =
            format!("of {KEYLESS} messages without keys {written} are written, though a leader takes all");
        stage.world.violation("keyless-go-where-a-leader-is", what);
    }
}

async fn upgrade_until_healed(stage: Stage) {
    let mut rng = stage.world.draw(Rng::fork);
    while let Some(broker) = next(&stage) {
        stage.world.sleep(rng.duration(&PAUSE)).await;
        if stage.world.faults().are_over() {
            break;
        }
        upgrade(&stage, broker, &mut rng).await;
    }
}

async fn upgrade_all(stage: &Stage) {
    let mut rng = stage.world.draw(Rng::fork);
    while let Some(broker) = next(stage) {
        upgrade(stage, broker, &mut rng).await;
        stage.world.sleep(NOTICED).await;
    }
}

/// The next broker that is to be upgraded.
fn next(stage: &Stage) -> Option<i32> {
    stage.world.host().look(|cluster| cluster.not_upgraded().first().copied())
}

async fn upgrade(stage: &Stage, broker: i32, rng: &mut Rng) {
    stage.world.trace().line("faults", format_args!("!! broker {broker} is upgraded"));
    stage.world.host().stop_to_upgrade(broker);
    stage.world.sleep(rng.duration(&DOWN)).await;
    stage.world.host().start(broker);
}
