//! Three brokers, each in a rack of its own, that send readers to the replica in theirs (KIP-392): all is read from there, and from
//! the leaders once that broker is killed.

use std::{collections::BTreeMap, time::Duration};

use async_io::Timer;
use samsa_tests::{RealKafka, Release, needs};
use samsa_tokio::{BrokerId, Cluster, Message, Offset, ReadPartition, Reader};

use crate::client::Runtime;

const TOPIC: &str = "nearby";
const BROKERS: usize = 3;
const PARTITIONS: i32 = 3;
/// Where the reader stands, with broker 2.
const RACK: &str = "rack-2";
const MESSAGES: usize = 3_000;
const SETTINGS: [(&str, &str); 5] = [
    ("num.partitions", "3"),
    ("default.replication.factor", "3"),
    ("unclean.leader.election.enable", "false"),
    ("broker.rack", "rack-{id}"),
    ("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector"),
];

/// What was read of each partition: every offset from 0 on, once.
#[derive(Default)]
struct Seen {
    next: BTreeMap<i32, i64>,
    values: Vec<String>,
}

async fn publish(cluster: &Cluster, numbers: std::ops::Range<usize>) {
    let topic = cluster.topic(TOPIC);
    for number in numbers {
        drop(topic.enqueue(Message::new(number.to_string()).key(number.to_string())).await.expect("room"));
    }
    cluster.flush().await.expect("it is written");
}

async fn read(reader: &mut Reader, seen: &mut Seen, until: usize) {
    while seen.values.len() < until {
        let message = reader.next().await.expect("there is more").expect("it goes on");
        let next = seen.next.entry(message.partition()).or_default();
        assert_eq!(message.offset(), *next, "partition {}", message.partition());
        *next += 1;
        seen.values.push(String::from_utf8(message.value().expect("a value").to_vec()).expect("text"));
    }
}

/// The partitions that are read from broker 2, though others lead them.
async fn read_nearby(cluster: &Cluster) -> usize {
    let reading = cluster.metrics().await.expect("metrics").reading;
    let is_nearby =
        |read: &&ReadPartition| read.read_from == Some(BrokerId(2)) && read.leader != read.read_from;
    reading.iter().filter(is_nearby).count()
}

/// How many partitions others than broker 2 lead.
async fn led_elsewhere(cluster: &Cluster) -> usize {
    let partitions = cluster.topic(TOPIC).partitions().await.expect("partitions");
    partitions.iter().filter(|info| info.leader.is_some_and(|leader| leader.0 != 2)).count()
}

/// Reading is what makes a reader notice anything: it goes on until as many partitions are read from broker 2.
async fn wait_for(cluster: &Cluster, reader: &mut Reader, count: usize) {
    for _ in 0..900 {
        if read_nearby(cluster).await == count {
            return;
        }
        let idle = async {
            Timer::after(Duration::from_millis(100)).await;
            None
        };
        let none = futures_lite::future::or(async { Some(reader.next().await) }, idle).await;
        assert!(none.is_none(), "all was read");
    }
    panic!("not {count} partitions are read from broker 2: {:#?}", cluster.metrics().await);
}

fn all_is_read_from_the_nearest_replica_and_from_leaders_without_it(release: Release) {
    let Some(kafka) = &needs(RealKafka::start_many(release, BROKERS, &SETTINGS)) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        publish(cluster, 0..MESSAGES).await;
        let topic = cluster.topic(TOPIC);
        let mut reader = topic.reader(Offset::Earliest).rack(RACK).open().await.expect("a reader");
        let mut seen = Seen::default();
        read(&mut reader, &mut seen, MESSAGES).await;
        let elsewhere = led_elsewhere(cluster).await;
        assert!((1..=PARTITIONS as usize).contains(&elsewhere), "others lead something");
        wait_for(cluster, &mut reader, elsewhere).await;
        publish(cluster, MESSAGES..2 * MESSAGES).await;
        read(&mut reader, &mut seen, 2 * MESSAGES).await;
        // It stays there, or is there again.
        wait_for(cluster, &mut reader, elsewhere).await;

        kafka.kill(2);
        publish(cluster, 2 * MESSAGES..3 * MESSAGES).await;
        read(&mut reader, &mut seen, 3 * MESSAGES).await;
        wait_for(cluster, &mut reader, 0).await;
        let mut numbers: Vec<usize> =
            seen.values.iter().map(|value| value.parse().expect("a number")).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..3 * MESSAGES), "each message once");
    });
}

#[test]
fn all_is_read_from_the_nearest_replica_and_from_leaders_without_it_on_3_9_2() {
    all_is_read_from_the_nearest_replica_and_from_leaders_without_it(Release::V3_9_2);
}

#[test]
fn all_is_read_from_the_nearest_replica_and_from_leaders_without_it_on_4_4_0() {
    all_is_read_from_the_nearest_replica_and_from_leaders_without_it(Release::V4_4_0);
}
