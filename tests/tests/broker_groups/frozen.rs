//! Members that stand still for longer than their session, with much that they have fetched and not handed out: the others go on
//! where they had committed, and when they go on themselves, that is over.

use std::thread;
use std::time::Duration;

use samsa_tests::Release;
use samsa_tokio::GroupProtocol;

use crate::brokers::{brokers, committed, run};
use crate::client::Runtime;
use crate::group::{Group, PARTITIONS};
use crate::members::Place;
use crate::partitions::{ends, until, until_committed};
use crate::processes::{from_now_on, until_begun};
use crate::received::{received, repeated, until_received};

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

pub(crate) fn members_that_were_frozen_and_thaw_hand_out_and_commit_nothing_of_what_they_lost(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    let name = &format!("frozen-{protocol:?}");
    run(kafka, Runtime::Tokio, async |cluster| {
        let mut group = Group::new(kafka, cluster, name, protocol).await;
        let frozen = [("a", Runtime::Tokio), ("b", Runtime::AsyncStd)];
        let frozen = frozen.map(|(client, runtime)| group.process(kafka, client, runtime, PAUSE));
        let goes_on = group.process(kafka, "c", Runtime::Tokio, Duration::ZERO);
        let all = [&frozen[0], &frozen[1], &goes_on];
        let of_all = || all.iter().flat_map(|member| received(member)).collect::<Vec<_>>();
        let of_each = all.map(|member| move || received(member));
        let committed = || committed(kafka, name, name, PARTITIONS as i32);
        let shares = group.until_shared(&of_each.each_ref().map(|it| it as _)).await;
        let lost = shares[..2].concat();
        let begun = all.map(from_now_on);
        group.publish(COUNT).await;
        for begun in &begun[..2] {
            until(|| match begun().len() {
                few @ ..BEGUN => Err(format!("{few} messages")),
                _ => Ok(()),
            });
        }

        for member in &frozen {
            member.freeze().expect("it stands still");
        }
        thread::sleep(SOON);
        let (stored, taken_over) = (committed(), from_now_on(&goes_on));
        let handed_out = [0, 1].map(|nth: usize| received(&frozen[nth]).len());
        println!("{release}: {handed_out:?} of {COUNT} messages were handed out, {stored:?} was committed");
        assert!(handed_out.iter().sum::<usize>() < COUNT / 2, "they have more than they have handed out");
        let begun = until_begun(&lost, &taken_over).await;
        assert!(lost.iter().all(|partition| begun[partition] == stored[partition]), "{begun:?}");
        until_received(group.published, of_all);
        until_committed(committed, &ends(group.published, PARTITIONS));

        for member in &frozen {
            member.thaw().expect("it goes on");
        }
        let thawed = |member: usize| {
            until(|| match frozen[member].logged() {
                log if log.contains("Lost") => Ok(()),
                log => Err(log),
            });
        };
        (0..2).for_each(thawed);
        thread::sleep(COMMITTED);
        for (member, before) in frozen.iter().zip(handed_out) {
            let places = received(member);
            // What it was handed out just before it was frozen may be printed only now.
            assert!(places.len() <= before + 1, "it went on: {:?}\n{}", &places[before..], member.logged());
        }
        assert_eq!(committed(), ends(group.published, PARTITIONS), "nothing went back");

        group.until_shared(&of_each.each_ref().map(|it| it as _)).await;
        let new = all.map(from_now_on);
        group.publish(AFTERWARDS).await;
        until_received(group.published, of_all);
        until_committed(committed, &ends(group.published, PARTITIONS));
        let new: Vec<Vec<Place>> = new.iter().map(|new| new()).collect();
        assert_eq!(repeated(&new.concat()), []);
        let mut sizes: Vec<usize> = new.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 1, 2].map(|partitions| partitions * AFTERWARDS / PARTITIONS));
    });
}
