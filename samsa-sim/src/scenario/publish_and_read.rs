//! One client publishes to a topic that does not exist yet, with and without keys; another reads all of it. Meanwhile
//! things go wrong, and then they do not any more: from then on everything must arrive.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use samsa_client::{
    Builder, Certainty, Cluster, Compression, ConsumedMessage, Message, Offset, PublishError, ReadError,
    Reader, Receipt, Topic,
};

use super::{Options, Scenario};
use crate::check::{self, Accepted, History, Logs, Outcome, Read};
use crate::cluster::{ClusterConfig, Release};
use crate::report::Report;
use crate::rng::Rng;
use crate::runtime::Launcher;
use crate::simulation::Simulation;
use crate::world::World;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "publish-and-read",
    about: "one client publishes with and without keys, another reads, while connections and the broker fail",
};

const TOPIC: &str = "events";
const READER: usize = 0;

/// How long things go wrong.
const FAULTS: Range<Duration> = Duration::from_secs(3)..Duration::from_secs(20);
/// Between two records.
const PAUSE: Range<Duration> = Duration::from_micros(0)..Duration::from_millis(120);
/// In how much time after the healing all is well.
const CONVERGENCE: Duration = Duration::from_secs(60);

/// What the seed decides besides the faults.
struct Plan {
    cluster: ClusterConfig,
    faults: Duration,
    by_zookeeper: bool,
    compression: Compression,
    delivery_timeout: Duration,
    request_timeout: Duration,
    batch_bytes: usize,
}

impl Plan {
    fn draw(rng: &mut Rng) -> Self {
        let release = rng.pick(&Release::ALL).copied().unwrap_or(Release::V3_9);
        let partitions = 1 + rng.below(4) as i32;
        Self {
            cluster: ClusterConfig { release, partitions, ..ClusterConfig::default() },
            faults: rng.duration(&FAULTS),
            by_zookeeper: release.has_zookeeper() && rng.chance(600),
            compression: if rng.chance(300) { Compression::Lz4 } else { Compression::None },
            delivery_timeout: Duration::from_secs(if rng.chance(300) { 3 } else { 120 }),
            request_timeout: Duration::from_secs(1 + rng.below(10)),
            batch_bytes: if rng.chance(500) { 256 << 10 } else { 500 },
        }
    }

    fn client(&self, world: &World) -> Builder<Launcher> {
        let builder = if self.by_zookeeper { world.zookeeper() } else { world.bootstrap() };
        builder
            .compression(self.compression)
            .delivery_timeout(self.delivery_timeout)
            .request_timeout(self.request_timeout)
            .batch_bytes(self.batch_bytes)
    }
}

pub(super) fn run(seed: u64, options: Options) -> Report {
    let plan = Plan::draw(&mut Rng::new(seed ^ 0x7072_6f64));
    let history = Rc::new(RefCell::new(History::default()));
    let simulation = Simulation::new(seed)
        .cluster(plan.cluster.clone())
        .faults_for(plan.faults)
        .within(plan.faults + CONVERGENCE * 5)
        .keep_trace(options.trace);
    let told = Rc::clone(&history);
    let mut report = simulation.run(|world| application(world, plan, told)).report;
    let history = history.borrow();
    report.published = history.accepted.len() as u64;
    report.acknowledged = history.acknowledged() as u64;
    report.read = history.read_count() as u64;
    report
}

async fn application(world: World, plan: Plan, history: Rc<RefCell<History>>) {
    let way = if plan.by_zookeeper { "ZooKeeper" } else { "bootstrap brokers" };
    let ClusterConfig { release, partitions, .. } = plan.cluster;
    world.trace().line(
        "scenario",
        format_args!(
            "Kafka {release}, {partitions} partitions, found by {way}; faults: {:?}",
            world.faults().kinds()
        ),
    );
    let (Some(publisher), Some(reader)) = (connect(&world, &plan).await, connect(&world, &plan).await) else {
        return;
    };
    world.spawn(read(world.clone(), reader.clone(), Rc::clone(&history)));
    publish_until_healed(&world, &publisher.topic(TOPIC), &history).await;
    all_is_well(&world, &publisher, &history).await;
    settle(&world, &history).await;
    for client in [publisher, reader] {
        if let Err(error) = client.close().await {
            world.violation("closes-cleanly", error.to_string());
        }
    }
    let logs = logs(&world);
    for violation in check::all(&history.borrow(), &logs) {
        world.violations().push(violation);
    }
}

/// Connects, again and again while things go wrong.
async fn connect(world: &World, plan: &Plan) -> Option<Cluster> {
    loop {
        let was_healed = world.faults().are_over();
        match plan.client(world).connect().await {
            Ok(cluster) => return Some(cluster),
            Err(error) if was_healed => {
                world.violation("converges", format!("cannot connect though all is well: {error}"));
                return None;
            }
            Err(error) => world.trace().line("app", format_args!("not connected: {error}")),
        }
    }
}

async fn publish_until_healed(world: &World, topic: &Topic, history: &Rc<RefCell<History>>) {
    let mut rng = world.draw(Rng::fork);
    while !world.faults().are_over() {
        publish_one(world, topic, history, &mut rng).await;
        if rng.chance(700) {
            world.sleep(rng.duration(&PAUSE)).await;
        }
    }
}

async fn publish_one(world: &World, topic: &Topic, history: &Rc<RefCell<History>>, rng: &mut Rng) {
    let number = history.borrow().accepted.len();
    let key = rng.chance(600).then(|| format!("k{}", rng.below(5)));
    let padding = "x".repeat(rng.below(120) as usize);
    let value = format!("m{number} {padding}");
    let mut message = Message::new(value.clone());
    if let Some(key) = &key {
        message = message.key(key.clone());
    }
    match topic.enqueue(message).await {
        Ok(delivery) => {
            let record = Accepted {
                key: key.clone().map(String::into_bytes),
                partition: None,
                value: value.into_bytes(),
            };
            let number = history.borrow_mut().accept(record);
            let key = key.map_or_else(|| "no key".to_owned(), |key| format!("key {key}"));
            world.trace().line("app", format_args!("publishes m{number} with {key}"));
            let (world, history) = (world.clone(), Rc::clone(history));
            world.clone().spawn_named("delivery", async move {
                let outcome = told(&world, number, delivery.await);
                history.borrow_mut().settle(number, outcome);
            });
        }
        Err(error) => world.violation("accepts-while-there-is-room", error.to_string()),
    }
}

fn told(world: &World, number: usize, outcome: Result<Receipt, PublishError>) -> Outcome {
    match outcome {
        Ok(receipt) => {
            let (partition, offset) = (receipt.partition, receipt.offset);
            let at = offset.map(|offset| format!(" at {offset}")).unwrap_or_default();
            world.trace().line("app", format_args!("m{number} is acknowledged: partition {partition}{at}"));
            Outcome::Acknowledged { partition, offset }
        }
        Err(error) => {
            world.trace().line("app", format_args!("m{number} failed, {:?}: {error}", error.certainty()));
            match error.certainty() {
                Certainty::NotSent => Outcome::NotSent,
                Certainty::PossiblySent => Outcome::PossiblySent,
            }
        }
    }
}

/// What is published now is acknowledged.
async fn all_is_well(world: &World, publisher: &Cluster, history: &Rc<RefCell<History>>) {
    if world.timeout(CONVERGENCE, publisher.flush()).await.is_none_or(|flushed| flushed.is_err()) {
        world.violation("converges", "not every record has its outcome a minute after all is well");
    }
    let first = history.borrow().accepted.len();
    let mut rng = world.draw(Rng::fork);
    let topic = publisher.topic(TOPIC);
    for _ in 0..10 {
        publish_one(world, &topic, history, &mut rng).await;
    }
    let flushed = world.timeout(CONVERGENCE, publisher.flush()).await;
    world.sleep(Duration::from_millis(1)).await;
    let history = history.borrow();
    let acknowledged = (first..history.accepted.len()).filter(|number| {
        let outcomes = history.outcomes.get(number);
        outcomes.is_some_and(|outcomes| matches!(outcomes[..], [Outcome::Acknowledged { .. }]))
    });
    if acknowledged.count() < 10 || flushed.is_none() {
        world.violation("converges", "what is published when all is well is not acknowledged");
    }
}

/// The reader gets all that is there.
async fn settle(world: &World, history: &Rc<RefCell<History>>) {
    let all_read = || {
        let stored: usize = logs(world).values().map(Vec::len).sum();
        history.borrow().read_count() >= stored
    };
    let reading = async {
        while !all_read() {
            world.sleep(Duration::from_millis(50)).await;
        }
    };
    // Whether it was in time is seen by the check of what was read.
    world.timeout(CONVERGENCE, reading).await;
    history.borrow_mut().finished_readers.push(READER);
}

async fn read(world: World, cluster: Cluster, history: Rc<RefCell<History>>) {
    let Some(mut reader) = open(&world, &cluster).await else { return };
    world.trace().line("app", format_args!("reads {TOPIC} from the start"));
    while let Some(message) = reader.next().await {
        match message {
            Ok(message) => keep(&world, &message, &history),
            Err(error) => world.violation("reads-on", error.to_string()),
        }
    }
}

async fn open(world: &World, cluster: &Cluster) -> Option<Reader> {
    loop {
        match cluster.topic(TOPIC).reader(Offset::Earliest).open().await {
            Ok(reader) => return Some(reader),
            Err(ReadError::Closed) => return None,
            Err(error) => world.trace().line("app", format_args!("cannot read yet: {error}")),
        }
        world.sleep(Duration::from_millis(200)).await;
    }
}

fn keep(world: &World, message: &ConsumedMessage, history: &Rc<RefCell<History>>) {
    let (partition, offset) = (message.partition(), message.offset());
    let value = message.value().map(<[u8]>::to_vec);
    let text = String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned();
    let name = text.split_whitespace().next().unwrap_or_default();
    world.trace().line("app", format_args!("reads {name}: partition {partition} at {offset}"));
    let key = message.key().map(<[u8]>::to_vec);
    history.borrow_mut().read(READER, partition, Read { offset, key, value });
}

fn logs(world: &World) -> Logs {
    world.host().look(|cluster| {
        let partitions = 0..cluster.partition_count(TOPIC);
        partitions.map(|partition| (partition, cluster.log(TOPIC, partition))).collect::<BTreeMap<_, _>>()
    })
}
