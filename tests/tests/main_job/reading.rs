//! What a client reads, its own messages and Java's.

use samsa_tests::{
    Release,
    java::{self, Headers, Produced},
    shared,
};
use samsa_tokio::{Cluster, Message, Offset, ReadError, Reader, Topic, UnixMillis};

use crate::{client::Runtime, on_each_release};

on_each_release!(
    a_reader_starts_where_it_is_told,
    next_and_next_chunk_agree,
    what_java_compressed_is_read,
    what_is_not_there_is_an_error,
);

/// A record, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Read {
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Headers,
}

fn headers<'a>(headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Headers {
    headers
        .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.map(<[u8]>::to_vec)))
        .collect()
}

/// The next `count` messages, one by one.
async fn messages(reader: &mut Reader, count: usize) -> Vec<Read> {
    let mut read = Vec::new();
    while read.len() < count {
        let message = reader.next().await.expect("a message").expect("it can be read");
        read.push(Read {
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().map(|time| time.0),
            key: message.key().map(<[u8]>::to_vec),
            value: message.value().map(<[u8]>::to_vec),
            headers: headers(message.headers()),
        });
    }
    read
}

/// The records of the next chunks, until there are `count`.
async fn records(reader: &mut Reader, count: usize) -> Vec<Read> {
    let mut read = Vec::new();
    while read.len() < count {
        let chunk = reader.next_chunk().await.expect("a chunk").expect("it can be read");
        read.extend(chunk.records().map(|record| Read {
            partition: chunk.partition(),
            offset: record.offset(),
            timestamp: (record.timestamp() >= 0).then(|| record.timestamp()),
            key: record.key().map(<[u8]>::to_vec),
            value: record.value().map(<[u8]>::to_vec),
            headers: headers(record.headers().map(|header| (header.key_bytes(), header.value()))),
        }));
    }
    read
}

async fn open(topic: &Topic, start: Offset) -> Reader {
    topic.reader(start).open().await.expect("a reader")
}

async fn first(topic: &Topic, start: Offset) -> i64 {
    messages(&mut open(topic, start).await, 1).await[0].offset
}

fn a_reader_starts_where_it_is_told(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("starts-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic(&name);
            let start = cluster.now().wall.0 - 3_600_000;
            for number in 0..50 {
                let message = Message::new("tick").timestamp(UnixMillis(start + 1000 * number));
                topic.publish(message).await.expect("a receipt");
            }
            assert_eq!(first(&topic, Offset::Earliest).await, 0);
            assert_eq!(first(&topic, Offset::Exact(42)).await, 42);
            assert_eq!(first(&topic, Offset::At(UnixMillis(start + 30_000))).await, 30);
            assert_eq!(first(&topic, Offset::At(UnixMillis(start + 30_001))).await, 31);

            let mut latest = open(&topic, Offset::Latest).await;
            let mut last = topic.partition(0).reader(Offset::Exact(49)).open().await.expect("a reader");
            topic.publish("the newest").await.expect("a receipt");
            assert_eq!(messages(&mut latest, 1).await[0].offset, 50);
            let offsets: Vec<_> = messages(&mut last, 2).await.iter().map(|read| read.offset).collect();
            assert_eq!(offsets, [49, 50]);
        });
    }
}

/// Keyed messages, some of them tombstones, some with headers; batches of many sizes.
async fn fill(cluster: &Cluster, name: &str, count: usize) {
    let topic = cluster.topic(name);
    for number in 0..count {
        let (key, value) = (format!("key {}", number % 23), format!("value {number}"));
        let message = match number % 5 {
            0 => Message::tombstone(&key),
            1 => Message::new(&value).key(&key).header("number", number.to_string()).null_header("none"),
            _ => Message::new(&value).key(&key),
        };
        let delivery = topic.enqueue(message).await.expect("room");
        if number.is_multiple_of(100) {
            delivery.await.expect("a receipt");
        }
    }
    cluster.flush().await.expect("all have their outcome");
}

fn is_in_order(read: &[Read]) -> bool {
    (0..3).all(|partition| {
        let offsets = read.iter().filter(|read| read.partition == partition).map(|read| read.offset);
        offsets.is_sorted()
    })
}

fn next_and_next_chunk_agree(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "read", 3).expect("a topic");
    let mut count = 0;
    for runtime in Runtime::BOTH {
        count += 3000;
        runtime.run(kafka, async |cluster| {
            fill(cluster, "read", 3000).await;
            let topic = cluster.topic("read");
            let mut one_by_one = messages(&mut open(&topic, Offset::Earliest).await, count).await;
            let mut in_chunks = records(&mut open(&topic, Offset::Earliest).await, count).await;
            assert!(is_in_order(&one_by_one) && is_in_order(&in_chunks));
            one_by_one.sort();
            in_chunks.sort();
            assert_eq!(in_chunks.len(), count);
            assert!(one_by_one == in_chunks);
        });
    }
}

/// What Java writes, with a value that gives compression work to do.
fn produced(number: usize) -> Produced {
    let header = ("number".to_owned(), Some(number.to_string().into_bytes()));
    Produced {
        partition: None,
        key: (!number.is_multiple_of(3)).then(|| format!("key {}", number % 7).into_bytes()),
        value: (!number.is_multiple_of(11))
            .then(|| format!("value {number} ").repeat(number % 30).into_bytes()),
        headers: if number.is_multiple_of(2) { vec![header, ("none".to_owned(), None)] } else { Vec::new() },
    }
}

fn what_java_compressed_is_read(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let written: Vec<_> = (0..1000).map(produced).collect();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let name = format!("by-java-{codec}");
        let settings = [("compression.type", codec), ("linger.ms", "20"), ("batch.size", "60000")];
        let places = java::produce(kafka, &name, &written, &settings).expect("Java writes");
        assert_eq!(places.len(), written.len());
        for runtime in Runtime::BOTH {
            runtime.run(kafka, async |cluster| {
                let topic = cluster.topic(&name);
                let read = messages(&mut open(&topic, Offset::Earliest).await, written.len()).await;
                for (read, (place, written)) in read.iter().zip(places.iter().zip(&written)) {
                    assert_eq!((read.partition, read.offset), (place.partition, place.offset));
                    assert_eq!((&read.key, &read.value), (&written.key, &written.value));
                    assert_eq!(read.headers, written.headers);
                }
            });
        }
    }
}

fn what_is_not_there_is_an_error(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("short-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            let error = cluster.topic("no-such-topic").reader(Offset::Earliest).open().await;
            assert!(matches!(error, Err(ReadError::UnknownTopic { .. })), "{error:?}");

            let topic = cluster.topic(&name);
            topic.publish("the only one").await.expect("a receipt");
            let error = topic.partition(7).reader(Offset::Earliest).open().await;
            assert!(matches!(error, Err(ReadError::UnknownPartition { partition: 7, .. })), "{error:?}");

            let mut beyond = open(&topic, Offset::Exact(1000)).await;
            let error = beyond.next().await.expect("an item").expect_err("there is no such offset");
            assert!(matches!(error, ReadError::OutOfRange { offset: 1000, .. }), "{error:?}");
        });
    }
}
