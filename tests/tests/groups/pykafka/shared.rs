//! Members come and go, and nothing is lost, nothing comes twice: whoever gives a partition up commits first, on the brokers.

use std::time::Duration;

use samsa_tests::{Release, cli::Samsa, pykafka::Ways};

use super::{Group, by_leader::sizes, cluster};
use crate::client::Runtime;
use crate::members::Place;
use crate::printed::{placed, printed};
use crate::received::{received, repeated};

const EACH: usize = 20;

fn leave(samsa: Samsa) -> Vec<Place> {
    samsa.terminate().expect("it is asked to leave");
    let ended = samsa.end(Duration::from_secs(20)).expect("it leaves");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    placed(&ended.stdout)
}

pub(crate) fn members_of_both_kinds_share_by_leader_and_hand_over_when_they_leave(
    release: Release,
    ways: Ways,
) {
    let Some(kafka) = &cluster(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "mixed", ways).await;
        group.publish(EACH).await;
        let first = group.samsa();
        group.until_received(|| printed(&first));

        let Some(pykafka) = group.pykafka() else { return };
        let owners = group.until_shared(2);
        assert_eq!(sizes(&owners).into_values().collect::<Vec<_>>(), [6, 6]);
        group.publish(EACH).await;
        group.until_received(|| [printed(&first), received(&pykafka)].concat());

        let second = group.samsa();
        let owners = group.until_shared(3);
        assert_eq!(sizes(&owners).into_values().collect::<Vec<_>>(), [4, 4, 4]);
        group.publish(EACH).await;
        let of_all = || [printed(&first), received(&pykafka), printed(&second)].concat();
        group.until_received(of_all);
        assert_eq!(repeated(&of_all()), [], "{}", pykafka.logged());

        let left = pykafka.shut_down().expect("it leaves");
        group.until_shared(2);
        group.publish(EACH).await;
        group.until_received(|| [left.clone(), printed(&first), printed(&second)].concat());

        let Some(pykafka) = group.pykafka() else { return };
        group.until_shared(3);
        let left = [left, leave(first)].concat();
        group.until_shared(2);
        let left = [left, leave(second)].concat();
        group.until_shared(1);
        group.publish(EACH).await;
        let of_all = || [left.clone(), received(&pykafka)].concat();
        group.until_received(of_all);
        assert_eq!(repeated(&of_all()), [], "{}", pykafka.logged());
    });
}
