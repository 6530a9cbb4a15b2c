//! What a client sees of a cluster.

use samsa_tests::{Mode, Release, java, shared};
use samsa_tokio::{LookError, Message, Offset, Topic, UnixMillis};

use crate::{client::Runtime, on_each_release};

on_each_release!(
    a_client_sees_what_java_made,
    looking_creates_no_topic,
    offsets_are_the_first_the_last_and_those_of_a_time,
    a_broker_that_registers_itself_may_also_be_named,
);

fn a_client_sees_what_java_made(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "looked-at", 3).expect("a topic");
    for runtime in Runtime::BOTH {
        runtime.run(kafka, async |cluster| {
            let brokers = cluster.brokers();
            assert_eq!(brokers.len(), 1);
            assert_eq!(brokers[0].address.to_string(), kafka.bootstrap());
            assert_eq!(brokers[0].registered.is_some(), release.mode == Mode::ZooKeeper);

            let topics = cluster.topics().await.expect("topics");
            assert!(topics.iter().any(|topic| &*topic.name == "looked-at" && !topic.internal), "{topics:?}");

            let mut partitions = cluster.topic("looked-at").partitions().await.expect("partitions");
            partitions.sort_by_key(|partition| partition.partition);
            let numbers: Vec<_> = partitions.iter().map(|partition| partition.partition).collect();
            assert_eq!(numbers, [0, 1, 2]);
            for partition in &partitions {
                assert_eq!(partition.leader, Some(brokers[0].id));
                assert!(partition.leader_epoch.is_some());
                assert_eq!(
                    (&partition.replicas, &partition.in_sync),
                    (&vec![brokers[0].id], &vec![brokers[0].id])
                );
            }
        });
    }
}

fn looking_creates_no_topic(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic("never-made");
            assert_eq!(topic.partitions().await, Ok(Vec::new()));
            let offsets = topic.offsets(Offset::Latest).await;
            assert!(matches!(offsets, Err(LookError::UnknownTopic { .. })), "{offsets:?}");
            let topics = cluster.topics().await.expect("topics");
            assert!(topics.iter().all(|topic| &*topic.name != "never-made"), "{topics:?}");
        });
    }
}

async fn offsets(topic: &Topic, at: Offset) -> Vec<(i32, i64)> {
    let offsets = topic.offsets(at).await.expect("offsets");
    let mut offsets: Vec<_> = offsets.iter().map(|offset| (offset.partition, offset.offset)).collect();
    offsets.sort_unstable();
    offsets
}

fn offsets_are_the_first_the_last_and_those_of_a_time(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "offsets", 2).expect("a topic");
    for (runtime, written, minutes_ago) in [(Runtime::Tokio, 0, 60), (Runtime::AsyncStd, 10, 30)] {
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic("offsets");
            let start = cluster.now().wall.0 - minutes_ago * 60_000;
            let time = |number: i64| UnixMillis(start + 1000 * number);
            for number in 0..10 {
                let message = Message::new("tick").timestamp(time(number));
                topic.partition(1).publish(message).await.expect("a receipt");
            }
            assert_eq!(offsets(&topic, Offset::Earliest).await, [(0, 0), (1, 0)]);
            assert_eq!(offsets(&topic, Offset::Latest).await, [(0, 0), (1, written + 10)]);
            assert_eq!(offsets(&topic, Offset::At(time(4))).await, [(0, 0), (1, written + 4)]);
            let between = UnixMillis(time(4).0 + 1);
            assert_eq!(offsets(&topic, Offset::At(between)).await, [(0, 0), (1, written + 5)]);
            assert_eq!(offsets(&topic, Offset::At(time(10))).await, [(0, 0), (1, written + 10)]);
        });
    }
}

fn a_broker_that_registers_itself_may_also_be_named(release: Release) {
    let Some(kafka) = shared(release) else { return };
    Runtime::Tokio.block_on(async {
        let cluster = samsa_tokio::bootstrap(kafka.bootstrap()).connect().await.expect("a cluster");
        let brokers = cluster.brokers();
        assert_eq!(brokers.len(), 1);
        assert_eq!(brokers[0].address.to_string(), kafka.bootstrap());
        assert_eq!(brokers[0].registered, None);
        cluster.close().await.expect("it closes");
    });
}
