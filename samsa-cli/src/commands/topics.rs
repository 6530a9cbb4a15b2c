//! `samsa topics`.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::table::Table;
use samsa_client::{BrokerId, Offset, PartitionInfo, PartitionOffset, Topic, TopicName};

/// The names of the topics; or the partitions of one: leader, replicas, in-sync replicas, earliest and latest offset
#[derive(Args, Debug)]
pub(crate) struct Topics {
    /// Show this topic's partitions
    topic: Option<String>,
}

#[derive(Serialize)]
struct Named<'a> {
    topic: &'a str,
    internal: bool,
}

#[derive(Serialize)]
struct Row {
    partition: i32,
    leader: Option<i32>,
    replicas: Vec<i32>,
    in_sync: Vec<i32>,
    earliest: Option<i64>,
    latest: Option<i64>,
}

impl Topics {
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        session.connect().await?;
        match &self.topic {
            Some(topic) => partitions(session, &session.cluster.topic(topic)).await,
            None => names(session).await,
        }
    }
}

async fn names(session: &Session) -> Result<(), Failure> {
    let topics = session.ask(session.cluster.topics()).await?;
    let mut out = Output::stdout();
    for TopicName { name, internal } in &topics {
        if session.json {
            out.object(&Named { topic: name, internal: *internal })?;
        } else {
            writeln!(out, "{name}{}", if *internal { "  (internal)" } else { "" })?;
        }
    }
    Ok(out.flush()?)
}

async fn partitions(session: &Session, topic: &Topic) -> Result<(), Failure> {
    let partitions = session.ask(topic.partitions()).await?;
    if partitions.is_empty() {
        return Err(Failure::NotDone(format!(
            "there is no topic {:?}; samsa topics lists those that there are",
            topic.name()
        )));
    }
    let (earliest, latest, trouble) = if partitions.iter().all(|partition| partition.leader.is_some()) {
        offsets(session, topic).await
    } else {
        (Offsets::new(), Offsets::new(), Some(Failure::NotDone("a partition has no leader".to_owned())))
    };
    let rows: Vec<_> = partitions.iter().map(|info| Row::of(info, &earliest, &latest)).collect();
    let mut out = Output::stdout();
    if session.json {
        rows.iter().try_for_each(|row| out.object(row))?;
    } else {
        table(&rows).write(&mut out)?;
    }
    out.flush()?;
    trouble.map_or(Ok(()), Err)
}

type Offsets = BTreeMap<i32, i64>;

/// What is known of them, and why that is not all.
async fn offsets(session: &Session, topic: &Topic) -> (Offsets, Offsets, Option<Failure>) {
    let mut trouble = None;
    let mut of = async |at| match session.ask(topic.offsets(at)).await {
        Ok(offsets) => offsets.iter().map(|of: &PartitionOffset| (of.partition, of.offset)).collect(),
        Err(failure) => {
            trouble = Some(failure);
            Offsets::new()
        }
    };
    let (earliest, latest) = (of(Offset::Earliest).await, of(Offset::Latest).await);
    (earliest, latest, trouble)
}

impl Row {
    fn of(info: &PartitionInfo, earliest: &Offsets, latest: &Offsets) -> Self {
        let ids = |brokers: &[BrokerId]| brokers.iter().map(|broker| broker.0).collect();
        Self {
            partition: info.partition,
            leader: info.leader.map(|leader| leader.0),
            replicas: ids(&info.replicas),
            in_sync: ids(&info.in_sync),
            earliest: earliest.get(&info.partition).copied(),
            latest: latest.get(&info.partition).copied(),
        }
    }
}

fn table(partitions: &[Row]) -> Table<6> {
    let known = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let list = |ids: &[i32]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut table = Table::new(["partition", "leader", "replicas", "in sync", "earliest", "latest"]);
    for partition in partitions {
        let leader = partition.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string());
        table.row([
            partition.partition.to_string(),
            leader,
            list(&partition.replicas),
            list(&partition.in_sync),
            known(partition.earliest),
            known(partition.latest),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_shown_as_such() {
        let info = PartitionInfo {
            partition: 0,
            leader: None,
            leader_epoch: None,
            replicas: vec![BrokerId(1), BrokerId(2)],
            in_sync: vec![BrokerId(2)],
        };
        let row = Row::of(&info, &Offsets::from([(0, 5)]), &Offsets::new());
        let mut shown = Vec::new();
        table(&[row]).write(&mut shown).unwrap();
        let expected = "\
partition  leader  replicas  in sync  earliest  latest
0          none    1,2       2        5         ?
";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }
}
