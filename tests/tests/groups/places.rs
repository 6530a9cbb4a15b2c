//! Where a group keeps its offsets: on the brokers, in both places, and then in ZooKeeper.

use samsa_tests::{Release, shared};
use samsa_tokio::{Cluster, Consumer, GroupError, Offset, OffsetStorage};

use crate::client::Runtime;
use crate::members::{consume, publish};
use crate::znodes::Znodes;

const COUNT: usize = 200;
const PARTITIONS: usize = 4;

pub(crate) async fn join_keeping(cluster: &Cluster, name: &str, offsets: OffsetStorage) -> Consumer {
    let consumer = cluster.topic(name).consumer(name).start_at(Offset::Earliest).offsets(offsets);
    consumer.subscribe().await.expect("a member")
}

/// The next messages are handed out, and nothing else; then the member leaves.
pub(crate) async fn goes_on(mut consumer: Consumer, from: usize) {
    let got = consume(&mut [&mut consumer], COUNT).await;
    let (first, each) = ((from / PARTITIONS) as i64, (COUNT / PARTITIONS) as i64);
    let expected: Vec<(i32, i64)> = (0..PARTITIONS as i32)
        .flat_map(|partition| (first..first + each).map(move |offset| (partition, offset)))
        .collect();
    assert_eq!(got[0].iter().copied().collect::<Vec<_>>(), expected);
    consumer.commit().await.expect("committed");
    consumer.close().await.expect("it leaves");
}

pub(crate) fn offsets_are_gone_on_with_on_the_brokers_in_both_places_and_in_zookeeper(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "moving-offsets";
    Runtime::Tokio.run(kafka, async |cluster| {
        let znodes = Znodes::of(kafka);
        znodes.create_topic(name, PARTITIONS);
        for nth in 0..2 {
            publish(cluster, name, COUNT).await;
            goes_on(join_keeping(cluster, name, OffsetStorage::Brokers).await, nth * COUNT).await;
            assert!(znodes.committed(name, name).is_empty(), "nothing is in ZooKeeper");
        }

        let unsaid = cluster.topic(name).consumer(name).start_at(Offset::Earliest).subscribe().await;
        let refused = unsaid.expect_err("nobody has said which group is meant");
        assert!(matches!(refused, GroupError::OnBrokersToo { offsets: PARTITIONS, .. }), "{refused}");

        publish(cluster, name, COUNT).await;
        goes_on(join_keeping(cluster, name, OffsetStorage::Both).await, 2 * COUNT).await;
        let end = (3 * COUNT / PARTITIONS) as i64;
        assert_eq!(znodes.committed(name, name), (0..PARTITIONS as i32).map(|part| (part, end)).collect());

        publish(cluster, name, COUNT).await;
        let unsaid = cluster.topic(name).consumer(name).start_at(Offset::Earliest).subscribe().await;
        goes_on(unsaid.expect("it is in ZooKeeper by now"), 3 * COUNT).await;
    });
}
