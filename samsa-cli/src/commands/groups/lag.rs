//! How far a group is in each partition.

use std::collections::{BTreeMap, BTreeSet};

use samsa_client::{GroupDescription, GroupPartition, Subscription};
use serde::Serialize;

use super::ends::Ends;
use crate::storage::Store;
use crate::table::Table;

/// A partition: who has it, and how far the group is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// The broker in the name of its nodes, where that tells it from others.
    pub(super) broker: Option<i32>,
    pub(super) owner: Option<String>,
    /// Where whoever gets it begins.
    pub(super) committed: Option<i64>,
    pub(super) in_zookeeper: Option<i64>,
    pub(super) on_brokers: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) lag: Option<i64>,
    /// Whether it is not known what the brokers have.
    #[serde(skip)]
    pub(super) is_untold: bool,
}

/// A row for each node, as several may bear the number of one partition; and for each partition without one.
pub(super) fn rows(description: &GroupDescription, ends: &Ends) -> Vec<Progress> {
    let mut rows = Vec::new();
    for (topic, ends) in ends.topics() {
        let known = description.partitions.iter().filter(|known| *known.topic == *topic);
        let mut of_topic: BTreeMap<(i32, Option<i32>), Progress> = known
            .map(|known| {
                let end = ends.get(&known.partition).copied();
                ((known.partition, known.broker), Progress::of(known, end))
            })
            .collect();
        let numbers: BTreeSet<i32> = of_topic.keys().map(|(number, _)| *number).collect();
        let others = ends.iter().filter(|(number, _)| !numbers.contains(number));
        of_topic
            .extend(others.map(|(number, end)| ((*number, None), Progress::of_nobody(topic, *number, *end))));
        rows.extend(of_topic.into_values());
    }
    rows
}

impl Progress {
    fn of(known: &GroupPartition, end: Option<i64>) -> Self {
        Self {
            topic: known.topic.to_string(),
            partition: known.partition,
            broker: known.broker,
            owner: known.owner.clone(),
            committed: known.committed,
            in_zookeeper: known.in_zookeeper,
            on_brokers: known.on_brokers,
            end,
            lag: end.zip(known.committed).map(|(end, committed)| (end - committed).max(0)),
            is_untold: known.untold.is_some(),
        }
    }

    /// Nobody has it, and nothing is committed.
    fn of_nobody(topic: &str, partition: i32, end: i64) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
            broker: None,
            owner: None,
            committed: None,
            in_zookeeper: None,
            on_brokers: None,
            end: Some(end),
            lag: None,
            is_untold: false,
        }
    }

    /// Where that is committed; with what each store has, if they differ.
    fn place(&self) -> String {
        let (in_zookeeper, on_brokers) = (self.in_zookeeper, self.on_brokers);
        let is_what_counts = |offset: Option<i64>| offset.is_some() && offset == self.committed;
        let name = |store: Store| store.name().to_owned();
        match (is_what_counts(in_zookeeper), is_what_counts(on_brokers)) {
            (true, true) => "both".to_owned(),
            (true, false) if on_brokers.is_none() => name(Store::ZooKeeper),
            (false, true) if in_zookeeper.is_none() => name(Store::Brokers),
            _ if in_zookeeper.is_none() && on_brokers.is_none() && !self.is_untold => "none".to_owned(),
            _ => {
                let untold = if self.is_untold { "?" } else { "none" };
                let (in_zookeeper, on_brokers) = (number(in_zookeeper, "none"), number(on_brokers, untold));
                format!("{} {in_zookeeper}, {} {on_brokers}", name(Store::ZooKeeper), name(Store::Brokers))
            }
        }
    }

    /// As its nodes are called.
    fn name(&self) -> String {
        let broker = self.broker.map(|broker| format!("{broker}-")).unwrap_or_default();
        format!("{broker}{}", self.partition)
    }
}

/// All topics that the group knows or wants.
pub(super) fn topics(description: &GroupDescription) -> BTreeSet<String> {
    let known = description.partitions.iter().map(|known| known.topic.to_string());
    let subscriptions = description.members.iter().filter_map(|member| member.subscription.as_ref());
    let wanted = subscriptions.flat_map(|subscription| match subscription {
        Subscription::Topics(topics) => topics.keys().cloned().collect(),
        Subscription::WhiteList(_) | Subscription::BlackList(_) => Vec::new(),
    });
    known.chain(wanted).collect()
}

fn number(number: Option<i64>, none: &str) -> String {
    number.map_or_else(|| none.to_owned(), |number| number.to_string())
}

pub(super) fn table(rows: &[Progress]) -> Table<7> {
    let mut table = Table::new(["topic", "partition", "owner", "committed", "where", "end", "lag"]);
    for row in rows {
        table.row([
            row.topic.clone(),
            row.name(),
            row.owner.clone().unwrap_or_else(|| "none".to_owned()),
            number(row.committed, if row.is_untold { "?" } else { "none" }),
            row.place(),
            number(row.end, "?"),
            number(row.lag, "?"),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::tests::described;
    use super::*;
    use samsa_client::{GroupMember, LookError, OffsetsError, PartitionOffset};

    fn ends(of_events: &[(i32, i64)]) -> Ends {
        let mut ends = Ends::default();
        let end =
            |(partition, offset): &(i32, i64)| PartitionOffset { partition: *partition, offset: *offset };
        ends.learn("events".to_owned(), Ok(of_events.iter().map(end).collect()));
        ends
    }

    fn shown(partitions: Vec<GroupPartition>, ends: &Ends) -> String {
        let description = described(partitions);
        let mut shown = Vec::new();
        table(&rows(&description, ends)).write(&mut shown).unwrap();
        String::from_utf8(shown).unwrap()
    }

    fn known(partition: i32, owner: Option<&str>, committed: Option<i64>) -> GroupPartition {
        GroupPartition {
            topic: "events".into(),
            broker: None,
            partition,
            owner: owner.map(str::to_owned),
            in_zookeeper: committed,
            on_brokers: None,
            committed,
            untold: None,
        }
    }

    #[test]
    fn partitions_that_nobody_has_are_shown_and_so_are_those_whose_end_is_not_known() {
        let partitions = vec![known(0, Some("g_a-0"), Some(7)), known(2, None, Some(9))];
        let expected = "\
topic   partition  owner  committed  where      end  lag
events  0          g_a-0  7          ZooKeeper  10   3
events  1          none   none       none       4    ?
events  2          none   9          ZooKeeper  ?    ?
";
        assert_eq!(shown(partitions, &ends(&[(0, 10), (1, 4)])), expected);
    }

    #[test]
    fn it_is_shown_where_an_offset_is_and_what_each_place_has_where_they_differ() {
        let part = |partition, in_zookeeper, on_brokers, committed| GroupPartition {
            in_zookeeper,
            on_brokers,
            ..known(partition, None, committed)
        };
        let untold = Some(OffsetsError::InvalidGroup);
        let partitions = vec![
            part(0, None, Some(7), Some(7)),
            part(1, Some(7), Some(7), Some(7)),
            part(2, Some(7), Some(9), Some(9)),
            part(3, Some(7), None, None),
            GroupPartition { untold: untold.clone(), ..part(4, Some(7), None, None) },
            GroupPartition { untold, ..part(5, None, None, None) },
        ];
        let expected = "\
topic   partition  owner  committed  where                      end  lag
events  0          none   7          brokers                    10   3
events  1          none   7          both                       10   3
events  2          none   9          ZooKeeper 7, brokers 9     10   1
events  3          none   none       ZooKeeper 7, brokers none  10   ?
events  4          none   ?          ZooKeeper 7, brokers ?     10   ?
events  5          none   ?          ZooKeeper none, brokers ?  10   ?
";
        let ten: Vec<(i32, i64)> = (0..6).map(|number| (number, 10)).collect();
        assert_eq!(shown(partitions, &ends(&ten)), expected);
    }

    #[test]
    fn each_of_several_nodes_of_one_partition_is_shown() {
        let by_broker = |broker, node| GroupPartition { broker: Some(broker), ..node };
        let partitions = vec![
            known(0, None, Some(7)),
            by_broker(1, known(0, Some("vm:1"), None)),
            by_broker(2, known(0, None, Some(3))),
        ];
        let expected = "\
topic   partition  owner  committed  where      end  lag
events  0          none   7          ZooKeeper  10   3
events  1-0        vm:1   none       none       10   ?
events  2-0        none   3          ZooKeeper  10   7
";
        assert_eq!(shown(partitions, &ends(&[(0, 10)])), expected);
    }

    #[test]
    fn what_is_committed_of_a_topic_that_is_gone_is_shown() {
        let mut ends = Ends::default();
        ends.learn("events".to_owned(), Err(LookError::UnknownTopic { topic: "events".into() }));
        let expected = "\
topic   partition  owner  committed  where      end  lag
events  0          none   7          ZooKeeper  ?    ?
";
        assert_eq!(shown(vec![known(0, None, Some(7))], &ends), expected);
    }

    #[test]
    fn a_topic_that_a_member_wants_is_looked_at_though_nothing_of_it_is_there() {
        let subscription = Subscription::Topics(BTreeMap::from([("audit".to_owned(), 1)]));
        let member = GroupMember { id: "g_a".to_owned(), dialect: None, subscription: Some(subscription) };
        let partitions = vec![known(0, None, Some(7))];
        let description = GroupDescription { members: vec![member], ..described(partitions) };
        assert_eq!(topics(&description).into_iter().collect::<Vec<_>>(), ["audit", "events"]);
    }
}
