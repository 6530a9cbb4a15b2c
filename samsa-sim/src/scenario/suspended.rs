//! Time goes wrong (S26): machines are suspended, wall clocks are set, brokers are out of reach; and in the midst of it a
//! client is closed. When its close returns, every record that it accepted has one outcome; another client goes on.

use std::ops::Range;
use std::time::Duration;

use super::plan::Plan;
use super::publish_and_read::play as publish_and_read;
use super::stage::{Stage, TOPIC};
use super::{Options, Scenario};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "suspended",
    about: "machines are suspended, clocks are set, and a client is closed in the midst of it",
    finds: &["closes-at-once", "sleeps-through"],
};

const PAUSE: Range<Duration> = Duration::from_micros(0)..Duration::from_millis(40);
/// A suspended machine may sleep for 20 s on top of the time that a close may take.
const CLOSING: Duration = Duration::from_secs(180);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let faults = [Fault::Suspend, Fault::WallJump, Fault::Partition, Fault::Crash, Fault::SlowBroker];
    let plan = Plan::draw(seed, 2).replicated(2);
    Plan { delivery_timeout: Duration::from_secs(3), faults: Some(FaultMix::of(&faults)), ..plan }
}

async fn play(stage: Stage) {
    let Some(first) = stage.connect().await else { return };
    let mut rng = stage.world.draw(Rng::fork);
    let topic = first.topic(TOPIC);
    for _ in 0..rng.within(&(5..60)) {
        stage.publish(&topic, &mut rng).await;
        if rng.chance(500) {
            stage.world.sleep(rng.duration(&PAUSE)).await;
        }
    }
    // How many were given up is no matter here.
    if stage.world.timeout(CLOSING, first.close()).await.is_none() {
        stage.world.violation("closes-in-time", "a client still closes after three minutes");
    }
    // The tasks that wait for the outcomes run before time moves.
    stage.world.sleep(Duration::from_micros(1)).await;
    let (accepted, settled) = (stage.history().accepted.len(), stage.history().outcomes.len());
    if accepted != settled {
        let what = format!("{accepted} records were accepted, and {settled} have an outcome after the close");
        stage.world.violation("one-outcome", what);
    }
    stage.history_mut().change_publisher();
    publish_and_read(stage).await;
}
