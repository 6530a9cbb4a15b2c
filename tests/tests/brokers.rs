//! The support itself: Apache's clients write and read.

use std::env;
use std::process::{Command, Output};
use std::time::Duration;

use samsa_tests::{Mode, Release, java, shared};

const MINUTE: Duration = Duration::from_secs(60);

fn keyed(count: usize) -> Vec<java::Produced> {
    let text = |text: String| Some(text.into_bytes());
    (0..count)
        .map(|n| java::Produced {
            key: text(format!("key {}", n % 17)),
            value: text(format!("value {n}")),
            ..java::Produced::default()
        })
        .collect()
}

fn java_reads_what_java_wrote(release: Release) {
    let Some(kafka) = shared(release) else { return };
    java::create_topic(kafka, "self-test", 3).expect("a topic");
    let records = keyed(1000);
    let places = java::produce(kafka, "self-test", &records, &[]).expect("Java writes");
    assert_eq!(places.len(), 1000);

    let read = java::consume(kafka, "self-test", 1000, MINUTE, &[]).expect("Java reads");
    assert_eq!(read.len(), 1000);
    for record in read {
        let place = java::Acknowledged { partition: record.partition, offset: record.offset };
        let written =
            places.iter().position(|written| *written == place).expect("only what was acknowledged");
        assert_eq!(
            (record.key, record.value),
            (records[written].key.clone(), records[written].value.clone())
        );
    }
}

#[test]
fn java_reads_what_java_wrote_on_3_9_2() {
    java_reads_what_java_wrote(Release::V3_9_2);
}

#[test]
fn java_reads_what_java_wrote_on_4_4_0() {
    java_reads_what_java_wrote(Release::V4_4_0);
}

#[test]
fn only_zookeeper_mode_has_a_zookeeper() {
    for release in [Release::V3_9_2, Release::V4_4_0] {
        let Some(kafka) = shared(release) else { return };
        assert_eq!(kafka.zookeeper().is_some(), release.mode == Mode::ZooKeeper);
        assert_ne!(kafka.zookeeper(), Some(kafka.bootstrap()));
    }
}

#[test]
fn java_reads_what_java_wrote_on_0_11_0_3() {
    java_reads_what_java_wrote(Release::V0_11_0_3);
}

/// One of the tests above in a process that finds no program.
fn without_programs(set: impl FnOnce(&mut Command)) -> Output {
    let mut test = Command::new(env::current_exe().expect("this test"));
    test.args(["--exact", "only_zookeeper_mode_has_a_zookeeper", "--nocapture"]).env("PATH", "");
    set(test.env_remove("CI").env_remove("SAMSA_REQUIRE_BROKERS"));
    test.output().expect("it runs")
}

#[test]
fn what_is_missing_for_brokers_is_told_by_a_test_that_is_skipped_or_by_one_that_has_to_run() {
    let skipped = without_programs(|_| {});
    let told = String::from_utf8_lossy(&skipped.stderr);
    assert!(skipped.status.success(), "{told}");
    assert!(told.contains("skipped: `") && told.contains("` is not installed: install "), "{told}");

    let failed = without_programs(|test| {
        test.env("SAMSA_REQUIRE_BROKERS", "1");
    });
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(!failed.status.success(), "{told}");
    for words in ["` is not installed: install ", "SAMSA_REQUIRE_BROKERS is set, so this test must run"] {
        assert!(told.contains(words), "{told}");
    }
}
