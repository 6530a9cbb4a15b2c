//! What a person meets who asks for what the brokers, or the other members, have not.

use std::time::Duration;

use samsa_tests::{Release, own};
use samsa_tokio::{Assignor, Consumer, ConsumerBuilder, GroupError, GroupProtocol};

use crate::brokers::{brokers, run};
use crate::client::Runtime;
use crate::group::{Group, create_topic, settle};

/// Beyond what brokers allow.
const TOO_LONG: Duration = Duration::from_secs(7200);

/// Why a member is not taken, which a person can read.
async fn refused(group: &Group<'_>, member: ConsumerBuilder) -> GroupError {
    let consumer = member.subscribe().await;
    let error = consumer.map(|consumer| consumer.member().to_owned()).expect_err("it is refused");
    let told = error.to_string();
    assert!(told.contains(group.name) && !told.contains("  "), "{told}");
    println!("{told}");
    error
}

pub(crate) fn kip_848_alone_is_refused_where_brokers_are_older(release: Release, protocol: GroupProtocol) {
    let Some(kafka) = brokers(release) else { return };
    let name = "kip-848-alone";
    run(kafka, Runtime::Tokio, async |cluster| {
        let group = Group::new(kafka, cluster, name, protocol).await;
        let error = refused(&group, group.member()).await;
        assert!(matches!(error, GroupError::NoConsumerProtocol { .. }), "{error}");
    });
}

pub(crate) fn brokers_before_0_9_coordinate_no_group(release: Release, protocol: GroupProtocol) {
    let Some(kafka) = &own(release) else { return };
    let name = "before-groups";
    for runtime in Runtime::BOTH {
        run(kafka, runtime, async |cluster| {
            if runtime == Runtime::Tokio {
                create_topic(kafka, cluster, name).await;
            }
            let group = Group::of(cluster, name, protocol);
            let error = refused(&group, group.member()).await;
            assert!(matches!(error, GroupError::NotCoordinated { .. }), "{error}");
        });
    }
}

pub(crate) fn who_shares_in_another_way_is_refused(release: Release, protocol: GroupProtocol) {
    let Some(kafka) = brokers(release) else { return };
    let name = format!("in-turn-{protocol:?}");
    run(kafka, Runtime::Tokio, async |cluster| {
        let mut group = Group::new(kafka, cluster, &name, protocol).await;
        let mut first = group.join().await;
        settle(&[&first], &[4]).await;
        let error = refused(&group, group.member().assignor(Assignor::RoundRobin)).await;
        assert!(matches!(error, GroupError::OtherAssignor { .. }), "{error}");
        group.publish(40).await;
        assert_eq!(group.consume(&mut [&mut first]).await, [40], "the group goes on");
        first.close().await.expect("it leaves");
    });
}

pub(crate) fn a_session_timeout_that_brokers_do_not_allow_is_refused(
    release: Release,
    protocol: GroupProtocol,
) {
    let Some(kafka) = brokers(release) else { return };
    let name = format!("too-long-{protocol:?}");
    run(kafka, Runtime::Tokio, async |cluster| {
        let group = Group::new(kafka, cluster, &name, protocol).await;
        let error = refused(&group, group.member().session_timeout(TOO_LONG)).await;
        assert!(matches!(error, GroupError::SessionTimeout { .. }), "{error}");
    });
}

pub(crate) fn members_of_both_protocols_share_a_group(release: Release, _: GroupProtocol) {
    let Some(kafka) = brokers(release) else { return };
    for (first, second) in
        [(GroupProtocol::Classic, GroupProtocol::Brokers), (GroupProtocol::Consumer, GroupProtocol::Classic)]
    {
        let name = format!("{second:?}-beside-{first:?}");
        run(kafka, Runtime::Tokio, async |cluster| {
            let mut group = Group::new(kafka, cluster, &name, first).await;
            let mut one = group.join().await;
            settle(&[&one], &[4]).await;
            group.publish(40).await;
            group.consume(&mut [&mut one]).await;
            group.protocol = second;
            let mut other = group.join().await;
            share(&mut group, &mut one, &mut other).await;
            one.close().await.expect("it leaves");
            settle(&[&other], &[4]).await;
            group.publish(40).await;
            assert_eq!(group.consume(&mut [&mut other]).await, [40]);
            group.protocol = first;
            let mut one = group.join().await;
            share(&mut group, &mut one, &mut other).await;
            one.close().await.expect("it leaves");
            other.close().await.expect("it leaves");
        });
    }
}

async fn share(group: &mut Group<'_>, one: &mut Consumer, other: &mut Consumer) {
    settle(&[one, other], &[2, 2]).await;
    group.publish(40).await;
    assert_eq!(group.consume(&mut [one, other]).await, [20, 20]);
}
