//! Members of a group that lives in `ZooKeeper` come, go, crash, freeze and lose their sessions, while brokers fail and
//! partitions are added. The group keeps its offsets in `ZooKeeper`, on the brokers, or in both places. In some groups
//! members choose their topics by name, others the same by a white list or a black list, and topics come while they are
//! there. In some they take part with different numbers of streams. In some worlds a second group reads the same topics in
//! its own way; what is said here holds of each. Where one keeps its offsets on the brokers, these are out of reach now and then
//! while sessions end. The clocks of the members differ, and run up to 1 % fast or slow.
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
//!
//! The scenario `broker-group` is the same where the brokers coordinate the group. There who has a partition is whoever its
//! coordinator has given it, in this generation or epoch; the coordinator moves with a partition's leader, and nobody but an owner
//! can commit. The model brokers complain of what no member may ask (`samsa-sim/src/cluster/groups/`).

mod application;
mod audit;
mod group;
mod heard;
mod identity;
mod locks;
mod member;
mod out_of_reach;
mod ways;

use std::ops::Range;
use std::time::Duration;

use samsa_client::{Dialect, GroupProtocol, Offset, OffsetStorage};

use self::group::Group;
use self::ways::Ways;
use super::plan::Plan;
use super::publish_and_read::flush;
use super::stage::{Stage, TOPIC};
use super::{Options, Scenario};
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
        "cuts-group-names",
    ],
};

/// The group, and another that some worlds have, whose name begins alike.
const GROUP: &str = "readers";
const SECOND: &str = "readers-too";
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
/// The numbers of the members that stay, and of those of the second group.
const STAYS: usize = 100;
const SECOND_FROM: usize = 20;

pub(super) const PYKAFKA: Scenario = Scenario {
    name: "pykafka-group",
    about: "the same in the dialect of pykafka: one topic, locks named by leaders that move, offsets on the brokers",
    finds: &["looks-at-one-name", "keeps-locks-name", "ignores-lease"],
};

pub(super) const ON_BROKERS: Scenario = Scenario {
    name: "broker-group",
    about: "the same where the brokers coordinate the group, in the classic protocol or that of KIP-848",
    finds: &["keeps-across-join", "acknowledges-at-once", "ignores-lease", "trusts-one-clock"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    run_as(seed, options, Ways::of_groups(seed), &[])
}

pub(super) fn run_pykafka(seed: u64, options: Options) -> Report {
    let (topics, start, offsets) = (vec![TOPIC], Offset::Earliest, Some(OffsetStorage::Brokers));
    let protocol = GroupProtocol::ZooKeeper(Dialect::Samsa);
    let ways = Ways { topics, patterns: false, streams: false, protocol, start, offsets, ..Ways::of(seed) };
    run_as(seed, options, vec![ways], &[Fault::LeaderMove])
}

pub(super) fn run_on_brokers(seed: u64, options: Options) -> Report {
    run_as(seed, options, Ways::of_groups_on_brokers(seed), &[])
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
    let on_brokers = groups.iter().any(|ways| ways.dialect().is_none());
    let known: Vec<Release> =
        Release::ALL.into_iter().filter(|release| on_brokers || release.has_zookeeper()).collect();
    plan.cluster.release = rng.pick(&known).copied().unwrap_or(Release::V3_9);
    plan.cluster.partitions = 1 + rng.below(8) as i32;
    plan.by_zookeeper = !on_brokers || (plan.cluster.release.has_zookeeper() && rng.chance(500));
    if on_brokers {
        // By which topics are noticed that come later.
        plan.metadata_max_age = Duration::from_secs(3);
    }
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
    if groups.iter().any(Group::is_out_of_reach_now_and_then) {
        stage.world.spawn_named("out of reach", out_of_reach::until_healed(stage.clone()));
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
    let follow_leaders = groups.iter().any(|group| group.ways.dialect() != Some(Dialect::Scala));
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
