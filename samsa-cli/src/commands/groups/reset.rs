//! `samsa groups GROUP reset`.

use std::io::Write;

use clap::Args;
use samsa_client::{OffsetMove, OffsetStorage, ResetPlan};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, count};
use crate::session::Session;
use crate::start::Start;
use crate::storage::{StorageName, Store};
use crate::table::Table;

/// Set the committed offsets of a topic, where the group keeps them, for a group that has no members
///
/// Members are those that are registered in ZooKeeper, and consumers of a group of this name that the brokers coordinate. A group
/// that is not in ZooKeeper is looked for on the brokers. With --bootstrap nothing is seen of members in ZooKeeper.
///
/// With --json, each partition is an object of this shape, one for each place in which it is set; it is done unless this was a dry
/// run:
///
///   {"topic":"events","partition":0,"place":"ZooKeeper","from":7,"to":0,"done":true}
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct Reset {
    /// The topic, of which every partition is set
    topic: String,
    /// Where the group is to begin: earliest, latest, an offset (the nearer end of a partition that does not reach there), or @
    /// and a time
    #[arg(long, value_name = "PLACE")]
    to: Start,
    /// Where to set them: zookeeper, brokers, or both. By default where the group has offsets of the topic, or of any topic if it
    /// has none of this one; both, if it has some in either place; brokers, if it lives there, and if it is a group of pykafka's, or of --dialect samsa
    #[arg(long, value_name = "PLACE", value_enum)]
    offsets: Option<StorageName>,
    /// Print what would be set, and set nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) place: &'static str,
    pub(super) from: Option<i64>,
    pub(super) to: i64,
    pub(super) done: bool,
}

impl Reset {
    pub(super) async fn run(&self, session: &Session, group: &str) -> Result<(), Failure> {
        let group = session.cluster.group(group);
        let group = match self.offsets {
            Some(name) => group.offsets(name.storage()),
            None => group,
        };
        let topic = session.cluster.topic(&self.topic);
        let plan = session.stop.or(group.plan_reset(&topic, self.to.0)).await;
        let plan = plan.ok_or_else(|| Failure::interrupted("looking at the group"))??;
        if !self.dry_run {
            session.ask(group.reset(&plan)).await?;
        }
        self.print(session.json, &plan)?;
        let changed = steps(&plan).filter(|step| step.from != Some(step.to)).count();
        let changed = count(changed as u64, "offset");
        let storage = plan.storage();
        let place = match (storage.in_zookeeper(), storage.on_brokers()) {
            (true, true) => "in ZooKeeper and on the brokers",
            (true, false) => "in ZooKeeper only",
            (false, _) => "on the brokers only",
        };
        if self.dry_run {
            tell!("{changed} would be set, {place}; nothing was");
        } else {
            tell!("{changed} set, {place}");
        }
        Ok(())
    }

    fn print(&self, json: bool, plan: &ResetPlan) -> Result<(), Failure> {
        let mut out = Output::stdout();
        if json {
            for Step { partition, store, from, to } in steps(plan) {
                let (topic, place, done) = (plan.topic(), store.name(), !self.dry_run);
                out.object(&Row { topic, partition, place, from, to, done })?;
            }
        } else {
            table(steps(plan)).write(&mut out)?;
        }
        Ok(out.flush()?)
    }
}

/// What is set in one store.
struct Step {
    partition: i32,
    store: Store,
    from: Option<i64>,
    to: i64,
}

fn steps(plan: &ResetPlan) -> impl Iterator<Item = Step> {
    plan.moves().iter().flat_map(|step| steps_of(*step, plan.storage()))
}

fn steps_of(step: OffsetMove, storage: OffsetStorage) -> impl Iterator<Item = Step> {
    let OffsetMove { partition, in_zookeeper, on_brokers, to } = step;
    Store::all_of(storage).map(move |store| {
        let from = match store {
            Store::ZooKeeper => in_zookeeper,
            Store::Brokers => on_brokers,
        };
        Step { partition, store, from, to }
    })
}

fn table(steps: impl Iterator<Item = Step>) -> Table<4> {
    let mut table = Table::new(["partition", "where", "from", "to"]);
    for Step { partition, store, from, to } in steps {
        let from = from.map_or_else(|| "none".to_owned(), |from| from.to_string());
        table.row([partition.to_string(), store.name().to_owned(), from, to.to_string()]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_without_an_offset_comes_from_nowhere() {
        let moves = [
            OffsetMove { partition: 0, in_zookeeper: Some(7), on_brokers: Some(8), to: 0 },
            OffsetMove { partition: 1, in_zookeeper: None, on_brokers: None, to: 3 },
        ];
        let shown = |storage| {
            let mut shown = Vec::new();
            let steps = moves.iter().flat_map(|step| steps_of(*step, storage));
            table(steps).write(&mut shown).unwrap();
            String::from_utf8(shown).unwrap()
        };
        let expected = "\
partition  where      from  to
0          ZooKeeper  7     0
0          brokers    8     0
1          ZooKeeper  none  3
1          brokers    none  3
";
        assert_eq!(shown(OffsetStorage::Both), expected);
        assert_eq!(
            shown(OffsetStorage::Brokers),
            "partition  where    from  to\n0          brokers  8     0\n1          brokers  none  3\n"
        );
    }
}
