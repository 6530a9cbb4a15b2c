//! Brokers answer nonsense (S20): wrong numbers, lengths that cannot be, halves of answers, partitions that are missing, twice
//! there or not asked for, offsets that no log has or that contradict each other, leaders that deny to lead, batches that are
//! not what their checksum says or would become far larger than a batch may. It costs the connection, or the partition a while,
//! or stops the partition, which its reader is told and reads on after a seek; never the process, never another partition or
//! request its answer, and never more memory than there is.

use std::collections::BTreeMap;

use samsa_client::{FetchConfig, Offset, ReadError, Reader};

use super::plan::Plan;
use super::publish_and_read::publish_and_settle;
use super::stage::{Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::BOMB;
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "lying-broker",
    about: "brokers answer nonsense, which costs a connection, a while or a seek, and nothing else",
    finds: &["trusts-correlation", "trusts-offsets", "believes-broken-batches", "decompresses-without-end"],
};

const READERS: usize = 2;
const BUDGET: usize = 16 << 10;
const RESPONSE: usize = 4 << 10;

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = [
        Fault::Lies,
        Fault::Lies,
        Fault::SpoiltBatches,
        Fault::SpoiltBatches,
        Fault::LeaderMove,
        Fault::Split,
    ];
    let plan = Plan::draw(seed, 3).replicated(2);
    Plan { batch_bytes: 300, faults: Some(FaultMix::of(&faults)), ..plan }
}

async fn play(stage: Stage) {
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    for number in 0..READERS {
        let (reading, cluster) = (stage.clone(), client.clone());
        let fetch = FetchConfig {
            buffer_bytes: BUDGET,
            response_bytes: RESPONSE,
            decompressed_bytes: BOMB / 2,
            ..FetchConfig::default()
        };
        stage.world.spawn(async move {
            if let Some(reader) = reading.open(&cluster, Offset::Earliest, &fetch).await {
                read_on(reading, number, reader).await;
            }
        });
    }
    publish_and_settle(&stage, &publisher).await;
    for number in 0..READERS {
        stage.read_to_the_end(number).await;
    }
    stage.close(publisher).await;
    stage.close(client).await;
}

/// Reads all that comes, and goes back to where it could not read: what is in the log there is sound.
async fn read_on(stage: Stage, number: usize, mut reader: Reader) {
    let mut told = BTreeMap::new();
    while let Some(next) = stage.next(number, &mut reader).await {
        // A broker that says everything twice brings twice as much as it was asked for.
        let held = reader.held_bytes();
        if held > 2 * BUDGET {
            stage.world.violation("stays-within-its-memory", format!("{held} bytes of {BUDGET}"));
        }
        match next {
            Ok(message) => stage.keep(number, &message),
            Err(ReadError::Corrupt { partition, offset, reason, .. }) => {
                let who = format!("reader {number}");
                stage.tell(&who, format_args!("cannot read partition {partition} at {offset}: {reason}"));
                *told.entry(partition).or_insert(0) += 1;
                check_stop(&stage, &reader, (partition, offset), told[&partition]);
                match reader.seek(partition, Offset::Exact(offset)).await {
                    Ok(()) => {}
                    Err(ReadError::Closed) => return,
                    Err(error) => stage.world.violation("seeks", error.to_string()),
                }
            }
            Err(error) => stage.world.violation("reads-on", error.to_string()),
        }
    }
}

/// A partition stops where its reader stands, once for each nonsense that came of it at most.
fn check_stop(stage: &Stage, reader: &Reader, (partition, offset): (i32, i64), told: u64) {
    let (came, stands) = (
        stage.world.host().look(|cluster| cluster.nonsense_of(TOPIC, partition)),
        reader.position(partition),
    );
    if told > came || stands != Some(offset) {
        let what = format!(
            "partition {partition} stopped at {offset}, where its reader stands at {stands:?}, for the {told}. time, and nonsense came of it {came} times"
        );
        stage.world.violation("stops-for-a-reason", what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_partitions_stop_and_are_read_to_their_ends_all_the_same() {
        let is_stopped = |seed| {
            let report = run(seed, Options::default().trace(true));
            assert!(report.is_ok(), "{report}");
            report.trace.iter().any(|line| line.contains("cannot read partition"))
        };
        assert!((0..40).any(is_stopped));
    }
}
