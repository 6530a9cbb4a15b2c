//! Groups looked at from outside, and their offsets set, by handles and by `samsa groups`.

use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tests::{RealKafka, Release, cli::Ended, cli::Samsa, shared};
use samsa_tokio::{Cluster, Group, GroupHome, GroupLookError, GroupResetError, ListedGroup, Offset};

use crate::client::Runtime;
use crate::joining::{join, settle};
use crate::members::{consume, publish};
use crate::znodes::Znodes;

const COUNT: usize = 40;
const EACH: i64 = 10;
const LIMIT: Duration = Duration::from_secs(60);

async fn committed(cluster: &Cluster, name: &str) -> Vec<Option<i64>> {
    let described = cluster.group(name).describe().await.expect("a group");
    described.partitions.iter().map(|part| part.committed).collect()
}

/// Waits until ZooKeeper has ended the sessions of those who have left.
pub(crate) async fn until_empty(group: &Group) {
    let since = Instant::now();
    while !group.describe().await.expect("a group").members.is_empty() {
        assert!(since.elapsed() < LIMIT, "somebody stays");
        Timer::after(Duration::from_millis(10)).await;
    }
}

pub(crate) fn groups_are_described_and_begin_where_they_are_told_to(release: Release) {
    let Some(kafka) = shared(release) else { return };
    for runtime in Runtime::BOTH {
        let name = format!("looked-at-on-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            let (topic, group) = (cluster.topic(&name), cluster.group(&name));
            let unknown = group.describe().await.expect_err("nobody was there");
            assert!(matches!(unknown, GroupLookError::UnknownGroup { .. }), "{unknown}");

            topic.create(4, 1).await.expect("a topic");
            let mut consumer = join(cluster, &name, &name).await;
            settle(&[&consumer], &[4]).await;
            publish(cluster, &name, COUNT).await;
            assert_eq!(consume(&mut [&mut consumer], COUNT).await[0].len(), COUNT);
            consumer.commit().await.expect("committed");

            let described = group.describe().await.expect("a group");
            let [member] = &described.members[..] else { panic!("{described:?}") };
            let owner = format!("{}-0", member.id);
            for (number, part) in (0..).zip(&described.partitions) {
                assert_eq!((&*part.topic, part.partition), (&*name, number));
                assert_eq!((part.owner.as_ref(), part.committed), (Some(&owner), Some(EACH)));
            }
            assert_eq!((described.partitions.len(), described.faults.len()), (4, 0));
            let groups = cluster.groups().await.expect("groups");
            let there = ListedGroup { name: name.as_str().into(), home: GroupHome::ZooKeeper { members: 1 } };
            assert!(groups.groups.contains(&there), "{groups:?}");

            let refused = group.plan_reset(&topic, Offset::Earliest).await.expect_err("somebody is there");
            assert!(matches!(refused, GroupResetError::HasMembers { .. }), "{refused}");
            consumer.close().await.expect("it leaves");
            until_empty(&group).await;
            let plan = group.plan_reset(&topic, Offset::Earliest).await.expect("a plan");
            let steps: Vec<_> = plan.moves().iter().map(|step| (step.in_zookeeper, step.to)).collect();
            assert_eq!(steps, [(Some(EACH), 0); 4]);
            assert_eq!(committed(cluster, &name).await, [Some(EACH); 4], "a plan changes nothing");

            let mut consumer = join(cluster, &name, &name).await;
            let refused = group.reset(&plan).await.expect_err("somebody is there");
            assert!(matches!(refused, GroupResetError::HasMembers { .. }), "{refused}");
            consumer.close().await.expect("it leaves");
            until_empty(&group).await;
            group.reset(&plan).await.expect("it is set");
            assert_eq!(committed(cluster, &name).await, [Some(0); 4]);
            consumer = join(cluster, &name, &name).await;
            assert_eq!(consume(&mut [&mut consumer], COUNT).await[0].len(), COUNT, "all comes again");
            consumer.close().await.expect("it leaves");
        });
    }
}

pub(crate) fn samsa(kafka: &RealKafka, arguments: &[&str]) -> Ended {
    let zookeeper = kafka.zookeeper().expect("ZooKeeper");
    Samsa::run(&[&["--zookeeper", &zookeeper], arguments].concat(), b"", LIMIT).expect("it ends")
}

/// What it printed, an object a line.
pub(crate) fn objects(ended: &Ended) -> Vec<serde_json::Value> {
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let lines = std::str::from_utf8(&ended.stdout).expect("text").lines();
    lines.map(|line| serde_json::from_str(line).expect("an object")).collect()
}

pub(crate) fn the_command_shows_groups_and_sets_their_offsets(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "shown";
    let show = || objects(&samsa(kafka, &["groups", name, "--json"]));
    Runtime::Tokio.run(kafka, async |cluster| {
        cluster.topic(name).create(4, 1).await.expect("a topic");
        publish(cluster, name, COUNT).await;
        let mut consumer = join(cluster, name, name).await;
        assert_eq!(consume(&mut [&mut consumer], COUNT).await[0].len(), COUNT);
        consumer.commit().await.expect("committed");
        publish(cluster, name, 4).await;

        let shown = show();
        assert_eq!((shown.len(), &shown[0]["wants"]), (5, &serde_json::json!(name)));
        let member = shown[0]["member"].as_str().expect("a member");
        let expected = serde_json::json!({
            "topic": name, "partition": 3, "broker": null, "owner": format!("{member}-0"),
            "committed": EACH, "in_zookeeper": EACH, "on_brokers": null, "end": EACH + 1, "lag": 1
        });
        assert_eq!(shown[4], expected);
        let refused = samsa(kafka, &["groups", name, "reset", name, "--to", "earliest"]);
        assert_eq!(refused.status, Some(1));
        assert!(
            refused.stderr.contains(member) && refused.stderr.contains("must leave"),
            "{}",
            refused.stderr
        );
        consumer.close().await.expect("it leaves");
    });

    let reset = ["groups", name, "reset", name, "--to", "7"];
    let planned = samsa(kafka, &[&reset[..], &["--dry-run"]].concat());
    assert!(planned.stderr.contains("4 offsets would be set, in ZooKeeper only"), "{}", planned.stderr);
    let lag = |shown: &[serde_json::Value]| shown.iter().filter_map(|row| row["lag"].as_i64()).sum::<i64>();
    let before = lag(&show());
    assert!(before <= 4, "nothing was set");
    let done = objects(&samsa(kafka, &[&reset[..], &["--json"]].concat()));
    assert_eq!((done.len(), &done[0]["to"]), (4, &serde_json::json!(7)));
    assert_eq!(lag(&show()), 4 * (EACH + 1 - 7));

    let listed = objects(&samsa(kafka, &["groups", "--json"]));
    let expected =
        serde_json::json!({"group": name, "place": "ZooKeeper", "members": 0, "kind": null, "state": null});
    assert!(listed.contains(&expected), "{listed:?}");
    let unknown = samsa(kafka, &["groups", "nobody"]);
    assert_eq!(unknown.status, Some(1));
    assert!(unknown.stderr.contains("there is no group \"nobody\" in ZooKeeper"), "{}", unknown.stderr);
    let elsewhere = ["--bootstrap", &kafka.bootstrap(), "groups", name];
    let elsewhere = Samsa::run(&elsewhere, b"", LIMIT).expect("it ends");
    assert_eq!(elsewhere.status, Some(1));
    assert!(elsewhere.stderr.contains("there is no group \"shown\" on the brokers"), "{}", elsewhere.stderr);
}

pub(crate) fn offsets_of_a_topic_that_is_gone_are_shown_and_told_of(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let znodes = Znodes::of(kafka);
    znodes.leave("of-old", "offsets/gone/0", "7");
    znodes.leave("of-old", "offsets/gone/1-0", "9");
    let shown = samsa(kafka, &["groups", "of-old", "--json"]);
    let rows: Vec<_> =
        objects(&shown).iter().map(|row| (row["broker"].as_i64(), row["committed"].as_i64())).collect();
    assert_eq!(rows, [(None, Some(7)), (Some(1), Some(9))]);
    assert!(shown.stderr.contains("there is no topic \"gone\""), "{}", shown.stderr);
    let in_a_table = samsa(kafka, &["groups", "of-old"]);
    let printed = String::from_utf8_lossy(&in_a_table.stdout).into_owned();
    assert!(printed.starts_with("no members\n") && printed.contains('?'), "{printed}");
}
