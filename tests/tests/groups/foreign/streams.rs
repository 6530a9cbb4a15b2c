//! A member with two streams has twice what one with one has, as both kinds compute it.

use samsa_tests::{Release, shared};

use super::{Group, owned_by};
use crate::client::Runtime;
use crate::printed::printed;
use crate::received::{received, repeated};
use crate::znodes::until;

const PARTITIONS: usize = 6;
const COUNT: usize = 300;

pub(crate) fn members_of_both_kinds_share_by_the_number_of_their_streams(release: Release) {
    let Some(kafka) = shared(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::with_partitions(kafka, cluster, "streams", PARTITIONS);
        let scala = group.scala("a", 1);
        group.until_shared(1);
        let samsa = group.samsa_with(&["--streams", "2"]);
        let owners = group.until_shared(2);
        assert_eq!(owned_by(&owners, "streams_a-0"), [0, 1]);
        assert_eq!(owned_by(&owners, "streams_samsa"), [2, 3, 4, 5]);
        assert!([2, 3].iter().all(|partition| owners[partition].ends_with("-0")), "{owners:?}");
        assert!([4, 5].iter().all(|partition| owners[partition].ends_with("-1")), "{owners:?}");
        group.publish(COUNT).await;
        group.until_received(|| [printed(&samsa), received(&scala)].concat());
        assert_eq!(printed(&samsa).len(), 2 * received(&scala).len());
        group.until_all_is_committed();

        let left = scala.shut_down().expect("it leaves");
        let alone = until(|| {
            let owners = group.znodes.owners(group.name, group.name);
            let is_alone = owned_by(&owners, "streams_samsa").len() == PARTITIONS;
            if is_alone { Ok(owners) } else { Err(format!("{owners:?}")) }
        });
        // The first three are of the first stream now; 3 was dealt to it before, and its lock is as it was.
        assert!([0, 1, 2, 3].iter().all(|partition| alone[partition].ends_with("-0")), "{alone:?}");
        assert!([4, 5].iter().all(|partition| alone[partition] == owners[partition]), "{alone:?}");
        group.publish(COUNT).await;
        let of_all = || [left.clone(), printed(&samsa)].concat();
        group.until_received(of_all);
        assert_eq!(repeated(&of_all()), []);
    });
}
