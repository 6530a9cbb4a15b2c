//! Members of a group that lives in `ZooKeeper` come, go, crash, freeze and lose their sessions, while brokers fail and
//! partitions are added. The group keeps its offsets in `ZooKeeper`, on the brokers, or in both places. In some groups
//! members choose their topics by name, others the same by a white list or a black list, and topics come while they are
//! there. In some they take part with different numbers of streams. In some worlds a second group reads the same topics in
//! its own way; what is said here holds of each. The clocks of the members differ, and run up to 1 % fast or slow.
//!
//! | invariant                  | what must hold                                                                           |
//! |----------------------------|------------------------------------------------------------------------------------------|
//! | `owner-hands-out`          | who hands out a message holds the partition's lock at that moment                        |
//! | `one-owner`                | nobody else hands any out while who did so has its lock, by whatever name                |
//! | `hands-out-what-it-has`    | it is among the partitions that the member is told to have                               |
//! | `hands-out-what-it-chose`  | its topic is one that the member names, or that its pattern means                        |
//! | `begins-where-committed`   | who has the lock begins no earlier than is committed in `ZooKeeper`                      |
//! | `commits-go-forward`       | a committed offset is never moved back, but after a seek                                 |
//! | `commits-by-owner`         | an offset is committed only in the session that holds the partition's lock               |
//! | `deletes-its-own`          | an owner node is deleted only by the session that made it                                |
//! | `no-empty-offsets`         | no offset node is made without an offset                                                 |
//! | `nothing-after-lost`       | of what a member hears to be revoked or lost nothing is handed out until it is assigned  |
//! |                            | anew, and of what is lost no commit is sent until it is claimed anew                     |
//! | `keeps-to-its-group`       | no member asks for the nodes of another group, nor commits for one                       |
//! | `commits-what-it-had`      | what a member had is committed when a commit went right                                  |
//! | `pauses`                   | nothing of a paused partition is handed out                                              |
//! | `delivers-all`             | every message in the log, from where the group began, was handed out at least once       |
//! | `settles`                  | when all is well every partition has an owner, and what is there is committed            |
//!
//! In their form for `ZooKeeper` these are S21 (two owners, or a group that never settles: `trusts-owners-name`, `trusts-lost-claim`,
//! `gives-up-on-conflict`), S22 (commits while partitions move: `releases-before-commit`), S24 (a callback that takes too long:
//! `hands-out-after-release`), S26 (a suspended machine: `trusts-one-clock`) and S29 (what a frozen member still hands out:
//! `ignores-lease`). With offsets in both places: `begins-at-the-smaller`. What is done with a partition after the word that it is
//! lost: `hands-out-after-lost`, `keeps-asked`.
//!
//! The scenario `pykafka-group` is the same in the dialect of pykafka, where a partition's lock is named by its leader, too.

mod application;
mod audit;
mod heard;
mod locks;
mod member;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use samsa_client::{
    Assignor, Consumer, ConsumerBuilder, Dialect, Message, Offset, OffsetStorage, Topic, TopicPartition,
};
use samsa_proto::zookeeper::{path, read_offset};

use self::locks::Lock;
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
        "trusts-one-clock",
        "ignores-lease",
        "forgets-start",
        "begins-at-the-smaller",
        "forgets-what-went",
        "misses-new-topics",
        "hands-out-after-lost",
        "keeps-asked",
    ],
};

/// The group, and another that some worlds have.
const GROUP: &str = "readers";
const SECOND: &str = "auditors";
/// Another topic, which some groups read, too.
const OTHER: &str = "others";
/// Topics that come later, where members choose by patterns; the last one when all is well.
const LATE: [&str; 2] = ["late-1", "late-2"];
const LAST: &str = "late-9";
/// One that nobody chooses.
const STRAY: &str = "stray";
/// The topics of such a group, and all others.
const WHITE_LIST: &str = r"events, others, late-\d";
const BLACK_LIST: &str = "st.*";
/// When the last topic comes.
const SOON: Range<Duration> = Duration::ZERO..Duration::from_secs(40);
const PAUSE: Range<Duration> = Duration::from_micros(0)..Duration::from_millis(120);
/// Between two looks at whether all has settled.
const LOOK: Duration = Duration::from_millis(200);
/// The numbers of the members that stay, and of those of the second group.
const STAYS: usize = 100;
const SECOND_FROM: usize = 20;

pub(super) const PYKAFKA: Scenario = Scenario {
    name: "pykafka-group",
    about: "the same in the dialect of pykafka: one topic, locks named by leaders that move, offsets on the brokers",
    finds: &["looks-at-one-name", "keeps-locks-name", "ignores-lease"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    run_as(seed, options, Ways::of_groups(seed), &[])
}

pub(super) fn run_pykafka(seed: u64, options: Options) -> Report {
    let (topics, dialect, start) = (vec![TOPIC], Dialect::Samsa, Offset::Earliest);
    let offsets = Some(OffsetStorage::Brokers);
    let ways = Ways { topics, patterns: false, streams: false, dialect, start, offsets, ..Ways::of(seed) };
    run_as(seed, options, vec![ways], &[Fault::LeaderMove])
}

/// One group for each of these ways.
fn run_as(seed: u64, options: Options, ways: Vec<Ways>, faults: &[Fault]) -> Report {
    let mut plan = plan(seed, &ways);
    plan.faults = plan.faults.map(|mix| mix.with(faults));
    Stage::play(seed, options, plan, |stage| play(stage, ways))
}

fn plan(seed: u64, groups: &[Ways]) -> Plan {
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
    // Where the end was found, it is not where a record was read: what its leader's epoch says of it is not looked at here.
    let from_the_end = groups.iter().any(|ways| ways.start == Offset::Latest);
    let is_apart = |fault: &Fault| from_the_end && matches!(fault, Fault::Crash | Fault::LeaderMove);
    let chosen = faults.into_iter().filter(|_| rng.chance(600)).filter(|fault| !is_apart(fault));
    let chosen: Vec<Fault> = chosen.collect();
    plan.faults = Some(FaultMix::of(&chosen));
    plan
}

/// How the members of the group read.
struct Ways {
    topics: Vec<&'static str>,
    /// Whether a member may choose them by a pattern.
    patterns: bool,
    /// Whether members have different numbers of streams.
    streams: bool,
    start: Offset,
    assignor: Assignor,
    dialect: Dialect,
    seeks: bool,
    /// Where the offsets are, if it is said.
    offsets: Option<OffsetStorage>,
}

impl Ways {
    /// Those of all groups of a world: of one, or of two that read the same topics. They begin alike.
    fn of_groups(seed: u64) -> Vec<Self> {
        let rng = &mut Rng::new(seed ^ 0x7477_6f00);
        let first = Self::of(seed);
        if !rng.chance(300) {
            return vec![first];
        }
        let (topics, patterns, start) = (first.topics.clone(), first.patterns, first.start);
        let second = Self { topics, patterns, start, ..Self::of(rng.draw()) };
        let second = Self { seeks: second.seeks && start == Offset::Earliest, ..second };
        if first.topics != [TOPIC] || rng.chance(500) {
            return vec![first, second];
        }
        let (dialect, offsets) = (Dialect::Samsa, Some(OffsetStorage::Brokers));
        vec![first, Self { streams: false, dialect, offsets, ..second }]
    }

    fn of(seed: u64) -> Self {
        let rng = &mut Rng::new(seed ^ 0x7761_7973);
        let topics = if rng.chance(300) { vec![TOPIC, OTHER] } else { vec![TOPIC] };
        let start = if rng.chance(400) { Offset::Latest } else { Offset::Earliest };
        let assignor = if rng.chance(300) { Assignor::RoundRobin } else { Assignor::Range };
        // Who begins at the end and seeks to what came before may leave some of it out.
        let seeks = start == Offset::Earliest && rng.chance(400);
        let offsets =
            [None, Some(OffsetStorage::ZooKeeper), Some(OffsetStorage::Brokers), Some(OffsetStorage::Both)];
        let offsets = rng.pick(&offsets).copied().flatten();
        let patterns = rng.chance(300);
        let topics = if patterns { [&[TOPIC, OTHER, LAST], &LATE[..]].concat() } else { topics };
        let streams = rng.chance(300);
        Self { topics, patterns, streams, start, assignor, dialect: Dialect::Scala, seeks, offsets }
    }
}

/// What the members of a group have in common for the checks.
#[derive(Clone)]
struct Group {
    stage: Stage,
    name: &'static str,
    ways: Rc<Ways>,
    delivered: Rc<RefCell<BTreeSet<(TopicPartition, i64)>>>,
    deliveries: Rc<Cell<usize>>,
    commits: Rc<RefCell<audit::Commits>>,
    heard: Rc<RefCell<heard::Heard>>,
    clients: Rc<Cell<usize>>,
    /// The locks under which something was handed out.
    used: Rc<RefCell<BTreeSet<Lock>>>,
}

async fn play(stage: Stage, ways: Vec<Ways>) {
    let mut rng = stage.world.draw(Rng::fork);
    let groups = Group::all(&stage, ways);
    let Some(group) = groups.first() else { return };
    audit::begin(&groups);
    let Some(publisher) = stage.connect().await else { return };
    for (group, first) in groups.iter().zip([0, SECOND_FROM]) {
        let members = if rng.chance(100) { 12 } else { 1 + rng.below(4) };
        for number in 0..members {
            stage.world.spawn_named("member", member::live(group.clone(), first + number as usize));
        }
    }
    let (topic, other) = (publisher.topic(TOPIC), publisher.topic(OTHER));
    while !stage.world.faults().are_over() {
        stage.publish_keyless(&topic, &mut rng).await;
        if group.ways.topics.contains(&OTHER) && rng.chance(300) {
            group.publish(&other).await;
        }
        if group.ways.patterns && rng.chance(30) {
            let name = rng.pick(&[LATE[0], LATE[1], STRAY]).copied().unwrap_or(STRAY);
            group.publish(&publisher.topic(name)).await;
        }
        stage.world.sleep(rng.duration(&PAUSE)).await;
    }
    for (group, number) in groups.iter().zip([STAYS, STAYS + SECOND_FROM]) {
        stage.world.spawn_named("member", member::stay(group.clone(), number));
    }
    if group.ways.patterns {
        stage.world.sleep(rng.duration(&SOON)).await;
        group.publish(&publisher.topic(LAST)).await;
    }
    flush(&stage, &publisher).await;
    settle(&groups).await;
    let follow_leaders = groups.iter().any(|group| group.ways.dialect == Dialect::Samsa);
    if follow_leaders && stage.world.host().upset(Fault::LeaderMove) {
        settle(&groups).await;
    }
    groups.iter().for_each(Group::judge);
    stage.close(publisher).await;
}

async fn settle(groups: &[Group]) {
    for group in groups {
        group.settle().await;
    }
}

impl Group {
    /// One for each of these ways.
    fn all(stage: &Stage, ways: Vec<Ways>) -> Vec<Self> {
        let deliveries = Rc::<Cell<usize>>::default();
        let group = |(name, ways)| Self {
            stage: stage.clone(),
            name,
            ways: Rc::new(ways),
            delivered: Rc::default(),
            deliveries: Rc::clone(&deliveries),
            commits: Rc::default(),
            heard: Rc::default(),
            clients: Rc::default(),
            used: Rc::default(),
        };
        [GROUP, SECOND].into_iter().zip(ways).map(group).collect()
    }

    /// To another topic, whatever becomes of it.
    async fn publish(&self, other: &Topic) {
        if let Err(error) = other.enqueue(Message::new("more")).await {
            self.stage.world.violation("accepts-while-there-is-room", error.to_string());
        }
    }

    /// A member hands a message out: may it?
    fn hand_out(
        &self,
        (number, client): (usize, &str),
        consumer: &Consumer,
        place: &TopicPartition,
        read: Read,
    ) {
        let world = &self.stage.world;
        let which = format!("{place}@{}", read.offset);
        world.trace().line(&format!("member {number}"), format_args!("gets {which}"));
        if let Some(wrong) = self.heard.borrow().wrong_to_hand_out(client, place) {
            world.violation("nothing-after-lost", format!("member {number} hands out {which}: {wrong}"));
        }
        let is_own = |lock: &Lock| lock.owner.starts_with(consumer.member());
        let (own, others): (Vec<Lock>, Vec<Lock>) = self.locks(place).into_iter().partition(is_own);
        if own.is_empty() {
            let what = format!("member {number} hands out {which}, which {others:?} owns");
            world.violation("owner-hands-out", what);
        }
        let mut used = self.used.borrow_mut();
        if let Some(other) = others.iter().find(|other| used.contains(*other)) {
            let what = format!("member {number} hands out {which}, and so did {other:?}");
            world.violation("one-owner", what);
        }
        let is_first = !own.iter().any(|lock| used.contains(lock));
        used.extend(own);
        let committed = if is_first { self.in_zookeeper(place) } else { None };
        if committed.is_some_and(|committed| read.offset < committed && !self.may_go_back(place, read.offset))
        {
            let what = format!("member {number} begins with {which}, and {committed:?} is committed");
            world.violation("begins-where-committed", what);
        }
        if !consumer.assignment().contains(place) {
            let what = format!("member {number} hands out {which}, which it does not have");
            world.violation("hands-out-what-it-has", what);
        }
        if !self.ways.topics.contains(&&*place.topic) {
            let what = format!("member {number} hands out {which}, which nobody chose");
            world.violation("hands-out-what-it-chose", what);
        }
        self.delivered.borrow_mut().insert((place.clone(), read.offset));
        if *place.topic == *TOPIC {
            // Each is a reader of its own for the checks: what is handed out twice is no fault.
            let reader = self.deliveries.replace(self.deliveries.get() + 1);
            self.stage.history_mut().read(reader, place.partition, read);
        }
    }

    /// The topics, by their names or by what means the same.
    fn choose(&self, builder: ConsumerBuilder, rng: &mut Rng) -> ConsumerBuilder {
        match if self.ways.patterns { rng.below(3) } else { 0 } {
            0 => builder.topics(&self.ways.topics),
            1 => builder.matching(WHITE_LIST),
            _ => builder.not_matching(BLACK_LIST),
        }
    }

    /// A member is about to seek: from then on that may be committed.
    fn goes_back(&self, place: &TopicPartition, to: i64) {
        if let Ok(path) = path::offset(self.name, &place.topic, place.partition) {
            let sought = &mut self.commits.borrow_mut().sought;
            sought.entry(path).and_modify(|lowest| *lowest = to.min(*lowest)).or_insert(to);
        }
    }

    /// Whether a member has sought so far back: that may be committed, and handed out.
    fn may_go_back(&self, place: &TopicPartition, to: i64) -> bool {
        let path = path::offset(self.name, &place.topic, place.partition).unwrap_or_default();
        self.commits.borrow().sought.get(&path).is_some_and(|sought| *sought <= to)
    }

    /// With how many streams a member takes part.
    fn streams(&self, number: usize) -> u16 {
        if self.ways.streams { 1 + (number % 3) as u16 } else { 1 }
    }

    /// What a client says that it is: each life of a member has another name, which begins with that of its group.
    fn next_name(&self) -> String {
        format!("{}{}", self.name, self.clients.replace(self.clients.get() + 1))
    }

    /// What of a partition is committed; where that is so in both places, the smaller.
    fn committed(&self, place: &TopicPartition) -> Option<i64> {
        match self.ways.offsets.unwrap_or_default() {
            OffsetStorage::Brokers => self.on_brokers(place),
            OffsetStorage::Both => self.in_zookeeper(place)?.min(self.on_brokers(place)?).into(),
            _ => self.in_zookeeper(place),
        }
    }

    fn in_zookeeper(&self, place: &TopicPartition) -> Option<i64> {
        let path = path::offset(self.name, &place.topic, place.partition).ok()?;
        self.stage
            .world
            .zookeeper_service()
            .look(|ensemble| read_offset(ensemble.look(&path)?.0).ok().flatten())
    }

    fn on_brokers(&self, place: &TopicPartition) -> Option<i64> {
        self.stage.world.host().look(|cluster| cluster.committed(self.name, &place.topic, place.partition))
    }

    /// Where whoever gets the partition next begins.
    fn begins(&self, place: &TopicPartition) -> Option<i64> {
        match self.ways.offsets.unwrap_or_default() {
            OffsetStorage::Both => self.in_zookeeper(place).max(self.on_brokers(place)),
            _ => self.committed(place),
        }
    }

    /// Waits until every partition has an owner and everything is committed.
    async fn settle(&self) {
        let is_settled = || {
            self.ends().into_iter().all(|(place, end)| {
                let is_committed = end == 0 || self.begins(&place) == Some(end);
                self.is_locked(&place) && is_committed
            })
        };
        let settling = async {
            while !is_settled() {
                self.stage.world.sleep(LOOK).await;
            }
        };
        if self.stage.world.timeout(CONVERGENCE, settling).await.is_none() {
            let how = |(place, end)| {
                let (locks, committed) = (self.locks(&place), self.begins(&place));
                format!("{place}: locked by {locks:?}, committed {committed:?} of {end}")
            };
            let all: Vec<String> = self.ends().into_iter().map(how).collect();
            self.stage.world.violation("settles", all.join("; "));
        }
    }

    /// Where each partition of the group's topics ends.
    fn ends(&self) -> BTreeMap<TopicPartition, i64> {
        self.stage.world.host().look(|cluster| {
            let partitions = |topic: &&'static str| {
                let topic = *topic;
                (0..cluster.partition_count(topic)).map(move |number| {
                    (TopicPartition::new(topic, number), cluster.stable_end(topic, number))
                })
            };
            self.ways.topics.iter().flat_map(partitions).collect()
        })
    }

    fn judge(&self) {
        for place in self.ends().into_keys() {
            let missing = self.missing(&place);
            if !missing.is_empty() {
                let what = format!("of {place} nobody was given {missing:?}");
                self.stage.world.violation("delivers-all", what);
            }
        }
    }

    /// What of a partition was handed out to nobody, though it stands behind where the group began.
    fn missing(&self, place: &TopicPartition) -> Vec<i64> {
        let delivered = self.delivered.borrow();
        let of_it = delivered.range((place.clone(), 0)..=(place.clone(), i64::MAX));
        let first = of_it.map(|(_, offset)| *offset).next();
        let path = path::offset(self.name, &place.topic, place.partition).unwrap_or_default();
        let committed = self.commits.borrow().first.get(&path).copied();
        let begun = match self.ways.start {
            Offset::Earliest => Some(0),
            _ => [first, committed].into_iter().flatten().min(),
        };
        let log = self.stage.world.host().look(|cluster| cluster.log(&place.topic, place.partition));
        let offsets = log.iter().map(|record| record.offset);
        offsets
            .filter(|offset| begun.is_some_and(|begun| begun <= *offset))
            .filter(|offset| !delivered.contains(&(place.clone(), *offset)))
            .collect()
    }
}
