//! The command line: what is printed where, and the exit status: 0 all done, 1 something was not delivered or not reached,
//! 2 wrong usage.

use std::{
    fs,
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use samsa_tests::{
    Error, Mode, RealKafka, Release,
    cli::{Ended, Samsa},
    java, shared,
};
use serde_json::{Value, json};

use crate::{client::Runtime, on_each_release};

on_each_release!(
    brokers_and_topics_are_shown,
    a_line_that_is_too_long_is_told_and_the_others_are_published,
    a_line_that_is_too_long_for_the_broker_is_told_with_the_setting_to_raise,
    lines_that_are_a_set_stay_together,
    perf_tells_what_it_took,
    what_is_consumed_is_what_was_asked_for,
    messages_are_printed_as_json,
    a_topic_that_is_not_there_is_a_failure,
    a_start_behind_the_end_is_told_once,
    a_consumer_that_is_terminated_has_printed_what_it_read,
    a_consumer_that_is_interrupted_has_printed_what_it_read,
    the_lines_of_a_file_are_published,
    a_publisher_that_is_terminated_has_delivered_what_it_read,
);

const LIMIT: Duration = Duration::from_secs(60);

fn at(kafka: &RealKafka) -> [String; 2] {
    match kafka.zookeeper() {
        Some(zookeeper) => ["--zookeeper".to_owned(), zookeeper],
        None => ["--bootstrap".to_owned(), kafka.bootstrap()],
    }
}

fn samsa(kafka: &RealKafka, command: &[&str], input: &str) -> Ended {
    samsa_on(Runtime::Tokio, kafka, command, input)
}

fn samsa_on(runtime: Runtime, kafka: &RealKafka, command: &[&str], input: &str) -> Ended {
    let place = at(kafka);
    let arguments = [&[&*place[0], &*place[1], "--runtime", runtime.name()], command].concat();
    Samsa::run(&arguments, input.as_bytes(), LIMIT).expect("samsa ends")
}

/// What it printed, if all was done.
fn printed(ended: &Ended) -> &str {
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    str::from_utf8(&ended.stdout).expect("text")
}

fn objects(ended: &Ended) -> Vec<Value> {
    printed(ended).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn brokers_and_topics_are_shown(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "shown", 2).expect("a topic");

    for runtime in Runtime::BOTH {
        shows_brokers_and_topics(runtime, kafka);
    }
}

fn shows_brokers_and_topics(runtime: Runtime, kafka: &RealKafka) {
    let samsa = |command: &[&str]| samsa_on(runtime, kafka, command, "");
    let brokers = objects(&samsa(&["--json", "brokers"]));
    assert_eq!(brokers.len(), 1);
    let port: u64 = kafka.bootstrap().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    assert_eq!((&brokers[0]["host"], &brokers[0]["port"]), (&json!("127.0.0.1"), &json!(port)));
    let for_people = samsa(&["brokers"]);
    assert!(printed(&for_people).contains(&port.to_string()), "{}", printed(&for_people));

    let topics = samsa(&["topics"]);
    assert!(printed(&topics).lines().any(|line| line == "shown"), "{}", printed(&topics));
    let partitions = objects(&samsa(&["topics", "shown", "--json"]));
    assert_eq!(partitions.len(), 2);
    for (number, partition) in partitions.iter().enumerate() {
        assert_eq!(partition["partition"], json!(number));
        assert_eq!(partition["leader"], brokers[0]["id"]);
        assert_eq!((&partition["earliest"], &partition["latest"]), (&json!(0), &json!(0)));
    }
    printed(&samsa(&["explain"]));
}

fn perf_tells_what_it_took(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "measured", 2).expect("a topic");
    for runtime in Runtime::BOTH {
        perf_tells(runtime, kafka);
    }
    let on_two = ["--json", "perf", "consume", "measured", "--records", "2000", "--threads", "2"];
    assert_eq!(objects(&samsa(kafka, &on_two, ""))[0]["records"], 2000);
    let refused = samsa_on(Runtime::AsyncStd, kafka, &on_two, "");
    assert_eq!(refused.status, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("--threads is for Tokio"), "{}", refused.stderr);
}

fn perf_tells(runtime: Runtime, kafka: &RealKafka) {
    let publish = &["publish", "measured", "--records", "2000", "--size", "100"][..];
    let paced = ["--rate", "2000", "--compression", "lz4", "--linger-ms", "2", "--acks", "1"];
    for (command, figures) in [
        (publish, &["cpu_ns_per_record"][..]),
        (&[publish, &paced].concat(), &["cpu_ns_per_record"]),
        (&["consume", "measured", "--records", "2000"], &["records_per_second", "max_rss_bytes"]),
        (&["latency", "measured", "--rate", "500", "--seconds", "2", "--size", "100"], &["p50_ms", "max_ms"]),
    ] {
        let told = objects(&samsa_on(runtime, kafka, &[&["--json", "perf"], command].concat(), ""));
        let records = if command[0] == "latency" { 1000 } else { 2000 };
        assert_eq!((told.len(), &told[0]["records"]), (1, &records.into()), "{command:?}");
        for figure in figures {
            assert!(told[0][figure].as_f64().is_some_and(|figure| figure > 0.0), "{figure} of {told:?}");
        }
        if command.contains(&"--rate") {
            assert!(told[0]["seconds"].as_f64().is_some_and(|seconds| seconds > 0.9), "its pace: {told:?}");
        }
    }
}

fn lines_that_are_a_set_stay_together(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "together", 3).expect("a topic");
    printed(&samsa(kafka, &["publish", "together", "--key-delimiter", ":"], "k:before\n"));
    let publish = ["--json", "publish", "together", "--set", "--key-delimiter", ":"];
    let receipts = objects(&samsa(kafka, &publish, "k:1\nother:2\n3\n"));
    assert_eq!(
        (receipts.len(), &receipts[0]["base_offset"], &receipts[0]["count"]),
        (1, &1.into(), &3.into())
    );

    let read = java::consume(kafka, "together", 4, LIMIT, &[]).expect("Java reads");
    let read = read.iter().map(|record| (record.partition, record.offset, record.key.as_deref()));
    let partition = receipts[0]["partition"].as_i64().expect("a number") as i32;
    let keys: [&[u8]; 4] = [b"k", b"k", b"other", b"k"];
    assert!(read.eq((0..).zip(keys).map(|(offset, key)| (partition, offset, Some(key)))));

    let large = "x".repeat(600_000);
    let ended = samsa(kafka, &publish, &format!("{large}\n{large}\n"));
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was published"), "{}", ended.stderr);
}

fn a_line_that_is_too_long_is_told_and_the_others_are_published(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let lines = format!("first\n{}\nthird\n", "x".repeat(1_000_001));
    let ended = samsa(kafka, &["publish", "too-long"], &lines);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.is_empty());
    let told: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(told.iter().filter(|line| line.starts_with("line ")).count(), 1, "{told:?}");
    let line = told.iter().find(|line| line.starts_with("line 2: ")).expect("it is told");
    for words in ["larger than the limit of 1000000;", "max.request.size"] {
        assert!(line.contains(words), "{line}");
    }
    assert!(told.contains(&"2 messages published"), "{told:?}");
    assert!(told.contains(&"error: 1 message not delivered: 1 not sent, 0 possibly sent"), "{told:?}");

    assert_eq!(printed(&samsa(kafka, &["consume", "too-long", "--until-end"], "")), "first\nthird\n");
}

fn a_line_that_is_too_long_for_the_broker_is_told_with_the_setting_to_raise(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let lines = format!("first\n{}\nthird\n", "x".repeat(3 << 20));
    let ended =
        samsa(kafka, &["-X", "max.request.size=4194304", "publish", "too-long-for-the-broker"], &lines);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    println!("{}", ended.stderr);
    let told: Vec<_> = ended.stderr.lines().collect();
    let line = told.iter().find(|line| line.starts_with("line 2: ")).expect("it is told");
    for words in ["the broker takes no batch of 3145", "raise max.message.bytes of the topic"] {
        assert!(line.contains(words), "{line}");
    }
    assert!(told.contains(&"2 messages published"), "{told:?}");
    assert!(told.contains(&"error: 1 message not delivered: 1 not sent, 0 possibly sent"), "{told:?}");
}

fn what_is_consumed_is_what_was_asked_for(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "asked-for", 2).expect("a topic");
    let lines = "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    printed(&samsa(kafka, &["publish", "asked-for", "--partition", "1"], lines));

    let consume = |arguments: &[&str]| {
        let ended = samsa(kafka, &[&["consume", "asked-for"], arguments].concat(), "");
        printed(&ended).to_owned()
    };
    assert_eq!(consume(&["--until-end"]), lines);
    assert_eq!(consume(&["--count", "2"]), "0\n1\n");
    assert_eq!(consume(&["--partition", "0", "--until-end"]), "");
    assert_eq!(
        consume(&["--partition", "1", "--from", "8", "--until-end", "-f", r"%t/%p@%o %k[%K] %s[%S]\n"]),
        "\
asked-for/1@8 [-1] 8[1]
asked-for/1@9 [-1] 9[1]
"
    );
    assert_eq!(consume(&["--from", "latest", "--until-end"]), "");
    assert_eq!(consume(&["--from", "@2001-01-01T00:00:00Z", "--count", "1"]), "0\n");
}

fn messages_are_printed_as_json(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let publish = ["--json", "publish", "as-json", "--key-delimiter", "=", "--header", "trace=7"];
    let receipts = objects(&samsa(kafka, &publish, "user-1=signed up\n"));
    assert_eq!(receipts.len(), 1);
    assert_eq!((&receipts[0]["line"], &receipts[0]["partition"]), (&json!(1), &json!(0)));
    assert_eq!(receipts[0]["offset"], json!(0));

    let messages = objects(&samsa(kafka, &["--json", "consume", "as-json", "--count", "1"], ""));
    let expected = json!({
        "topic": "as-json", "partition": 0, "offset": 0, "timestamp": receipts[0]["timestamp"],
        "key": "user-1", "value": "signed up", "headers": [{"name": "trace", "value": "7"}],
    });
    assert_eq!(messages, [expected]);
}

fn a_topic_that_is_not_there_is_a_failure(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for command in
        [&["consume", "nowhere"][..], &["consume", "nowhere", "--until-end"], &["topics", "nowhere"]]
    {
        let ended = samsa(kafka, command, "");
        assert_eq!(ended.status, Some(1), "{command:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("there is no topic \"nowhere\""), "{}", ended.stderr);
        assert!(ended.stdout.is_empty());
    }
}

fn a_start_behind_the_end_is_told_once(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "ends-before", 1).expect("a topic");
    printed(&samsa(kafka, &["publish", "ends-before"], "the only one\n"));
    for further in [&[][..], &["--until-end"], &["--partition", "0"]] {
        let ended = samsa(kafka, &[&["consume", "ends-before", "--from", "1000"], further].concat(), "");
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("offset 1000").count(), 1, "{}", ended.stderr);
    }
}

/// Waits until it printed so many lines.
fn wait_for_lines(samsa: &Samsa, count: usize) -> Vec<u8> {
    let give_up = Instant::now() + LIMIT;
    loop {
        let printed = samsa.printed().expect("a file");
        if printed.split_inclusive(|byte| *byte == b'\n').count() >= count && printed.ends_with(b"\n") {
            return printed;
        }
        assert!(Instant::now() < give_up, "{count} lines were not printed");
        thread::sleep(Duration::from_millis(20));
    }
}

fn a_consumer_that_is_terminated_has_printed_what_it_read(release: Release) {
    let Some(kafka) = shared(release) else { return };
    has_printed_what_it_read(kafka, "terminated", Samsa::terminate);
}

fn a_consumer_that_is_interrupted_has_printed_what_it_read(release: Release) {
    let Some(kafka) = shared(release) else { return };
    has_printed_what_it_read(kafka, "interrupted", Samsa::interrupt);
}

fn has_printed_what_it_read(kafka: &RealKafka, topic: &str, stop: impl Fn(&Samsa) -> Result<(), Error>) {
    printed(&samsa(kafka, &["publish", topic], "1\n2\n3\n"));
    let place = at(kafka);
    let tail = Samsa::start(&[&place[0], &place[1], "consume", topic]).expect("samsa starts");
    // It waits for more, and keeps nothing back meanwhile.
    assert_eq!(wait_for_lines(&tail, 3), b"1\n2\n3\n");
    printed(&samsa(kafka, &["publish", topic], "4\n"));
    assert_eq!(wait_for_lines(&tail, 4), b"1\n2\n3\n4\n");
    stop(&tail).expect("a signal");
    let ended = tail.end(LIMIT).expect("it ends");
    assert_eq!(printed(&ended), "1\n2\n3\n4\n");
}

fn the_lines_of_a_file_are_published(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lines-for-{}", release.version));
    fs::write(&file, "one\ntwo\nthree").expect("a file");
    let published = samsa(kafka, &["publish", "of-a-file", file.to_str().expect("text")], "not this\n");
    assert_eq!(printed(&published), "");
    assert!(published.stderr.contains("3 messages published"), "{}", published.stderr);
    assert_eq!(printed(&samsa(kafka, &["consume", "of-a-file", "--until-end"], "")), "one\ntwo\nthree\n");
}

fn a_publisher_that_is_terminated_has_delivered_what_it_read(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let place = at(kafka);
    let arguments = [&place[0], &place[1], "--json", "publish", "cut-off"];
    let mut publish = Samsa::start(&arguments).expect("samsa starts");
    let mut stdin = publish.stdin().expect("a pipe");
    stdin.write_all(b"1\n2\n3\n").expect("it reads");
    // It does not wait for more lines before it sends, and before it says what was written.
    wait_for_lines(&publish, 3);
    publish.terminate().expect("a signal");
    let ended = publish.end(LIMIT).expect("it ends");
    drop(stdin);
    assert_eq!(objects(&ended).len(), 3);
    assert!(ended.stderr.contains("3 messages published"), "{}", ended.stderr);
    assert_eq!(printed(&samsa(kafka, &["consume", "cut-off", "--until-end"], "")), "1\n2\n3\n");
}

#[test]
fn brokers_that_are_registered_have_an_age() {
    for release in [Release::V3_9_2, Release::V4_4_0] {
        let Some(kafka) = shared(release) else { return };
        let brokers = objects(&samsa(kafka, &["brokers", "--json"], ""));
        let has_age = brokers[0]["registered_at_ms"].is_i64();
        assert_eq!(has_age, release.mode == Mode::ZooKeeper, "{brokers:?}");
    }
}

#[test]
fn without_a_cluster_every_way_to_name_one_is_told() {
    let ended = Samsa::run(&["brokers"], b"", LIMIT).expect("samsa ends");
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    for way in ["--zookeeper", "--bootstrap", "SAMSA_ZOOKEEPER", "SAMSA_BOOTSTRAP", "samsa.conf"] {
        assert!(ended.stderr.contains(way), "{}", ended.stderr);
    }
}
