//! A topic is deleted and made anew under its name, again and again, while a client publishes to it (S7). What was not sent
//! goes to the new one, in order, everything that is published when all is well arrives, and the client tells of it.

use std::time::Duration;

use samsa_client::{FetchConfig, Offset};

use super::plan::Plan;
use super::publish_and_read::{flush, publish_until_healed, publish_when_all_is_well};
use super::stage::{AT_ONCE, Stage};
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "topic-made-anew",
    about: "the topic is deleted and made anew under its name while a client publishes to it",
    finds: &["keeps-old-topic"],
};

const READER: usize = 0;
pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    // Where topics have ids, and Produce names them by these, or not yet.
    let release = if seed.is_multiple_of(2) { Release::V4_4 } else { Release::V3_9 };
    let plan = Plan::draw(seed, 3).replicated(2);
    let by_zookeeper = plan.by_zookeeper && release.has_zookeeper();
    let cluster = ClusterConfig { release, ..plan.cluster };
    let faults = FaultMix::of(&[Fault::TopicRemade, Fault::LostReply, Fault::Cut]);
    // Who names topics by name notices with the next metadata.
    let metadata_max_age = Duration::from_secs(5);
    Plan {
        cluster,
        by_zookeeper,
        metadata_max_age,
        idempotence: true,
        batch_bytes: 200,
        faults: Some(faults),
        ..plan
    }
}

async fn play(stage: Stage) {
    let Some(client) = stage.connect().await else { return };
    publish_until_healed(&stage, &client).await;
    flush(&stage, &client).await;
    stage.world.sleep(Duration::from_secs(21)).await;
    publish_when_all_is_well(&stage, &client).await;
    stage.check_made_anew();
    let Some(fresh) = stage.connect().await else { return };
    let (reading, cluster) = (stage.clone(), fresh.clone());
    stage.world.spawn(async move {
        if let Some(reader) = reading.open(&cluster, Offset::Earliest, &FetchConfig::default()).await {
            reading.read(READER, reader, AT_ONCE).await;
        }
    });
    stage.read_to_the_end(READER).await;
    stage.close(fresh).await;
    stage.close(client).await;
}
