//! The brokers of Kafka 0.7, as far as they stand in ZooKeeper: each registers itself and how many partitions of the topic it has.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use samsa_core::{BrokerPartition, ZkOp};
use samsa_proto::zookeeper::{Kafka07Broker, PartitionCount, path};

use super::{LOOK, SESSION_TIMEOUT, TOPIC};
use crate::rng::Rng;
use crate::world::World;
use crate::zookeeper::Ensemble;

/// Whose order as text is another than that of their numbers.
const IDS: [i32; 4] = [1, 2, 10, 11];
const PAUSE: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(12);
const DOWN: Range<Duration> = Duration::from_millis(100)..Duration::from_secs(15);

#[derive(Clone, Debug, Default)]
pub(super) struct Brokers(Rc<RefCell<BTreeMap<i32, Broker>>>);

#[derive(Debug)]
struct Broker {
    partitions: u16,
    /// Its session, while it runs.
    session: Option<i64>,
}

impl Brokers {
    /// Two or more of them run.
    pub(super) fn begin(world: &World, rng: &mut Rng) -> Self {
        let path = path::topic(TOPIC).unwrap_or_default();
        world.zookeeper_service().with(|ensemble| {
            ensemble.put(path::BROKER_IDS, b"");
            ensemble.put(&path, b"");
        });
        let brokers = Self::default();
        for id in IDS {
            let (partitions, is_there) = (1 + rng.below(3) as u16, [2, 10].contains(&id) || rng.chance(300));
            if !is_there {
                continue;
            }
            brokers.0.borrow_mut().insert(id, Broker { partitions, session: None });
            brokers.start(world, id);
        }
        brokers
    }

    /// The names of the partitions that are there, in the order of text.
    pub(super) fn partitions(&self) -> Vec<String> {
        let brokers = self.0.borrow();
        let running = brokers.iter().filter(|(_, broker)| broker.session.is_some());
        let of_it = |(id, broker): (&i32, &Broker)| {
            let broker_id = *id;
            (0..broker.partitions)
                .map(move |partition| BrokerPartition { broker: broker_id, partition }.to_string())
        };
        let mut names: Vec<String> = running.flat_map(of_it).collect();
        names.sort();
        names
    }

    /// One stops, in order or not, and starts again, maybe with more partitions; until all is well, when all run.
    pub(super) async fn come_and_go(self, world: World, mut rng: Rng) {
        while !world.faults().are_over() {
            world.sleep(rng.duration(&PAUSE)).await;
            let ids: Vec<i32> = self.0.borrow().keys().copied().collect();
            let Some(id) = rng.pick(&ids).copied().filter(|_| !world.faults().are_over()) else { continue };
            self.stop(&world, id, rng.chance(500));
            world.sleep(rng.duration(&DOWN)).await;
            while world.zookeeper_service().is_down() {
                world.sleep(LOOK).await;
            }
            if let Some(broker) = self.0.borrow_mut().get_mut(&id).filter(|_| rng.chance(200)) {
                broker.partitions += 1;
            }
            self.start(&world, id);
        }
    }

    fn stop(&self, world: &World, id: i32, in_order: bool) {
        let session = self.0.borrow_mut().get_mut(&id).and_then(|broker| broker.session.take());
        let Some(session) = session else { return };
        world.trace().line("brokers", format_args!("{id} {}", if in_order { "stops" } else { "crashes" }));
        let now = world.instant();
        world
            .zookeeper_service()
            .with(|ensemble| if in_order { ensemble.end(session) } else { ensemble.lose(now, session) });
    }

    /// It registers itself once nothing is left of an earlier session.
    fn start(&self, world: &World, id: i32) {
        let mut brokers = self.0.borrow_mut();
        let Some(broker) = brokers.get_mut(&id) else { return };
        world.trace().line("brokers", format_args!("{id} starts with {} partitions", broker.partitions));
        let count = broker.partitions;
        broker.session = Some(world.zookeeper_service().with(|ensemble| register(ensemble, id, count)));
    }
}

fn register(ensemble: &mut Ensemble, id: i32, partitions: u16) -> i64 {
    let host = format!("k{id}");
    let registration = Kafka07Broker { creator: format!("{host}-1795408269083"), host, port: 9092 };
    let nodes = [
        (path::broker(id), registration.to_bytes()),
        (path::partition_count(TOPIC, id).unwrap_or_default(), PartitionCount(partitions).to_bytes()),
    ];
    for (path, _) in &nodes {
        if let Some((_, stat)) = ensemble.look(path) {
            let earlier = stat.ephemeral_owner;
            ensemble.end(earlier);
        }
    }
    let session = ensemble.open(SESSION_TIMEOUT);
    for (path, data) in nodes {
        let created = ensemble.perform(session, &ZkOp::Create { path, data, ephemeral: true });
        debug_assert!(created.is_ok(), "an earlier registration is gone with its session");
    }
    session
}
