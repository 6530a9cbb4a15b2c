//! The members of one group share the partitions, and take over from who leaves.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use samsa_tests::{Release, shared};
use samsa_tokio::{Cluster, Consumer, GroupProtocol, Offset};

use crate::client::{Place, Runtime};
use crate::members::{consume, publish, settle};

const COUNT: usize = 400;

pub(crate) fn classic_members_share(release: Release, protocol: GroupProtocol) {
    members_share_the_partitions_and_take_over_from_who_leaves(release, protocol);
}

pub(crate) fn members_share_the_partitions_and_take_over_from_who_leaves(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("queue-{protocol:?}-on-{}", runtime.name());
        runtime.run_at(
            Place::Bootstrap(kafka.bootstrap()),
            |_| {},
            async |cluster| {
                cluster.topic(&name).create(4, 1).await.expect("a topic");
                let mut first = join(cluster, &name, protocol).await;
                settle(&[&first], &[4]).await;
                publish(cluster, &name, COUNT).await;
                assert_eq!(consume(&mut [&mut first], COUNT).await[0].len(), COUNT);

                let since = Instant::now();
                let mut second = join(cluster, &name, protocol).await;
                let mut third = join(cluster, &name, protocol).await;
                settle(&[&first, &second, &third], &[2, 1, 1]).await;
                println!("settled after {:?}", since.elapsed());
                publish(cluster, &name, COUNT).await;
                let got = consume(&mut [&mut first, &mut second, &mut third], COUNT).await;
                let sizes: Vec<usize> = got.iter().map(BTreeSet::len).collect();
                println!("{sizes:?}");
                first.close().await.expect("it leaves");
                let since = Instant::now();
                settle(&[&second, &third], &[2, 2]).await;
                println!("taken over after {:?}", since.elapsed());
                publish(cluster, &name, COUNT).await;
                let got = consume(&mut [&mut second, &mut third], COUNT).await;
                let sizes: Vec<usize> = got.iter().map(BTreeSet::len).collect();
                assert_eq!(sizes, [COUNT / 2, COUNT / 2], "what was committed does not come again");
                second.close().await.expect("it leaves");
                third.close().await.expect("it leaves");
            },
        );
    }
}

async fn join(cluster: &Cluster, topic: &str, protocol: GroupProtocol) -> Consumer {
    let consumer = cluster.topic(topic).consumer(topic).start_at(Offset::Earliest).protocol(protocol);
    let consumer = consumer.heartbeat_interval(Duration::from_millis(500));
    consumer.subscribe().await.expect("a member")
}
