//! One client for brokers of every age: found through ZooKeeper where there is one, and through bootstrap brokers. Each
//! takes every codec of its age, is killed once, and has everything when it comes back.

use std::time::Duration;

use samsa_tests::{Mode, Release, own};
use samsa_tokio::{
    Builder, Certainty, Cluster, Compression, ErrorCode, Message, Offset, OnTokio, PublishFailure,
};

const MESSAGES: usize = 500;
/// Zstandard came with 2.1.
const BEFORE_ZSTANDARD: [Release; 5] =
    [Release::V0_8_2_2, Release::V0_9_0_1, Release::V0_10_2_2, Release::V0_11_0_3, Release::V1_1_1];
const PATIENCE: Duration = Duration::from_secs(90);

async fn connected(builder: Builder<OnTokio>) -> Cluster {
    builder.connect_within(PATIENCE).connect().await.expect("a cluster")
}

async fn publishes(cluster: &Cluster, topic: &str) {
    let topic = cluster.topic(topic);
    let mut deliveries = Vec::new();
    for number in 0..MESSAGES {
        let message = Message::new(format!("value {number}")).key(format!("key {}", number % 7));
        deliveries.push(topic.enqueue(message).await.expect("room"));
    }
    for delivery in deliveries {
        delivery.await.expect("an acknowledgement");
    }
}

/// What was published under each key comes back in order.
async fn reads_back(cluster: &Cluster, topic: &str) {
    let topic = cluster.topic(topic);
    let mut reader = topic.reader(Offset::Earliest).open().within(PATIENCE).await.expect("a reader");
    let mut next = [0, 1, 2, 3, 4, 5, 6];
    for _ in 0..MESSAGES {
        let message = reader.next().await.expect("an open reader").expect("a message");
        let key = number_in(message.key()) as usize;
        assert_eq!(number_in(message.value()), next[key], "in order under key {key}");
        next[key] += 7;
    }
}

/// The number behind a word.
fn number_in(text: Option<&[u8]>) -> u64 {
    let text = String::from_utf8_lossy(text.expect("a text"));
    text.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// Every codec that brokers of this age know; for the one that the older ones do not know, a word.
async fn compresses(bootstrap: &str, release: Release) {
    let knows_zstandard = !BEFORE_ZSTANDARD.contains(&release);
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let cluster = connected(samsa_tokio::bootstrap(bootstrap).compression(compression)).await;
        let topic = format!("with-{compression:?}");
        if compression == Compression::Zstd && !knows_zstandard {
            let refused = cluster.topic(&topic).publish(Message::new("x")).await.expect_err("a refusal");
            let code = ErrorCode::UNSUPPORTED_COMPRESSION_TYPE;
            assert_eq!(*refused.failure(), PublishFailure::Refused(code));
            assert_eq!(refused.certainty(), Certainty::NotSent);
        } else {
            publishes(&cluster, &topic).await;
            reads_back(&cluster, &topic).await;
        }
        cluster.close().await.expect("a clean end");
    }
}

async fn works_on(release: Release) {
    let Some(kafka) = own(release) else { return };
    if release.mode == Mode::ZooKeeper {
        let cluster = connected(samsa_tokio::zookeeper(kafka.zookeeper().expect("a connect string"))).await;
        publishes(&cluster, "by-zookeeper").await;
        reads_back(&cluster, "by-zookeeper").await;
        cluster.close().await.expect("a clean end");
    }
    let cluster = connected(samsa_tokio::bootstrap(kafka.bootstrap())).await;
    publishes(&cluster, "by-bootstrap").await;
    reads_back(&cluster, "by-bootstrap").await;
    compresses(&kafka.bootstrap(), release).await;

    kafka.kill_broker();
    assert_eq!(kafka.broker_process(), None);
    kafka.restart_broker().expect("the broker starts again");
    reads_back(&cluster, "by-bootstrap").await;
    cluster.close().await.expect("a clean end");
}

macro_rules! ages {
    ($($name:ident: $release:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            works_on(Release::$release).await;
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
    kafka_4_0: V4_0_0;
    kafka_4_4: V4_4_0;
}
