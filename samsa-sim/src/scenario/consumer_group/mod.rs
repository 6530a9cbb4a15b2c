//! Members of a group that lives in `ZooKeeper` come, go, crash, freeze and lose their sessions, while brokers fail and
//! partitions are added.
//!
//! | invariant                  | what must hold                                                                           |
//! |----------------------------|------------------------------------------------------------------------------------------|
//! | `owner-hands-out`          | who hands out a message holds the partition's lock at that moment                        |
//! | `hands-out-what-it-has`    | it is among the partitions that the member is told to have                               |
//! | `commits-go-forward`       | a committed offset is never moved back                                                   |
//! | `commits-by-owner`         | an offset is committed only in the session that holds the partition's lock               |
//! | `deletes-its-own`          | an owner node is deleted only by the session that made it                                |
//! | `no-empty-offsets`         | no offset node is made without an offset                                                 |
//! | `delivers-all`             | every message that is in the log was handed out at least once                            |
//! | `settles`                  | when all is well every partition has an owner, and what is there is committed            |

mod audit;
mod member;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use samsa_client::{ConsumedMessage, Consumer};
use samsa_proto::zookeeper::{path, read_offset};

use super::plan::Plan;
use super::publish_and_read::flush;
use super::stage::{CONVERGENCE, Stage, TOPIC};
use super::{Options, Scenario};
use crate::check::Read;
use crate::cluster::Release;
use crate::faults::{Fault, FaultMix};
use crate::report::Report;
use crate::rng::Rng;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "consumer-group",
    about: "members of a group come, go, crash, freeze and lose their sessions; each partition has one owner at a time",
    finds: &[
        "trusts-owners-name",
        "gives-up-on-conflict",
        "trusts-lost-claim",
        "releases-before-commit",
        "hands-out-after-release",
        "ignores-lease",
        "trusts-one-clock",
    ],
};

const GROUP: &str = "readers";
const PAUSE: Range<Duration> = Duration::from_micros(0)..Duration::from_millis(120);
/// Between two looks at whether all has settled.
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, plan(seed), play)
}

fn plan(seed: u64) -> Plan {
    let mut plan = Plan::draw(seed, 2).replicated(2);
    let rng = &mut Rng::new(seed ^ 0x6772_6f75);
    let with_zookeeper: Vec<Release> =
        Release::ALL.into_iter().filter(|release| release.has_zookeeper()).collect();
    plan.cluster.release = rng.pick(&with_zookeeper).copied().unwrap_or(Release::V3_9);
    plan.cluster.partitions = 1 + rng.below(8) as i32;
    plan.by_zookeeper = true;
    plan.sets = false;
    plan.faults_for = plan.faults_for * 2 + Duration::from_secs(20);
    // A suspension cannot be told when the wall clock is set at the same time.
    let clock = if rng.chance(500) { Fault::Suspend } else { Fault::WallJump };
    let faults = [
        clock,
        Fault::Freeze,
        Fault::ZooKeeperLoss,
        Fault::ZooKeeperOutage,
        Fault::ZooKeeperLostReply,
        Fault::PartitionAdded,
        Fault::Latency,
        Fault::Cut,
        Fault::Crash,
        Fault::LeaderMove,
    ];
    let chosen: Vec<Fault> = faults.into_iter().filter(|_| rng.chance(600)).collect();
    plan.faults = Some(FaultMix::of(&chosen));
    plan
}

/// What the members of the group have in common for the checks.
#[derive(Clone)]
struct Group {
    stage: Stage,
    delivered: Rc<RefCell<BTreeSet<(i32, i64)>>>,
    deliveries: Rc<Cell<usize>>,
}

async fn play(stage: Stage) {
    audit::begin(&stage);
    let group = Group { stage: stage.clone(), delivered: Rc::default(), deliveries: Rc::default() };
    let Some(publisher) = stage.connect().await else { return };
    let mut rng = stage.world.draw(Rng::fork);
    let members = if rng.chance(100) { 12 } else { 1 + rng.below(4) };
    for number in 0..members {
        stage.world.spawn_named("member", member::live(group.clone(), number as usize));
    }
    let topic = publisher.topic(TOPIC);
    while !stage.world.faults().are_over() {
        stage.publish_keyless(&topic, &mut rng).await;
        stage.world.sleep(rng.duration(&PAUSE)).await;
    }
    stage.world.spawn_named("member", member::stay(group.clone(), 100));
    flush(&stage, &publisher).await;
    group.settle().await;
    group.judge();
    stage.close(publisher).await;
}

impl Group {
    /// A member hands a message out: may it?
    fn hand_out(&self, number: usize, consumer: &Consumer, message: &ConsumedMessage) {
        let (partition, offset) = (message.partition(), message.offset());
        let world = &self.stage.world;
        world.trace().line(&format!("member {number}"), format_args!("gets {partition}@{offset}"));
        let owner = owner(&self.stage, partition);
        let is_owner = owner.as_ref().is_some_and(|owner| owner.starts_with(consumer.member()));
        if !is_owner {
            let what = format!("member {number} hands out {partition}@{offset}, which {owner:?} owns");
            world.violation("owner-hands-out", what);
        }
        if !consumer.assignment().iter().any(|own| own.partition == partition) {
            let what = format!("member {number} hands out {partition}@{offset}, which it does not have");
            world.violation("hands-out-what-it-has", what);
        }
        self.delivered.borrow_mut().insert((partition, offset));
        let (key, value) = (message.key().map(<[u8]>::to_vec), message.value().map(<[u8]>::to_vec));
        // Each is a reader of its own for the checks: what is handed out twice is no fault.
        let reader = self.deliveries.replace(self.deliveries.get() + 1);
        self.stage.history_mut().read(reader, partition, Read { offset, key, value });
    }

    /// What of a partition is committed.
    fn committed(&self, partition: i32) -> Option<i64> {
        let path = path::offset(GROUP, TOPIC, partition).ok()?;
        self.stage
            .world
            .zookeeper_service()
            .look(|ensemble| read_offset(ensemble.look(&path)?.0).ok().flatten())
    }

    /// Waits until every partition has an owner and everything is committed.
    async fn settle(&self) {
        let is_settled = || {
            self.ends().into_iter().all(|(partition, end)| {
                let is_committed = end == 0 || self.committed(partition) == Some(end);
                owner(&self.stage, partition).is_some() && is_committed
            })
        };
        let settling = async {
            while !is_settled() {
                self.stage.world.sleep(LOOK).await;
            }
        };
        if self.stage.world.timeout(CONVERGENCE, settling).await.is_none() {
            let how = |(partition, end)| {
                let owner = owner(&self.stage, partition);
                format!("{partition}: owner {owner:?}, committed {:?} of {end}", self.committed(partition))
            };
            let all: Vec<String> = self.ends().into_iter().map(how).collect();
            self.stage.world.violation("settles", all.join("; "));
        }
    }

    fn ends(&self) -> BTreeMap<i32, i64> {
        self.stage.ends().collect()
    }

    fn judge(&self) {
        let delivered = self.delivered.borrow();
        for (partition, log) in self.stage.logs() {
            let is_missing = |offset: &i64| !delivered.contains(&(partition, *offset));
            let missing: Vec<i64> = log.iter().map(|record| record.offset).filter(is_missing).collect();
            if !missing.is_empty() {
                let what = format!("of partition {partition} nobody was given {missing:?}");
                self.stage.world.violation("delivers-all", what);
            }
        }
    }
}

/// Who says that it owns a partition.
fn owner(stage: &Stage, partition: i32) -> Option<String> {
    let path = path::owner(GROUP, TOPIC, partition).ok()?;
    let look = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    stage.world.zookeeper_service().look(|ensemble| ensemble.look(&path).map(|(data, _)| look(data)))
}
