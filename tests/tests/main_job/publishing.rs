//! What a client writes, as Java reads it.

use std::{collections::BTreeSet, time::Duration};

use samsa_tests::{
    Release,
    java::{self, Consumed, Headers, Produced},
    shared,
};
use samsa_tokio::{
    AppendError, Certainty, Cluster, Compression, Message, Offset, Partitioner, PublishFailure, Receipt,
    UnixMillis,
};

use crate::{client::Runtime, on_each_release};

on_each_release!(
    java_finds_a_message_where_its_receipt_says,
    a_key_goes_where_javas_partitioner_sends_it,
    a_key_goes_where_the_partitioner_that_was_chosen_sends_it,
    java_reads_what_is_compressed,
    the_first_publish_makes_the_topic,
    every_keyless_message_is_written_once,
    a_message_that_is_too_large_is_not_sent_and_others_are,
);

const MINUTE: Duration = Duration::from_secs(60);

/// A message, as Java will read it; its place comes with its receipt.
fn template(key: Option<&[u8]>, value: Option<&[u8]>, headers: Headers) -> Consumed {
    let [key, value] = [key, value].map(|bytes| bytes.map(<[u8]>::to_vec));
    Consumed { partition: -1, offset: -1, timestamp: -1, key, value, headers }
}

fn templates() -> Vec<Consumed> {
    let headers = |all: &[(&str, Option<&str>)]| {
        all.iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(|value| value.as_bytes().to_vec())))
            .collect()
    };
    vec![
        template(Some(b"user-1"), Some(b"signed up"), Headers::new()),
        template(Some(b"user-2"), Some(b""), Headers::new()),
        template(Some(b""), Some(b"an empty key"), Headers::new()),
        template(Some(&[0, 0xff, b'\n']), Some(&[0xfe, 0, b'\n']), Headers::new()),
        template(Some(b"user-1"), None, Headers::new()),
        template(None, Some(b"no key"), Headers::new()),
        template(Some(b"traced"), Some(b"v"), headers(&[("a", Some("1")), ("b", None), ("a", Some(""))])),
        template(Some(b"traced"), None, headers(&[("gone", Some("grüß"))])),
    ]
}

fn message(template: &Consumed) -> Message<'_> {
    let message = match (&template.key, &template.value) {
        (Some(key), None) => Message::tombstone(key),
        (Some(key), Some(value)) => Message::new(value).key(key),
        (None, value) => Message::new(value.as_deref().expect("a key or a value")),
    };
    template.headers.iter().fold(message, |message, (name, value)| match value {
        Some(value) => message.header(name.as_str(), value),
        None => message.null_header(name.as_str()),
    })
}

fn placed(template: Consumed, receipt: Receipt) -> Consumed {
    Consumed {
        partition: receipt.partition,
        offset: receipt.offset.expect("brokers of today tell it"),
        timestamp: receipt.timestamp.expect("it has one").0,
        ..template
    }
}

fn java_finds_a_message_where_its_receipt_says(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "receipts", 3).expect("a topic");
    let mut written = Vec::new();
    for runtime in Runtime::BOTH {
        written.extend(runtime.run(kafka, publish_all));
    }
    let mut read = java::consume(kafka, "receipts", written.len(), MINUTE, &[]).expect("Java reads");
    written.sort();
    read.sort();
    assert_eq!(read, written);
}

async fn publish_all(cluster: &Cluster) -> Vec<Consumed> {
    let topic = cluster.topic("receipts");
    let mut written = Vec::new();
    for template in templates() {
        let receipt = topic.publish(message(&template)).await.expect("a receipt");
        written.push(placed(template, receipt));
    }
    // A time and a partition that were asked for.
    for (number, template) in templates().into_iter().enumerate() {
        let timestamp = UnixMillis(cluster.now().wall.0 - 1000 * number as i64);
        let partition = number as i32 % 3;
        let message = message(&template).timestamp(timestamp);
        let receipt = topic.partition(partition).publish(message).await.expect("a receipt");
        assert_eq!((receipt.partition, receipt.timestamp), (partition, Some(timestamp)));
        written.push(placed(template, receipt));
    }
    written
}

/// Of every length up to 40, in bytes of every kind.
fn keys() -> Vec<Vec<u8>> {
    let byte = |length: u32, at: u32| (length * 31 + at * 97).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    (0..=40).map(|length| (0..length).map(|at| byte(length, at)).collect()).collect()
}

fn a_key_goes_where_javas_partitioner_sends_it(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "routed", 7).expect("a topic");
    let records: Vec<_> = keys()
        .into_iter()
        .map(|key| Produced { key: Some(key), value: Some(b"by Java".to_vec()), ..Produced::default() })
        .collect();
    let places = java::produce(kafka, "routed", &records, &[]).expect("Java writes");
    let by_java: Vec<_> = places.iter().map(|place| place.partition).collect();
    assert!(by_java.iter().collect::<BTreeSet<_>>().len() > 1);

    for runtime in Runtime::BOTH {
        let by_us = runtime.run(kafka, async |cluster| {
            let topic = cluster.topic("routed");
            let mut partitions = Vec::new();
            for key in keys() {
                let receipt = topic.publish(Message::new("by us").key(&key)).await.expect("a receipt");
                partitions.push(receipt.partition);
            }
            partitions
        });
        assert_eq!(by_us, by_java);
    }
}

fn java_reads_what_is_compressed(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let name = format!("compressed-{compression:?}");
        java::create_topic(kafka, &name, 2).expect("a topic");
        let mut written = Vec::new();
        for runtime in Runtime::BOTH {
            let compressed = |config: &mut samsa_tokio::Config| {
                config.publish.compression = compression;
                config.publish.message_bytes = 4 << 20;
            };
            written.extend(
                runtime.run_with(kafka, compressed, async |cluster| publish_much(cluster, &name).await),
            );
        }
        let mut read = java::consume(kafka, &name, written.len(), MINUTE, &[]).expect("Java reads");
        written.sort();
        read.sort();
        assert!(read == written, "{name}: {} records read of {} written", read.len(), written.len());
    }
}

/// Many small messages, and one that is larger than the broker takes unless it is compressed.
async fn publish_much(cluster: &Cluster, topic: &str) -> Vec<Consumed> {
    let topic = cluster.topic(topic);
    let mut deliveries = Vec::new();
    let small = (0..2000)
        .map(|number| (Some(format!("key {}", number % 10)), format!("value {number}").into_bytes()));
    for (key, value) in small.chain([(None, vec![b'x'; 3 << 20])]) {
        let template = template(key.as_deref().map(str::as_bytes), Some(&value), Headers::new());
        let delivery = topic.enqueue(message(&template)).await.expect("room");
        deliveries.push((template, delivery));
    }
    let mut written = Vec::new();
    for (template, delivery) in deliveries {
        written.push(placed(template, delivery.await.expect("a receipt")));
    }
    written
}

fn the_first_publish_makes_the_topic(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic(format!("made-on-{}", runtime.name()));
            assert_eq!(topic.partitions().await, Ok(Vec::new()));
            let receipt = topic.publish("first").await.expect("a receipt");
            assert_eq!((receipt.partition, receipt.offset), (0, Some(0)));
            assert_eq!(topic.partitions().await.map(|partitions| partitions.len()), Ok(1));
        });
    }
}

fn every_keyless_message_is_written_once(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "keyless", 3).expect("a topic");
    let count = 5000;
    for runtime in Runtime::BOTH {
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic("keyless");
            let mut reader = topic.reader(Offset::Latest).open().await.expect("a reader");
            for number in 0..count {
                // Its outcome is seen by the flush, and by what is read.
                let _delivery = topic.enqueue(format!("value {number}")).await.expect("room");
            }
            cluster.flush().await.expect("all have their outcome");
            let mut values = BTreeSet::new();
            for _ in 0..count {
                let read = reader.next().await.expect("a message").expect("it can be read");
                assert_eq!(read.key(), None);
                values.insert(read.value().expect("a value").to_vec());
            }
            assert_eq!(values.len(), count);
        });
    }
}

/// Where foreign clients put these keys in a topic of twelve partitions, as they print it; rendezvous is our own, and the last
/// is the application's.
fn a_key_goes_where_the_partitioner_that_was_chosen_sends_it(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "by-partitioner", 12).expect("a topic");
    let keys = ["a", "my-key", "user-1", "hello world", ""];
    let rendezvous = keys.map(|key| Partitioner::Rendezvous.partition(key.as_bytes(), 12) as i32);
    let by_length = Partitioner::custom(|key, partitions| key.len() as u32 % partitions);
    let expected = [
        (Partitioner::JavaHash, [1, 6, 9, 8, 0]),
        (Partitioner::Sha1, [4, 8, 4, 1, 1]),
        (Partitioner::Rendezvous, rendezvous),
        (by_length, [1, 6, 6, 11, 0]),
    ];
    for (runtime, (partitioner, places)) in Runtime::BOTH.into_iter().cycle().zip(&expected) {
        let choose = |config: &mut samsa_tokio::Config| config.publish.partitioner = partitioner.clone();
        runtime.run_with(kafka, choose, async |cluster| {
            for (key, place) in keys.iter().zip(places) {
                let message = Message::new(partitioner.name()).key(*key);
                let receipt = cluster.topic("by-partitioner").publish(message).await.expect("a receipt");
                assert_eq!(receipt.partition, *place, "{key:?} by {}", partitioner.name());
            }
        });
    }
    let count = expected.len() * keys.len();
    let read = java::consume(kafka, "by-partitioner", count, MINUTE, &[]).expect("Java reads");
    assert_eq!(read.len(), count);
    let places_of = |partitioner: &str, key: &str| -> Vec<i32> {
        let wanted = (Some(key.as_bytes()), Some(partitioner.as_bytes()));
        let is_it = |record: &&Consumed| (record.key.as_deref(), record.value.as_deref()) == wanted;
        read.iter().filter(is_it).map(|record| record.partition).collect()
    };
    for (partitioner, places) in &expected {
        for (key, place) in keys.iter().zip(places) {
            let name = partitioner.name();
            assert_eq!(places_of(name, key), [*place], "{key:?} by {name}, as Java reads it");
        }
    }
}

/// What was tried, what was found, and what to do.
const TOO_LARGE_FOR_THE_BROKER: [&str; 3] =
    ["the broker takes no batch of 3145", "MESSAGE_TOO_LARGE", "raise max.message.bytes of the topic"];

fn a_message_that_is_too_large_is_not_sent_and_others_are(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "too-large", 1).expect("a topic");
    for runtime in Runtime::BOTH {
        // Larger than we take.
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic("too-large");
            let large = vec![b'x'; 1_000_001];
            let error = topic.publish(&large).await.expect_err("it is too large");
            assert_eq!(error.certainty(), Certainty::NotSent);
            let reason = error.failure();
            assert!(
                matches!(
                    reason,
                    PublishFailure::Unacceptable(AppendError::TooLarge { limit: 1_000_000, .. })
                ),
                "{reason:?}"
            );
            for words in ["larger than the limit of 1000000;", "raise message_bytes (max.request.size) here"]
            {
                assert!(error.to_string().contains(words), "{error}");
            }
            assert_eq!(error.message().value.as_deref(), Some(&large[..]));
        });
        // Larger than the broker takes.
        runtime.run_with(
            kafka,
            |config| config.publish.message_bytes = 4 << 20,
            async |cluster| {
                let topic = cluster.topic("too-large");
                let large = topic.enqueue(vec![b'x'; 3 << 20]).await.expect("room");
                let small = topic.enqueue("small").await.expect("room");
                let error = large.await.expect_err("the broker refuses it");
                assert_eq!(error.certainty(), Certainty::NotSent);
                let failure = error.failure();
                assert!(
                    matches!(failure, PublishFailure::TooLarge { count: 1, size, .. } if *size > 3 << 20),
                    "{error}"
                );
                for words in TOO_LARGE_FOR_THE_BROKER {
                    assert!(error.to_string().contains(words), "{error}");
                }
                assert!(!error.is_retriable());
                small.await.expect("the next is written");
            },
        );
    }
    let read = java::consume(kafka, "too-large", 2, MINUTE, &[]).expect("Java reads");
    let values: Vec<_> = read.into_iter().map(|record| record.value.unwrap_or_default()).collect();
    assert_eq!(values, [b"small", b"small"]);
}
