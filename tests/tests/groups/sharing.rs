//! The two ways of the README: a queue, which the members of one group share, and a topic, which each group gets whole.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_lite::future;
use samsa_tests::{Release, shared};

use crate::client::Runtime;
use crate::joining::{join, join_committing, settle};
use crate::members::{Place, consume, consume_until, publish};
use crate::znodes::{Partitions, Znodes};

const COUNT: usize = 400;
/// Of a partition.
const EACH: i64 = COUNT as i64 / 4;
/// From a clean leave until the others deliver its partitions.
const TAKEOVER: Duration = Duration::from_secs(1);
/// Longer than a test.
const NEVER: Duration = Duration::from_secs(3600);

pub(crate) fn members_share_the_partitions_and_take_over_from_who_leaves(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("queue-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            let znodes = Znodes::of(kafka);
            znodes.create_topic(&name, 4);
            let mut first = join_committing(cluster, &name, "workers", NEVER).await;
            settle(&[&first], &[4]).await;
            publish(cluster, &name, COUNT).await;
            assert_eq!(consume(&mut [&mut first], COUNT).await[0].len(), COUNT);

            let mut second = join(cluster, &name, "workers").await;
            let mut third = join(cluster, &name, "workers").await;
            settle(&[&first, &second, &third], &[2, 1, 1]).await;
            publish(cluster, &name, COUNT).await;
            let got = consume(&mut [&mut first, &mut second, &mut third], COUNT).await;
            let sizes: Vec<usize> = got.iter().map(BTreeSet::len).collect();
            assert_eq!(sizes, [COUNT / 2, COUNT / 4, COUNT / 4], "nothing was handed out twice");

            let left: Vec<i32> = first.assignment().iter().map(|place| place.partition).collect();
            let committed = znodes.committed("workers", &name);
            assert!(left.iter().all(|partition| committed[partition] < 2 * EACH), "not all: {committed:?}");
            publish(cluster, &name, COUNT).await;
            let since = Instant::now();
            let take_over = async {
                let begun = |got: &BTreeSet<Place>| firsts(got, &left).len() == left.len();
                let got = consume_until(&mut [&mut second, &mut third], begun).await;
                (got, since.elapsed())
            };
            let (closed, (got, took)) = future::zip(first.close(), take_over).await;
            closed.expect("it leaves");
            println!(
                "{release} on {}: partitions {left:?} of a member that left were delivered by the others after {took:?}",
                runtime.name()
            );
            assert!(took <= TAKEOVER, "{took:?}");
            let begun = firsts(got.iter().flatten(), &left);
            assert!(begun.values().all(|offset| *offset == 2 * EACH), "it has committed first: {begun:?}");
            let so_far: usize = got.iter().map(BTreeSet::len).sum();
            let rest = consume(&mut [&mut second, &mut third], COUNT - so_far).await;
            let all: BTreeSet<&Place> = got.iter().chain(&rest).flatten().collect();
            assert_eq!(all.len(), COUNT, "what was committed does not come again");
            settle(&[&second, &third], &[2, 2]).await;
            second.close().await.expect("it leaves");
            third.close().await.expect("it leaves");
        });
    }
}

/// The least offset of each of these partitions of which there is something.
fn firsts<'a>(got: impl IntoIterator<Item = &'a Place>, partitions: &[i32]) -> Partitions<i64> {
    let mut firsts = Partitions::new();
    for (partition, offset) in got.into_iter().filter(|(partition, _)| partitions.contains(partition)) {
        let first = firsts.entry(*partition).or_insert(*offset);
        *first = (*first).min(*offset);
    }
    firsts
}

pub(crate) fn of_five_members_one_has_no_partition_until_another_leaves(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("five-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            Znodes::of(kafka).create_topic(&name, 4);
            let mut members = Vec::new();
            for _ in 0..5 {
                members.push(join(cluster, &name, &name).await);
            }
            settle(&members.iter().collect::<Vec<_>>(), &[1, 1, 1, 1, 0]).await;
            publish(cluster, &name, COUNT).await;
            let got = consume(&mut members.iter_mut().collect::<Vec<_>>(), COUNT).await;
            let sizes: Vec<usize> = got.iter().map(BTreeSet::len).collect();
            assert_eq!(sizes, [COUNT / 4, COUNT / 4, COUNT / 4, COUNT / 4, 0]);

            let mut first = members.remove(0);
            first.commit().await.expect("committed");
            first.close().await.expect("it leaves");
            settle(&members.iter().collect::<Vec<_>>(), &[1, 1, 1, 1]).await;
            publish(cluster, &name, COUNT).await;
            let got = consume(&mut members.iter_mut().collect::<Vec<_>>(), COUNT).await;
            assert_eq!(
                got.iter().map(BTreeSet::len).sum::<usize>(),
                COUNT,
                "what was committed does not come again"
            );
        });
    }
}

/// How many members each group has.
const GROUPS: [&[usize]; 5] = [&[1], &[1; 2], &[1; 3], &[1; 5], &[2, 2]];

pub(crate) fn each_group_gets_every_message(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        runtime.run(kafka, async |cluster| {
            for (number, sizes) in GROUPS.iter().enumerate() {
                let name = format!("topic-{number}-on-{}", runtime.name());
                Znodes::of(kafka).create_topic(&name, 4);
                let mut groups = Vec::new();
                for (nth, size) in sizes.iter().enumerate() {
                    let mut members = Vec::new();
                    for _ in 0..*size {
                        members.push(join(cluster, &name, &format!("{name}-{nth}")).await);
                    }
                    groups.push(members);
                }
                for members in &groups {
                    settle(&members.iter().collect::<Vec<_>>(), &vec![4 / members.len(); members.len()])
                        .await;
                }
                publish(cluster, &name, COUNT).await;
                for mut members in groups {
                    let got = consume(&mut members.iter_mut().collect::<Vec<_>>(), COUNT).await;
                    let shares: Vec<usize> = got.iter().map(BTreeSet::len).collect();
                    assert_eq!(shares, vec![COUNT / members.len(); members.len()], "{sizes:?} members");
                    for member in members {
                        member.close().await.expect("it leaves");
                    }
                }
            }
        });
    }
}
