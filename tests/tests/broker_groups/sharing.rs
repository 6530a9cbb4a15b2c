//! Members of one group share the partitions, and take over from who leaves; members of different groups get everything.

use std::collections::BTreeSet;
use std::time::Instant;

use futures_lite::future;
use samsa_tests::Release;
use samsa_tokio::{GroupProtocol, Offset};

use crate::brokers::{brokers, place, run};
use crate::client::Runtime;
use crate::group::{Group, settle, sorted};
use crate::members::{Place, consume, consume_until};
use crate::received::first_of;
use crate::told::Told;

const COUNT: usize = 400;
const EACH: i64 = COUNT as i64 / 4;

pub(crate) fn members_share_the_partitions_and_take_over_from_who_leaves(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("queue-{protocol:?}-on-{}", runtime.name());
        run(kafka, runtime, async |cluster| {
            let mut group = Group::new(kafka, cluster, &name, protocol).await;
            let mut first = group.join().await;
            settle(&[&first], &[4]).await;
            group.publish(COUNT).await;
            group.consume(&mut [&mut first]).await;

            let since = Instant::now();
            let (mut second, mut third) = (group.join().await, group.join().await);
            settle(&[&first, &second, &third], &[1, 1, 2]).await;
            let shared = since.elapsed();
            group.publish(COUNT).await;
            let got = group.consume(&mut [&mut first, &mut second, &mut third]).await;
            assert_eq!(sorted(got), [COUNT / 4, COUNT / 4, COUNT / 2]);

            let left: Vec<i32> = first.assignment().iter().map(|place| place.partition).collect();
            group.publish(COUNT).await;
            let since = Instant::now();
            let take_over = async {
                let begun =
                    |got: &BTreeSet<Place>| left.iter().all(|left| got.iter().any(|(of, _)| of == left));
                (consume_until(&mut [&mut second, &mut third], begun).await, since.elapsed())
            };
            let (closed, (got, took)) = future::zip(first.close(), take_over).await;
            closed.expect("it leaves");
            println!(
                "{release}, {protocol:?}, on {}: two more had their share after {shared:?}; partitions {left:?} of one that left \
                 were delivered by the others after {took:?}",
                runtime.name()
            );
            let begun = first_of(&got.iter().flatten().copied().collect::<Vec<_>>(), &left);
            assert!(begun.values().all(|offset| *offset == 2 * EACH), "it has committed first: {begun:?}");
            group.receive(&got);
            group.consume(&mut [&mut second, &mut third]).await;
            settle(&[&second, &third], &[2, 2]).await;
            group.publish(COUNT).await;
            assert_eq!(group.consume(&mut [&mut second, &mut third]).await, [COUNT / 2, COUNT / 2]);
            second.close().await.expect("it leaves");
            third.close().await.expect("it leaves");
        });
    }
}

pub(crate) fn a_cluster_found_through_zookeeper_has_groups_on_its_brokers(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "found-by-zookeeper", protocol).await;
        let (mut one, mut other) = (group.join().await, group.join().await);
        settle(&[&one, &other], &[2, 2]).await;
        group.publish(COUNT).await;
        assert_eq!(group.consume(&mut [&mut one, &mut other]).await, [COUNT / 2, COUNT / 2]);
        one.close().await.expect("it leaves");
        other.close().await.expect("it leaves");
    });
}

pub(crate) fn of_five_members_one_has_no_partition_until_another_leaves(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("five-{protocol:?}-on-{}", runtime.name());
        run(kafka, runtime, async |cluster| {
            let mut group = Group::new(kafka, cluster, &name, protocol).await;
            let mut members = Vec::new();
            for _ in 0..4 {
                members.push(group.join().await);
            }
            let mut told: Vec<Told> = members.iter().map(Told::of).collect();
            // It is in front of the others where they are in the order of their names, so one of those is told.
            let named =
                runtime.connect_at(place(kafka), |config| "a".clone_into(&mut config.client_id)).await;
            let named = named.expect("a cluster");
            members.push(Group::of(&named, &name, protocol).join().await);
            told.push(Told::of(&members[4]));
            settle(&members.iter().collect::<Vec<_>>(), &[0, 1, 1, 1, 1]).await;
            let idle =
                members.iter().position(|member| member.assignment().is_empty()).expect("one has none");
            told[idle].until_told("Idle");
            group.publish(COUNT).await;
            let got = group.consume(&mut members.iter_mut().collect::<Vec<_>>()).await;
            assert_eq!((got[idle], sorted(got)), (0, vec![0, COUNT / 4, COUNT / 4, COUNT / 4, COUNT / 4]));

            members.remove((idle + 1) % 5).close().await.expect("it leaves");
            settle(&members.iter().collect::<Vec<_>>(), &[1; 4]).await;
            group.publish(COUNT).await;
            let got = group.consume(&mut members.iter_mut().collect::<Vec<_>>()).await;
            assert_eq!(got, [COUNT / 4; 4]);
            for member in members {
                member.close().await.expect("it leaves");
            }
        });
    }
}

pub(crate) fn each_group_gets_every_message(release: Release, protocol: GroupProtocol) {
    let Some(kafka) = brokers(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("topic-{protocol:?}-on-{}", runtime.name());
        run(kafka, runtime, async |cluster| {
            let mut group = Group::new(kafka, cluster, &name, protocol).await;
            let other = format!("{name}-too");
            let mut of_two = [group.join().await, group.join().await];
            let alone = group.cluster.consumer(&other).topics([&name]).start_at(Offset::Earliest);
            let mut alone = alone.protocol(protocol).subscribe().await.expect("a member");
            settle(&of_two.iter().collect::<Vec<_>>(), &[2, 2]).await;
            group.publish(COUNT).await;
            let got = group.consume(&mut of_two.iter_mut().collect::<Vec<_>>()).await;
            assert_eq!(got, [COUNT / 2, COUNT / 2]);
            let got = consume(&mut [&mut alone], COUNT).await;
            assert_eq!(got[0].len(), COUNT);
            for member in of_two.into_iter().chain([alone]) {
                member.close().await.expect("it leaves");
            }
        });
    }
}
