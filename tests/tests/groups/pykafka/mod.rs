//! Members of other people in the same group: the balanced consumers of pykafka, beside `samsa consume --group --dialect samsa`.

mod by_leader;
mod committed;
mod frozen;
mod killed;
mod moved;
mod shared;
mod turns;

use std::time::Duration;

use samsa_tests::{
    RealKafka, Release,
    cli::Samsa,
    member::MemberProcess,
    needs,
    pykafka::{self, Ways},
    slow,
};
use samsa_tokio::Cluster;

pub(crate) use frozen::{
    our_members_that_were_frozen_and_thaw_take_nothing_from_the_others,
    the_others_may_be_frozen_and_thaw_and_everything_goes_on,
};
pub(crate) use killed::members_that_are_killed_leave_their_partitions_to_the_other_kind;
pub(crate) use moved::locks_follow_leaders_that_move;
pub(crate) use shared::members_of_both_kinds_share_by_leader_and_hand_over_when_they_leave;
pub(crate) use turns::members_of_both_kinds_deal_in_turn;

use crate::members::Place;
use crate::received::until_received;
use crate::znodes::{Partitions, Znodes, ends, until, until_committed};

const BROKERS: usize = 2;
/// Enough for `1-10` to come before `1-2`.
const PARTITIONS: usize = 12;

/// A cluster whose partitions have several leaders, for one test.
fn cluster(release: Release) -> Option<RealKafka> {
    // Who coordinates the group must not go with one broker.
    needs(RealKafka::start_many(release, BROKERS, &[("offsets.topic.replication.factor", "2")]))
}

/// A group and its topic, which have one name.
struct Group<'a> {
    kafka: &'a RealKafka,
    cluster: &'a Cluster,
    znodes: Znodes,
    name: &'a str,
    ways: Ways,
    published: usize,
}

impl<'a> Group<'a> {
    async fn new(kafka: &'a RealKafka, cluster: &'a Cluster, name: &'a str, ways: Ways) -> Self {
        cluster.topic(name).create(PARTITIONS as i32, BROKERS as i16).await.expect("a topic");
        Self { kafka, cluster, znodes: Znodes::of(kafka), name, ways, published: 0 }
    }

    fn samsa(&self) -> Samsa {
        let zookeeper = self.kafka.zookeeper().expect("ZooKeeper");
        let place = ["--zookeeper", &zookeeper, "-X", "zookeeper.session.timeout.ms=4000"];
        let consume = ["consume", self.name, "--group", self.name, "--dialect", "samsa"];
        let consume = [&consume[..], &["--format", r"%p %o\n"]].concat();
        let python3: &[&str] = if self.ways.locks_as_python2 { &[] } else { &["--python3-owners"] };
        Samsa::start(&[&place[..], &consume, python3].concat()).expect("a process")
    }

    /// One that has a message in such a time.
    fn slow(&self, pause: Duration) -> MemberProcess {
        let dialect = if self.ways.locks_as_python2 { "samsa" } else { "samsa-python3" };
        let (group, topic) = (self.name, self.name);
        let ways = slow::Ways { group, topic, client: "slow", runtime: "tokio", dialect, pause };
        slow::start(self.kafka, ways).expect("a process")
    }

    /// A member of pykafka. `None`: skip the test, without Python.
    fn pykafka(&self) -> Option<MemberProcess> {
        needs(pykafka::start(self.kafka, self.name, self.name, self.ways))
    }

    /// Publishes so many more messages to each partition.
    async fn publish(&mut self, each: usize) {
        let topic = self.cluster.topic(self.name);
        for number in 0..each * PARTITIONS {
            let partition = topic.partition((number % PARTITIONS) as i32);
            let _outcome = partition.enqueue(format!("m{number}")).await.expect("room");
        }
        self.cluster.flush().await.expect("all is delivered");
        self.published += each * PARTITIONS;
    }

    /// Waits until so many members share the partitions, each as both kinds compute it; says who has which.
    fn until_shared(&self, members: usize) -> by_leader::Owners {
        until(|| by_leader::shared(&self.znodes, self.name, self.ways, members, PARTITIONS))
    }

    /// Waits until all that was published was received.
    fn until_received(&self, received: impl Fn() -> Vec<Place>) {
        until_received(self.published, received);
    }

    fn until_all_is_committed(&self) {
        until_committed(|| self.committed(), &self.ends());
    }

    fn ends(&self) -> Partitions<i64> {
        ends(self.published, PARTITIONS)
    }
}
