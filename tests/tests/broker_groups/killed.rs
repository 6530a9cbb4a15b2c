//! A member that is killed: the others have its partitions when its session is over, and go on where it had committed.

use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tests::Release;
use samsa_tokio::GroupProtocol;

use crate::brokers::{SESSION, brokers, committed, run};
use crate::client::Runtime;
use crate::group::{Group, PARTITIONS};
use crate::processes::{from_now_on, until_begun};
use crate::received::{received, until_received};

const COUNT: usize = 400;
/// Far less than the session of who was killed.
const SOON: Duration = Duration::from_secs(1);

pub(crate) fn a_member_that_is_killed_leaves_its_partitions_to_the_others(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("killed-{protocol:?}-on-{}", runtime.name());
        run(kafka, runtime, async |cluster| {
            let mut group = Group::new(kafka, cluster, &name, protocol).await;
            let [goes, one, other] =
                ["goes", "one", "other"].map(|client| group.process(kafka, client, runtime, Duration::ZERO));
            let shares =
                group.until_shared(&[&|| received(&goes), &|| received(&one), &|| received(&other)]).await;
            let lost = &shares[0];
            group.publish(COUNT).await;
            until_received(group.published, || [received(&goes), received(&one), received(&other)].concat());

            let (before, killed) = (received(&goes), Instant::now());
            let (of_one, of_other) = (from_now_on(&one), from_now_on(&other));
            drop(goes);
            group.publish(COUNT).await;
            Timer::at(killed + SOON).await;
            let committed = committed(kafka, &name, &name, PARTITIONS as i32);
            let begun = until_begun(lost, || [of_one(), of_other()].concat()).await;
            println!(
                "{release}, {protocol:?}, on {}: partitions {lost:?} of a member that was killed were delivered by the others after \
                 {:?}; its session is of {SESSION:?}",
                runtime.name(),
                killed.elapsed()
            );
            for (partition, offset) in begun {
                assert_eq!(
                    offset, committed[&partition],
                    "partition {partition} goes on at the committed offset"
                );
            }
            until_received(group.published, || [before.clone(), received(&one), received(&other)].concat());
        });
    }
}
