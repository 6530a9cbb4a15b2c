//! Brokers that nobody reaches for a while, and sessions that end before they are reached again: what a group is to commit on
//! the brokers waits meanwhile, what it is to commit in `ZooKeeper` does not, and who waits loses its partitions.

use std::ops::Range;
use std::time::Duration;

use samsa_client::{Dialect, OffsetStorage};

use super::group::Group;
use crate::rng::Rng;
use crate::scenario::stage::Stage;

const PAUSE: Range<Duration> = Duration::from_secs(2)..Duration::from_secs(9);
/// For how long brokers are out of reach before connections to `ZooKeeper` go.
const BEFORE: Range<Duration> = Duration::ZERO..Duration::from_millis(1_500);
/// How long those are away: longer than a session lasts.
const AWAY: Range<Duration> = Duration::from_millis(6_500)..Duration::from_millis(8_500);
/// When meanwhile brokers are reached again: when members have given up their sessions and have no other ones yet, and before a
/// commit has waited too long for the coordinator of its group.
const AGAIN: Range<Duration> = Duration::from_millis(4_500)..Duration::from_millis(6_500);

impl Group {
    /// Only who keeps offsets on the brokers waits for them.
    pub(super) fn is_out_of_reach_now_and_then(&self) -> bool {
        self.ways.dialect() == Some(Dialect::Scala)
            && self.ways.offsets.is_some_and(OffsetStorage::on_brokers)
    }
}

pub(super) async fn until_healed(stage: Stage) {
    let (mut rng, world) = (stage.world.draw(Rng::fork), stage.world.clone());
    loop {
        world.sleep(rng.duration(&PAUSE)).await;
        if world.faults().are_over() {
            return;
        }
        let (before, away, again) = (rng.duration(&BEFORE), rng.duration(&AWAY), rng.duration(&AGAIN));
        let lasts = before + again;
        for host in world.running_brokers().into_iter().filter_map(|broker| world.host().name_of(broker)) {
            stage.tell("network", format_args!("!! nobody reaches {host} for {lasts:?}"));
            world.network().shut(&host, lasts);
        }
        world.sleep(before).await;
        let losing = world.zookeeper_service().connected().into_iter().filter(|_| rng.chance(500));
        for session in losing.filter(|_| !world.faults().are_over()) {
            world.zookeeper_service().lose(session, away);
        }
        world.sleep(away.max(again)).await;
    }
}
