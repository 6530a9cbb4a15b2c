//! Round robin: the partitions are dealt one by one, in the order of leader and number.

use samsa_tests::{Release, pykafka::Ways};
use samsa_tokio::{Assignor, Dialect, GroupProtocol, Offset};

use super::{Group, cluster};
use crate::client::Runtime;
use crate::znodes::until;

pub(crate) fn members_of_both_kinds_deal_in_turn(release: Release) {
    let Some(kafka) = &cluster(release) else { return };
    let ways = Ways { in_turn: true, ..Ways::default() };
    Runtime::Tokio.run(kafka, async |cluster| {
        let group = Group::new(kafka, cluster, "turns", ways).await;
        let Some(_pykafka) = group.pykafka() else { return };
        let consumer = cluster.topic("turns").consumer("turns").start_at(Offset::Earliest);
        let consumer = consumer.protocol(GroupProtocol::ZooKeeper(Dialect::Samsa)).python3_owners(true);
        let consumer = consumer.assignor(Assignor::RoundRobin).subscribe().await.expect("a member");
        let owners = group.until_shared(2);
        let ours = owners.into_iter().filter(|(_, owner)| owner == consumer.member());
        let ours: Vec<i32> = ours.map(|(partition, _)| partition).collect();
        // It tells of them once it knows where they begin.
        until(|| {
            let mut told: Vec<i32> = consumer.assignment().iter().map(|place| place.partition).collect();
            told.sort_unstable();
            if told == ours { Ok(()) } else { Err(format!("{told:?}, and {ours:?} by the locks")) }
        });
        consumer.close().await.expect("it leaves");
        group.until_shared(1);
    });
}
