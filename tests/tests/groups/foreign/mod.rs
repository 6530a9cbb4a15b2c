//! Members of other people in the same group: the high-level consumers of Scala, unmodified, beside `samsa consume --group`.

mod dialects;
mod frozen;
mod killed;
mod patterns;
mod shared;
mod stored;
mod streams;
mod turns;

use samsa_tests::{RealKafka, cli::Samsa, member::MemberProcess, scala};
use samsa_tokio::Cluster;

pub(crate) use dialects::who_speaks_otherwise_than_an_older_member_withdraws_and_a_younger_one_is_told_of;
pub(crate) use frozen::members_that_were_frozen_and_thaw_take_nothing_from_the_others;
pub(crate) use killed::members_that_are_killed_leave_their_partitions_to_the_other_kind;
pub(crate) use patterns::{
    members_of_both_kinds_share_what_one_black_list_leaves,
    members_of_both_kinds_share_what_one_pattern_means,
};
pub(crate) use shared::members_of_both_kinds_share_by_range_and_hand_over_when_they_leave;
pub(crate) use stored::members_of_both_kinds_go_on_at_the_others_offsets_on_the_brokers;
pub(crate) use streams::members_of_both_kinds_share_by_the_number_of_their_streams;
pub(crate) use turns::members_of_both_kinds_deal_in_turn;

use crate::members::{Place, publish_over};
use crate::received::until_received;
use crate::znodes::{Partitions, Znodes, ends};

/// Partitions of a topic here, unless said otherwise.
const PARTITIONS: usize = 4;

/// A group and its topic, which have one name.
struct Group<'a> {
    kafka: &'a RealKafka,
    cluster: &'a Cluster,
    znodes: Znodes,
    name: &'a str,
    partitions: usize,
    published: usize,
}

impl<'a> Group<'a> {
    fn new(kafka: &'a RealKafka, cluster: &'a Cluster, name: &'a str) -> Self {
        Self::with_partitions(kafka, cluster, name, PARTITIONS)
    }

    fn with_partitions(kafka: &'a RealKafka, cluster: &'a Cluster, name: &'a str, partitions: usize) -> Self {
        let znodes = Znodes::of(kafka);
        znodes.create_topic(name, partitions);
        Self { kafka, cluster, znodes, name, partitions, published: 0 }
    }

    fn samsa(&self) -> Samsa {
        self.samsa_with(&[])
    }

    /// One with further options.
    fn samsa_with(&self, options: &[&str]) -> Samsa {
        let zookeeper = self.kafka.zookeeper().expect("ZooKeeper");
        let place = ["--zookeeper", &zookeeper, "-X", "zookeeper.session.timeout.ms=4000"];
        let consume = ["consume", self.name, "--group", self.name, "--format", r"%p %o\n"];
        Samsa::start(&[&place[..], &consume, options].concat()).expect("a process")
    }

    fn scala(&self, name: &str, streams: usize) -> MemberProcess {
        scala::start(self.kafka, (self.name, name), (self.name, streams), &[]).expect("a process")
    }

    /// One that names its topic as the console consumer does: by a white list.
    fn console(&self, name: &str) -> MemberProcess {
        let topic = format!("~{}", self.name);
        scala::start(self.kafka, (self.name, name), (&topic, 1), &[]).expect("a process")
    }

    /// Publishes so many more messages, evenly over the partitions.
    async fn publish(&mut self, count: usize) {
        publish_over(self.cluster, self.name, self.partitions, count).await;
        self.published += count;
    }

    /// Waits until so many members share the partitions; says who has which.
    fn until_shared(&self, members: usize) -> Partitions<String> {
        self.znodes.until_shared(self.name, self.name, members, self.partitions)
    }

    /// Waits until all that was published was received.
    fn until_received(&self, received: impl Fn() -> Vec<Place>) {
        until_received(self.published, received);
    }

    fn until_all_is_committed(&self) {
        self.znodes.until_committed(self.name, self.name, &self.ends());
    }

    fn committed(&self) -> Partitions<i64> {
        self.znodes.committed(self.name, self.name)
    }

    fn ends(&self) -> Partitions<i64> {
        ends(self.published, self.partitions)
    }
}

/// Partitions whose owner's name begins so.
pub(crate) fn owned_by(owners: &Partitions<String>, member: &str) -> Vec<i32> {
    owners.iter().filter(|(_, owner)| owner.starts_with(member)).map(|(partition, _)| *partition).collect()
}
