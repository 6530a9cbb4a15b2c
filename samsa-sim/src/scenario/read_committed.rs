//! Transactions (S17): readers of committed records get nothing that was aborted, also when they start inside of an aborted
//! transaction, when markers are there twice, and though lists come unsorted; readers of everything get everything, though
//! lists come that they did not ask for.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use samsa_client::{Cluster, FetchConfig, Isolation, Offset};

use super::plan::Plan;
use super::stage::{CONVERGENCE, Habit, Stage, TOPIC};
use super::written::{self, Habits, small};
use super::{Options, Scenario};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "read-committed",
    about: "some read only what was committed, others everything, of logs full of transactions",
    finds: &["trusts-aborted-order"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, Plan::draw(seed, 1), play)
}

/// Readers of committed records: from the beginning with large and with small responses, and from somewhere on.
const READERS: usize = 3;

/// What a reader of everything got: partition and offset.
type Seen = Rc<RefCell<Vec<(i32, i64)>>>;

async fn play(stage: Stage) {
    let release = stage.plan.cluster.release;
    let habits = Habits { release, transactions: 800, compacted: 100, left_open: true };
    let mut rng = stage.fill(|rng, partition| written::log(rng, partition, habits));
    let Some(client) = stage.connect().await else { return };
    let nearest = stage.ends().map(|(_, end)| end).min().unwrap_or(0);
    let somewhere = rng.below(nearest.unsigned_abs().max(1)) as i64;
    for (partition, _) in stage.ends() {
        stage.history_mut().starts.insert((2, partition), somewhere);
    }
    let starts = [Offset::Earliest, Offset::Earliest, Offset::Exact(somewhere)];
    for (number, start) in starts.into_iter().enumerate() {
        let fetch = if number == 0 { FetchConfig::default() } else { small() };
        stage.reads(number, &client, Habit { start, fetch, ..Habit::default() });
    }
    let seen = Seen::default();
    read_everything(&stage, &client, &seen);
    stage.world.healed().await;
    for number in 0..READERS {
        stage.read_to_the_end(number).await;
    }
    check_everything(&stage, &seen).await;
    stage.close(client).await;
}

fn read_everything(stage: &Stage, client: &Cluster, seen: &Seen) {
    let fetch = FetchConfig { isolation: Isolation::ReadUncommitted, ..small() };
    let (reading, cluster, seen) = (stage.clone(), client.clone(), Rc::clone(seen));
    stage.world.spawn(async move {
        let Some(mut reader) = reading.open(&cluster, Offset::Earliest, &fetch).await else { return };
        while let Some(Ok(message)) = reader.next().await {
            seen.borrow_mut().push((message.partition(), message.offset()));
        }
    });
}

async fn check_everything(stage: &Stage, seen: &Seen) {
    let mut all: Vec<(i32, i64)> = stage.world.host().look(|cluster| {
        let partitions = 0..cluster.partition_count(TOPIC);
        let whole = |partition| {
            cluster.whole_log(TOPIC, partition).into_iter().map(move |record| (partition, record.offset))
        };
        partitions.flat_map(whole).collect()
    });
    let reading = async {
        while seen.borrow().len() < all.len() {
            stage.world.sleep(Duration::from_millis(50)).await;
        }
    };
    stage.world.timeout(CONVERGENCE, reading).await;
    let mut seen = seen.borrow().clone();
    seen.sort_unstable();
    all.sort_unstable();
    if seen != all {
        let what = format!("a reader of everything got {} records of {}", seen.len(), all.len());
        stage.world.violation("reads-everything", what);
    }
}
