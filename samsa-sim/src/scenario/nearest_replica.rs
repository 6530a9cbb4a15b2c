//! Reading from the nearest replica (S15, KIP-392): leaders send readers to followers, which lag, fall out of sync, lack the
//! beginning of a log, crash or become leaders. Readers get everything, once and in order; and when all is well, from the
//! replica in their rack. When that answers nobody any more who dials it, they read on from the leaders at once.

use std::ops::Range;
use std::time::Duration;

use samsa_client::{Cluster, FetchConfig, Offset, ReadPartition};

use super::plan::Plan;
use super::publish_and_read::publish_and_settle;
use super::stage::{AT_ONCE, Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "nearest-replica",
    about: "readers are sent to followers in their rack, which lag and fail, and lose nothing by it",
    finds: &["believes-followers", "awaits-replica"],
};

const BROKERS: u16 = 3;
const PACES: [Range<Duration>; 2] = [AT_ONCE, Duration::ZERO..Duration::from_millis(300)];
/// In so much time after all is well readers have forgotten what was wrong with a replica, and metadata is fresh.
const FORGOTTEN: Duration = Duration::from_secs(90);
/// So long a replica answers nobody who dials it.
const SHUT: Duration = Duration::from_secs(30);
/// The longest that a record may take then to be read, if its leader is well.
const AT_MOST: Duration = Duration::from_secs(3);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), move |stage| {
        play(stage, format!("r{}", seed % u64::from(BROKERS)))
    })
}

/// Before 2.4 followers serve nobody.
fn plan(seed: u64) -> Plan {
    let faults = [
        Fault::ShortFollower,
        Fault::ShortFollower,
        Fault::LeaderMove,
        Fault::Crash,
        Fault::Cut,
        Fault::StaleMetadata,
        Fault::LostReply,
        Fault::Partition,
    ];
    let plan = Plan::draw(seed, BROKERS).replicated(2 + (seed % 2) as u16);
    let release = plan.cluster.release.max(Release::V2_8);
    let cluster = ClusterConfig { release, racks: BROKERS, ..plan.cluster };
    let metadata_max_age = Duration::from_secs(5);
    Plan { cluster, metadata_max_age, faults: Some(FaultMix::of(&faults)), ..plan }
}

async fn play(stage: Stage, rack: String) {
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    // With so little memory the slow one stays far behind, where followers may be short.
    for (number, pace) in PACES.into_iter().enumerate() {
        let (reading, cluster) = (stage.clone(), client.clone());
        let fetch = FetchConfig {
            rack: Some(rack.clone()),
            buffer_bytes: 1_500,
            response_bytes: 400,
            // What waits behind a long poll for others waits for each such response.
            max_wait: Duration::from_millis(100),
            ..FetchConfig::default()
        };
        stage.world.spawn(async move {
            if let Some(reader) = reading.open(&cluster, Offset::Earliest, &fetch).await {
                let reader = reading.read_until_healed(number, reader, pace).await;
                reading.read(number, reader, AT_ONCE).await;
            }
        });
    }
    publish_and_settle(&stage, &publisher).await;
    for number in 0..PACES.len() {
        stage.read_to_the_end(number).await;
    }
    reads_nearby(&stage, &client, &rack).await;
    reads_on_without_the_replica(&stage, &publisher, &rack).await;
    stage.close(publisher).await;
    stage.close(client).await;
}

/// Each partition with a replica in the rack is read from that, and each reader says so.
async fn reads_nearby(stage: &Stage, client: &Cluster, rack: &str) {
    let mut far = Vec::new();
    let patience = stage.world.now().mono + FORGOTTEN;
    while stage.world.now().mono < patience {
        far = read_elsewhere(stage, client, rack).await;
        if far.is_empty() {
            return;
        }
        stage.world.sleep(Duration::from_secs(1)).await;
    }
    stage.world.violation("reads-nearby", format!("not read from the nearest replica: {}", far.join(", ")));
}

async fn read_elsewhere(stage: &Stage, client: &Cluster, rack: &str) -> Vec<String> {
    let Ok(metrics) = client.metrics().await else { return Vec::new() };
    let nearest = nearest(stage, rack);
    let readers_of = |(partition, broker): (i32, i32)| {
        let reads = |read: &&ReadPartition| {
            read.partition == partition && read.read_from.is_some_and(|from| from.0 == broker)
        };
        metrics.reading.iter().filter(reads).count()
    };
    let elsewhere = nearest.into_iter().filter(|nearest| readers_of(*nearest) < PACES.len());
    elsewhere.map(|(partition, broker)| format!("partition {partition} from broker {broker}")).collect()
}

/// The partitions with a replica in the rack that is not their leader, and who has it.
fn nearest(stage: &Stage, rack: &str) -> Vec<(i32, i32)> {
    stage.world.host().look(|cluster| {
        let partitions = 0..cluster.partition_count(TOPIC);
        partitions.filter_map(|number| Some((number, cluster.nearest(TOPIC, number, rack)?))).collect()
    })
}

/// Leaders go on to name it: it is alive, and in sync.
async fn reads_on_without_the_replica(stage: &Stage, publisher: &Cluster, rack: &str) {
    let Some((partition, broker)) = nearest(stage, rack).first().copied() else { return };
    let Some(host) = stage.world.host().name_of(broker) else { return };
    stage.tell("network", format_args!("!! {host} breaks its connections, and swallows what is dialled"));
    stage.world.network().shut(&host, SHUT);
    let topic = publisher.topic(TOPIC);
    let until = stage.world.now().mono + SHUT;
    while stage.world.now().mono < until {
        stage.publish_to(&topic, partition).await;
        if stage.world.timeout(AT_MOST, is_read(stage, partition)).await.is_none() {
            let what = format!("partition {partition} stands still for {AT_MOST:?}, and its leader is well");
            return stage.world.violation("reads-on-without-the-replica", what);
        }
        stage.world.sleep(Duration::from_millis(500)).await;
    }
}

/// Every reader has got all of a partition.
async fn is_read(stage: &Stage, partition: i32) {
    let end = stage.ends().find(|(number, _)| *number == partition).map(|(_, end)| end);
    let has_all = |number| stage.history().positions.get(&(number, partition)).copied() >= end;
    while !(0..PACES.len()).all(has_all) {
        stage.world.sleep(Duration::from_millis(50)).await;
    }
}
