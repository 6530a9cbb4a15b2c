//! How far a group is in each partition.

use std::collections::{BTreeMap, BTreeSet};

use samsa_client::{GroupDescription, GroupPartition, Offset, Subscription};
use serde::Serialize;

use crate::failure::Failure;
use crate::session::Session;
use crate::table::Table;

/// A partition: who has it, and how far the group is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    topic: String,
    partition: i32,
    owner: Option<String>,
    committed: Option<i64>,
    end: Option<i64>,
    lag: Option<i64>,
}

/// Where the partitions of a topic end.
type Ends = BTreeMap<i32, i64>;

impl Progress {
    /// All partitions of the topics that the group knows or wants, those that nobody has among them; and why something of it
    /// is not known.
    pub(super) async fn of(
        session: &Session,
        description: &GroupDescription,
    ) -> (Vec<Self>, Option<Failure>) {
        let (mut ends, mut trouble) = (BTreeMap::new(), None);
        for topic in topics(description) {
            let found = session.ask(session.cluster.topic(&topic).offsets(Offset::Latest)).await;
            let found = found.unwrap_or_else(|failure| {
                trouble = Some(failure);
                Vec::new()
            });
            ends.insert(topic, found.iter().map(|end| (end.partition, end.offset)).collect());
        }
        (rows(description, &ends), trouble)
    }

    fn new(topic: &str, partition: i32, known: Option<&GroupPartition>, end: Option<i64>) -> Self {
        let committed = known.and_then(|known| known.committed);
        Self {
            topic: topic.to_owned(),
            partition,
            owner: known.and_then(|known| known.owner.clone()),
            committed,
            end,
            lag: end.zip(committed).map(|(end, committed)| (end - committed).max(0)),
        }
    }
}

fn topics(description: &GroupDescription) -> BTreeSet<String> {
    let known = description.partitions.iter().map(|known| known.topic.to_string());
    let subscriptions = description.members.iter().filter_map(|member| member.subscription.as_ref());
    let wanted = subscriptions.flat_map(|subscription| match subscription {
        Subscription::Topics(topics) => topics.keys().cloned().collect(),
        Subscription::WhiteList(_) | Subscription::BlackList(_) => Vec::new(),
    });
    known.chain(wanted).collect()
}

fn rows(description: &GroupDescription, ends: &BTreeMap<String, Ends>) -> Vec<Progress> {
    let mut rows = Vec::new();
    for (topic, ends) in ends {
        let known: BTreeMap<i32, &GroupPartition> = description
            .partitions
            .iter()
            .filter(|known| *known.topic == **topic)
            .map(|known| (known.partition, known))
            .collect();
        let numbers: BTreeSet<i32> = known.keys().chain(ends.keys()).copied().collect();
        rows.extend(numbers.into_iter().map(|number| {
            Progress::new(topic, number, known.get(&number).copied(), ends.get(&number).copied())
        }));
    }
    rows
}

pub(super) fn table(rows: &[Progress]) -> Table<6> {
    let number =
        |number: Option<i64>, none: &str| number.map_or_else(|| none.to_owned(), |number| number.to_string());
    let mut table = Table::new(["topic", "partition", "owner", "committed", "end", "lag"]);
    for row in rows {
        table.row([
            row.topic.clone(),
            row.partition.to_string(),
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
    use samsa_client::GroupMember;

    fn known(partition: i32, owner: Option<&str>, committed: Option<i64>) -> GroupPartition {
        let owner = owner.map(str::to_owned);
        GroupPartition { topic: "events".into(), broker: None, partition, owner, committed }
    }

    #[test]
    fn partitions_that_nobody_has_are_shown_and_so_are_those_whose_end_is_not_known() {
        let partitions = vec![known(0, Some("g_a-0"), Some(7)), known(2, None, Some(9))];
        let description = GroupDescription { partitions, ..GroupDescription::default() };
        let ends = BTreeMap::from([("events".to_owned(), Ends::from([(0, 10), (1, 4)]))]);
        let mut shown = Vec::new();
        table(&rows(&description, &ends)).write(&mut shown).unwrap();
        let expected = "\
topic   partition  owner  committed  end  lag
events  0          g_a-0  7          10   3
events  1          none   none       4    ?
events  2          none   9          ?    ?
";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
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
