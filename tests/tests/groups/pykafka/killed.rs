//! Whoever is killed has committed what it has: the others go on there.

use std::thread;
use std::time::Duration;

use samsa_tests::{Release, pykafka::Ways};

use super::{Group, cluster};
use crate::client::Runtime;
use crate::printed::printed;
use crate::received::{received, repeated};

const EACH: usize = 20;
/// Longer than either kind takes to commit what it has.
const COMMITTED: Duration = Duration::from_secs(6);

pub(crate) fn members_that_are_killed_leave_their_partitions_to_the_other_kind(release: Release, ways: Ways) {
    let Some(kafka) = &cluster(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "mortal", ways).await;
        let samsa = group.samsa();
        let Some(pykafka) = group.pykafka() else { return };
        group.until_shared(2);
        group.publish(EACH).await;
        group.until_received(|| [printed(&samsa), received(&pykafka)].concat());
        thread::sleep(COMMITTED);

        let killed = received(&pykafka);
        drop(pykafka);
        group.until_shared(1);
        group.publish(EACH).await;
        let of_all = || [killed.clone(), printed(&samsa)].concat();
        group.until_received(of_all);
        assert_eq!(repeated(&of_all()), [], "it goes on where the other has committed");

        let Some(pykafka) = group.pykafka() else { return };
        group.until_shared(2);
        group.publish(EACH).await;
        group.until_received(|| [killed.clone(), printed(&samsa), received(&pykafka)].concat());
        thread::sleep(COMMITTED);
        let killed = [killed, printed(&samsa)].concat();
        drop(samsa);
        group.until_shared(1);
        group.publish(EACH).await;
        let of_all = || [killed.clone(), received(&pykafka)].concat();
        group.until_received(of_all);
        assert_eq!(repeated(&of_all()), [], "{}", pykafka.logged());
    });
}
