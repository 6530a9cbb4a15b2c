//! Whoever is killed leaves its partitions at what it has committed: the others go on there. The member of Samsa is on async-std
//! here, and on Tokio in the other files.

use std::thread;
use std::time::Duration;

use samsa_tests::{Release, shared};

use super::{Group, owned_by};
use crate::client::Runtime;
use crate::members::Place;
use crate::printed::printed;
use crate::received::{first_of, received};
use crate::znodes::Partitions;

const COUNT: usize = 400;
/// Far less than the session of who was killed.
const SOON: Duration = Duration::from_secs(1);

pub(crate) fn members_that_are_killed_leave_their_partitions_to_the_other_kind(release: Release) {
    let Some(kafka) = shared(release) else { return };
    Runtime::AsyncStd.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "mortal");
        let (samsa, scala) = (group.samsa_with(&["--runtime", "async-std"]), group.scala("a", 1));
        let owners = group.until_shared(2);
        let of_scala = owned_by(&owners, "mortal_a");
        assert_eq!(of_scala, [0, 1]);
        group.publish(COUNT).await;
        group.until_received(|| [printed(&samsa), received(&scala)].concat());
        group.until_all_is_committed();

        group.publish(COUNT).await;
        let killed = received(&scala);
        drop(scala);
        let (committed, before) = (committed_by_the_dead(&group), printed(&samsa).len());
        group.publish(COUNT).await;
        group.until_received(|| [killed.clone(), printed(&samsa)].concat());
        group.until_shared(1);
        goes_on_at(&committed, &printed(&samsa)[before..], &of_scala);

        let scala = group.scala("a", 1);
        let owners = group.until_shared(2);
        let of_samsa = owned_by(&owners, "mortal_samsa");
        assert_eq!(of_samsa, [2, 3]);
        group.until_all_is_committed();
        group.publish(COUNT).await;
        let killed = [killed, printed(&samsa)].concat();
        drop(samsa);
        let (committed, before) = (committed_by_the_dead(&group), received(&scala).len());
        group.publish(COUNT).await;
        group.until_received(|| [killed.clone(), received(&scala)].concat());
        group.until_shared(1);
        goes_on_at(&committed, &received(&scala)[before..], &of_samsa);
    });
}

/// What is committed once nothing of who was killed is on its way any more, and nobody has its partitions yet.
fn committed_by_the_dead(group: &Group<'_>) -> Partitions<i64> {
    thread::sleep(SOON);
    group.committed()
}

/// Of each of these partitions something was received, from the committed offset on.
fn goes_on_at(committed: &Partitions<i64>, received: &[Place], partitions: &[i32]) {
    let begun = first_of(received, partitions);
    let expected = partitions.iter().map(|partition| (*partition, committed[partition])).collect();
    assert_eq!(begun, expected, "each goes on at the committed offset");
}
