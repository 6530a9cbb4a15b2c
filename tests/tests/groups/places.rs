//! Where a group keeps its offsets: on the brokers, in both places, and then in ZooKeeper; and which one is meant, where the brokers
//! know another of its name.

use samsa_tests::{Release, shared};
use samsa_tokio::{Cluster, Consumer, Dialect, GroupError, GroupProtocol, Offset, OffsetStorage};

use crate::client::Runtime;
use crate::looking_on_brokers::join_on_brokers;
use crate::members::{consume, publish};
use crate::znodes::{Znodes, ends};

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

pub(crate) fn a_group_with_members_on_the_brokers_is_joined_in_zookeeper_if_that_is_said(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "in-two-places";
    Runtime::Tokio.run(kafka, async |cluster| {
        let znodes = Znodes::of(kafka);
        znodes.create_topic(name, PARTITIONS);
        publish(cluster, name, COUNT).await;
        // The brokers coordinate nothing before somebody keeps an offset there.
        let other = cluster.topic(name).consumer("in-one-place").start_at(Offset::Earliest);
        let other = other.offsets(OffsetStorage::Brokers).subscribe().await.expect("a member");
        other.close().await.expect("it leaves");
        join_on_brokers(kafka, name);
        let consumer = || cluster.topic(name).consumer(name).start_at(Offset::Earliest);

        let refused = consumer().subscribe().await.expect_err("nobody has said which group is meant");
        assert!(matches!(refused, GroupError::OnBrokersToo { offsets: 0, members: 1, .. }), "{refused}");
        assert!(znodes.ids(name).is_empty() && znodes.committed(name, name).is_empty(), "it did not join");

        let said = consumer().protocol(GroupProtocol::ZooKeeper(Dialect::Scala)).subscribe().await;
        goes_on(said.expect("it is said"), 0).await;
        assert_eq!(znodes.committed(name, name), ends(COUNT, PARTITIONS));
    });
}
