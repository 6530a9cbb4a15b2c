//! A topic is deleted and made anew under its name, again and again, while a client publishes to it (S7). What was not sent
//! goes to the new one, in order, everything that is published when all is well arrives, and the client tells of it. A reader
//! that is open all the while goes to the beginning of each new topic, says so, and never takes one topic for another.

use std::collections::BTreeSet;
use std::time::Duration;

use samsa_client::{FetchConfig, Offset};

use super::plan::Plan;
use super::publish_and_read::{flush, publish_until_healed, publish_when_all_is_well};
use super::stage::{Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::check::Read;
use crate::cluster::{ClusterConfig, Loss, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "topic-made-anew",
    about: "the topic is deleted and made anew under its name while clients publish to it and read it",
    finds: &["keeps-old-topic", "keeps-old-position"],
};

const READER: usize = 0;
/// It is open from the beginning.
const ACROSS: usize = 1;

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    // Where topics have ids, and Produce names them by these, or not yet.
    let release = [Release::V4_4, Release::V3_9][(seed % 2) as usize];
    let plan = Plan::draw(seed, 3).replicated(2);
    let by_zookeeper = plan.by_zookeeper && release.has_zookeeper();
    let cluster = ClusterConfig { release, ..plan.cluster };
    let faults = FaultMix::of(&[Fault::TopicRemade, Fault::LostReply, Fault::Cut]);
    // Who names topics by name notices with the next metadata.
    let metadata_max_age = Duration::from_secs(5);
    Plan {
        cluster,
        by_zookeeper,
        metadata_max_age,
        idempotence: true,
        batch_bytes: 200,
        faults: Some(faults),
        ..plan
    }
}

async fn play(stage: Stage) {
    let Some(client) = stage.connect().await else { return };
    let writer = stage.world.last_client();
    let Some(across) = stage.connect().await else { return };
    let reader = stage.world.last_client();
    // It is open across the deletions.
    let fetch = FetchConfig { reset: Some(Offset::Earliest), ..FetchConfig::default() };
    stage.reads(ACROSS, &across, Habit { fetch, ..Habit::default() });
    publish_until_healed(&stage, &client).await;
    flush(&stage, &client).await;
    stage.world.sleep(Duration::from_secs(21)).await;
    publish_when_all_is_well(&stage, &client).await;
    stage.check_made_anew(writer);
    let Some(fresh) = stage.connect().await else { return };
    stage.reads(READER, &fresh, Habit::default());
    stage.read_to_the_end(READER).await;
    stage.read_to_the_end(ACROSS).await;
    check_not_mixed(&stage, reader);
    stage.close(fresh).await;
    stage.close(across).await;
    stage.close(client).await;
}

/// What follows on a record without a step back is of the same topic; and the client has told of each step to another one.
fn check_not_mixed(stage: &Stage, client: usize) {
    let (history, losses) = (stage.history(), stage.world.host().look(|cluster| cluster.losses(TOPIC)));
    let all = history.reads.iter().filter(|((reader, _), _)| *reader == ACROSS);
    for ((_, partition), reads) in all {
        let topics: Vec<_> = reads.iter().map(|read| topics_of(read, *partition, &losses)).collect();
        let mut steps = 0;
        for (reads, topics) in reads.windows(2).zip(topics.windows(2)) {
            let (before, after) = (reads[0].offset, reads[1].offset);
            let is_another = topics[0].is_disjoint(&topics[1]);
            steps += u64::from(is_another);
            if is_another && before < after {
                let what = format!("partition {partition}: {after} of another topic than {before} before it");
                stage.world.violation("reads-one-topic-at-a-time", what);
            }
        }
        let told = history.resets.get(&(client, *partition)).copied().unwrap_or(0);
        if told < steps {
            let what =
                format!("partition {partition} went to another topic {steps} times, and told {told} times");
            stage.world.violation("tells-of-resets", what);
        }
    }
}

/// In which of the topics that were there one after the other a record lies at this offset. The one that is left comes last.
fn topics_of(read: &Read, partition: i32, losses: &[Loss]) -> BTreeSet<usize> {
    let of_it = losses.iter().filter(|loss| loss.partition == partition);
    let is_it = |loss: &Loss| {
        loss.records.iter().any(|record| record.offset == read.offset && record.value == read.value)
    };
    let lost: BTreeSet<usize> = of_it.enumerate().filter(|(_, loss)| is_it(loss)).map(|(at, _)| at).collect();
    if lost.is_empty() { BTreeSet::from([usize::MAX]) } else { lost }
}
