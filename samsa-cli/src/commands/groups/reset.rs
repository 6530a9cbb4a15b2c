//! `samsa groups GROUP reset`.

use std::io::Write;

use clap::Args;
use samsa_client::{OffsetMove, ResetPlan};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, count};
use crate::session::Session;
use crate::start::Start;
use crate::table::Table;

/// Set the committed offsets of a topic, in ZooKeeper only, for a group that has no members
///
/// A group that keeps its offsets on the brokers, or in both places, does not begin there: what the brokers have stays as it is.
///
/// With --json, each partition is an object of this shape; it is done unless this was a dry run:
///
///   {"topic":"events","partition":0,"from":7,"to":0,"done":true}
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct Reset {
    /// The topic, of which every partition is set
    topic: String,
    /// Where the group is to begin: earliest, latest, an offset (the nearer end of a partition that does not reach there), or @
    /// and a time
    #[arg(long, value_name = "PLACE")]
    to: Start,
    /// Print what would be set, and set nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) from: Option<i64>,
    pub(super) to: i64,
    pub(super) done: bool,
}

impl Reset {
    pub(super) async fn run(&self, session: &Session, group: &str) -> Result<(), Failure> {
        let group = session.cluster.group(group);
        let topic = session.cluster.topic(&self.topic);
        let plan = session.stop.or(group.plan_reset(&topic, self.to.0)).await;
        let plan = plan.ok_or_else(|| Failure::interrupted("looking at the group"))??;
        if !self.dry_run {
            session.ask(group.reset(&plan)).await?;
        }
        self.print(session.json, &plan)?;
        let changed = plan.moves().iter().filter(|step| step.from != Some(step.to)).count();
        let changed = count(changed as u64, "offset");
        let how = if self.dry_run {
            "would be set, in ZooKeeper only; nothing was"
        } else {
            "set, in ZooKeeper only"
        };
        tell!("{changed} {how}");
        Ok(())
    }

    fn print(&self, json: bool, plan: &ResetPlan) -> Result<(), Failure> {
        let mut out = Output::stdout();
        if json {
            for OffsetMove { partition, from, to } in plan.moves() {
                let (topic, partition) = (plan.topic(), *partition);
                out.object(&Row { topic, partition, from: *from, to: *to, done: !self.dry_run })?;
            }
        } else {
            table(plan.moves()).write(&mut out)?;
        }
        Ok(out.flush()?)
    }
}

fn table(moves: &[OffsetMove]) -> Table<3> {
    let mut table = Table::new(["partition", "from", "to"]);
    for OffsetMove { partition, from, to } in moves {
        let from = from.map_or_else(|| "none".to_owned(), |from| from.to_string());
        table.row([partition.to_string(), from, to.to_string()]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_without_an_offset_comes_from_nowhere() {
        let moves = [
            OffsetMove { partition: 0, from: Some(7), to: 0 },
            OffsetMove { partition: 1, from: None, to: 3 },
        ];
        let mut shown = Vec::new();
        table(&moves).write(&mut shown).unwrap();
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "partition  from  to\n0          7     0\n1          none  3\n"
        );
    }
}
