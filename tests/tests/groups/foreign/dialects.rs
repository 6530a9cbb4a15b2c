//! A group has one dialect. Who finds a member of another one that was there first leaves again and says who that is; one that
//! comes later is told of, and not counted.

use std::time::Duration;

use async_io::Timer;
use futures_lite::future;
use samsa_tests::{Release, scala, shared};
use samsa_tokio::{ConsumerEvent, ConsumerEvents, Dialect, GroupProtocol, Offset};

use super::Group;
use crate::client::Runtime;
use crate::members::consume;
use crate::received::received;
use crate::znodes::until;

const COUNT: usize = 200;
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn who_speaks_otherwise_than_an_older_member_withdraws_and_a_younger_one_is_told_of(
    release: Release,
) {
    let Some(kafka) = shared(release) else { return };
    Runtime::Tokio.run(kafka, async |cluster| {
        let mut group = Group::new(kafka, cluster, "speaks-scala");
        let scala = group.scala("a", 1);
        group.until_shared(1);
        let refused = group.samsa_with(&["--dialect", "samsa"]).end(LIMIT).expect("it ends");
        assert_eq!((refused.status, refused.stdout.len()), (Some(1), 0), "{}", refused.stderr);
        assert!(refused.stderr.contains("that was there first"), "{}", refused.stderr);
        assert!(refused.stderr.contains("speaks-scala_a: "), "it is named: {}", refused.stderr);
        assert_eq!(group.znodes.ids(group.name), ["speaks-scala_a"]);
        group.publish(COUNT).await;
        group.until_received(|| received(&scala));
        scala.shut_down().expect("it leaves");

        let mut group = Group::new(kafka, cluster, "speaks-samsa");
        let consumer = cluster.topic(group.name).consumer(group.name).start_at(Offset::Earliest);
        let consumer = consumer.protocol(GroupProtocol::ZooKeeper(Dialect::Samsa));
        let mut consumer = consumer.subscribe().await.expect("a member");
        let mut events = consumer.events();
        let younger = scala::start(kafka, (group.name, "a"), (group.name, 1), &[]).expect("a process");
        let (member, reason) = next_foreigner(&mut events).await;
        assert!(member == "speaks-samsa_a" && reason.contains("Scala"), "{member}: {reason}");
        group.publish(COUNT).await;
        assert_eq!(consume(&mut [&mut consumer], COUNT).await[0].len(), COUNT);
        assert_eq!(consumer.assignment().len(), super::PARTITIONS, "it has no share");
        assert_eq!(received(&younger), []);
        drop(younger);
        consumer.close().await.expect("it leaves");
        let left = || group.znodes.ids(group.name).into_iter().find(|member| member != "speaks-samsa_a");
        until(|| left().map_or(Ok(()), Err));
    });
}

async fn next_foreigner(events: &mut ConsumerEvents) -> (String, String) {
    let told = async {
        loop {
            let event = events.next().await.expect("it goes on");
            if let ConsumerEvent::ForeignMember { member, reason } = event {
                return Some((member, reason));
            }
        }
    };
    let late = async {
        Timer::after(LIMIT).await;
        None
    };
    future::or(told, late).await.expect("it is told of")
}
