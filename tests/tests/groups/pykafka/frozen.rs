//! Whoever stands still for longer than its session has lost its partitions, and finds that out only when it goes on.
//!
//! On the brokers nothing keeps a commit from landing late, and pykafka, when it goes on, hands out and commits what it has lost
//! for as long as it takes to notice. So only Samsa, and how it ends, is looked at where pykafka stands still.

use std::thread;
use std::time::Duration;

use samsa_tests::{Release, pykafka::Ways};

use super::{Group, PARTITIONS, cluster};
use crate::client::Runtime;
use crate::members::Place;
use crate::received::{received, repeated};
use crate::znodes::until;

/// Of each partition. Whoever is frozen is at the beginning of it by then.
const MANY: usize = 600;
const FEW: usize = 20;
const PAUSE: Duration = Duration::from_millis(5);
/// So many messages it has had at least when it is frozen.
const BEGUN: usize = 100;
/// Several times the interval at which either commits.
const COMMITTED: Duration = Duration::from_secs(2);

pub(crate) fn our_members_that_were_frozen_and_thaw_take_nothing_from_the_others(
    release: Release,
    ways: Ways,
) {
    let Some(kafka) = &cluster(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "frozen", ways).await;
        let samsa = group.slow(PAUSE);
        let Some(pykafka) = group.pykafka() else { return };
        group.until_shared(2);
        group.publish(MANY).await;
        until(|| match received(&samsa).len() {
            few @ ..BEGUN => Err(format!("{few} messages")),
            _ => Ok(()),
        });

        samsa.freeze().expect("it stands still");
        group.until_shared(1);
        let before = received(&samsa).len();
        println!("{before} messages were handed out");
        assert!(before < MANY, "it has more than it has handed out");
        group.until_received(|| [received(&samsa), received(&pykafka)].concat());
        group.until_all_is_committed();
        samsa.thaw().expect("it goes on");
        group.until_shared(2);
        thread::sleep(COMMITTED);
        let places = received(&samsa);
        // What it was handed out just before it was frozen may be printed only now.
        assert!(places.len() <= before + 1, "it went on: {:?}\n{}", &places[before..], samsa.logged());
        assert!(samsa.logged().contains("Lost"), "it is told: {}", samsa.logged());
        assert_eq!(group.committed(), group.ends(), "nothing went back");

        let before = [received(&samsa).len(), received(&pykafka).len()];
        group.publish(FEW).await;
        group.until_received(|| [received(&samsa), received(&pykafka)].concat());
        group.until_all_is_committed();
        let new = [received(&samsa).split_off(before[0]), received(&pykafka).split_off(before[1])];
        assert_eq!(new.each_ref().map(Vec::len), [FEW * PARTITIONS / 2; 2]);
        assert_eq!(repeated(&new.concat()), []);
    });
}

pub(crate) fn the_others_may_be_frozen_and_thaw_and_everything_goes_on(release: Release, ways: Ways) {
    let Some(kafka) = &cluster(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "foreign-frozen", ways).await;
        let samsa = group.slow(Duration::ZERO);
        let Some(pykafka) = group.pykafka() else { return };
        group.until_shared(2);
        group.publish(FEW).await;
        group.until_received(|| [received(&samsa), received(&pykafka)].concat());
        group.until_all_is_committed();

        pykafka.freeze().expect("it stands still");
        group.until_shared(1);
        group.publish(MANY).await;
        group.until_received(|| [received(&samsa), received(&pykafka)].concat());
        group.until_all_is_committed();
        pykafka.thaw().expect("it goes on");
        thread::sleep(COMMITTED);
        println!("{:?} was committed, of {:?}", group.committed(), group.ends());
        group.until_shared(2);
        group.publish(FEW).await;
        group.until_received(|| [received(&samsa), received(&pykafka)].concat());
        let ours: Vec<Place> = received(&samsa);
        assert_eq!(repeated(&ours), [], "{}", samsa.logged());
        group.until_all_is_committed();
    });
}
