//! One client for brokers of every age: found through ZooKeeper where there is one, under a chroot, and through bootstrap
//! brokers, also when the first address leads nowhere. With each codec that the age knows, on both runtimes, what is published
//! alone, in sets and in batches comes back byte for byte, and is stored with that codec; Apache's clients of that age read what we
//! write, and we read what they write. Looking makes no topic. `explain` promises what brokers of that age keep. Each broker is
//! killed once, and has everything when it comes back.

mod apache;
mod content;
mod guarantees;
mod looking;
mod stored;

#[path = "../support/client.rs"]
mod client;

use samsa_tests::{RealKafka, Release, Shape, needs};
use samsa_tokio::{
    Certainty, Cluster, Compression, ErrorCode, Isolation, Message, Offset, PublishFailure, UnixMillis,
};

use client::{Place, Runtime};
use content::Record;

const SHAPE: Shape<'_> = Shape {
    brokers: 1,
    releases: &[],
    controllers: 1,
    chroot: "/of/kafka",
    advertised: None,
    tls: false,
    properties: &[("num.partitions", "3")],
};

/// Nothing listens there.
const NOBODY: &str = "127.0.0.1:1";

/// Zstandard came with 2.1.
const BEFORE_ZSTANDARD: [Release; 5] =
    [Release::V0_8_2_2, Release::V0_9_0_1, Release::V0_10_2_2, Release::V0_11_0_3, Release::V1_1_1];
/// Headers came with 0.11.
const BEFORE_HEADERS: [Release; 3] = [Release::V0_8_2_2, Release::V0_9_0_1, Release::V0_10_2_2];

const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

/// Every way to find it.
fn places(kafka: &RealKafka) -> Vec<Place> {
    let bootstrap = kafka.bootstrap();
    let mut places = Vec::new();
    if let Some(zookeeper) = kafka.zookeeper() {
        let behind_nobody = format!("{NOBODY},{zookeeper}");
        places.extend([zookeeper, behind_nobody].map(Place::ZooKeeper));
    }
    let behind_nobody = format!("{NOBODY},{bootstrap}");
    places.extend([bootstrap, behind_nobody].map(Place::Bootstrap));
    places
}

/// The codecs that brokers of this age know.
fn known_codecs(release: Release) -> Vec<Compression> {
    let is_known = |codec: &Compression| *codec != Compression::Zstd || !BEFORE_ZSTANDARD.contains(&release);
    CODECS.into_iter().filter(is_known).collect()
}

fn topic_with(codec: Compression) -> String {
    format!("with-{codec:?}")
}

/// A codec that the brokers do not know is a word, and not an endless wait.
async fn refuses(cluster: &Cluster, codec: Compression) {
    let refused = cluster.topic(topic_with(codec)).publish(Message::new("x")).await.expect_err("a refusal");
    assert_eq!(*refused.failure(), PublishFailure::Refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE));
    assert_eq!(refused.certainty(), Certainty::NotSent);
}

/// Publishes with each codec on each runtime, and reads everything back on each. All places are used on each runtime.
fn round_trips(kafka: &RealKafka) {
    let release = kafka.release();
    let (places, known) = (places(kafka), known_codecs(release));
    for (number, codec) in CODECS.into_iter().enumerate() {
        let mut written = Vec::new();
        for (turn, runtime) in Runtime::BOTH.into_iter().enumerate() {
            let place = places[(number + 2 * turn) % places.len()].clone();
            println!("{release}: {codec:?} on {runtime:?} at {place:?}");
            let set = |config: &mut samsa_tokio::Config| config.publish.compression = codec;
            runtime.run_at(place, set, async |cluster| {
                if !known.contains(&codec) {
                    return refuses(cluster, codec).await;
                }
                let records = content::records(!BEFORE_HEADERS.contains(&release));
                written.extend(content::publish(cluster, &topic_with(codec), &records).await);
                apache::publish_lines(cluster, codec, runtime).await;
                content::comes_back(cluster, &topic_with(codec), &written).await;
            });
        }
    }
}

/// Also where brokers know no times of records, but those of their files.
async fn times_are_looked_up(cluster: &Cluster) {
    let topic = cluster.topic("times");
    topic.partition(0).publish("now").await.expect("a receipt");
    let (now, hour) = (cluster.now().wall.0, 3_600_000);
    for (time, offset) in [(now - hour, 0), (now + hour, 1)] {
        let found = topic.offsets_of([0], Offset::At(UnixMillis(time)), Isolation::default()).await;
        assert_eq!(found.expect("an offset")[0].offset, offset, "{} ms from now", time - now);
    }
}

/// What was there before is read by a client that has been there all the time.
async fn survives_the_broker(cluster: &Cluster, kafka: &RealKafka) {
    let records: Vec<Record> = content::records(false);
    let written = content::publish(cluster, "kept", &records).await;
    kafka.kill_broker();
    assert_eq!(kafka.broker_process(), None);
    kafka.restart_broker().expect("the broker starts again");
    content::comes_back(cluster, "kept", &written).await;
}

fn works_on(release: Release) {
    let Some(kafka) = &needs(RealKafka::start_as(release, SHAPE)) else { return };
    round_trips(kafka);
    stored::is_compressed_as_asked(kafka, &known_codecs(release));
    apache::reads_what_we_write(kafka, &known_codecs(release));
    apache::writes_what_we_read(kafka, &known_codecs(release));
    looking::makes_no_topic(kafka);
    Runtime::Tokio.run(kafka, async |cluster| {
        times_are_looked_up(cluster).await;
        guarantees::are_those_of_the_age(cluster, release).await;
        survives_the_broker(cluster, kafka).await;
    });
}

macro_rules! ages {
    ($($name:ident: $release:ident;)*) => {
        $(#[test]
        fn $name() {
            works_on(Release::$release);
        })*
    };
}

ages! {
    kafka_0_8_2: V0_8_2_2;
    kafka_0_9_0: V0_9_0_1;
    kafka_0_10_2: V0_10_2_2;
    kafka_0_11_0: V0_11_0_3;
    kafka_1_1: V1_1_1;
    kafka_2_8: V2_8_2;
    kafka_3_9: V3_9_2;
    kafka_3_9_without_zookeeper: V3_9_2_KRAFT;
    kafka_4_0: V4_0_0;
    kafka_4_4: V4_4_0;
}
