//! Groups that live on the brokers, looked at and set from outside, in a simulated world.

use std::time::Duration;

use samsa_client::{
    Cluster, Commit, GroupHome, GroupKind, GroupLookError, GroupProtocol, Offset, OffsetStorage,
};
use samsa_sim::{ClusterConfig, FaultMix, Release, Simulation, World};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const GROUP: &str = "readers";
const TOPIC: &str = "events";
const PARTITIONS: i32 = 3;

/// Two clients of a cluster of this release: one that was found through ZooKeeper, whose member leaves offsets on the brokers, and
/// one that was found by bootstrap.
fn run<F: Future<Output = Outcome<()>> + 'static>(
    release: Release,
    play: impl FnOnce(World, Cluster, Cluster) -> F + 'static,
) {
    let cluster = ClusterConfig { release, brokers: 2, partitions: PARTITIONS, ..ClusterConfig::default() };
    let simulation = Simulation::new(7).cluster(cluster).faults(FaultMix::none());
    let run = simulation.run(|world| async move {
        let (one, other) = (world.zookeeper().connect().await?, world.bootstrap().connect().await?);
        play(world, one.clone(), other.clone()).await?;
        one.close().await?;
        other.close().await?;
        Outcome::Ok(())
    });
    assert!(run.report.is_ok(), "{release:?}: {}", run.report);
    run.output.expect("it ran to its end").expect("nothing went wrong");
}

/// A message comes to each partition; a member reads so many in all, commits, and leaves. Gives their offsets.
async fn read_and_commit(cluster: &Cluster, count: usize) -> Outcome<Vec<i64>> {
    for number in 0..PARTITIONS {
        cluster.topic(TOPIC).partition(number).publish("it").await?;
    }
    let consumer = cluster.topic(TOPIC).consumer(GROUP).start_at(Offset::Earliest);
    let consumer = consumer.protocol(GroupProtocol::ZooKeeper(samsa_client::Dialect::Scala));
    let mut consumer = consumer.offsets(OffsetStorage::Brokers).commit(Commit::Automatic).subscribe().await?;
    let mut read = Vec::new();
    for _ in 0..count {
        read.push(consumer.next().await.expect("no end")?.offset());
    }
    consumer.commit().await?;
    consumer.close().await?;
    read.sort_unstable();
    Ok(read)
}

/// All that have `ZooKeeper`, and brokers that can be asked for groups. Those of 0.10 tell offsets by name alone.
fn releases() -> impl Iterator<Item = Release> {
    let newer = Release::ALL.into_iter().filter(|release| release.has_zookeeper());
    std::iter::once(Release::V0_10).chain(newer)
}

#[test]
fn what_is_kept_on_the_brokers_is_seen_and_set_by_who_knows_no_zookeeper() {
    for release in releases() {
        run(release, move |world, member, outside| async move {
            let group = outside.group(GROUP);
            let unknown = group.describe().await.expect_err("nobody was there");
            assert!(matches!(unknown, GroupLookError::UnknownOnBrokers { .. }), "{unknown}");
            read_and_commit(&member, 3).await?;

            let list = outside.groups().await?;
            let [listed] = &list.groups[..] else { panic!("{release:?}: {list:?}") };
            assert_eq!((&*listed.name, list.untold.len()), (GROUP, 0));
            let GroupHome::Brokers { kind, state } = &listed.home else { panic!("{list:?}") };
            assert!(matches!(kind, None | Some(GroupKind::Classic)), "{release:?}: {list:?}");
            assert!(state.as_ref().is_none_or(|state| state == "Empty"), "{release:?}: {list:?}");
            let described = group.describe().await?;
            let committed = described.partitions.iter().map(|part| (part.partition, part.committed));
            assert_eq!(
                committed.collect::<Vec<_>>(),
                [0, 1, 2].map(|number| (number, Some(1))),
                "{release:?}"
            );
            assert_eq!(described.coordinated.map(|group| group.members.len()), Some(0));

            let plan = group.plan_reset(&outside.topic(TOPIC), Offset::Earliest).await?;
            assert_eq!(plan.storage(), OffsetStorage::Brokers);
            group.reset(&plan).await?;
            world.sleep(Duration::from_secs(1)).await;
            let read = read_and_commit(&member, 6).await?;
            assert_eq!(read, [0, 0, 0, 1, 1, 1], "{release:?}: it begins anew");
            Ok(())
        });
    }
}
