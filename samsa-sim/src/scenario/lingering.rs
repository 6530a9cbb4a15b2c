//! Batches linger for very long, and there is little memory for records (S19): who finds no room does not wait until the linger
//! time is over, nor does who flushes or closes. So everything that is published arrives in time, whatever goes wrong.

use std::time::Duration;

use samsa_client::Cluster;

use super::plan::Plan;
use super::publish_and_read::{RECOVERY, flush, publish_until_healed, publish_when_all_is_well};
use super::stage::{Habit, Stage, TOPIC};
use super::{Options, Scenario};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "lingering",
    about: "batches linger for long, but nobody waits for that who finds no room, flushes or closes",
    finds: &["lingers-without-room"],
};

const READER: usize = 0;
const LINGER: Duration = Duration::from_secs(40);
const BUFFER: usize = 6 << 10;
/// They come to more than the buffer holds.
const RECORDS: usize = 200;
/// In so much time somebody who waits for room has some, when all is well.
const IN_TIME: Duration = Duration::from_secs(3);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let plan = Plan::draw(seed, 2).replicated(2);
    let delivery_timeout = Duration::from_secs(120);
    Plan { linger: LINGER, batch_bytes: 256 << 10, buffer_bytes: BUFFER, delivery_timeout, ..plan }
}

async fn play(stage: Stage) {
    let (Some(publisher), Some(client)) = (stage.connect().await, stage.connect().await) else { return };
    stage.reads(READER, &client, Habit::default());
    publish_until_healed(&stage, &publisher).await;
    flush(&stage, &publisher).await;
    stage.world.sleep(RECOVERY).await;
    fill_the_buffer(&stage, &publisher).await;
    publish_when_all_is_well(&stage, &publisher).await;
    stage.read_to_the_end(READER).await;
    stage.close(publisher).await;
    stage.close(client).await;
}

/// While all is well, whoever finds no room has some soon.
async fn fill_the_buffer(stage: &Stage, publisher: &Cluster) {
    let (mut rng, topic) = (stage.world.draw(Rng::fork), publisher.topic(TOPIC));
    for _ in 0..RECORDS {
        let since = stage.world.now().mono;
        stage.publish(&topic, &mut rng).await;
        let took = stage.world.now().mono - since;
        if took > IN_TIME {
            let what = format!("a record waited for room for {took:?}, while batches lingered");
            return stage.world.violation("room-is-made-at-once", what);
        }
    }
}
