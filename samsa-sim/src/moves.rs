//! Brokers that start again at other addresses: one of them, or all at once, so that no address is of use that clients have
//! learned.

use std::ops::Range;
use std::time::Duration;

use crate::host::Left;
use crate::rng::Rng;
use crate::world::World;

/// One broker goes down, and starts elsewhere after a while.
pub(crate) fn one(world: &World, broker: i32, down: &Range<Duration>, rng: &mut Rng) {
    let (left, lasts) = (Left::draw(world.cluster_config().release, rng), rng.duration(down));
    world.trace().line("faults", format_args!("!! broker {broker} moves in {lasts:?}"));
    world.crash(broker);
    let (host, sleep) = (world.host().clone(), world.sleep(lasts));
    world.spawn_named("move", async move {
        sleep.await;
        host.leave_address(broker, left);
        host.start(broker);
    });
}

/// All of them go down at once, and start elsewhere, one after the other; now and then where another one was.
pub(crate) fn all(world: &World, down: &Range<Duration>, rng: &mut Rng) {
    world.trace().line("faults", format_args!("!! all brokers move"));
    world.running_brokers().into_iter().for_each(|broker| world.crash(broker));
    let all = world.host().brokers(false);
    if rng.chance(300) {
        world.host().exchange_addresses();
    } else {
        for broker in &all {
            world.host().leave_address(*broker, Left::draw(world.cluster_config().release, rng));
        }
    }
    for broker in all {
        let (host, sleep) = (world.host().clone(), world.sleep(rng.duration(down)));
        world.spawn_named("restart", async move {
            sleep.await;
            host.start(broker);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cluster::ClusterConfig;
    use crate::faults::FaultMix;
    use crate::simulation::Simulation;

    const DOWN: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(3);

    fn hosts(world: &World) -> Vec<String> {
        (1..=3).filter_map(|broker| world.host().name_of(broker)).collect()
    }

    #[test]
    fn brokers_that_have_moved_are_elsewhere_each_at_a_place_of_its_own_where_its_name_leads() {
        for seed in 0..20 {
            let cluster = ClusterConfig { brokers: 3, ..ClusterConfig::default() };
            let simulation = Simulation::new(seed).faults(FaultMix::none()).cluster(cluster);
            let run = simulation.run(|world| async move {
                let before = hosts(&world);
                all(&world, &DOWN, &mut Rng::new(seed));
                world.sleep(2 * DOWN.end).await;
                assert_eq!(world.running_brokers(), [1, 2, 3]);

                let after = hosts(&world);
                for (broker, (before, after)) in (1..).zip(before.iter().zip(&after)) {
                    assert_ne!(before, after);
                    let host = world.network().host(after);
                    assert_eq!(world.network().resolve(&format!("seed{broker}")).await, Some(host));
                }
                assert_eq!(after.into_iter().collect::<BTreeSet<_>>().len(), 3);
            });
            assert!(run.report.is_ok(), "{}", run.report);
        }
    }

    #[test]
    fn one_that_moves_leaves_the_others_where_they_are() {
        let cluster = ClusterConfig { brokers: 3, ..ClusterConfig::default() };
        let simulation = Simulation::new(1).faults(FaultMix::none()).cluster(cluster);
        let run = simulation.run(|world| async move {
            let before = hosts(&world);
            one(&world, 2, &DOWN, &mut Rng::new(1));
            world.sleep(2 * DOWN.end).await;
            let after = hosts(&world);
            let moved = before.iter().zip(&after).map(|(before, after)| before != after);
            assert_eq!(moved.collect::<Vec<_>>(), [false, true, false]);
            assert_eq!(world.running_brokers(), [1, 2, 3]);
        });
        assert!(run.report.is_ok(), "{}", run.report);
    }
}
