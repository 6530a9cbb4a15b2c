//! A group on a cluster of Kafka 0.7: members of ours, and others that do as the Scala consumer of 0.7 does, come, go, crash,
//! freeze and lose their sessions, while brokers come and go with their partitions.
//!
//! There is no client of 0.7 yet, so ours are the machine of a member by itself (`samsa_core::model`). What is in the logs is of no
//! account: they have no end.
//!
//! | invariant               | what must hold                                                                              |
//! |-------------------------|---------------------------------------------------------------------------------------------|
//! | `owner-hands-out`       | a member of ours that may hand out messages of a partition holds its lock at that moment    |
//! | `hands-out-what-it-has` | the partition is among those that the member is told to have                                |
//! | `commits-go-forward`    | a member of ours never moves a committed offset back                                        |
//! | `commits-by-owner`      | it commits an offset only in the session that holds the partition's lock                    |
//! | `deletes-its-own`       | it deletes an owner node only in the session that made it                                   |
//! | `no-empty-offsets`      | it makes no offset node without an offset                                                   |
//! | `stays-in-the-group`    | it does not end but when it leaves                                                          |
//! | `settles`               | when all is well each partition has one lock, and who holds it reads it; there is no other  |
//!
//! Since a lock has one session, no two members of ours hand out one partition. What the Scala consumer hands out after it has lost
//! its session is its own affair.

mod brokers;
mod member;
mod scala;
mod seats;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use samsa_proto::zookeeper::path;

use self::brokers::Brokers;
use self::scala::Owned;
use self::seats::Seats;
use super::stage::CONVERGENCE;
use super::{Options, Scenario};
use crate::cluster::{ClusterConfig, Release};
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;
use crate::simulation::Simulation;
use crate::world::World;
use crate::zookeeper::Ensemble;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "scala07-group",
    about: "a group on a cluster of Kafka 0.7, shared with Scala consumers of that age, while brokers come and go",
    finds: &["sorts-by-number", "gives-up-on-conflict", "ignores-lease"],
};

/// What the machine by itself calls its group and its topic.
const GROUP: &str = "g";
const TOPIC: &str = "t";
const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

const FAULTS_FOR: Range<Duration> = Duration::from_secs(20)..Duration::from_secs(70);
const LIFE: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(25);
const AWAY: Range<Duration> = Duration::from_millis(10)..Duration::from_secs(6);
/// Between two looks at who hands out what, and at whether all has settled.
const LOOK: Duration = Duration::from_millis(20);

pub(super) fn run(seed: u64, options: Options) -> Report {
    let rng = &mut Rng::new(seed ^ 0x6b61_3037);
    let kinds = [Fault::ZooKeeperLoss, Fault::ZooKeeperOutage, Fault::ZooKeeperLostReply, Fault::Latency];
    let chosen: Vec<Fault> = kinds.into_iter().filter(|_| rng.chance(600)).collect();
    let faults_for = rng.duration(&FAULTS_FOR);
    // Of the world's own brokers, which are of no account, none registers itself.
    let cluster = ClusterConfig { release: Release::V4_4, ..ClusterConfig::default() };
    let simulation = Simulation::new(seed).cluster(cluster).faults(FaultMix::of(&chosen));
    let simulation = simulation.faults_for(faults_for).within(faults_for + CONVERGENCE * 5);
    let handed_out = Rc::new(Cell::new(0));
    let counted = Rc::clone(&handed_out);
    let run = simulation.keep_trace(options.trace).run(|world| play(world, handed_out));
    // Whatever is handed out was published before.
    let read = counted.get();
    Report { published: read, acknowledged: read, read, ..run.report }
}

/// What the members of the group have in common.
#[derive(Clone)]
struct Group {
    world: World,
    brokers: Brokers,
    seats: Rc<Seats>,
    /// What those have that are none of ours.
    owned: Owned,
    members: Rc<Cell<u16>>,
    handed_out: Rc<Cell<u64>>,
}

/// How a life ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Leaves,
    Crashes,
}

/// Until when a member lives, and how that ends; it stays if nothing is said.
type Fate = Option<(Duration, End)>;

async fn play(world: World, handed_out: Rc<Cell<u64>>) {
    let mut rng = world.draw(Rng::fork);
    let brokers = Brokers::begin(&world, &mut rng);
    let (seats, owned, members) = (Rc::default(), Owned::default(), Rc::default());
    let group = Group { world: world.clone(), brokers, seats, owned, members, handed_out };
    seats::audit(&group);
    world.spawn_named("looker", look(group.clone()));
    world.spawn_named("brokers", group.brokers.clone().come_and_go(world.clone(), rng.fork()));
    for _ in 0..=rng.below(4) {
        world.spawn_named("member", group.clone().lives(rng.fork(), Kind::Ours));
    }
    for _ in 0..rng.below(3) {
        world.spawn_named("scala", group.clone().lives(rng.fork(), Kind::Scala));
    }
    world.healed().await;
    for kind in [Kind::Ours, Kind::Scala] {
        world.sleep(rng.duration(&AWAY)).await;
        world.spawn_named("stays", group.clone().life(rng.fork(), kind, None));
    }
    group.settle().await;
}

#[derive(Clone, Copy)]
enum Kind {
    Ours,
    Scala,
}

async fn look(group: Group) {
    loop {
        group.look();
        group.world.sleep(LOOK).await;
    }
}

impl Group {
    /// Comes, goes and comes again, until all is well.
    async fn lives(self, mut rng: Rng, kind: Kind) {
        while !self.world.faults().are_over() {
            self.world.sleep(rng.duration(&AWAY)).await;
            let end = if rng.chance(500) { End::Leaves } else { End::Crashes };
            let fate = Some((rng.duration(&LIFE), end));
            self.clone().life(rng.fork(), kind, fate).await;
        }
    }

    async fn life(self, rng: Rng, kind: Kind, fate: Fate) {
        match kind {
            Kind::Ours => member::live(self, rng, fate).await,
            Kind::Scala => scala::live(self, rng, fate).await,
        }
    }

    /// A number that no member has had.
    fn next_number(&self) -> u16 {
        self.members.set(self.members.get() + 1);
        self.members.get()
    }

    fn has_handed_out(&self, messages: usize) {
        self.handed_out.set(self.handed_out.get() + messages as u64);
    }

    /// Looks at who may hand out what.
    fn look(&self) {
        let violations = self.world.violations();
        self.world.zookeeper_service().look(|ensemble| self.seats.look(ensemble, violations));
    }

    /// Waits until each partition has an owner that reads it.
    async fn settle(&self) {
        let settling = async {
            while !self.is_settled() {
                self.world.sleep(LOOK * 10).await;
            }
        };
        if self.world.timeout(CONVERGENCE, settling).await.is_none() {
            let (partitions, locks) = (self.brokers.partitions(), self.locks());
            let what = format!("of {partitions:?} these are locked: {locks:?}");
            self.world.violation("settles", what);
        }
    }

    fn is_settled(&self) -> bool {
        let reads = |(node, owner): (&String, &String)| match self.seats.reads(node) {
            Some(reader) => *owner == format!("m{reader}-0"),
            None => self.owned.has(owner, node),
        };
        let locks = self.locks();
        locks.keys().cloned().collect::<Vec<_>>() == self.brokers.partitions() && locks.iter().all(reads)
    }

    /// The locks of the group, with what they hold.
    fn locks(&self) -> BTreeMap<String, String> {
        let folder = path::topic_owners(GROUP, TOPIC).unwrap_or_default();
        let held = |ensemble: &Ensemble, node: String| {
            let (data, _) = ensemble.look(&format!("{folder}/{node}"))?;
            Some((node, String::from_utf8_lossy(data).into_owned()))
        };
        let all = |ensemble: &Ensemble| {
            ensemble.names_below(&folder).into_iter().filter_map(|node| held(ensemble, node)).collect()
        };
        self.world.zookeeper_service().look(all)
    }
}

/// The next news of a member's sessions, if there are any until then.
async fn next_news<S: Copy + Ord + 'static, R: Copy + 'static>(
    world: &World,
    port: &crate::zookeeper::Port<S, R>,
    within: Duration,
) -> Option<crate::zookeeper::News<S, R>> {
    world.timeout(within, poll_fn(|cx| port.poll_news(cx))).await
}
