//! Who looks at a topic that is not there does not make it, though brokers before 0.11 make each that they are asked for by its
//! name.

use std::{collections::BTreeSet, time::Duration};

use async_io::Timer;
use futures_lite::future::{self, zip};
use samsa_proto::api::metadata::MetadataRequest;
use samsa_tests::{RealKafka, connect, exchange};
use samsa_tokio::{Cluster, LookError, Offset, ReadError};

use crate::client::{Place, Runtime};

const PATIENCE: Duration = Duration::from_secs(30);
/// What a member of a group has until it has looked, and more.
const MEANWHILE: Duration = Duration::from_secs(2);

fn name(way: &str) -> String {
    format!("looked-at-{way}")
}

async fn look(cluster: &Cluster, name: &str) {
    let topic = cluster.topic(name);
    let offsets = zip(topic.offsets(Offset::Earliest), topic.offsets(Offset::Latest));
    let ((partitions, offsets), reader) =
        zip(zip(topic.partitions(), offsets), topic.reader(Offset::Earliest).open()).await;
    assert_eq!(partitions, Ok(Vec::new()));
    for offsets in [offsets.0, offsets.1] {
        assert!(matches!(offsets, Err(LookError::UnknownTopic { .. })), "{offsets:?}");
    }
    assert!(matches!(reader, Err(ReadError::UnknownTopic { .. })), "{reader:?}");
    let topics = cluster.topics().await.expect("topics");
    assert!(topics.iter().all(|topic| &*topic.name != name), "{topics:?}");
}

/// A member of a group waits for its topic.
async fn join(cluster: &Cluster, name: &str) {
    let group = cluster.topic(name).consumer("of-nothing").start_at(Offset::Earliest);
    let mut member = group.subscribe().await.expect("a member");
    let nothing = async {
        Timer::after(MEANWHILE).await;
        None
    };
    let read = future::or(async { Some(member.next().await) }, nothing).await;
    assert!(read.is_none(), "{read:?}");
    member.close().await.expect("it leaves");
}

/// What all brokers know of, which is asked without a name.
fn topics(kafka: &RealKafka) -> BTreeSet<String> {
    let mut stream = connect(&kafka.address(1), PATIENCE).expect("a connection");
    let topics = exchange(&mut stream, 0, &MetadataRequest::default(), |response| {
        response.topics.iter().filter_map(|topic| topic.name.map(str::to_owned)).collect()
    });
    topics.expect("an answer")
}

/// The controller hears of topics in the order in which they were made: those that would have come of looking are known before
/// the one that is published to afterwards.
pub(crate) fn makes_no_topic(kafka: &RealKafka) {
    let by_bootstrap = Place::Bootstrap(kafka.bootstrap());
    let looking = async |cluster: &Cluster| look(cluster, &name("by-bootstrap")).await;
    Runtime::Tokio.run_at(by_bootstrap, |_| {}, looking);
    Runtime::AsyncStd.run(kafka, async |cluster| {
        let through_zookeeper = name("through-zookeeper");
        look(cluster, &through_zookeeper).await;
        if kafka.zookeeper().is_some() {
            join(cluster, &through_zookeeper).await;
        }
        cluster.topic("made-afterwards").publish("it is there").await.expect("a receipt");
    });
    let topics = topics(kafka);
    assert!(topics.contains("made-afterwards"), "{topics:?}");
    let made = topics.iter().find(|topic| topic.starts_with("looked-at-"));
    assert_eq!(made, None, "{}: looking has made it", kafka.release());
}
