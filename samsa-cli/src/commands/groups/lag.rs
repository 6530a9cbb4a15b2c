//! How far a group is in each partition.

use std::collections::{BTreeMap, BTreeSet};

use samsa_client::{GroupDescription, GroupPartition, Subscription};
use serde::Serialize;

use super::ends::Ends;
use crate::table::Table;

/// A partition: who has it, and how far the group is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// The broker in the name of its nodes, in the dialects that have one.
    pub(super) broker: Option<i32>,
    pub(super) owner: Option<String>,
    pub(super) committed: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) lag: Option<i64>,
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
            end,
            lag: end.zip(known.committed).map(|(end, committed)| (end - committed).max(0)),
        }
    }

    /// Nobody has it, and nothing is committed.
    fn of_nobody(topic: &str, partition: i32, end: i64) -> Self {
        let (broker, owner, committed, lag) = (None, None, None, None);
        Self { topic: topic.to_owned(), partition, broker, owner, committed, end: Some(end), lag }
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

pub(super) fn table(rows: &[Progress]) -> Table<6> {
    let number =
        |number: Option<i64>, none: &str| number.map_or_else(|| none.to_owned(), |number| number.to_string());
    let mut table = Table::new(["topic", "partition", "owner", "committed", "end", "lag"]);
    for row in rows {
        table.row([
            row.topic.clone(),
            row.name(),
            row.owner.clone().unwrap_or_else(|| "none".to_owned()),
            number(row.committed, "none"),
            number(row.end, "?"),
            number(row.lag, "?"),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_client::{GroupMember, LookError, PartitionOffset};

    fn ends(of_events: &[(i32, i64)]) -> Ends {
        let mut ends = Ends::default();
        let end =
            |(partition, offset): &(i32, i64)| PartitionOffset { partition: *partition, offset: *offset };
        ends.learn("events".to_owned(), Ok(of_events.iter().map(end).collect()));
        ends
    }

    fn shown(partitions: Vec<GroupPartition>, ends: &Ends) -> String {
        let description = GroupDescription { partitions, ..GroupDescription::default() };
        let mut shown = Vec::new();
        table(&rows(&description, ends)).write(&mut shown).unwrap();
        String::from_utf8(shown).unwrap()
    }

    fn known(partition: i32, owner: Option<&str>, committed: Option<i64>) -> GroupPartition {
        let owner = owner.map(str::to_owned);
        GroupPartition { topic: "events".into(), broker: None, partition, owner, committed }
    }

    #[test]
    fn partitions_that_nobody_has_are_shown_and_so_are_those_whose_end_is_not_known() {
        let partitions = vec![known(0, Some("g_a-0"), Some(7)), known(2, None, Some(9))];
        let expected = "\
topic   partition  owner  committed  end  lag
events  0          g_a-0  7          10   3
events  1          none   none       4    ?
events  2          none   9          ?    ?
";
        assert_eq!(shown(partitions, &ends(&[(0, 10), (1, 4)])), expected);
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
topic   partition  owner  committed  end  lag
events  0          none   7          10   3
events  1-0        vm:1   none       10   ?
events  2-0        none   3          10   7
";
        assert_eq!(shown(partitions, &ends(&[(0, 10)])), expected);
    }

    #[test]
    fn what_is_committed_of_a_topic_that_is_gone_is_shown() {
        let mut ends = Ends::default();
        ends.learn("events".to_owned(), Err(LookError::UnknownTopic { topic: "events".into() }));
        let expected = "\
topic   partition  owner  committed  end  lag
events  0          none   7          ?    ?
";
        assert_eq!(shown(vec![known(0, None, Some(7))], &ends), expected);
    }

    #[test]
    fn a_topic_that_a_member_wants_is_looked_at_though_nothing_of_it_is_there() {
        let subscription = Subscription::Topics(BTreeMap::from([("audit".to_owned(), 1)]));
        let member = GroupMember { id: "g_a".to_owned(), dialect: None, subscription: Some(subscription) };
        let partitions = vec![known(0, None, Some(7))];
        let description = GroupDescription { members: vec![member], partitions, faults: Vec::new() };
        assert_eq!(topics(&description).into_iter().collect::<Vec<_>>(), ["audit", "events"]);
    }
}
