//! Whoever stands still for longer than its session has lost its partitions, and finds that out only when it goes on.

use std::collections::BTreeSet;

use samsa_tests::{Release, shared};

use super::Group;
use crate::client::Runtime;
use crate::members::Place;
use crate::printed::printed;
use crate::received::received;

const COUNT: usize = 200;

pub(crate) fn members_that_were_frozen_and_thaw_take_nothing_from_the_others(release: Release) {
    let Some(kafka) = shared(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "frozen");
        let (samsa, scala) = (group.samsa(), group.scala("a", 1));
        group.until_shared(2);
        group.publish(COUNT).await;
        let of_both = || [printed(&samsa), received(&scala)].concat();
        group.until_received(of_both);
        group.until_all_is_committed();

        samsa.freeze().expect("it stands still");
        group.until_shared(1);
        group.publish(COUNT).await;
        group.until_received(of_both);
        group.until_all_is_committed();
        let others: BTreeSet<Place> = received(&scala).into_iter().collect();
        let before = printed(&samsa).len();
        samsa.thaw().expect("it goes on");
        group.until_shared(2);
        group.publish(COUNT).await;
        group.until_received(of_both);
        let taken: Vec<Place> = printed(&samsa).split_off(before);
        let twice: Vec<&Place> = taken.iter().filter(|place| others.contains(place)).collect();
        assert!(twice.is_empty(), "it handed out what it had lost: {twice:?}");
        group.until_all_is_committed();

        scala.freeze().expect("it stands still");
        group.until_shared(1);
        group.publish(COUNT).await;
        group.until_received(of_both);
        group.until_all_is_committed();
        scala.thaw().expect("it goes on");
        group.until_shared(2);
        group.publish(COUNT).await;
        group.until_received(of_both);
        group.until_all_is_committed();
    });
}
