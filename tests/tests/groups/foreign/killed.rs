//! Whoever is killed has committed what it has: the others go on there.

use samsa_tests::{Release, shared};

use super::{Group, owned_by};
use crate::client::Runtime;
use crate::received::{first_of, printed, received};

const COUNT: usize = 400;

pub(crate) fn members_that_are_killed_leave_their_partitions_to_the_other_kind(release: Release) {
    let Some(kafka) = shared(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "mortal");
        let (samsa, scala) = (group.samsa(), group.scala("a", 1));
        let owners = group.until_shared(2);
        let of_scala = owned_by(&owners, "mortal_a");
        assert_eq!(of_scala, [0, 1]);
        group.publish(COUNT).await;
        group.until_received(|| [printed(&samsa), received(&scala)].concat());
        group.until_all_is_committed();

        group.publish(COUNT).await;
        let killed = received(&scala);
        drop(scala);
        let (committed, before) = (group.committed(), printed(&samsa).len());
        group.until_received(|| [killed.clone(), printed(&samsa)].concat());
        group.until_shared(1);
        let begun = first_of(&printed(&samsa)[before..], &of_scala);
        for (partition, offset) in &begun {
            assert_eq!(
                *offset, committed[partition],
                "partition {partition} goes on at the committed offset"
            );
        }

        let scala = group.scala("a", 1);
        let owners = group.until_shared(2);
        let of_samsa = owned_by(&owners, "mortal_samsa");
        assert_eq!(of_samsa, [2, 3]);
        group.until_all_is_committed();
        group.publish(COUNT).await;
        let killed = [killed, printed(&samsa)].concat();
        drop(samsa);
        let committed = group.committed();
        group.until_received(|| [killed.clone(), received(&scala)].concat());
        group.until_shared(1);
        let begun = first_of(&received(&scala), &of_samsa);
        for (partition, offset) in &begun {
            assert_eq!(
                *offset, committed[partition],
                "partition {partition} goes on at the committed offset"
            );
        }
    });
}
