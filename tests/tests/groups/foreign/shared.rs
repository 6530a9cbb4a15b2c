//! Members come and go, and nothing is lost, nothing comes twice: whoever leaves commits first.
//!
//! A Scala member reads the committed offset before it claims the partition. What is committed only when it has come, by who
//! gives the partition up to it, it may miss, and that comes again. So all is committed here before anybody joins.

use std::time::Duration;

use samsa_tests::{Release, shared};

use super::{Group, owned_by};
use crate::client::Runtime;
use crate::printed::{placed, printed};
use crate::received::{received, repeated};

const COUNT: usize = 200;

pub(crate) fn members_of_both_kinds_share_by_range_and_hand_over_when_they_leave(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "mixed";
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, name);
        group.publish(COUNT).await;
        let samsa = group.samsa();
        group.until_received(|| printed(&samsa));
        group.until_all_is_committed();

        let first = group.scala("a", 2);
        let owners = group.until_shared(2);
        assert_eq!(owned_by(&owners, "mixed_a-0"), [0, 1]);
        assert_eq!(owned_by(&owners, "mixed_a-1"), [2]);
        group.publish(COUNT).await;
        group.until_received(|| [printed(&samsa), received(&first)].concat());
        group.until_all_is_committed();

        let last = group.console("z");
        let owners = group.until_shared(3);
        assert_eq!(owned_by(&owners, "mixed_z-0"), [3]);
        group.publish(COUNT).await;
        let of_all = || [printed(&samsa), received(&first), received(&last)].concat();
        group.until_received(of_all);
        assert_eq!(repeated(&of_all()), []);

        let left = first.shut_down().expect("it leaves");
        group.until_shared(2);
        group.publish(COUNT).await;
        group.until_received(|| [left.clone(), printed(&samsa), received(&last)].concat());

        samsa.terminate().expect("it is asked to leave");
        let ended = samsa.end(Duration::from_secs(20)).expect("it leaves");
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let left = [left, placed(&ended.stdout)].concat();
        group.until_shared(1);
        group.publish(COUNT).await;
        let of_all = || [left.clone(), received(&last)].concat();
        group.until_received(of_all);
        assert_eq!(repeated(&of_all()), [], "{}", last.logged());
    });
}
