//! Round robin: the order in which partitions are dealt is that of a hash, which changed with 1.0.

use std::collections::BTreeSet;

use samsa_tests::{Release, scala, shared};
use samsa_tokio::{Assignor, Offset};

use crate::client::Runtime;
use crate::znodes::{Partitions, Znodes, until};

/// Enough for the order to show.
const PARTITIONS: usize = 11;

pub(crate) fn members_of_both_kinds_deal_in_turn(release: Release, assignor: Assignor) {
    let Some(kafka) = shared(release) else { return };
    let name = "turns";
    Runtime::Tokio.run(kafka, async |cluster| {
        let znodes = Znodes::of(kafka);
        znodes.create_topic(name, PARTITIONS);
        let settings = [("partition.assignment.strategy", "roundrobin")];
        let scala = scala::start(kafka, (name, "a"), (name, 1), &settings).expect("a process");
        let consumer = cluster.topic(name).consumer(name).start_at(Offset::Earliest).assignor(assignor);
        let consumer = consumer.subscribe().await.expect("a member");
        let owned = |owners: &Partitions<String>, begin: &str| -> BTreeSet<i32> {
            owners.iter().filter(|(_, owner)| owner.starts_with(begin)).map(|(number, _)| *number).collect()
        };
        until(|| {
            let owners = znodes.owners(name, name);
            let shares = (owned(&owners, "turns_a-0").len(), owned(&owners, "turns_samsa").len());
            if shares == (6, 5) { Ok(()) } else { Err(format!("{owners:?}; {}", scala.logged())) }
        });
        let ours: BTreeSet<i32> = consumer.assignment().iter().map(|place| place.partition).collect();
        assert_eq!(ours, owned(&znodes.owners(name, name), "turns_samsa"));
        assert_ne!(ours, (6..11).collect(), "neighbours are not together");
        consumer.close().await.expect("it leaves");
        until(|| {
            let owners = znodes.owners(name, name);
            if owned(&owners, "turns_a-0").len() == PARTITIONS { Ok(()) } else { Err(format!("{owners:?}")) }
        });
    });
}
