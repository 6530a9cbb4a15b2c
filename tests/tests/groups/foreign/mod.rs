//! Members of other people in the same group: the high-level consumers of Scala, unmodified, beside `samsa consume --group`.

mod frozen;
mod killed;
mod patterns;
mod shared;
mod stored;
mod streams;
mod turns;

use std::collections::BTreeMap;

use samsa_tests::{RealKafka, cli::Samsa, member::MemberProcess, scala};
use samsa_tokio::Cluster;

pub(crate) use frozen::members_that_were_frozen_and_thaw_take_nothing_from_the_others;
pub(crate) use killed::members_that_are_killed_leave_their_partitions_to_the_other_kind;
pub(crate) use patterns::members_of_both_kinds_share_what_one_pattern_means;
pub(crate) use shared::members_of_both_kinds_share_by_range_and_hand_over_when_they_leave;
pub(crate) use stored::members_of_both_kinds_go_on_at_the_others_offsets_on_the_brokers;
pub(crate) use streams::members_of_both_kinds_share_by_the_number_of_their_streams;
pub(crate) use turns::members_of_both_kinds_deal_in_turn;

use crate::members::{Place, publish_over};
use crate::znodes::{Partitions, Znodes, until};

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
        until(|| {
            let times = times(&received());
            if times.len() == self.published {
                Ok(())
            } else {
                Err(format!("{} of {} messages", times.len(), self.published))
            }
        });
    }

    fn until_all_is_committed(&self) {
        self.znodes.until_committed(self.name, self.name, &self.ends());
    }

    fn committed(&self) -> Partitions<i64> {
        self.znodes.committed(self.name, self.name)
    }

    fn ends(&self) -> Partitions<i64> {
        let end = (self.published / self.partitions) as i64;
        (0..self.partitions as i32).map(|partition| (partition, end)).collect()
    }
}

/// What a `samsa consume` of a [`Group`] has printed.
fn printed(samsa: &Samsa) -> Vec<Place> {
    placed(&samsa.printed().expect("what it printed"))
}

/// What stands in the lines of a text.
pub(crate) fn placed(text: &[u8]) -> Vec<Place> {
    let place = |line: &str| {
        let (partition, offset) = line.split_once(' ')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    };
    let text = String::from_utf8_lossy(text);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| place(line).expect("a place")).collect()
}

fn received(scala: &MemberProcess) -> Vec<Place> {
    scala.received().expect("what it received")
}

/// How often each message was received.
pub(crate) fn times(received: &[Place]) -> BTreeMap<Place, usize> {
    let mut times = BTreeMap::new();
    for place in received {
        *times.entry(*place).or_default() += 1;
    }
    times
}

/// What came more than once.
pub(crate) fn repeated(received: &[Place]) -> Vec<(Place, usize)> {
    times(received).into_iter().filter(|(_, times)| *times > 1).collect()
}

/// Partitions whose owner's name begins so.
pub(crate) fn owned_by(owners: &Partitions<String>, member: &str) -> Vec<i32> {
    owners.iter().filter(|(_, owner)| owner.starts_with(member)).map(|(partition, _)| *partition).collect()
}

/// The first offset of each of these partitions.
pub(crate) fn first_of(received: &[Place], partitions: &[i32]) -> Partitions<i64> {
    let first = |partition: &i32| {
        let place = received.iter().find(|(other, _)| other == partition)?;
        Some((*partition, place.1))
    };
    partitions.iter().filter_map(first).collect()
}
