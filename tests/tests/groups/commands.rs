//! `samsa consume --group` and `samsa perf consume --group`: what they take they commit, in the times that they are told.

use std::thread;
use std::time::{Duration, Instant};

use samsa_tests::{RealKafka, Release, cli::Samsa, java, shared};

use crate::client::Runtime;
use crate::looking::{objects, samsa};

const LIMIT: Duration = Duration::from_secs(60);

/// One that nobody else has here.
const SESSION_TIMEOUT: Duration = Duration::from_secs(9);

/// What is not committed by then was not meant to be: the default is 5 s.
const LONGER_THAN_THE_DEFAULT: Duration = Duration::from_secs(8);

/// What the group has committed, over all partitions.
fn committed(kafka: &RealKafka, group: &str) -> i64 {
    let shown = objects(&samsa(kafka, &["groups", group, "--json"]));
    shown.iter().filter_map(|row| row["committed"].as_i64()).sum()
}

fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let give_up = Instant::now() + LIMIT;
    while !reached() {
        assert!(Instant::now() < give_up, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn perf_measures_a_member_that_commits_what_it_counted(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("measured-on-{}", runtime.name());
        java::create_topic(kafka, &name, 2).expect("a topic");
        let perf = |arguments: &[&str]| {
            let perf = ["--runtime", runtime.name(), "--json", "perf"];
            objects(&samsa(kafka, &[&perf, arguments].concat())).remove(0)
        };
        perf(&["publish", &name, "--records", "2000", "--size", "100"]);

        let consume = ["consume", &name, "--group", &name, "--records"];
        let told = perf(&[&consume[..], &["700", "--by-message"]].concat());
        assert_eq!((&told["records"], &told["bytes"]), (&700.into(), &70_000.into()));
        assert_eq!(committed(kafka, &name), 700);

        let told = perf(&[&consume[..], &["1300"]].concat());
        assert_eq!((&told["records"], &told["bytes"]), (&1300.into(), &130_000.into()));
        assert_eq!(committed(kafka, &name), 2000);

        // The batch of which one record was counted is for who comes next.
        perf(&["publish", &name, "--records", "1000", "--size", "100", "--linger-ms", "200"]);
        assert_eq!(perf(&[&consume[..], &["1"]].concat())["records"], 1);
        assert_eq!(committed(kafka, &name), 2000);
        assert_eq!(perf(&[&consume[..], &["1000"]].concat())["records"], 1000);
        assert_eq!(committed(kafka, &name), 3000);
    }
    // By bootstrap a group of that name is another one, on the brokers.
    let by_bootstrap = ["--bootstrap", &kafka.bootstrap(), "--json", "perf", "consume", "measured-on-tokio"];
    let group = ["--group", "measured-on-tokio", "--records", "2000"];
    let done = Samsa::run(&[&by_bootstrap[..], &group].concat(), b"", LIMIT).expect("it ends");
    assert_eq!(objects(&done).remove(0)["records"], 2000, "from the beginning");
}

pub(crate) fn members_have_the_session_and_commit_in_the_time_that_they_are_told(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let zookeeper = kafka.zookeeper().expect("ZooKeeper");
    java::create_topic(kafka, "timed", 1).expect("a topic");
    Samsa::run(&["--zookeeper", &zookeeper, "publish", "timed"], b"1\n2\n3\n", LIMIT).expect("it ends");
    let timeout = format!("session.timeout.ms={}", SESSION_TIMEOUT.as_millis());
    for (command, group) in
        [(&["consume", "timed"][..], "printed"), (&["perf", "consume", "timed", "--records", "4"], "counted")]
    {
        let start = |interval: &str| {
            let interval = format!("auto.commit.interval.ms={interval}");
            let settings = ["--zookeeper", &zookeeper, "-X", &timeout, "-X", &interval];
            Samsa::start(&[&settings[..], command, &["--group", group]].concat()).expect("samsa starts")
        };
        let seldom = start("3600000");
        // One finds the brokers, the other is the member's.
        wait_until("two sessions", || kafka.zookeeper_sessions(SESSION_TIMEOUT).len() == 2);
        wait_until("a place to start at", || samsa(kafka, &["groups", group]).status == Some(0));
        thread::sleep(LONGER_THAN_THE_DEFAULT);
        assert_eq!(committed(kafka, group), 0, "{command:?}");
        seldom.interrupt().expect("a signal");
        seldom.end(LIMIT).expect("it ends");
        assert_eq!(committed(kafka, group), 3, "{command:?} commits as it leaves");
        wait_until("its sessions have ended", || kafka.zookeeper_sessions(SESSION_TIMEOUT).is_empty());
    }
}
