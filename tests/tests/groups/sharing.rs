//! The two ways of the README: a queue, which the members of one group share, and a topic, which each group gets whole.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use samsa_tests::{Release, shared};

use crate::client::Runtime;
use crate::members::{consume, join, publish, settle};

const COUNT: usize = 400;
/// From a clean leave until the others have its partitions.
const TAKEOVER: Duration = Duration::from_secs(1);

pub(crate) fn members_share_the_partitions_and_take_over_from_who_leaves(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("queue-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            cluster.topic(&name).create(4, 1).await.expect("a topic");
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

pub(crate) fn each_group_gets_every_message(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("topic-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            cluster.topic(&name).create(4, 1).await.expect("a topic");
            let mut one = join(cluster, &name, &format!("{name}-one")).await;
            let mut other = join(cluster, &name, &format!("{name}-other")).await;
            publish(cluster, &name, COUNT).await;
            assert_eq!(consume(&mut [&mut one], COUNT).await[0].len(), COUNT);
            assert_eq!(consume(&mut [&mut other], COUNT).await[0].len(), COUNT);
        });
    }
}
