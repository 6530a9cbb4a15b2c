//! Members that choose their topics by a pattern: they share those that are there, those that come while they run, and go on
//! without those that are deleted.

use std::collections::BTreeSet;

use samsa_tests::{Release, shared};
use samsa_tokio::{Cluster, Consumer, ConsumerBuilder, GroupError, Offset};

use crate::client::Runtime;
use crate::joining::settle;
use crate::members::{consume, publish};
use crate::znodes::Znodes;

const COUNT: usize = 40;

pub(crate) fn topics_that_a_pattern_means_are_shared_as_they_come_and_go(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let znodes = Znodes::of(kafka);
    for runtime in Runtime::BOTH {
        let name = format!("chosen-on-{}", runtime.name());
        let [first, second, not_meant] = ["-1", "-2", "-x"].map(|end| format!("{name}{end}"));
        runtime.run(kafka, async |cluster| {
            create(cluster, &first).await;
            let choose = |consumer: ConsumerBuilder| consumer.matching(format!(r"{name}-\d"));
            let mut one = join(cluster, &name, choose).await;
            let mut other = join(cluster, &name, choose).await;
            settle(&[&one, &other], &[2, 2]).await;
            share(cluster, &first, &mut one, &mut other).await;

            create(cluster, &not_meant).await;
            create(cluster, &second).await;
            settle(&[&one, &other], &[4, 4]).await;
            share(cluster, &second, &mut one, &mut other).await;
            one.commit().await.expect("committed");
            other.commit().await.expect("committed");

            znodes.delete_topic(&second);
            settle(&[&one, &other], &[2, 2]).await;
            assert_eq!(topics(&[&one, &other]), [first.clone()].into());
            share(cluster, &first, &mut one, &mut other).await;
            one.close().await.expect("it leaves");
            other.close().await.expect("it leaves");

            // The other tests have no topics of such names.
            let last = format!("{name}-7");
            create(cluster, &last).await;
            let group = format!("{name}-black");
            let mut member = join(cluster, &group, |consumer| consumer.not_matching(".*[^7]")).await;
            settle(&[&member], &[4]).await;
            assert_eq!(topics(&[&member]), [last.clone()].into());
            publish(cluster, &last, COUNT).await;
            assert_eq!(consume(&mut [&mut member], COUNT).await[0].len(), COUNT);
            member.close().await.expect("it leaves");
            znodes.delete_topic(&last);

            let refused = cluster.consumer(&group).matching("(?!a).*").start_at(Offset::Earliest).subscribe();
            let error = refused.await.expect_err("a lookahead");
            assert!(matches!(error, GroupError::Pattern(_)), "{error}");
        });
    }
}

async fn create(cluster: &Cluster, topic: &str) {
    cluster.topic(topic).create(4, 1).await.expect("a topic");
}

async fn join(
    cluster: &Cluster,
    group: &str,
    choose: impl Fn(ConsumerBuilder) -> ConsumerBuilder,
) -> Consumer {
    let consumer = choose(cluster.consumer(group)).start_at(Offset::Earliest);
    consumer.subscribe().await.expect("a member")
}

/// What is published to the four partitions of a topic, each of two members gets a half of.
async fn share(cluster: &Cluster, topic: &str, one: &mut Consumer, other: &mut Consumer) {
    publish(cluster, topic, COUNT).await;
    let got = consume(&mut [one, other], COUNT).await;
    let sizes: Vec<usize> = got.iter().map(BTreeSet::len).collect();
    assert_eq!(sizes, [COUNT / 2, COUNT / 2]);
}

fn topics(members: &[&Consumer]) -> BTreeSet<String> {
    let owned = members.iter().flat_map(|member| member.assignment().to_vec());
    owned.map(|place| place.topic.to_string()).collect()
}
