//! Members that are processes of their own: `samsa consume --group`, one of them killed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tests::{RealKafka, Release, cli::Samsa, shared};

use crate::client::Runtime;
use crate::members::publish;
use crate::znodes::Znodes;

const COUNT: usize = 200;
/// The session timeout, rounded up to a tick of ZooKeeper, and a second; and what a busy machine adds.
const TAKEOVER: Duration = Duration::from_secs(6 + 3 + 1 + 5);
const LIMIT: Duration = Duration::from_secs(40);

fn consumer(kafka: &RealKafka, topic: &str, runtime: Runtime) -> Samsa {
    let zookeeper = kafka.zookeeper().expect("ZooKeeper");
    let place = ["--zookeeper", &zookeeper, "--runtime", runtime.name()];
    let consume = ["consume", topic, "--group", "processes", "--format", r"%p-%o\n"];
    Samsa::start(&[&place[..], &consume].concat()).expect("a process")
}

/// What they have printed, line by line.
fn printed(processes: &[&Samsa]) -> Vec<String> {
    let texts = processes.iter().map(|process| process.printed().expect("what it printed"));
    let texts = texts.map(|text| String::from_utf8(text).expect("text"));
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Every message of each partition in this range.
fn lines(offsets: std::ops::Range<usize>) -> BTreeSet<String> {
    (0..4).flat_map(|partition| offsets.clone().map(move |offset| format!("{partition}-{offset}"))).collect()
}

/// Waits until they have printed all these lines together.
async fn until(processes: &[&Samsa], lines: BTreeSet<String>) {
    let since = Instant::now();
    let missing = || &lines - &printed(processes).into_iter().collect();
    while !missing().is_empty() {
        assert!(since.elapsed() < LIMIT, "missing: {:?}", missing());
        Timer::after(Duration::from_millis(50)).await;
    }
}

pub(crate) fn a_member_that_is_killed_leaves_its_partitions_to_the_others(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("killed-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            Znodes::of(kafka).create_topic(&name, 4);
            let (stays, goes) = (consumer(kafka, &name, runtime), consumer(kafka, &name, runtime));
            publish(cluster, &name, COUNT).await;
            until(&[&stays, &goes], lines(0..COUNT / 4)).await;

            drop(goes);
            let killed = Instant::now();
            publish(cluster, &name, COUNT).await;
            until(&[&stays], lines(COUNT / 4..COUNT / 2)).await;
            let took = killed.elapsed();
            println!("{release}: partitions of a member that was killed were taken over after {took:?}");
            assert!(took < TAKEOVER, "{took:?}");

            stays.terminate().expect("it is asked to end");
            let ended = stays.end(LIMIT).expect("it ends");
            assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        });
    }
}
