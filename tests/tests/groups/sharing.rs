//! The two ways of the README: a queue, which the members of one group share, and a topic, which each group gets whole.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use samsa_tests::{Release, shared};

use crate::client::Runtime;
use crate::members::{consume, join, publish, settle};
use crate::znodes::Znodes;

const COUNT: usize = 400;
/// From a clean leave until the others have its partitions.
const TAKEOVER: Duration = Duration::from_secs(1);

pub(crate) fn members_share_the_partitions_and_take_over_from_who_leaves(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("queue-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            Znodes::of(kafka).create_topic(&name, 4);
            let mut first = join(cluster, &name, "workers").await;
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

            first.commit().await.expect("committed");
            let since = Instant::now();
            first.close().await.expect("it leaves");
            settle(&[&second, &third], &[2, 2]).await;
            let took = since.elapsed();
            println!("{release}: partitions of a member that left were taken over after {took:?}");
            assert!(took < TAKEOVER, "{took:?}");
            publish(cluster, &name, COUNT).await;
            let got = consume(&mut [&mut second, &mut third], COUNT).await;
            let sizes: Vec<usize> = got.iter().map(BTreeSet::len).collect();
            assert_eq!(sizes, [COUNT / 2, COUNT / 2], "what was committed does not come again");
            second.close().await.expect("it leaves");
            third.close().await.expect("it leaves");
        });
    }
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

pub(crate) fn each_group_gets_every_message(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("topic-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            Znodes::of(kafka).create_topic(&name, 4);
            let mut one = join(cluster, &name, &format!("{name}-one")).await;
            let mut other = join(cluster, &name, &format!("{name}-other")).await;
            publish(cluster, &name, COUNT).await;
            assert_eq!(consume(&mut [&mut one], COUNT).await[0].len(), COUNT);
            assert_eq!(consume(&mut [&mut other], COUNT).await[0].len(), COUNT);
        });
    }
}
