//! The command line: 100,000 keyed lines go through `samsa publish` and come back through `samsa consume` and through Java.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use samsa_tests::{
    RealKafka, Release,
    cli::Samsa,
    java::{self, Produced},
    shared,
};

use crate::client::Runtime;

const LINES: usize = 100_000;
const KEYS: usize = 500;
const LIMIT: Duration = Duration::from_secs(180);

/// `KEY:NUMBER`, the numbers of a key growing from line to line.
fn lines(count: usize) -> String {
    let line = |number: usize| format!("user-{}:{number}\n", number * 7919 % KEYS);
    (0..count).map(line).collect::<Vec<_>>().concat()
}

/// The numbers of each key, in the order in which they stand in lines.
fn by_key<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, Vec<usize>> {
    let mut numbers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for line in lines {
        let (key, number) = line.split_once(':').expect("KEY:NUMBER");
        numbers.entry(key).or_default().push(number.parse().expect("a number"));
    }
    numbers
}

fn samsa(kafka: &RealKafka, runtime: Runtime, command: &[&str], input: &str) -> String {
    let place = kafka.zookeeper();
    let place = match &place {
        Some(zookeeper) => ["--zookeeper".to_owned(), zookeeper.clone()],
        None => ["--bootstrap".to_owned(), kafka.bootstrap()],
    };
    let mut arguments = vec![&*place[0], &*place[1], "--runtime", runtime.name()];
    arguments.extend(command);
    let ended = Samsa::run(&arguments, input.as_bytes(), LIMIT).expect("samsa ends");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    String::from_utf8(ended.stdout).expect("text")
}

/// What is published comes back, in order per key. Gives the lines as `samsa consume` printed them.
fn there_and_back(kafka: &RealKafka, runtime: Runtime, topic: &str, count: usize) -> String {
    let published = lines(count);
    samsa(kafka, runtime, &["publish", topic, "--key-delimiter", ":"], &published);
    let format = ["--format", r"%k:%s\n"];
    let consumed = samsa(kafka, runtime, &[&["consume", topic, "--until-end"][..], &format].concat(), "");
    assert_eq!(consumed.lines().count(), count);
    assert!(
        by_key(consumed.lines()) == by_key(published.lines()),
        "the numbers of a key are not as published"
    );
    consumed
}

/// Java sees the same lines in order, and each key in the partition that its own producer would have chosen.
fn java_agrees(kafka: &RealKafka, topic: &str, consumed: &str) {
    let read = java::consume(kafka, topic, LINES, LIMIT, &[]).expect("Java reads");
    assert_eq!(read.len(), LINES);
    let mut partitions: BTreeMap<Vec<u8>, BTreeSet<i32>> = BTreeMap::new();
    let mut lines = Vec::with_capacity(LINES);
    for record in read {
        let (key, value) = (record.key.expect("a key"), record.value.expect("a value"));
        lines.push([&key, &b":"[..], &value].concat());
        partitions.entry(key).or_default().insert(record.partition);
    }
    let lines = String::from_utf8(lines.join(&b'\n')).expect("text");
    assert!(by_key(lines.lines()) == by_key(consumed.lines()), "Java and samsa read different lines");

    let asked: Vec<_> = partitions.keys().step_by(KEYS / 20).cloned().collect();
    let records = asked.iter().map(|key| Produced { key: Some(key.clone()), ..Produced::default() });
    let places = java::produce(kafka, topic, &records.collect::<Vec<_>>(), &[]).expect("Java writes");
    let by_java: BTreeMap<_, _> =
        asked.into_iter().zip(places.iter().map(|place| BTreeSet::from([place.partition]))).collect();
    assert_eq!(partitions.len(), KEYS);
    partitions.retain(|key, _| by_java.contains_key(key));
    assert_eq!(partitions, by_java);
}

fn keyed_lines_come_back_in_order_and_java_reads_them(release: Release, runtime: Runtime) {
    let Some(kafka) = shared(release) else { return };
    let topic = format!("lines-on-{}", runtime.name());
    java::create_topic(kafka, &topic, 4).expect("a topic");
    let consumed = there_and_back(kafka, runtime, &topic, LINES);
    java_agrees(kafka, &topic, &consumed);
}

fn the_first_line_makes_the_topic(release: Release, runtime: Runtime) {
    let Some(kafka) = shared(release) else { return };
    there_and_back(kafka, runtime, &format!("made-by-lines-on-{}", runtime.name()), 5000);
}

macro_rules! on_each {
    ($($module:ident: $release:ident, $runtime:ident;)+) => {
        $(mod $module {
            use samsa_tests::Release;
            use crate::client::Runtime;

            #[test]
            fn keyed_lines_come_back_in_order_and_java_reads_them() {
                super::keyed_lines_come_back_in_order_and_java_reads_them(Release::$release, Runtime::$runtime);
            }

            #[test]
            fn the_first_line_makes_the_topic() {
                super::the_first_line_makes_the_topic(Release::$release, Runtime::$runtime);
            }
        })+
    };
}

on_each! {
    on_3_9_2_and_tokio: V3_9_2, Tokio;
    on_3_9_2_and_async_std: V3_9_2, AsyncStd;
    on_4_4_0_and_tokio: V4_4_0, Tokio;
    on_4_4_0_and_async_std: V4_4_0, AsyncStd;
}
