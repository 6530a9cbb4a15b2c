//! Every future of the handles is dropped at every moment, in a simulated world.

#[path = "../../samsa-client/tests/support/dropping/mod.rs"]
mod dropping;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use samsa_client::{Cluster, ConnectError, Offset};
use samsa_sim::{ClusterConfig, Fault, FaultMix, Release, Simulation, World};

use crate::dropping::{Place, drop_every_future};

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

impl Place for World {
    fn connect(&self) -> Boxed<Result<Cluster, ConnectError>> {
        let client = if self.has_groups() { self.zookeeper() } else { self.bootstrap() };
        let client = client.buffer_bytes(128 << 10).batch_bytes(8 << 10);
        Box::pin(client.message_bytes(16 << 10).connect())
    }

    fn has_groups(&self) -> bool {
        self.cluster_config().release.has_zookeeper()
    }

    fn pause(&self, lasts: Duration) -> Boxed<()> {
        Box::pin(self.sleep(lasts))
    }

    fn name(&self) -> &'static str {
        "dropped"
    }
}

/// Times that a question takes here, and parts of them.
const TIMES: [Duration; 6] = {
    const fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }
    [micros(0), micros(150), micros(400), micros(900), micros(2000), micros(7000)]
};

fn drop_all(seed: u64, release: Release, faults: FaultMix) {
    let cluster = ClusterConfig { release, brokers: 3, replication: 2, ..ClusterConfig::default() };
    let simulation = Simulation::new(seed).cluster(cluster).faults(faults).within(Duration::from_secs(3600));
    let run = simulation.run(|world| async move { drop_every_future(&world, &TIMES).await });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end");
}

#[test]
fn dropping_any_future_disturbs_nobody_through_zookeeper_and_with_kraft() {
    for (seed, release) in (0..).zip([Release::V3_9, Release::V4_4]) {
        drop_all(seed, release, FaultMix::none());
    }
}

#[test]
fn dropping_any_future_disturbs_nobody_while_the_network_is_slow_and_bytes_come_in_parts() {
    drop_all(7, Release::V3_9, FaultMix::of(&[Fault::Latency, Fault::Split]));
}

#[test]
fn questions_that_are_dropped_while_no_broker_answers_take_nobodys_place() {
    let simulation = Simulation::new(7).faults(FaultMix::none());
    let run = simulation.run(|world| async move {
        let cluster = world.bootstrap().connect().await.expect("a cluster");
        let topic = cluster.topic("events");
        topic.publish("it is there").await.expect("a receipt");
        world.crash(1);
        let a_moment = Duration::from_millis(1);
        for _ in 0..1100 {
            assert!(world.timeout(a_moment, topic.partitions()).await.is_none());
            assert!(world.timeout(a_moment, topic.offsets(Offset::Latest)).await.is_none());
        }
        for _ in 0..5000 {
            assert!(world.timeout(a_moment, topic.reader(Offset::Latest).open()).await.is_none());
        }
        let delivery = topic.enqueue("it waits").await.expect("room");
        for _ in 0..1100 {
            assert!(world.timeout(a_moment, cluster.flush()).await.is_none());
        }
        let lines = cluster.explain().await.lines;
        let is_left = |who: &str| ["a look at", "reader", "flush"].iter().any(|what| who.starts_with(what));
        let left: Vec<_> = lines.into_iter().filter(|line| is_left(&line.who)).collect();
        assert!(left.is_empty(), "{left:#?}");
        world.start(1);
        delivery.await.expect("a receipt");
        assert_eq!(topic.partitions().await.expect("the others have their answers").len(), 3);
    });
    assert!(run.report.is_ok(), "{}", run.report);
}
