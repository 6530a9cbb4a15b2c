//! Offsets on the brokers, where Scala's consumers keep them with `offsets.storage=kafka`, in ZooKeeper too with
//! `dual.commit.enabled=true`: each kind goes on where the other has stopped.

use samsa_tests::{Release, scala, shared};
use samsa_tokio::OffsetStorage;

use super::Group;
use crate::client::Runtime;
use crate::places::{goes_on, join_keeping};
use crate::received::{received, times};
use crate::znodes::{Partitions, until};

const COUNT: usize = 200;

pub(crate) fn members_of_both_kinds_go_on_at_the_others_offsets_on_the_brokers(release: Release) {
    let Some(kafka) = shared(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        for (name, offsets, dual) in
            [("stored-once", OffsetStorage::Brokers, "false"), ("stored-twice", OffsetStorage::Both, "true")]
        {
            let mut group = Group::new(kafka, cluster, name);
            group.publish(COUNT).await;
            goes_on(join_keeping(cluster, name, offsets).await, 0).await;

            group.publish(COUNT).await;
            let settings = [("offsets.storage", "kafka"), ("dual.commit.enabled", dual)];
            let scala = scala::start(kafka, (name, "a"), (name, 1), &settings).expect("a process");
            let first = (COUNT / super::PARTITIONS) as i64;
            until(|| match received(&scala).len() {
                COUNT => Ok(()),
                other => Err(format!("{other} of {COUNT} messages; {}", scala.logged())),
            });
            let all = scala.shut_down().expect("it leaves");
            assert!(all.iter().all(|(_, offset)| *offset >= first), "it goes on at our offsets: {all:?}");
            assert_eq!(times(&all).len(), COUNT);

            group.publish(COUNT).await;
            goes_on(join_keeping(cluster, name, offsets).await, 2 * COUNT).await;
            let in_zookeeper = group.committed();
            let expected = if dual == "true" { group.ends() } else { Partitions::default() };
            assert_eq!(in_zookeeper, expected);
        }
    });
}
