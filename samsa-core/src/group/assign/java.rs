//! How the leader of a classic group shares partitions out among its members, as Java's consumers do: `RangeAssignor` and
//! `RoundRobinAssignor` of Kafka 0.9 and later. What the leader says holds for all, whoever they are.

use std::collections::{BTreeMap, BTreeSet};

use super::Assignor;

/// The members of a group, each with the topics that it reads.
pub(crate) type Readers = BTreeMap<String, BTreeSet<String>>;

/// How many partitions topics have; those that are not there have none.
pub(crate) type Counts = BTreeMap<String, i32>;

/// What each member gets, by topic.
pub(crate) type Shares = BTreeMap<String, BTreeMap<String, Vec<i32>>>;

impl Assignor {
    /// What members call it when they join, if the brokers' groups know it.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Range => Some("range"),
            Self::RoundRobin => Some("roundrobin"),
            Self::RoundRobinKafka1 => None,
        }
    }

    /// What coordinators call what comes closest (KIP-848).
    pub(crate) const fn name_at_coordinators(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin | Self::RoundRobinKafka1 => "uniform",
        }
    }

    /// What everybody gets.
    pub(crate) fn share_out(self, readers: &Readers, counts: &Counts) -> Shares {
        let mut shares: Shares = readers.keys().map(|member| (member.clone(), BTreeMap::new())).collect();
        let dealt = if self == Self::Range { in_ranges(readers, counts) } else { in_turn(readers, counts) };
        for (member, topic, partition) in dealt {
            let share = shares.entry(member.to_owned()).or_default();
            share.entry(topic.to_owned()).or_default().push(partition);
        }
        shares
    }
}

/// Who gets a partition of a topic.
type Dealt<'a> = (&'a str, &'a str, i32);

/// Topic by topic, neighbours together; the first members have one more where it does not come out even.
fn in_ranges<'a>(readers: &'a Readers, counts: &'a Counts) -> Vec<Dealt<'a>> {
    let mut dealt = Vec::new();
    for (topic, count) in counts {
        let own: Vec<&String> = readers_of(readers, topic).collect();
        let members = i32::try_from(own.len()).unwrap_or(i32::MAX).max(1);
        let (each, longer) = (count / members, count % members);
        let mut next = 0;
        for (place, member) in (0..).zip(own) {
            let end = next + each + i32::from(place < longer);
            dealt.extend((next..end).map(|partition| (&**member, &**topic, partition)));
            next = end;
        }
    }
    dealt
}

/// One by one over all topics. Who does not read a topic is passed over, and the turn goes on behind whoever took the partition.
fn in_turn<'a>(readers: &'a Readers, counts: &'a Counts) -> Vec<Dealt<'a>> {
    let circle: Vec<(&String, &BTreeSet<String>)> = readers.iter().collect();
    let (mut dealt, mut turn) = (Vec::new(), 0);
    for (topic, count) in counts {
        for partition in 0..*count {
            let mut in_turn = (0..circle.len()).map(|step| (turn + step) % circle.len());
            let Some(taker) = in_turn.find(|at| circle[*at].1.contains(topic)) else { break };
            dealt.push((&**circle[taker].0, &**topic, partition));
            turn = taker + 1;
        }
    }
    dealt
}

fn readers_of<'a>(readers: &'a Readers, topic: &'a str) -> impl Iterator<Item = &'a String> {
    readers.iter().filter(move |(_, topics)| topics.contains(topic)).map(|(member, _)| member)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readers(all: &[(&str, &[&str])]) -> Readers {
        let of = |topics: &[&str]| topics.iter().map(|topic| (*topic).to_owned()).collect();
        all.iter().map(|(member, topics)| ((*member).to_owned(), of(topics))).collect()
    }

    fn counts(all: &[(&str, i32)]) -> Counts {
        all.iter().map(|(topic, count)| ((*topic).to_owned(), *count)).collect()
    }

    fn shares(assignor: Assignor, all: &[(&str, &[&str])], topics: &[(&str, i32)]) -> Vec<String> {
        let shares = assignor.share_out(&readers(all), &counts(topics));
        let places = |of: &BTreeMap<String, Vec<i32>>| {
            let each = of.iter().flat_map(|(topic, all)| all.iter().map(move |at| format!("{topic}{at}")));
            each.collect::<Vec<_>>().join(" ")
        };
        shares.iter().map(|(member, of)| format!("{member}: {}", places(of))).collect()
    }

    /// The examples in the documentation of Java's two classes.
    #[test]
    fn two_topics_of_three_partitions_are_shared_as_in_the_examples_of_java() {
        let (both, topics): (&[&str], _) = (&["t", "u"], [("t", 3), ("u", 3)]);
        let members = [("a", both), ("b", both)];
        assert_eq!(shares(Assignor::Range, &members, &topics), ["a: t0 t1 u0 u1", "b: t2 u2"]);
        assert_eq!(shares(Assignor::RoundRobin, &members, &topics), ["a: t0 t2 u1", "b: t1 u0 u2"]);
    }

    #[test]
    fn who_does_not_read_a_topic_is_passed_over_as_in_the_example_of_java() {
        let members: [(&str, &[&str]); 3] = [("a", &["t"]), ("b", &["t", "u"]), ("c", &["t", "u", "v"])];
        let topics = [("t", 1), ("u", 2), ("v", 3)];
        let dealt = shares(Assignor::RoundRobin, &members, &topics);
        assert_eq!(dealt, ["a: t0", "b: u0", "c: u1 v0 v1 v2"]);
    }

    #[test]
    fn whoever_is_too_many_gets_nothing_and_a_topic_that_is_not_there_is_nobodys() {
        let all: &[&str] = &["t", "gone"];
        let members = [("a", all), ("b", all), ("c", all)];
        for assignor in [Assignor::Range, Assignor::RoundRobin] {
            let dealt = shares(assignor, &members, &[("t", 2), ("gone", 0)]);
            assert_eq!(dealt, ["a: t0", "b: t1", "c: "], "{assignor:?}");
        }
    }

    #[test]
    fn a_topic_that_nobody_reads_is_nobodys() {
        for assignor in [Assignor::Range, Assignor::RoundRobin] {
            assert_eq!(shares(assignor, &[("a", &["t"])], &[("t", 1), ("u", 4)]), ["a: t0"]);
            assert!(shares(assignor, &[], &[("t", 1)]).is_empty());
        }
    }
}
