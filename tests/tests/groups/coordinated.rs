//! Groups that the brokers coordinate, looked at from outside, and their offsets set, by handles and by `samsa groups`, on
//! clusters that are found by bootstrap and by ZooKeeper.

use std::time::Duration;

use samsa_tests::{RealKafka, Release, cli::Ended, cli::Samsa, needs, shared};
use samsa_tokio::{
    BrokerId, Cluster, GroupDescription, GroupHome, GroupKind, GroupLookError, GroupResetError, Offset,
    OffsetStorage,
};
use serde_json::{Value, json};

use crate::client::{Place, Runtime};
use crate::joined::{
    MEMBER, commit_from_outside, find_coordinator, join_classic, join_next_generation, leave_classic,
    leave_next_generation,
};
use crate::looking::objects;
use crate::members::publish;
use crate::znodes::Znodes;

const PARTITIONS: i32 = 4;
const COUNT: usize = 40;
const EACH: i64 = 10;
const BACK: i64 = 4;
const LIMIT: Duration = Duration::from_secs(60);

/// As `samsa` is told where the cluster is: each way that there is.
fn ways(kafka: &RealKafka) -> Vec<[String; 2]> {
    let bootstrap = ["--bootstrap".to_owned(), kafka.bootstrap()];
    let zookeeper = kafka.zookeeper().map(|zookeeper| ["--zookeeper".to_owned(), zookeeper]);
    std::iter::once(bootstrap).chain(zookeeper).collect()
}

fn samsa(way: &[String; 2], arguments: &[&str]) -> Ended {
    let way = way.each_ref().map(String::as_str);
    Samsa::run(&[&way, arguments].concat(), b"", LIMIT).expect("it ends")
}

fn by_bootstrap<T>(kafka: &RealKafka, runtime: Runtime, work: impl AsyncFnOnce(&Cluster) -> T) -> T {
    runtime.run_at(Place::Bootstrap(kafka.bootstrap()), |_| {}, work)
}

async fn home(cluster: &Cluster, name: &str) -> Option<GroupHome> {
    let list = cluster.groups().await.expect("groups");
    assert!(list.untold.is_empty(), "{list:?}");
    list.groups.into_iter().find(|group| *group.name == *name).map(|group| group.home)
}

fn on_brokers(kind: GroupKind, state: &str) -> GroupHome {
    GroupHome::Brokers { kind: Some(kind), state: Some(state.to_owned()) }
}

/// The owner and the committed offset of each partition.
fn rows(described: &GroupDescription) -> Vec<(i32, Option<&str>, Option<i64>)> {
    let row = described.partitions.iter();
    row.map(|part| (part.partition, part.owner.as_deref(), part.committed)).collect()
}

pub(crate) fn a_classic_group_is_listed_and_described_and_begins_where_it_is_told_to(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("classic-on-{}", runtime.name());
        by_bootstrap(kafka, runtime, async |cluster| {
            let (topic, group) = (cluster.topic(&name), cluster.group(&name));
            topic.create(PARTITIONS, 1).await.expect("a topic");
            publish(cluster, &name, COUNT).await;
            let unknown = group.describe().await.expect_err("nobody was there");
            assert!(matches!(unknown, GroupLookError::UnknownOnBrokers { .. }), "{unknown}");
            assert_eq!(home(cluster, &name).await, None);

            let member = join_classic(kafka, &name, &name, &[0, 1, 2, 3]);
            assert_eq!(home(cluster, &name).await, Some(on_brokers(GroupKind::Classic, "Stable")));
            let described = group.describe().await.expect("a group");
            assert_eq!(rows(&described), [0, 1, 2, 3].map(|number| (number, Some(&*member), None)));
            let told = described.coordinated.expect("it is the brokers'");
            let [seen] = &told.members[..] else { panic!("{told:?}") };
            assert_eq!((&*seen.id, &*seen.client_id, &*seen.host), (&*member, "samsa-tests", "127.0.0.1"));
            assert_eq!(
                (told.kind, &*told.state, told.assignor.as_deref()),
                (GroupKind::Classic, "Stable", Some("range"))
            );

            let refused = group.plan_reset(&topic, Offset::Earliest).await.expect_err("somebody is there");
            assert!(matches!(refused, GroupResetError::HasMembersOnBrokers { members: 1, .. }), "{refused}");
            leave_classic(kafka, &name, &member);
            let elsewhere = group.clone().offsets(OffsetStorage::ZooKeeper);
            let refused = elsewhere.plan_reset(&topic, Offset::Earliest).await.expect_err("it is not there");
            assert!(matches!(refused, GroupResetError::LivesOnBrokers { .. }), "{refused}");
            let plan = group.plan_reset(&topic, Offset::Exact(BACK)).await.expect("a plan");
            assert_eq!((plan.storage(), plan.moves().len()), (OffsetStorage::Brokers, 4));
            group.reset(&plan).await.expect("it is set");
            let described = group.describe().await.expect("a group");
            assert_eq!(rows(&described), [0, 1, 2, 3].map(|number| (number, None, Some(BACK))));
            assert_eq!(home(cluster, &name).await, Some(on_brokers(GroupKind::Classic, "Empty")));

            let member = join_classic(kafka, &name, &name, &[]);
            let refused = group.reset(&plan).await.expect_err("somebody is there");
            assert!(matches!(refused, GroupResetError::HasMembersOnBrokers { members: 1, .. }), "{refused}");
            leave_classic(kafka, &name, &member);
        });
    }
}

pub(crate) fn a_group_of_kip_848_is_listed_and_described_and_begins_where_it_is_told_to(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "next-generation";
    by_bootstrap(kafka, Runtime::Tokio, async |cluster| {
        let (topic, group) = (cluster.topic(name), cluster.group(name));
        topic.create(PARTITIONS, 1).await.expect("a topic");
        publish(cluster, name, COUNT).await;
        join_next_generation(kafka, name, name);
        assert_eq!(home(cluster, name).await, Some(on_brokers(GroupKind::Consumer, "Stable")));
        let described = group.describe().await.expect("a group");
        assert_eq!(rows(&described), [0, 1, 2, 3].map(|number| (number, Some(MEMBER), None)));
        let told = described.coordinated.expect("it is the brokers'");
        assert_eq!((told.kind, told.assignor.as_deref()), (GroupKind::Consumer, Some("uniform")));
        assert_eq!((&*told.members[0].client_id, &*told.members[0].host), ("samsa-tests", "127.0.0.1"));

        let refused = group.plan_reset(&topic, Offset::Latest).await.expect_err("somebody is there");
        assert!(matches!(refused, GroupResetError::HasMembersOnBrokers { members: 1, .. }), "{refused}");
        leave_next_generation(kafka, name);
        let plan = group.plan_reset(&topic, Offset::Latest).await.expect("a plan");
        group.reset(&plan).await.expect("it is set");
        let described = group.describe().await.expect("a group");
        assert_eq!(rows(&described), [0, 1, 2, 3].map(|number| (number, None, Some(EACH))));
        assert_eq!(home(cluster, name).await, Some(on_brokers(GroupKind::Consumer, "Empty")));
    });
}

pub(crate) fn a_group_that_was_only_committed_to_is_listed_and_described(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "committed-from-outside";
    by_bootstrap(kafka, Runtime::Tokio, async |cluster| {
        cluster.topic(name).create(PARTITIONS, 1).await.expect("a topic");
        commit_from_outside(kafka, name, name, 3);
        let described = cluster.group(name).describe().await.expect("a group");
        assert_eq!(rows(&described), [(0, None, Some(3))]);
        assert_eq!(home(cluster, name).await, Some(on_brokers(GroupKind::Classic, "Empty")));
    });
}

pub(crate) fn the_command_shows_groups_of_the_brokers_and_sets_their_offsets(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for (number, way) in ways(kafka).iter().enumerate() {
        let name = &*format!("coordinated-{number}");
        by_bootstrap(kafka, Runtime::Tokio, async |cluster| {
            cluster.topic(name).create(PARTITIONS, 1).await.expect("a topic");
            publish(cluster, name, COUNT).await;
        });
        let unknown = samsa(way, &["groups", name]);
        assert_eq!(unknown.status, Some(1));
        assert!(unknown.stderr.contains("there is no group \"coordinated-"), "{}", unknown.stderr);
        let member = join_classic(kafka, name, name, &[1, 3]);

        let show = || objects(&samsa(way, &["groups", name, "--json"]));
        let listed = objects(&samsa(way, &["groups", "--json"]));
        let expected =
            json!({"group": name, "place": "brokers", "members": null, "kind": "classic", "state": "Stable"});
        assert!(listed.contains(&expected), "{listed:?}");
        let shown = show();
        let expected = [
            json!({"group": name, "place": "brokers", "kind": "classic", "state": "Stable", "assignor": "range"}),
            json!({"member": member, "instance": null, "client": "samsa-tests", "host": "127.0.0.1", "has": format!("{name} 1, 3")}),
            json!({
                "topic": name, "partition": 0, "broker": null, "owner": null, "committed": null,
                "in_zookeeper": null, "on_brokers": null, "end": EACH, "lag": null
            }),
        ];
        assert_eq!((shown.len(), &shown[..3]), (6, &expected[..]));
        assert_eq!((&shown[3]["owner"], &shown[3]["end"]), (&json!(member), &json!(EACH)));

        let reset = ["groups", name, "reset", name, "--to", "7"];
        let refused = samsa(way, &reset);
        assert_eq!(refused.status, Some(1));
        assert!(refused.stderr.contains("1 consumers that the brokers coordinate"), "{}", refused.stderr);
        leave_classic(kafka, name, &member);
        let planned = samsa(way, &[&reset[..], &["--dry-run"]].concat());
        assert!(planned.stderr.contains("4 offsets would be set, on the brokers only"), "{}", planned.stderr);
        let done = objects(&samsa(way, &[&reset[..], &["--json"]].concat()));
        let expected =
            json!({"topic": name, "partition": 0, "place": "brokers", "from": null, "to": 7, "done": true});
        assert_eq!((done.len(), &done[0]), (4, &expected));
        let lag = |shown: &[Value]| shown.iter().filter_map(|row| row["lag"].as_i64()).sum::<i64>();
        assert_eq!(lag(&show()), i64::from(PARTITIONS) * (EACH - 7));
        let table = samsa(way, &["groups", name]);
        let table = String::from_utf8_lossy(&table.stdout).into_owned();
        assert!(table.starts_with("on the brokers, classic protocol, Empty"), "{table}");
        assert!(table.contains("no members") && table.contains("brokers  10   3"), "{table}");
    }
}

/// Each is on the brokers and in ZooKeeper a group of its own.
pub(crate) fn a_name_that_is_in_both_places_is_listed_twice(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "in-both-places";
    Runtime::Tokio.run(kafka, async |cluster| {
        cluster.topic(name).create(PARTITIONS, 1).await.expect("a topic");
        commit_from_outside(kafka, name, name, 3);
        Znodes::of(kafka).leave(name, &format!("offsets/{name}/0"), "5");
        let list = cluster.groups().await.expect("groups");
        let homes: Vec<_> = list.groups.iter().filter(|group| *group.name == *name).collect();
        assert!(
            matches!(homes[..], [zookeeper, brokers]
                if zookeeper.home == GroupHome::ZooKeeper { members: 0 } && brokers.home == on_brokers(GroupKind::Classic, "Empty")),
            "{list:?}"
        );
        let described = cluster.group(name).describe().await.expect("a group");
        assert_eq!((described.partitions[0].in_zookeeper, described.coordinated), (Some(5), None));
    });
}

pub(crate) fn a_broker_that_stands_still_is_named_beside_the_groups_of_the_others(release: Release) {
    let Some(kafka) = &needs(RealKafka::start_many(release, 2, &[])) else { return };
    let mut names = (0..100).map(|number| format!("of-broker-1-{number}"));
    let name = names.find(|name| find_coordinator(kafka, name) == 1).expect("one of broker 1");
    by_bootstrap(kafka, Runtime::Tokio, async |cluster| {
        cluster.topic(&name).create(1, 1).await.expect("a topic");
        commit_from_outside(kafka, &name, &name, 3);
        let there = Some(on_brokers(GroupKind::Classic, "Empty"));
        assert_eq!(home(cluster, &name).await, there);

        kafka.freeze(2).expect("it stands still");
        let list = cluster.groups().await.expect("those of broker 1");
        let untold: Vec<_> = list.untold.iter().map(|untold| untold.broker).collect();
        assert_eq!(untold, [Some(BrokerId(2))], "{list:?}");
        assert!(list.groups.iter().any(|group| *group.name == *name), "{list:?}");
        kafka.thaw(2).expect("it goes on");
        assert_eq!(home(cluster, &name).await, there, "and nobody is untold");
    });
}

/// Before 2.6 they list no more than names.
pub(crate) fn a_group_is_told_by_brokers_that_say_little_of_it(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "told-by-old-brokers";
    Znodes::of(kafka).create_topic(name, PARTITIONS as usize);
    by_bootstrap(kafka, Runtime::Tokio, async |cluster| {
        let (topic, group) = (cluster.topic(name), cluster.group(name));
        publish(cluster, name, COUNT).await;
        let member = join_classic(kafka, name, name, &[1]);
        assert_eq!(home(cluster, name).await, Some(GroupHome::Brokers { kind: None, state: None }));
        let described = group.describe().await.expect("a group");
        assert_eq!(rows(&described), [(1, Some(&*member), None)]);
        leave_classic(kafka, name, &member);
        commit_from_outside(kafka, name, name, 3);
        let described = group.describe().await.expect("a group");
        assert_eq!(rows(&described), [(0, None, Some(3))]);

        let plan = group.plan_reset(&topic, Offset::Latest).await.expect("a plan");
        group.reset(&plan).await.expect("it is set");
        let described = group.describe().await.expect("a group");
        assert_eq!(rows(&described), [0, 1, 2, 3].map(|number| (number, None, Some(EACH))));
    });
}

pub(crate) fn brokers_of_before_groups_say_that_they_have_none(release: Release) {
    let Some(kafka) = shared(release) else { return };
    // Without any topic such a broker does not even tell of itself.
    Znodes::of(kafka).create_topic("of-before-groups", 1);
    by_bootstrap(kafka, Runtime::Tokio, async |cluster| {
        let told = cluster.groups().await.expect_err("they cannot list them");
        assert_eq!(told, GroupLookError::NotOffered);
        let told = cluster.group("nobody").describe().await.expect_err("they have none");
        assert_eq!(told, GroupLookError::NotOffered);
    });
    Runtime::Tokio.run(kafka, async |cluster| {
        let list = cluster.groups().await.expect("groups in ZooKeeper");
        assert!(list.untold.is_empty(), "{list:?}");
    });
}
