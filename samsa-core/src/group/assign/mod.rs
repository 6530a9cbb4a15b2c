//! Who gets which partition: pure functions of who is there and what there is, so that members which see the same agree
//! without a word.
//!
//! Each stream of a member takes part as a *thread* of its own, named `C-n`; threads are in the order of these names as
//! text, `C-10` before `C-2`. The Samsa dialect knows no streams, and another order of partitions ([`by_leader`]);
//! in 0.7 each broker counts its own ([`by_broker`]). Where the brokers coordinate a group, one of its members shares out for
//! [all](java), or the coordinator does.

mod by_broker;
mod by_leader;
mod java;
mod range;
mod round_robin;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use by_broker::share_by_broker;
pub(crate) use by_leader::Leaders;
pub(crate) use java::{Counts, Readers};
use round_robin::HashedName;

/// How the partitions of a group are shared out. Nothing in ZooKeeper tells it, so all members of a group
/// must be set alike; with members that are not, partitions stay without an owner. A classic group of the brokers takes nobody
/// whose way no other member knows. Where the coordinator shares out (KIP-848) it goes by what a member has asked for last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Assignor {
    /// Topic by topic, neighbours together: the default of the Scala consumers, and what Java's consumers offer first (`range`).
    #[default]
    Range,
    /// One by one over all topics, in the order in which the Scala consumers of 0.8.2 to 0.11 deal
    /// (`partition.assignment.strategy=roundrobin`). In the Samsa dialect, as pykafka's `roundrobin`. Consumers of 0.7 have none. On the
    /// brokers in the order in which Java's consumers deal (`roundrobin`); where the coordinator shares out, `uniform`.
    RoundRobin,
    /// The same in the order of those of 1.0 and 1.1, which differs. In the Samsa dialect there is one order, and on the brokers
    /// this is refused.
    RoundRobinKafka1,
}

/// The members of a group, each with its topics and with how many streams it reads them.
pub(crate) type Members = BTreeMap<String, BTreeMap<String, u16>>;

/// The topics that somebody wants, with their partitions.
pub(crate) type Topics = BTreeMap<String, BTreeSet<i32>>;

/// A partition of a topic by its name.
pub(crate) type Place = (String, i32);

/// What is a member's, each with the number of the stream to which it was dealt.
pub(crate) type Share = BTreeMap<Place, u16>;

/// One stream of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Thread<'a> {
    name: String,
    member: &'a str,
    stream: u16,
}

impl Assignor {
    /// What is this member's. Topics that nobody looked for have no partitions.
    pub(crate) fn share_of(self, member: &str, members: &Members, topics: &Topics) -> Share {
        let dealt = match self {
            Self::Range => range::deal(members, topics, range::by_number),
            Self::RoundRobin => round_robin::deal(members, topics, HashedName::Bracketed),
            Self::RoundRobinKafka1 => round_robin::deal(members, topics, HashedName::Dashed),
        };
        own(dealt, member)
    }

    /// Whether it has to know the partitions of topics that the member itself does not read.
    pub(crate) fn looks_at_all_topics(self) -> bool {
        self != Self::Range
    }
}

fn own(dealt: Vec<(Place, Thread<'_>)>, member: &str) -> Share {
    let own = dealt.into_iter().filter(|(_, thread)| thread.member == member);
    own.map(|(place, thread)| (place, thread.stream)).collect()
}

/// The threads that read a topic, in their order.
fn threads_of<'a>(topic: &str, members: &'a Members) -> Vec<Thread<'a>> {
    let streams = members.iter().filter_map(|(member, topics)| Some((member, *topics.get(topic)?)));
    sorted(streams.flat_map(|(member, streams)| threads(member, streams)).collect())
}

fn threads(member: &str, streams: u16) -> impl Iterator<Item = Thread<'_>> {
    (0..streams).map(move |stream| Thread { name: format!("{member}-{stream}"), member, stream })
}

fn sorted(mut threads: Vec<Thread<'_>>) -> Vec<Thread<'_>> {
    threads.sort_by(|one, other| one.name.cmp(&other.name));
    threads
}

#[cfg(test)]
mod tests;
