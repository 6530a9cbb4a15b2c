//! What a client logs when something goes wrong, with its fields.

use std::time::Duration;

use samsa_client::{Cluster, Offset};
use samsa_sim::{ClusterConfig, Fault, FaultMix, Simulation, World};

/// The trace of what a client did, in which its log is.
fn trace<F: Future<Output = ()> + 'static>(
    faults: FaultMix,
    act: impl FnOnce(World, Cluster) -> F + 'static,
) -> Vec<String> {
    let cluster = ClusterConfig { brokers: 2, replication: 2, ..ClusterConfig::default() };
    let simulation = Simulation::new(7).cluster(cluster).faults(faults).keep_trace(true);
    let run = simulation.run(|world| async move {
        let builder = world.bootstrap().delivery_timeout(Duration::from_secs(5));
        let cluster = builder.connect_within(Duration::from_secs(60)).connect().await.expect("a cluster");
        act(world, cluster).await;
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end");
    run.report.trace
}

fn has(trace: &[String], words: &[&str]) {
    let is_it = |line: &String| line.contains("client 1") && words.iter().all(|word| line.contains(word));
    assert!(trace.iter().any(is_it), "{words:?} in {trace:#?}");
}

#[test]
fn a_lost_broker_a_leader_that_moves_and_a_batch_that_fails_are_in_the_log() {
    let trace = trace(FaultMix::none(), |world, cluster| async move {
        let partition = cluster.topic("events").partition(0);
        partition.publish("hello").await.expect("a receipt");
        let leader = cluster.topic("events").partitions().await.expect("partitions")[0].leader;
        let leader = leader.expect("a leader").0;
        world.crash(leader);
        partition.publish("moved").await.expect("a receipt");
        world.crash(3 - leader);
        partition.publish("lost").await.expect_err("nobody is there");
        cluster.close().await.expect("nothing is given up");
    });
    has(&trace, &["a broker was lost", "broker=", "reason="]);
    has(&trace, &["a leader moved", "topic=events", "partition=0", "leader=", "leader_epoch=1"]);
    has(&trace, &["a batch goes again", "records=1", "why="]);
    has(&trace, &["a batch failed", "topic=events", "partition=0", "records=1", "certainty=", "failure="]);
    has(&trace, &["connected", "brokers=2"]);
    has(&trace, &["closed", "given_up=0"]);
}

#[test]
fn a_broker_that_throttles_and_one_that_lies_are_in_the_log() {
    for (fault, words) in [
        (Fault::Quota, &["a broker throttles", "broker=", "lasts="][..]),
        (Fault::Lies, &["the peer broke the protocol", "conn=", "peer=", "reason="]),
        (Fault::Lies, &["a broker's answer cannot be read", "error="]),
    ] {
        let trace = trace(FaultMix::of(&[fault]), |world, cluster| async move {
            let topic = cluster.topic("events");
            for _ in 0..300 {
                let _ = topic.publish("hello").await;
            }
            world.healed().await;
        });
        has(&trace, words);
    }
}

#[test]
fn a_partition_that_is_not_read_any_more_is_in_the_log() {
    let trace = trace(FaultMix::none(), |_, cluster| async move {
        let partition = cluster.topic("events").partition(0);
        partition.publish("hello").await.expect("a receipt");
        let mut reader = partition.reader(Offset::Exact(7)).open().await.expect("a reader");
        reader.next().await.expect("no end").expect_err("there is no such offset");
    });
    has(&trace, &["a partition is not read any more", "error="]);
}
