//! Members that are processes of their own: `samsa consume --group`, one of them killed.

use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tests::{RealKafka, Release, cli::Samsa, shared};

use crate::client::Runtime;
use crate::foreign::owned_by;
use crate::members::{Place, publish};
use crate::printed::printed;
use crate::received::{first_of, until_received};
use crate::znodes::{Partitions, Znodes};

const COUNT: usize = 200;
const PARTITIONS: usize = 4;
/// Far less than the session of who was killed.
const SOON: Duration = Duration::from_secs(1);
/// What the others may take beyond the end of a session.
const BEYOND: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(40);

/// A member of the group that is called as its topic.
fn consumer(kafka: &RealKafka, name: &str, runtime: Runtime) -> Samsa {
    let zookeeper = kafka.zookeeper().expect("ZooKeeper");
    let place = ["--zookeeper", &zookeeper, "--runtime", runtime.name()];
    let consume = ["consume", name, "--group", name, "--format", r"%p %o\n"];
    Samsa::start(&[&place[..], &consume].concat()).expect("a process")
}

/// What they have printed together.
fn of_all<'a>(processes: impl IntoIterator<Item = &'a Samsa>) -> Vec<Place> {
    processes.into_iter().flat_map(printed).collect()
}

/// Waits until they have printed something of each of these partitions; says what was the first of each.
async fn until_begun(processes: &[Samsa], partitions: &[i32]) -> Partitions<i64> {
    let since = Instant::now();
    loop {
        let begun = first_of(&of_all(processes), partitions);
        if begun.len() == partitions.len() {
            return begun;
        }
        assert!(since.elapsed() < LIMIT, "of {partitions:?} only {begun:?}");
        Timer::after(Duration::from_millis(10)).await;
    }
}

/// From a kill until the others deliver: a session that was heard of last before it lasts for the timeout that it was granted,
/// and its end is put off to the next tick of ZooKeeper.
fn bound(kafka: &RealKafka, session: i64) -> Duration {
    let timeout = kafka.zookeeper_session_timeout(session).expect("a session");
    timeout + kafka.zookeeper_tick().expect("a tick") + BEYOND
}

pub(crate) fn a_member_that_is_killed_leaves_its_partitions_to_the_others(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("killed-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            let znodes = Znodes::of(kafka);
            znodes.create_topic(&name, PARTITIONS);
            let goes = consumer(kafka, &name, runtime);
            znodes.until_shared(&name, &name, 1, PARTITIONS);
            let member = znodes.ids(&name).pop().expect("a member");
            let stay = [(); 2].map(|()| consumer(kafka, &name, runtime));
            let owners = znodes.until_shared(&name, &name, 3, PARTITIONS);
            let lost = owned_by(&owners, &member);
            assert!(!lost.is_empty(), "{member} has a share: {owners:?}");
            publish(cluster, &name, COUNT).await;
            until_received(COUNT, || of_all(stay.iter().chain([&goes])));
            assert!(first_of(&of_all(&stay), &lost).is_empty(), "nobody else had them");
            let bound = bound(kafka, znodes.session_of(&name, &member));

            let (before, killed) = (printed(&goes), Instant::now());
            drop(goes);
            publish(cluster, &name, COUNT).await;
            Timer::at(killed + SOON).await;
            let committed = znodes.committed(&name, &name);
            let begun = until_begun(&stay, &lost).await;
            let took = killed.elapsed();
            println!(
                "{release} on {}: partitions {lost:?} of a member that was killed were delivered by the others after \
                 {took:?}, of {bound:?} at most",
                runtime.name()
            );
            assert!(took <= bound, "{took:?}, not {bound:?} at most");
            for (partition, offset) in begun {
                assert_eq!(offset, committed[&partition], "partition {partition} goes on at the committed offset");
            }
            until_received(2 * COUNT, || [before.clone(), of_all(&stay)].concat());

            for process in stay {
                process.terminate().expect("it is asked to end");
                let ended = process.end(LIMIT).expect("it ends");
                assert_eq!(ended.status, Some(0), "{}", ended.stderr);
            }
        });
    }
}
