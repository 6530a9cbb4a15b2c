//! What comes while a group reads: more partitions of its topic, and more topics that its pattern means.

use std::collections::BTreeSet;
use std::time::Duration;

use samsa_tests::Release;
use samsa_tokio::{Config, Consumer, GroupProtocol, Offset};

use crate::brokers::{HEARTBEAT, SESSION, add_partitions, brokers, delete_topic, place};
use crate::client::Runtime;
use crate::group::{Group, PARTITIONS, create_topic, settle};
use crate::members::{consume, publish};

const COUNT: usize = 80;

fn looks_often(config: &mut Config) {
    config.metadata_max_age = Duration::from_secs(2);
}

pub(crate) fn a_topic_that_gets_more_partitions_is_shared_without_a_restart(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("growing-{protocol:?}-on-{}", runtime.name());
        runtime.run_at(place(kafka), looks_often, async |cluster| {
            let mut group = Group::new(kafka, cluster, &name, protocol).await;
            let (mut one, mut other) = (group.join().await, group.join().await);
            settle(&[&one, &other], &[2, 2]).await;
            group.publish(COUNT).await;
            assert_eq!(group.consume(&mut [&mut one, &mut other]).await, [COUNT / 2, COUNT / 2]);

            group.partitions = 2 * PARTITIONS;
            add_partitions(kafka, &name, group.partitions as i32);
            let took = settle(&[&one, &other], &[4, 4]).await;
            println!(
                "{release}, {protocol:?}, on {}: more partitions were shared after {took:?}",
                runtime.name()
            );
            group.publish(COUNT).await;
            assert_eq!(group.consume(&mut [&mut one, &mut other]).await, [COUNT / 2, COUNT / 2]);
            one.close().await.expect("it leaves");
            other.close().await.expect("it leaves");
        });
    }
}

pub(crate) fn topics_that_a_pattern_means_are_shared_as_they_come_and_go(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("chosen-{protocol:?}-on-{}", runtime.name());
        let [first, second, not_meant] = ["-1", "-2", "-x"].map(|end| format!("{name}{end}"));
        runtime.run_at(place(kafka), looks_often, async |cluster| {
            let join = async || {
                let consumer =
                    cluster.consumer(&name).matching(format!(r"{name}-\d")).start_at(Offset::Earliest);
                let consumer =
                    consumer.protocol(protocol).session_timeout(SESSION).heartbeat_interval(HEARTBEAT);
                consumer.subscribe().await.expect("a member")
            };
            create_topic(kafka, cluster, &first).await;
            let mut members = [join().await, join().await];
            settle(&members.each_ref(), &[2, 2]).await;
            publish(cluster, &first, COUNT).await;
            assert_eq!(read(&mut members).await, COUNT);

            create_topic(kafka, cluster, &not_meant).await;
            create_topic(kafka, cluster, &second).await;
            settle(&members.each_ref(), &[4, 4]).await;
            assert_eq!(topics(&members), [&*first, &*second].map(str::to_owned).into());
            publish(cluster, &second, COUNT).await;
            assert_eq!(read(&mut members).await, COUNT);

            // What is not committed of a topic that goes, nobody can commit.
            for member in &mut members {
                member.commit().await.expect("committed");
            }
            delete_topic(kafka, &second);
            let took = settle(&members.each_ref(), &[2, 2]).await;
            println!(
                "{release}, {protocol:?}, on {}: a topic that is gone was given up after {took:?}",
                runtime.name()
            );
            assert_eq!(topics(&members), [first.clone()].into());
            publish(cluster, &first, COUNT).await;
            assert_eq!(read(&mut members).await, COUNT);
            for member in members {
                member.close().await.expect("it leaves");
            }
        });
    }
}

/// How much they get, of which nothing comes twice, when something was published to one topic.
async fn read(members: &mut [Consumer; 2]) -> usize {
    let got = consume(&mut members.each_mut(), COUNT).await;
    got.iter().map(BTreeSet::len).sum()
}

fn topics(members: &[Consumer]) -> BTreeSet<String> {
    let owned = members.iter().flat_map(|member| member.assignment().to_vec());
    owned.map(|place| place.topic.to_string()).collect()
}
