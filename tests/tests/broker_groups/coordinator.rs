//! The broker that coordinates a group is killed and comes back, while its members consume and others publish.

use std::time::{Duration, Instant};

use futures_lite::future;
use samsa_tests::{RealKafka, Release, needs};
use samsa_tokio::GroupProtocol;

use crate::brokers::{SETTINGS, coordinator, run};
use crate::client::Runtime;
use crate::group::{Group, PARTITIONS, settle};
use crate::members::{consume, publish_over};
use crate::told::Told;

const BROKERS: usize = 3;
const COUNT: usize = 400;

pub(crate) fn members_go_on_when_their_coordinator_is_killed_and_comes_back(
    release: Release,
    protocol: GroupProtocol,
) {
    let replicated = [("offsets.topic.replication.factor", "3"), ("default.replication.factor", "3")];
    let properties = [&SETTINGS[..], &replicated].concat();
    let Some(kafka) = &needs(RealKafka::start_many(release, BROKERS, &properties)) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("outlives-on-{}", runtime.name());
        run(kafka, runtime, async |cluster| {
            cluster.topic(&name).create(PARTITIONS as i32, BROKERS as i16).await.expect("a topic");
            let mut group = Group::of(cluster, &name, protocol);
            let join = async || group.member().session_timeout(Duration::from_secs(45)).subscribe().await;
            let (mut one, mut other) = (join().await.expect("a member"), join().await.expect("a member"));
            let told = [Told::of(&one), Told::of(&other)];
            settle(&[&one, &other], &[2, 2]).await;
            group.publish(COUNT).await;
            group.consume(&mut [&mut one, &mut other]).await;

            let coordinator = coordinator(kafka, &name);
            kafka.kill(coordinator);
            let since = Instant::now();
            let publish = publish_over(cluster, &name, PARTITIONS, COUNT);
            let mut both = [&mut one, &mut other];
            let ((), got) = future::zip(publish, consume(&mut both, COUNT)).await;
            group.published += COUNT;
            group.receive(&got);
            one.commit().await.expect("committed");
            other.commit().await.expect("committed");
            println!(
                "{release}, {protocol:?}, on {}: committed {:?} after a kill",
                runtime.name(),
                since.elapsed()
            );
            kafka.restart(coordinator).expect("it serves again");
            group.publish(COUNT).await;
            group.consume(&mut [&mut one, &mut other]).await;
            settle(&[&one, &other], &[2, 2]).await;
            for told in &told {
                let all = told.all();
                assert!(!all.iter().any(|event| event.starts_with("Lost")), "{all:?}");
            }

            one.close().await.expect("it leaves");
            settle(&[&other], &[4]).await;
            group.publish(COUNT).await;
            let got = consume(&mut [&mut other], COUNT).await;
            group.receive(&got);
            other.close().await.expect("it leaves");
        });
    }
}
