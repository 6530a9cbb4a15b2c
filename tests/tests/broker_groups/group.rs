//! A group of members of Samsa, and what they have received together.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tests::{RealKafka, Release};
use samsa_tokio::{Cluster, Consumer, ConsumerBuilder, GroupProtocol, Offset};

use crate::brokers::{HEARTBEAT, SESSION};
use crate::members::{LIMIT, Place, consume, publish_over};
use crate::topics::Znodes;

/// Partitions of a topic here, unless said otherwise.
pub(crate) const PARTITIONS: usize = 4;

/// A group and its topic, which have one name.
pub(crate) struct Group<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) name: &'a str,
    pub(crate) protocol: GroupProtocol,
    pub(crate) partitions: usize,
    pub(crate) published: usize,
    received: BTreeSet<Place>,
}

impl<'a> Group<'a> {
    /// One whose topic was made for it.
    pub(crate) async fn new(
        kafka: &RealKafka,
        cluster: &'a Cluster,
        name: &'a str,
        protocol: GroupProtocol,
    ) -> Self {
        create_topic(kafka, cluster, name).await;
        Self::of(cluster, name, protocol)
    }

    /// One whose topic is there.
    pub(crate) fn of(cluster: &'a Cluster, name: &'a str, protocol: GroupProtocol) -> Self {
        Self { cluster, name, protocol, partitions: PARTITIONS, published: 0, received: BTreeSet::new() }
    }

    /// A member that is to join.
    pub(crate) fn member(&self) -> ConsumerBuilder {
        let consumer = self.cluster.topic(self.name).consumer(self.name).start_at(Offset::Earliest);
        consumer.protocol(self.protocol).session_timeout(SESSION).heartbeat_interval(HEARTBEAT)
    }

    pub(crate) async fn join(&self) -> Consumer {
        self.member().subscribe().await.expect("a member")
    }

    /// Publishes so many more messages, evenly over the partitions.
    pub(crate) async fn publish(&mut self, count: usize) {
        publish_over(self.cluster, self.name, self.partitions, count).await;
        self.published += count;
    }

    /// Lets them consume all that was published, of which nothing comes twice; says how much each got now.
    pub(crate) async fn consume(&mut self, members: &mut [&mut Consumer]) -> Vec<usize> {
        let wanted = self.published - self.received.len();
        let got = consume(members, wanted).await;
        self.receive(&got)
    }

    /// The same for what they have got already.
    pub(crate) fn receive(&mut self, got: &[BTreeSet<Place>]) -> Vec<usize> {
        for place in got.iter().flatten() {
            assert!(self.received.insert(*place), "{place:?} comes twice");
        }
        got.iter().map(BTreeSet::len).collect()
    }
}

pub(crate) async fn create_topic(kafka: &RealKafka, cluster: &Cluster, name: &str) {
    // The request came with 0.10.1.
    if [Release::V0_8_2_2, Release::V0_9_0_1].contains(&kafka.release()) {
        return Znodes::of(kafka).create_topic(name, PARTITIONS);
    }
    cluster.topic(name).create(PARTITIONS as i32, 1).await.expect("a topic");
}

/// Waits until so many partitions are somebody's, the fewest first, and says how long that took.
pub(crate) async fn settle(members: &[&Consumer], shares: &[usize]) -> Duration {
    let since = Instant::now();
    loop {
        let mut now: Vec<usize> = members.iter().map(|member| member.assignment().len()).collect();
        now.sort_unstable();
        if now == shares {
            return since.elapsed();
        }
        assert!(since.elapsed() < LIMIT, "{now:?} instead of {shares:?}");
        Timer::after(Duration::from_millis(10)).await;
    }
}

pub(crate) fn sorted(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers
}
