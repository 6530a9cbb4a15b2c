//! Members of Samsa alone that stand still for longer than their session, with much that they have fetched and not handed out:
//! the others go on where they had committed, and when they go on themselves, that is over.

use std::thread;
use std::time::Duration;

use samsa_tests::{RealKafka, Release, member::MemberProcess, shared, slow};

use crate::client::Runtime;
use crate::foreign::owned_by;
use crate::members::{Place, publish};
use crate::received::{first_of, received, repeated, until_received};
use crate::znodes::{Znodes, ends, until};

const PARTITIONS: usize = 4;
/// Those that are frozen are at the beginning of it by then.
const COUNT: usize = 8_000;
const AFTERWARDS: usize = 200;
const PAUSE: Duration = Duration::from_millis(5);
/// So many messages they have had at least when they are frozen.
const BEGUN: usize = 100;
/// Far less than their session.
const SOON: Duration = Duration::from_secs(1);
/// Several times the interval at which they commit.
const COMMITTED: Duration = Duration::from_secs(1);

fn start(kafka: &RealKafka, name: &str, client: &str, runtime: Runtime, pause: Duration) -> MemberProcess {
    let (group, runtime) = (name, runtime.name());
    let ways = slow::Ways { group, topic: name, client, runtime, dialect: "scala", pause };
    slow::start(kafka, ways).expect("a process")
}

pub(crate) fn members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost(
    release: Release,
) {
    let Some(kafka) = shared(release) else { return };
    let name = "frozen-and-thawed";
    Runtime::Tokio.run(kafka, async |cluster| {
        let znodes = Znodes::of(kafka);
        znodes.create_topic(name, PARTITIONS);
        let frozen = [("a", Runtime::Tokio), ("b", Runtime::AsyncStd)];
        let frozen = frozen.map(|(client, runtime)| start(kafka, name, client, runtime, PAUSE));
        let goes_on = start(kafka, name, "c", Runtime::Tokio, Duration::ZERO);
        let all = [&frozen[0], &frozen[1], &goes_on];
        let of_all = || all.iter().flat_map(|member| received(member)).collect();
        let owners = znodes.until_shared(name, name, 3, PARTITIONS);
        let lost: Vec<i32> =
            ["a", "b"].iter().flat_map(|client| owned_by(&owners, &format!("{name}_{client}-"))).collect();
        assert_eq!(lost, [0, 1, 2]);
        publish(cluster, name, COUNT).await;
        for member in &frozen {
            until(|| match received(member).len() {
                few @ ..BEGUN => Err(format!("{few} messages")),
                _ => Ok(()),
            });
        }
        until(|| match znodes.committed(name, name) {
            committed if lost.iter().all(|partition| committed.contains_key(partition)) => Ok(()),
            committed => Err(format!("{committed:?} is committed")),
        });

        for member in &frozen {
            member.freeze().expect("it stands still");
        }
        thread::sleep(SOON);
        let (committed, before) = (znodes.committed(name, name), received(&goes_on).len());
        let handed_out = [0, 1].map(|nth: usize| received(&frozen[nth]).len());
        println!("{handed_out:?} of {COUNT} messages were handed out, {committed:?} was committed");
        assert!(handed_out.iter().sum::<usize>() < COUNT / 2, "they have more than they have handed out");
        znodes.until_shared(name, name, 1, PARTITIONS);
        until_received(COUNT, of_all);
        znodes.until_committed(name, name, &ends(COUNT, PARTITIONS));
        let begun = first_of(&received(&goes_on)[before..], &lost);
        assert!(lost.iter().all(|partition| begun[partition] == committed[partition]), "{begun:?}");

        let writes = znodes.writes(name, name);
        for member in &frozen {
            member.thaw().expect("it goes on");
        }
        znodes.until_shared(name, name, 3, PARTITIONS);
        thread::sleep(COMMITTED);
        for (member, before) in frozen.iter().zip(handed_out) {
            let places = received(member);
            // What it was handed out just before it was frozen may be printed only now.
            assert!(places.len() <= before + 1, "it went on: {:?}\n{}", &places[before..], member.logged());
            assert!(member.logged().contains("Lost"), "it is told: {}", member.logged());
        }
        assert_eq!(znodes.committed(name, name), ends(COUNT, PARTITIONS));
        assert_eq!(znodes.writes(name, name), writes, "nobody has written an offset");

        let before = all.map(|member| received(member).len());
        publish(cluster, name, AFTERWARDS).await;
        until_received(COUNT + AFTERWARDS, of_all);
        znodes.until_committed(name, name, &ends(COUNT + AFTERWARDS, PARTITIONS));
        let new: Vec<Vec<Place>> =
            all.iter().zip(before).map(|(member, before)| received(member).split_off(before)).collect();
        assert_eq!(repeated(&new.concat()), []);
        assert_eq!(sizes(&new), [2, 1, 1].map(|partitions| partitions * AFTERWARDS / PARTITIONS));
    });
}

fn sizes(received: &[Vec<Place>]) -> Vec<usize> {
    received.iter().map(Vec::len).collect()
}
