//! Groups in ZooKeeper that keep their offsets on the brokers, looked at from outside, and their offsets set, by handles and by
//! `samsa groups`.

use std::io;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use samsa_proto::wire::UnknownTags;
use samsa_tests::{RealKafka, Release, connect, exchange, scala, shared};
use samsa_tokio::{
    Cluster, Consumer, Dialect, GroupProtocol, GroupResetError, Offset, OffsetStorage, ResetPlan,
};
use serde_json::{Value, json};

use crate::client::Runtime;
use crate::looking::{objects, samsa, until_empty};
use crate::members::{consume, publish};
use crate::znodes::{Znodes, until};

const PARTITIONS: usize = 4;
const COUNT: usize = 40;
const EACH: i64 = 10;
const BACK: i64 = 4;
const PATIENCE: Duration = Duration::from_secs(10);

/// A member as pykafka has them on Python 3, or one of Scala's with `offsets.storage=kafka`.
async fn join(cluster: &Cluster, name: &str, dialect: Dialect) -> Consumer {
    let consumer = cluster.topic(name).consumer(name).start_at(Offset::Earliest);
    let consumer = consumer.protocol(GroupProtocol::ZooKeeper(dialect)).offsets(OffsetStorage::Brokers);
    consumer.python3_owners(dialect == Dialect::Samsa).subscribe().await.expect("a member")
}

fn shown(kafka: &RealKafka, name: &str) -> Vec<Value> {
    objects(&samsa(kafka, &["groups", name, "--json"]))
}

fn lag(shown: &[Value]) -> i64 {
    shown.iter().filter_map(|row| row["lag"].as_i64()).sum()
}

fn to(plan: &ResetPlan) -> Vec<(Option<i64>, Option<i64>, i64)> {
    plan.moves().iter().map(|step| (step.in_zookeeper, step.on_brokers, step.to)).collect()
}

pub(crate) fn what_a_group_keeps_on_the_brokers_is_shown_and_set_there(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let znodes = Znodes::of(kafka);
    for (name, dialect) in [("shown-samsa", Dialect::Samsa), ("shown-scala", Dialect::Scala)] {
        Runtime::Tokio.run(kafka, async |cluster| {
            znodes.create_topic(name, PARTITIONS);
            publish(cluster, name, COUNT).await;
            let mut consumer = join(cluster, name, dialect).await;
            assert_eq!(consume(&mut [&mut consumer], COUNT).await[0].len(), COUNT);
            consumer.commit().await.expect("committed");
            publish(cluster, name, PARTITIONS).await;

            let rows = shown(kafka, name);
            assert_eq!((rows.len(), &rows[0]["wants"]), (1 + PARTITIONS, &json!(name)));
            let member = consumer.member();
            let owner = if dialect == Dialect::Samsa { member.to_owned() } else { format!("{member}-0") };
            let expected = json!({
                "topic": name, "partition": 3, "broker": null, "owner": owner, "committed": EACH,
                "in_zookeeper": null, "on_brokers": EACH, "end": EACH + 1, "lag": 1
            });
            assert_eq!(rows[4], expected);
            let refused = samsa(kafka, &["groups", name, "reset", name, "--to", "earliest"]);
            assert_eq!(refused.status, Some(1));
            assert!(refused.stderr.contains("must leave"), "{}", refused.stderr);
            consumer.close().await.expect("it leaves");

            let group = cluster.group(name);
            until_empty(&group).await;
            let (topic, target) = (cluster.topic(name), Offset::Exact(BACK));
            let plan = group.plan_reset(&topic, target).await.expect("a plan");
            assert_eq!(
                (plan.storage(), to(&plan)),
                (OffsetStorage::Brokers, vec![(None, Some(EACH), BACK); 4])
            );
            assert_eq!(lag(&shown(kafka, name)), PARTITIONS as i64, "a plan changes nothing");
        });

        let target = BACK.to_string();
        let set = samsa(kafka, &["groups", name, "reset", name, "--to", &target]);
        assert!(set.stderr.contains("4 offsets set, on the brokers only"), "{}", set.stderr);
        assert_eq!(lag(&shown(kafka, name)), PARTITIONS as i64 * (EACH + 1 - BACK));
        assert!(znodes.committed(name, name).is_empty(), "nothing is in ZooKeeper");
        Runtime::Tokio.run(kafka, async |cluster| {
            let mut consumer = join(cluster, name, dialect).await;
            let rest = PARTITIONS * (EACH + 1 - BACK) as usize;
            let got = consume(&mut [&mut consumer], rest).await;
            assert!(got[0].iter().all(|(_, offset)| *offset >= BACK), "{got:?}");
            consumer.close().await.expect("it leaves");
        });
    }
}

pub(crate) fn what_is_in_both_places_is_shown_and_set_in_both(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let (name, znodes) = ("shown-both", Znodes::of(kafka));
    znodes.create_topic(name, PARTITIONS);
    Runtime::Tokio.run(kafka, async |cluster| {
        publish(cluster, name, COUNT).await;
        let mut consumer = join(cluster, name, Dialect::Scala).await;
        assert_eq!(consume(&mut [&mut consumer], COUNT).await[0].len(), COUNT);
        consumer.close().await.expect("committed");
        until_empty(&cluster.group(name)).await;
    });
    znodes.leave(name, &format!("offsets/{name}/0"), "3");
    let rows = shown(kafka, name);
    assert_eq!(
        (&rows[0]["in_zookeeper"], &rows[0]["on_brokers"], &rows[0]["committed"]),
        (&json!(3), &json!(EACH), &json!(EACH))
    );
    let table = samsa(kafka, &["groups", name]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("ZooKeeper 3, brokers 10"), "{table}");

    let reset = ["groups", name, "reset", name, "--to", "7", "--json"];
    let moved = objects(&samsa(kafka, &reset));
    let expected = |place, from| json!({"topic": name, "partition": 0, "place": place, "from": from, "to": 7, "done": true});
    assert_eq!(moved[..2], [expected("ZooKeeper", 3), expected("brokers", EACH)]);
    let rows = shown(kafka, name);
    assert!(rows.iter().all(|row| row["in_zookeeper"] == 7 && row["on_brokers"] == 7), "{rows:?}");
    objects(&samsa(kafka, &[&reset[..4], &["--to", "8", "--offsets", "zookeeper", "--json"]].concat()));
    let rows = shown(kafka, name);
    assert!(rows.iter().all(|row| row["in_zookeeper"] == 8 && row["on_brokers"] == 7), "{rows:?}");
}

/// While the coordinator loads its groups, or is not there yet, there is no answer.
const NOT_YET: [ErrorCode; 3] = [
    ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode::COORDINATOR_NOT_AVAILABLE,
    ErrorCode::NOT_COORDINATOR,
];

/// As a consumer does that the brokers coordinate: it is a member, whatever becomes of its connection.
pub(crate) fn join_on_brokers(kafka: &RealKafka, group: &str) {
    let code = until(|| match ask_to_join(kafka, group).expect("an answer") {
        code if NOT_YET.contains(&code) => Err(format!("{code:?}")),
        code => Ok(code),
    });
    assert_eq!(code, ErrorCode::NONE);
}

fn ask_to_join(kafka: &RealKafka, group: &str) -> io::Result<ErrorCode> {
    let metadata = [0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
    let range =
        JoinGroupRequestProtocol { name: "range", metadata: &metadata, unknown_tags: UnknownTags::default() };
    let request = JoinGroupRequest {
        group_id: group,
        session_timeout_ms: 120_000,
        rebalance_timeout_ms: -1,
        member_id: "",
        group_instance_id: None,
        protocol_type: "consumer",
        protocols: vec![range],
        reason: None,
        unknown_tags: UnknownTags::default(),
    };
    let mut stream = connect(&kafka.address(1), PATIENCE)?;
    exchange(&mut stream, 0, &request, |joined| joined.error_code)
}

pub(crate) fn nothing_is_set_beside_members_that_the_brokers_coordinate(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "shown-beside";
    Runtime::Tokio.run(kafka, async |cluster| {
        Znodes::of(kafka).create_topic(name, PARTITIONS);
        publish(cluster, name, COUNT).await;
        let mut consumer = join(cluster, name, Dialect::Scala).await;
        assert_eq!(consume(&mut [&mut consumer], COUNT).await[0].len(), COUNT);
        consumer.close().await.expect("it leaves");
        let (group, topic) = (cluster.group(name), cluster.topic(name));
        until_empty(&group).await;
        let plan = group.plan_reset(&topic, Offset::Earliest).await.expect("a plan");

        join_on_brokers(kafka, name);
        assert_eq!(group.describe().await.expect("a group").members_on_brokers, Ok(1));
        let unplanned = group.plan_reset(&topic, Offset::Earliest).await.expect_err("somebody is there");
        assert!(matches!(unplanned, GroupResetError::HasMembersOnBrokers { members: 1, .. }), "{unplanned}");
        let refused = group.reset(&plan).await.expect_err("somebody is there");
        assert!(matches!(refused, GroupResetError::HasMembersOnBrokers { members: 1, .. }), "{refused}");
        let described = group.describe().await.expect("a group");
        assert!(described.partitions.iter().all(|part| part.on_brokers == Some(EACH)), "{described:?}");
        let told = samsa(kafka, &["groups", name]);
        assert!(told.stderr.contains("that the brokers coordinate: 1 consumer"), "{}", told.stderr);
    });
}

pub(crate) fn what_scalas_consumers_keep_on_the_brokers_is_shown_and_set_there(release: Release) {
    let Some(kafka) = shared(release) else { return };
    let name = "shown-foreign";
    Znodes::of(kafka).create_topic(name, PARTITIONS);
    Runtime::Tokio.run(kafka, async |cluster| publish(cluster, name, COUNT).await);
    let settings = [("offsets.storage", "kafka"), ("dual.commit.enabled", "false")];
    let start = || scala::start(kafka, (name, "a"), (name, 1), &settings).expect("a process");
    let member = start();
    let received = |count| {
        let got = member.received().expect("what it received").len();
        if got == count { Ok(()) } else { Err(format!("{got} of {count}")) }
    };
    until(|| received(COUNT));
    until(|| {
        let rows = shown(kafka, name);
        let is_so =
            lag(&rows) == 0 && rows.iter().filter(|row| row["on_brokers"] == EACH).count() == PARTITIONS;
        if is_so { Ok(()) } else { Err(format!("{rows:?}")) }
    });
    let rows = shown(kafka, name);
    assert_eq!(rows[1]["owner"], json!(format!("{name}_a-0")), "{rows:?}");
    let refused = samsa(kafka, &["groups", name, "reset", name, "--to", "6"]);
    assert!(refused.stderr.contains("must leave"), "{}", refused.stderr);
    member.shut_down().expect("it leaves");

    let set = samsa(kafka, &["groups", name, "reset", name, "--to", "6"]);
    assert!(set.stderr.contains("4 offsets set, on the brokers only"), "{}", set.stderr);
    let next = start();
    let expected = PARTITIONS * (EACH - 6) as usize;
    until(|| match next.received().expect("what it received") {
        got if got.len() == expected => Ok(()),
        got => Err(format!("{got:?}")),
    });
    let got = next.shut_down().expect("it leaves");
    assert!(got.iter().all(|(_, offset)| *offset >= 6), "{got:?}");
}
