//! ZooKeeper stands still for longer than a client waits for any answer of it, with questions of clients on their way, and goes on:
//! what changes afterwards is noticed as before, by the client and by a member of a group, which have a session each.

use std::{
    pin::pin,
    thread,
    time::{Duration, Instant},
};

use async_io::Timer;
use futures_lite::future::{self, poll_once};
use samsa_tests::{RealKafka, Release, needs};
use samsa_tokio::{Cluster, Consumer, Event, Events, Offset};

use crate::{
    client::Runtime,
    zookeeper_gone::{SESSION, connect},
};

/// The brokers' own sessions outlast it, and end soon enough when one is killed.
const SETTINGS: [(&str, &str); 1] = [("zookeeper.session.timeout.ms", "8000")];
/// Longer than an operation may take, which is as long as the session.
const FROZEN: Duration = SESSION.saturating_add(Duration::from_millis(500));
const LIMIT: Duration = Duration::from_secs(40);

struct Watching {
    cluster: Cluster,
    events: Events,
    member: Consumer,
}

impl Watching {
    async fn from(runtime: Runtime, kafka: &RealKafka) -> Self {
        let cluster = connect(runtime, kafka).await;
        let group = cluster.consumer(format!("watching-on-{}", runtime.name()));
        let member = group.matching("frozen-.*").start_at(Offset::Earliest).subscribe().await;
        Self { events: cluster.events(), member: member.expect("a member"), cluster }
    }

    /// Asks ZooKeeper without waiting for an answer: brokers know nothing of such a topic.
    async fn ask(&self) {
        assert!(poll_once(self.cluster.topic("not-there").partitions()).await.is_none());
    }

    async fn reads_of(&mut self, topic: &str) {
        let next = async {
            loop {
                let message = self.member.next().await.expect("it goes on").expect("a message");
                if message.topic() == topic {
                    break;
                }
            }
        };
        soon(topic, next).await;
    }

    /// What was told until now.
    async fn hears(&mut self) {
        while poll_once(self.events.next()).await.is_some() {}
    }

    async fn loses_a_broker(&mut self) {
        let lost = async {
            let (mut is_lost, mut has_moved) = (false, false);
            while !(is_lost && has_moved) {
                match self.events.next().await.expect("it goes on").expect("none is missed") {
                    Event::BrokerLost { broker, .. } => is_lost |= broker.0 == 2,
                    Event::LeaderMoved { leader, .. } => {
                        has_moved |= leader.is_some_and(|leader| leader.0 == 1);
                    }
                    _ => {}
                }
            }
            while self.cluster.brokers().len() != 1 {
                Timer::after(Duration::from_millis(20)).await;
            }
        };
        soon("the broker that is gone", lost).await;
    }
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let late = async {
        Timer::after(LIMIT).await;
        panic!("not noticed within {LIMIT:?}: {what}")
    };
    future::or(future, late).await
}

async fn make(cluster: &Cluster, topic: &str) {
    cluster.topic(topic).create(2, 2).await.expect("a topic");
    for partition in 0..2 {
        cluster.topic(topic).partition(partition).publish("there it is").await.expect("a receipt");
    }
}

/// Publishes to the broker that is gone, among others, for as long as anybody waits for something.
async fn publish(cluster: &Cluster, topic: &str) {
    loop {
        drop(cluster.topic(topic).partition(0).enqueue("x").await.expect("room"));
        drop(cluster.topic(topic).partition(1).enqueue("x").await.expect("room"));
        Timer::after(Duration::from_millis(20)).await;
    }
}

#[test]
fn what_changes_is_noticed_after_zookeeper_stood_still_for_longer_than_an_operation_may_take() {
    let Some(kafka) = &needs(RealKafka::start_many(Release::V3_9_2, 2, &SETTINGS)) else { return };
    Runtime::Tokio.block_on(async {
        let mut watching = Vec::new();
        for runtime in Runtime::BOTH {
            watching.push(Watching::from(runtime, kafka).await);
        }
        make(&watching[0].cluster, "frozen-before").await;
        for watching in &mut watching {
            watching.reads_of("frozen-before").await;
        }

        kafka.freeze_zookeeper().expect("it stands still");
        for watching in &watching {
            watching.ask().await;
        }
        thread::sleep(FROZEN);
        kafka.thaw_zookeeper().expect("it goes on");

        let since = Instant::now();
        make(&watching[0].cluster, "frozen-after").await;
        for watching in &mut watching {
            watching.reads_of("frozen-after").await;
        }
        println!("a topic was noticed {:?} after ZooKeeper went on", since.elapsed());

        for watching in &mut watching {
            watching.hears().await;
        }
        kafka.kill(2);
        let clusters: Vec<Cluster> = watching.iter().map(|watching| watching.cluster.clone()).collect();
        for (watching, cluster) in watching.iter_mut().zip(&clusters) {
            let publishing = pin!(publish(cluster, "frozen-after"));
            future::or(watching.loses_a_broker(), publishing).await;
        }
        println!("so was the end of a broker, by {:?}", since.elapsed());
    });
}
