//! A group that lives in `ZooKeeper` is looked at, and its offsets are set, from outside: wherever it keeps them, and while
//! things go wrong. Now and then the brokers coordinate a group of the same name.
//!
//! | invariant            | what must hold                                                                              |
//! |----------------------|---------------------------------------------------------------------------------------------|
//! | `refuses-beside-members` | no offset is set while the group has members, or the brokers coordinate members of one of that name |
//! | `shows-what-is-kept` | what is told of each place is what it has, and what counts is what a member would begin at  |
//! | `sets-where-kept`    | what was said to be set is set in each of its places, and nothing else is                   |
//! | `begins-there`       | whoever joins next begins at what was set                                                   |
//! | `converges`          | when all is well it is answered                                                             |
//!
//! Of a group that nobody is in, only folders tell whose it was, and only pykafka's on Python 3 have a name of their own. Of
//! any other of pykafka's it cannot be told: its offsets count as those of a Scala group do, the larger of the two places.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use samsa_client::{
    Cluster, Commit, Consumer, Dialect, Group, GroupDescription, GroupPartition, GroupProtocol,
    GroupResetError, Offset, OffsetStorage, ResetPlan,
};
use samsa_core::Instant;
use samsa_proto::zookeeper::{path, read_offset};

use super::plan::Plan;
use super::publish_and_read::flush;
use super::stage::{CONVERGENCE, Stage, TOPIC};
use super::{Options, Scenario};
use crate::cluster::{ModelCluster, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "group-from-outside",
    about: "the offsets of a group are shown and set from outside, wherever it keeps them, while things go wrong",
    finds: &["overlooks-members-in-zookeeper", "overlooks-members-on-brokers", "sets-in-one-place"],
};

const GROUP: &str = "readers";
const PUBLISHED: Range<u64> = 5..40;
const PAUSE: Range<Duration> = Duration::ZERO..Duration::from_secs(1);
/// Nothing more comes of what went wrong before.
const QUIET: Duration = Duration::from_secs(15);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), move |stage| play(stage, Ways::of(seed)))
}

fn plan(seed: u64) -> Plan {
    let mut plan = Plan::draw(seed, 2).replicated(2);
    let rng = &mut Rng::new(seed ^ 0x6c6f_6f6b);
    let with_zookeeper: Vec<Release> =
        Release::ALL.into_iter().filter(|release| release.has_zookeeper()).collect();
    plan.cluster.release = rng.pick(&with_zookeeper).copied().unwrap_or(Release::V3_9);
    plan.by_zookeeper = true;
    let faults = [
        Fault::Latency,
        Fault::Cut,
        Fault::LostReply,
        Fault::Crash,
        Fault::LeaderMove,
        Fault::ZooKeeperLoss,
        Fault::ZooKeeperLostReply,
        Fault::SessionExpiry,
    ];
    let chosen: Vec<Fault> = faults.into_iter().filter(|_| rng.chance(600)).collect();
    plan.faults = Some(FaultMix::of(&chosen));
    plan
}

/// How the group is, and where its offsets are to be set.
#[derive(Clone, Copy)]
struct Ways {
    dialect: Dialect,
    keeps: OffsetStorage,
    /// Whether its locks are in a folder such as only pykafka has.
    python3: bool,
    /// Where they are set, if it is said.
    said: Option<OffsetStorage>,
}

impl Ways {
    fn of(seed: u64) -> Self {
        let rng = &mut Rng::new(seed ^ 0x7761_7973);
        let places = [OffsetStorage::ZooKeeper, OffsetStorage::Brokers, OffsetStorage::Both];
        let dialect = if rng.chance(300) { Dialect::Samsa } else { Dialect::Scala };
        let keeps = match dialect {
            Dialect::Samsa => OffsetStorage::Brokers,
            _ => rng.pick(&places).copied().unwrap_or_default(),
        };
        let said = if rng.chance(400) { rng.pick(&places).copied() } else { None };
        let python3 = dialect == Dialect::Samsa && rng.chance(600);
        Self { dialect, keeps, python3, said }
    }
}

/// What is committed in each place, by partition.
type Kept = BTreeMap<i32, (Option<i64>, Option<i64>)>;

struct Play {
    stage: Stage,
    ways: Ways,
    client: Cluster,
    group: Group,
    /// Until when a commit may land that nobody waits for any more.
    in_doubt_until: Cell<Instant>,
}

async fn play(stage: Stage, ways: Ways) {
    let mut rng = stage.world.draw(Rng::fork);
    let Some(client) = stage.connect().await else { return };
    let group = client.group(GROUP);
    let group = match ways.said {
        Some(storage) => group.offsets(storage),
        None => group,
    };
    let topic = client.topic(TOPIC);
    for _ in 0..rng.within(&PUBLISHED) {
        stage.publish_keyless(&topic, &mut rng).await;
    }
    flush(&stage, &client).await;
    let in_doubt_until = Cell::new(Instant::default());
    let play = Play { stage, ways, client, group, in_doubt_until };
    play.read_some(&mut rng).await;
    while !play.stage.world.faults().are_over() {
        play.set_somewhere(&mut rng).await;
        play.stage.world.sleep(rng.duration(&PAUSE)).await;
    }
    play.has_members(0);
    play.stage.world.sleep(QUIET).await;
    play.when_all_is_well(&mut rng).await;
    play.stage.close(play.client).await;
}

impl Play {
    /// A member reads a part of what there is, or all, and leaves.
    async fn read_some(&self, rng: &mut Rng) {
        let Some(mut consumer) = self.join().await else { return };
        let count = rng.below(30);
        for _ in 0..count {
            if self.stage.world.timeout(Duration::from_secs(5), consumer.next()).await.is_none() {
                break;
            }
        }
        let left = consumer.close().await;
        self.stage.tell("member", format_args!("has left: {left:?}"));
        if left.is_err() {
            self.is_in_doubt();
        }
    }

    async fn join(&self) -> Option<Consumer> {
        let joining = async {
            loop {
                let consumer = self.client.topic(TOPIC).consumer(GROUP).start_at(Offset::Earliest);
                let consumer = consumer.protocol(GroupProtocol::ZooKeeper(self.ways.dialect));
                let consumer = consumer.offsets(self.ways.keeps).commit(Commit::Automatic);
                let consumer = consumer.python3_owners(self.ways.python3);
                match consumer.subscribe().await {
                    Ok(consumer) => return consumer,
                    Err(error) => self.stage.tell("member", format_args!("has not joined: {error}")),
                }
                self.stage.world.sleep(Duration::from_secs(1)).await;
            }
        };
        let joined = self.stage.world.timeout(self.stage.plan.faults_for + CONVERGENCE, joining).await;
        if joined.is_none() {
            self.stage.world.violation("converges", "nobody can join the group");
        }
        joined
    }

    fn has_members(&self, members: usize) {
        self.stage.tell("brokers", format_args!("coordinate {members} members"));
        self.stage.world.host().set_members(GROUP, members);
    }

    fn now(&self) -> Instant {
        self.stage.world.now().mono
    }

    fn is_in_doubt(&self) {
        self.in_doubt_until.set(self.now() + QUIET);
    }

    /// While things go wrong: whatever comes of it, nothing is set beside members of the brokers, and nothing is once it was
    /// refused because somebody is there.
    async fn set_somewhere(&self, rng: &mut Rng) {
        let has_members = rng.chance(300);
        self.has_members(if has_members { 2 } else { 0 });
        let to = Offset::Exact(rng.below(20) as i64);
        let before = self.kept();
        let is_quiet = self.in_doubt_until.get() <= self.now();
        let done = match self.group.plan_reset(&self.client.topic(TOPIC), to).await {
            Ok(plan) if has_members && !self.are_seen(&plan) => return,
            Ok(plan) => self.group.reset(&plan).await,
            Err(error) => Err(error),
        };
        self.stage.tell("outside", format_args!("sets offsets: {done:?}"));
        if has_members && done.is_ok() {
            self.stage.world.violation("refuses-beside-members", "two were there all the time");
        }
        match done {
            Ok(()) | Err(GroupResetError::NoOffsets { .. }) => {}
            Err(GroupResetError::HasMembers { .. } | GroupResetError::HasMembersOnBrokers { .. }) => {
                if is_quiet && self.kept() != before {
                    self.stage
                        .world
                        .violation("refuses-beside-members", "it was refused, and something was set");
                }
            }
            Err(_) => self.is_in_doubt(),
        }
    }

    /// Whether members that the brokers coordinate can be seen by who sets offsets: where brokers keep none, nobody asks
    /// them.
    fn are_seen(&self, plan: &ResetPlan) -> bool {
        plan.storage() != OffsetStorage::ZooKeeper
            || self.stage.world.host().look(ModelCluster::keeps_offsets)
    }

    async fn when_all_is_well(&self, rng: &mut Rng) {
        let Some(described) = self.describe().await else { return };
        self.compare(&described);
        let to =
            *rng.pick(&[Offset::Earliest, Offset::Latest, Offset::Exact(3)]).unwrap_or(&Offset::Earliest);
        let plan = match self.group.plan_reset(&self.client.topic(TOPIC), to).await {
            Ok(plan) => plan,
            // It had not committed anything before it left.
            Err(GroupResetError::NoOffsets { .. })
                if self.kept().values().all(|kept| *kept == (None, None)) =>
            {
                return;
            }
            Err(error) => return self.stage.world.violation("converges", error.to_string()),
        };
        let before = self.kept();
        if self.are_seen(&plan) {
            self.has_members(2);
            let done = self.group.reset(&plan).await;
            if !matches!(done, Err(GroupResetError::HasMembersOnBrokers { members: 2, .. }))
                || self.kept() != before
            {
                self.stage.world.violation("refuses-beside-members", format!("{done:?}"));
            }
            self.has_members(0);
        }
        if let Err(error) = self.group.reset(&plan).await {
            return self.stage.world.violation("converges", error.to_string());
        }
        self.is_set(&plan, &before);
        if let Some(described) = self.describe().await {
            self.compare(&described);
        }
        self.begins(&plan).await;
    }

    async fn describe(&self) -> Option<GroupDescription> {
        match self.group.describe().await {
            Ok(described) => Some(described),
            Err(error) => {
                self.stage.world.violation("converges", error.to_string());
                None
            }
        }
    }

    fn partitions(&self) -> Range<i32> {
        0..self.stage.world.host().look(|cluster| cluster.partition_count(TOPIC))
    }

    /// What each place has.
    fn kept(&self) -> Kept {
        let world = &self.stage.world;
        let kept = |number| {
            let path = path::offset(GROUP, TOPIC, number).unwrap_or_default();
            let node = world
                .zookeeper_service()
                .look(|ensemble| ensemble.look(&path).map(|node| read_offset(node.0)));
            let on_brokers = world.host().look(|cluster| cluster.committed(GROUP, TOPIC, number));
            (number, (node.and_then(Result::ok).flatten(), on_brokers))
        };
        self.partitions().map(kept).collect()
    }

    /// What can be told of its dialect by what it has left: a member that has owned a partition has left its folder.
    fn dialect_left(&self) -> Option<Dialect> {
        let owners = path::owners(GROUP).unwrap_or_default();
        let has_owned =
            !self.stage.world.zookeeper_service().look(|ensemble| ensemble.names_below(&owners)).is_empty();
        (self.ways.python3 && has_owned).then_some(self.ways.dialect)
    }

    fn compare(&self, described: &GroupDescription) {
        let dialect = self.dialect_left();
        if described.dialect != dialect {
            let what = format!("dialect {:?} instead of {dialect:?}", described.dialect);
            self.stage.world.violation("shows-what-is-kept", what);
        }
        let of_topic = described.partitions.iter().filter(|part| *part.topic == *TOPIC);
        let told: BTreeMap<i32, &GroupPartition> = of_topic.map(|part| (part.partition, part)).collect();
        for (number, (in_zookeeper, on_brokers)) in self.kept() {
            let counts = match dialect {
                Some(Dialect::Samsa) => on_brokers,
                _ => in_zookeeper.max(on_brokers),
            };
            let told = told.get(&number);
            let told =
                told.map(|part| (part.in_zookeeper, part.on_brokers, part.committed)).unwrap_or_default();
            if told != (in_zookeeper, on_brokers, counts) {
                let what = format!("partition {number}: {told:?} of {in_zookeeper:?} and {on_brokers:?}");
                self.stage.world.violation("shows-what-is-kept", what);
            }
        }
    }

    fn is_set(&self, plan: &ResetPlan, before: &Kept) {
        let kept = self.kept();
        for step in plan.moves() {
            let was = before.get(&step.partition).copied().unwrap_or_default();
            let expected = match plan.storage() {
                OffsetStorage::ZooKeeper => (Some(step.to), was.1),
                OffsetStorage::Brokers => (was.0, Some(step.to)),
                _ => (Some(step.to), Some(step.to)),
            };
            let is = kept.get(&step.partition).copied().unwrap_or_default();
            if is != expected {
                let what = format!("partition {}: {is:?} instead of {expected:?}", step.partition);
                self.stage.world.violation("sets-where-kept", what);
            }
        }
    }

    /// Whoever joins begins there, if that is where the group keeps its offsets.
    async fn begins(&self, plan: &ResetPlan) {
        let is_so = plan.storage() == self.ways.keeps || plan.storage() == OffsetStorage::Both;
        if !is_so {
            return;
        }
        let ends: BTreeMap<i32, i64> = self.stage.ends().collect();
        let behind =
            |step: &&samsa_client::OffsetMove| ends.get(&step.partition).is_some_and(|end| step.to < *end);
        let mut missing: BTreeMap<i32, i64> =
            plan.moves().iter().filter(behind).map(|step| (step.partition, step.to)).collect();
        let Some(mut consumer) = self.join().await else { return };
        let reading = async {
            while !missing.is_empty() {
                let message = match consumer.next().await {
                    Some(Ok(message)) => message,
                    Some(Err(_)) => continue,
                    None => return self.stage.world.violation("converges", "a member has ended"),
                };
                self.stage.keep(0, &message);
                if let Some(to) = missing.remove(&message.partition()).filter(|to| *to != message.offset()) {
                    let what = format!("partition {} at {}, not {to}", message.partition(), message.offset());
                    self.stage.world.violation("begins-there", what);
                }
            }
        };
        if self.stage.world.timeout(CONVERGENCE, reading).await.is_none() {
            self.stage.world.violation("converges", "what was set is not read from");
        }
        self.refuses_beside(&mut consumer, plan).await;
        drop(consumer);
    }

    /// A member stays where it is.
    async fn refuses_beside(&self, consumer: &mut Consumer, plan: &ResetPlan) {
        if let Err(error) = consumer.commit().await {
            return self.stage.world.violation("converges", error.to_string());
        }
        self.stage.world.sleep(QUIET).await;
        let before = self.kept();
        let done = self.group.reset(plan).await;
        if !matches!(done, Err(GroupResetError::HasMembers { .. })) || self.kept() != before {
            self.stage.world.violation("refuses-beside-members", format!("beside a member: {done:?}"));
        }
    }
}
