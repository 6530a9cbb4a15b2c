//! What Java writes in transactions: committed records are read, aborted ones only by who wants everything; a partition that
//! ends in a marker is read to its end.

use std::time::Duration;

use samsa_tests::{
    RealKafka, Release,
    cli::{Ended, Samsa},
    java::{self, Transaction},
    shared,
};
use samsa_tokio::{Isolation, Offset, Topic};

use crate::{client::Runtime, on_each_release};

on_each_release!(
    only_what_was_committed_is_read_unless_everything_is_wanted,
    a_topic_that_ends_in_a_marker_is_consumed_to_its_end,
    a_reader_pauses_and_seeks,
);

const LIMIT: Duration = Duration::from_secs(60);

fn transaction(values: &[&str], committed: bool) -> Transaction {
    Transaction { values: values.iter().map(|value| value.as_bytes().to_vec()).collect(), committed }
}

/// Six records; markers stand at 2, 4, 7 and 9.
fn write(kafka: &RealKafka, topic: &str) {
    java::create_topic(kafka, topic, 1).expect("a topic");
    let all = [
        transaction(&["one", "two"], true),
        transaction(&["lost"], false),
        transaction(&["three", "four"], true),
        transaction(&["lost too"], false),
    ];
    java::transact(kafka, topic, topic, &all).expect("Java writes");
}

/// The next values, and where the reader stands behind the last of them.
async fn read(topic: &Topic, isolation: Isolation, count: usize) -> (Vec<String>, Option<i64>) {
    let reader = topic.reader(Offset::Earliest).isolation(isolation);
    let mut reader = reader.open().await.expect("a reader");
    let mut values = Vec::new();
    while values.len() < count {
        let message = reader.next().await.expect("a message").expect("it can be read");
        values.push(String::from_utf8_lossy(message.value().expect("a value")).into_owned());
    }
    (values, reader.position(0))
}

fn only_what_was_committed_is_read_unless_everything_is_wanted(release: Release) {
    let Some(kafka) = shared(release) else { return };
    write(kafka, "transactions");
    for runtime in Runtime::BOTH {
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic("transactions");
            let (values, position) = read(&topic, Isolation::ReadCommitted, 4).await;
            assert_eq!(values, ["one", "two", "three", "four"]);
            assert!(position >= Some(7), "{position:?}");
            let (values, position) = read(&topic, Isolation::ReadUncommitted, 6).await;
            assert_eq!(values, ["one", "two", "lost", "three", "four", "lost too"]);
            assert!(position >= Some(9), "{position:?}");
            let ends = topic.offsets(Offset::Latest).await.expect("offsets");
            assert_eq!(ends[0].offset, 10);
        });
    }
}

fn consume(kafka: &RealKafka, arguments: &[&str]) -> Ended {
    let bootstrap = kafka.bootstrap();
    Samsa::run(&[&["--bootstrap", &*bootstrap], arguments].concat(), b"", LIMIT).expect("samsa ends")
}

fn a_topic_that_ends_in_a_marker_is_consumed_to_its_end(release: Release) {
    let Some(kafka) = shared(release) else { return };
    write(kafka, "marked");
    let committed = consume(kafka, &["consume", "marked", "--until-end"]);
    assert_eq!(committed.status, Some(0), "{}", committed.stderr);
    assert_eq!(String::from_utf8_lossy(&committed.stdout), "one\ntwo\nthree\nfour\n");
    let everything =
        consume(kafka, &["-X", "isolation.level=read_uncommitted", "consume", "marked", "--until-end"]);
    assert_eq!(everything.status, Some(0), "{}", everything.stderr);
    assert_eq!(String::from_utf8_lossy(&everything.stdout), "one\ntwo\nlost\nthree\nfour\nlost too\n");
    let behind_the_last = consume(kafka, &["consume", "marked", "--from", "8", "--until-end"]);
    assert_eq!(behind_the_last.status, Some(0), "{}", behind_the_last.stderr);
    assert!(behind_the_last.stdout.is_empty());
}

fn a_reader_pauses_and_seeks(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("sought-on-{}", runtime.name());
        java::create_topic(kafka, &name, 2).expect("a topic");
        runtime.run(kafka, async |cluster| {
            let topic = cluster.topic(&name);
            for number in 0..20 {
                topic.partition(number % 2).publish(number.to_string()).await.expect("a receipt");
            }
            let mut reader = topic.reader(Offset::Earliest).open().await.expect("a reader");
            reader.pause([0]);
            for offset in 0..10 {
                let message = reader.next().await.expect("a message").expect("it can be read");
                assert_eq!((message.partition(), message.offset()), (1, offset));
            }
            assert_eq!((reader.position(0), reader.position(1)), (Some(0), Some(10)));

            reader.seek(0, Offset::Exact(7)).await.expect("it is there");
            reader.seek(1, Offset::Latest).await.expect("it is there");
            assert_eq!((reader.position(0), reader.position(1)), (Some(7), Some(10)));
            reader.resume([0]);
            for offset in 7..10 {
                let message = reader.next().await.expect("a message").expect("it can be read");
                assert_eq!((message.partition(), message.offset()), (0, offset));
            }
            reader.seek(1, Offset::Exact(9)).await.expect("it is there");
            let message = reader.next().await.expect("a message").expect("it can be read");
            assert_eq!((message.partition(), message.offset()), (1, 9));

            reader.seek(1, Offset::Exact(1_000)).await.expect("it is gone to without a look");
            let error = reader.next().await.expect("an item").expect_err("there is no such offset");
            assert!(error.to_string().contains("seek"), "{error}");
            reader.seek(1, Offset::Exact(3)).await.expect("it is read again");
            let message = reader.next().await.expect("a message").expect("it can be read");
            assert_eq!((message.partition(), message.offset()), (1, 3));
        });
    }
}
