//! Round robin: the order in which partitions are dealt is that of a hash, which changed with 1.0.

use samsa_tests::{Release, scala, shared};
use samsa_tokio::{Assignor, Offset};

use super::owned_by;
use crate::client::Runtime;
use crate::znodes::{Znodes, until};

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
        let until_owned = |shares: [(&str, usize); 2]| {
            until(|| {
                let owners = znodes.owners(name, name);
                let are_so = shares.iter().all(|(begin, count)| owned_by(&owners, begin).len() == *count);
                if are_so { Ok(()) } else { Err(format!("{owners:?}; {}", scala.logged())) }
            });
        };
        until_owned([("turns_a-0", PARTITIONS), ("turns_samsa", 0)]);
        // Before 0.10.2 all members have to have as many streams.
        let streams = if release == Release::V0_8_2_2 { 1 } else { 2 };
        let consumer = cluster.topic(name).consumer(name).start_at(Offset::Earliest).assignor(assignor);
        let consumer = consumer.streams(streams).subscribe().await.expect("a member");
        until_owned([
            ("turns_a-0", if streams == 1 { 6 } else { 4 }),
            ("turns_samsa", if streams == 1 { 5 } else { 7 }),
        ]);
        let mut ours: Vec<i32> = consumer.assignment().iter().map(|place| place.partition).collect();
        ours.sort_unstable();
        assert_eq!(ours, owned_by(&znodes.owners(name, name), "turns_samsa"));
        let run = (PARTITIONS - ours.len()) as i32..PARTITIONS as i32;
        assert_ne!(ours, run.collect::<Vec<_>>(), "neighbours are not together");
        if streams == 2 {
            let of_stream =
                |number| owned_by(&znodes.owners(name, name), &format!("{}-{number}", consumer.member()));
            assert_eq!([of_stream(0).len(), of_stream(1).len()], [4, 3]);
        }
        consumer.close().await.expect("it leaves");
        until_owned([("turns_a-0", PARTITIONS), ("turns_samsa", 0)]);
    });
}
