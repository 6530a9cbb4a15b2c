//! How clients end: by the last handle, by close, with their runtime.

use std::time::Duration;

use futures_lite::future::zip;
use samsa_client::{
    AppendError, Certainty, CloseError, Cluster, Delivery, FlushError, LookError, Offset, PublishFailure,
    ReadError, Topic,
};
use samsa_sim::{FaultMix, Run, Simulation, World};

const SECOND: Duration = Duration::from_secs(1);

/// Plays in worlds with one broker, which is found through ZooKeeper in every second of them.
fn play<F: Future<Output = ()> + 'static>(act: impl Fn(World, Cluster) -> F + Copy + 'static) {
    play_with(5 * SECOND, act);
}

/// The same with a delivery timeout.
fn play_with<F: Future<Output = ()> + 'static>(
    delivery_timeout: Duration,
    act: impl Fn(World, Cluster) -> F + Copy + 'static,
) {
    for seed in 0..10 {
        // What a test breaks stays so until it says otherwise.
        let simulation = Simulation::new(seed).faults(FaultMix::none()).faults_for(300 * SECOND);
        let Run { output, report } = simulation.run(move |world| async move {
            let builder = if seed % 2 == 0 { world.zookeeper() } else { world.bootstrap() };
            let builder = builder.buffer_bytes(64 << 10).batch_bytes(8 << 10).message_bytes(16 << 10);
            let cluster = builder.delivery_timeout(delivery_timeout).connect().await.expect("a cluster");
            cluster.topic("events").partition(0).publish("it is there").await.expect("a receipt");
            act(world, cluster).await;
        });
        assert!(report.is_ok(), "{report}");
        output.expect("it ran to its end");
    }
}

async fn enqueue(topic: &Topic, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for number in 0..count {
        deliveries.push(topic.enqueue(number.to_string()).await.expect("room"));
    }
    deliveries
}

async fn stored(world: &World) -> i64 {
    let cluster = world.bootstrap().connect().await.expect("a cluster");
    let ends = cluster.topic("events").offsets(Offset::Latest).await.expect("offsets");
    cluster.close().await.expect("nothing is given up");
    ends.iter().map(|end| end.offset).sum()
}

/// The client has ended by then.
async fn is_gone_within(world: &World, within: Duration) {
    world.sleep(within).await;
    assert_eq!(world.running_clients(), 0);
}

#[test]
fn the_last_handle_leaves_when_all_that_was_accepted_and_appended_is_stored() {
    play(|world, cluster| async move {
        let topic = cluster.topic("events");
        let mut batch = cluster.batch();
        batch.append(&topic, "a").await.expect("room");
        batch.append(&topic, "b").await.expect("room");
        let mut deliveries = enqueue(&topic, 100).await;
        let reader = topic.reader(Offset::Latest).open().await.expect("a reader");
        drop(deliveries.split_off(50));
        drop((cluster, topic, batch));
        for delivery in deliveries {
            delivery.await.expect("a receipt");
        }
        assert_eq!(world.running_clients(), 1, "the reader is a handle too");
        drop(reader);
        is_gone_within(&world, 2 * SECOND).await;
        assert_eq!(stored(&world).await, 103);
    });
}

#[test]
fn the_last_handle_leaves_at_the_delivery_deadline_when_nobody_takes_what_was_accepted() {
    play(|world, cluster| async move {
        world.crash(1);
        let deliveries = enqueue(&cluster.topic("events"), 20).await;
        drop(cluster);
        for delivery in deliveries {
            let error = delivery.await.expect_err("nobody is there");
            assert!(matches!(error.failure(), PublishFailure::TimedOut { .. }), "{error}");
        }
        is_gone_within(&world, 3 * SECOND).await;
    });
}

#[test]
fn close_is_bounded_while_the_broker_is_frozen_and_tells_what_may_have_been_sent() {
    play(|world, cluster| async move {
        let topic = cluster.topic("events");
        let mut reader = topic.reader(Offset::Latest).open().await.expect("a reader");
        world.freeze(1);
        let deliveries = enqueue(&topic, 30).await;
        let began = world.now().mono;
        let closed = cluster.close_within(2 * SECOND).await;
        assert!(matches!(closed, Err(CloseError::GaveUp { given_up: 30, .. })), "{closed:?}");
        assert!(world.now().mono - began <= 3 * SECOND, "two for what was accepted, one for ZooKeeper");
        for delivery in deliveries {
            let error = delivery.await.expect_err("nobody answers");
            assert_eq!(error.certainty(), Certainty::PossiblySent, "it was written to a connection");
        }
        assert!(reader.next().await.is_none());
        assert_eq!(world.running_clients(), 0);
        world.thaw(1);
    });
}

#[test]
fn close_is_bounded_while_the_broker_is_dead_and_tells_what_was_not_sent() {
    play(|world, cluster| async move {
        world.crash(1);
        world.sleep(SECOND).await;
        let deliveries = enqueue(&cluster.topic("events"), 30).await;
        let began = world.now().mono;
        let closed = cluster.close_within(2 * SECOND).await;
        assert!(matches!(closed, Err(CloseError::GaveUp { given_up: 30, .. })), "{closed:?}");
        assert!(world.now().mono - began <= 3 * SECOND, "two for what was accepted, one for ZooKeeper");
        for delivery in deliveries {
            let error = delivery.await.expect_err("nobody is there");
            assert_eq!(error.certainty(), Certainty::NotSent, "there was no connection");
        }
        assert_eq!(world.running_clients(), 0);
    });
}

#[test]
fn a_close_without_a_bound_of_its_own_ends_when_a_dead_broker_has_taken_nothing() {
    play(|world, cluster| async move {
        world.crash(1);
        let deliveries = enqueue(&cluster.topic("events"), 30).await;
        let began = world.now().mono;
        cluster.close().await.expect("at the delivery deadline each has its outcome");
        assert!(world.now().mono - began <= 6 * SECOND, "five for deliveries, one for ZooKeeper");
        for delivery in deliveries {
            let error = delivery.await.expect_err("nobody is there");
            assert!(matches!(error.failure(), PublishFailure::TimedOut { .. }), "{error}");
        }
        assert_eq!(world.running_clients(), 0);
    });
}

#[test]
fn a_close_without_a_bound_of_its_own_gives_up_after_30_s_what_has_longer() {
    play_with(120 * SECOND, |world, cluster| async move {
        world.freeze(1);
        let deliveries = enqueue(&cluster.topic("events"), 30).await;
        let began = world.now().mono;
        let closed = cluster.close().await;
        let took = world.now().mono - began;
        assert_eq!(closed, Err(CloseError::GaveUp { given_up: 30, within: 30 * SECOND }));
        // By the client's own clock, which may go 1 % fast or slow.
        assert!(took >= 30 * SECOND * 99 / 100, "as long as it has: {took:?}");
        assert!(took <= 31 * SECOND * 101 / 100, "30 for what was accepted, one for ZooKeeper: {took:?}");
        for delivery in deliveries {
            let error = delivery.await.expect_err("nobody answers");
            assert_eq!(error.failure(), &PublishFailure::Closed, "its deadline is later");
        }
        assert_eq!(world.running_clients(), 0);
    });
}

#[test]
fn when_the_runtime_ends_whoever_waits_is_told_at_once() {
    play(|world, cluster| async move {
        let topic = cluster.topic("events");
        let mut reader = topic.reader(Offset::Latest).open().await.expect("a reader");
        let mut events = cluster.events();
        world.freeze(1);
        let mut batch = topic.batch();
        batch.append("appended").await.expect("room");
        let sent = enqueue(&topic, 3).await;
        world.sleep(Duration::from_millis(100)).await;
        let filler = "x".repeat(4000);
        while topic.try_enqueue(&filler).is_ok() {}

        let killing = async {
            world.sleep(SECOND / 10).await;
            world.kill_clients();
        };
        let (looking, publishing) = (topic.partitions(), topic.publish(&filler));
        let opening = topic.reader(Offset::Latest).open();
        let (flushing, closing) = (cluster.flush(), cluster.clone());
        let waiting =
            zip(zip(looking, publishing), zip(zip(opening, flushing), zip(reader.next(), events.next())));
        let (((looked, published), ((opened, flushed), (message, event))), ()) = zip(waiting, killing).await;
        assert_eq!(looked, Err(LookError::Closed));
        assert_eq!(published.expect_err("no room").failure(), &PublishFailure::Closed);
        assert_eq!(opened.err(), Some(ReadError::Closed));
        assert!(matches!(flushed, Err(FlushError::Closed | FlushError::Unfinished { .. })), "{flushed:?}");
        assert!(message.is_none() && event.is_none());
        for delivery in sent {
            let error = delivery.await.expect_err("nobody answers");
            assert_eq!(
                (error.certainty(), error.failure()),
                (Certainty::PossiblySent, &PublishFailure::Closed)
            );
        }
        assert_eq!(batch.append("too late").await, Err(AppendError::Closed));
        assert_eq!(batch.flush().await.err(), Some(FlushError::Closed));
        assert_eq!(closing.close().await, Ok(()), "what is gone may be closed");
        assert_eq!(world.running_clients(), 0);
    });
}

#[test]
fn when_the_runtime_ends_while_the_client_closes_the_close_ends_too() {
    play(|world, cluster| async move {
        world.freeze(1);
        let deliveries = enqueue(&cluster.topic("events"), 5).await;
        let killing = async {
            world.sleep(SECOND).await;
            world.kill_clients();
        };
        let (closed, ()) = zip(cluster.close_within(60 * SECOND), killing).await;
        assert!(matches!(closed, Err(CloseError::GaveUp { given_up: 5, .. })), "{closed:?}");
        for delivery in deliveries {
            let error = delivery.await.expect_err("nobody answers");
            assert_eq!(
                (error.certainty(), error.failure()),
                (Certainty::PossiblySent, &PublishFailure::Closed)
            );
        }
    });
}

#[test]
fn a_connect_that_is_dropped_leaves_no_client_behind() {
    play(|world, cluster| async move {
        for micros in (0..5000).step_by(250) {
            let connecting = world.zookeeper().connect();
            let _ = world.timeout(Duration::from_micros(micros), connecting).await;
        }
        world.sleep(2 * SECOND).await;
        assert_eq!(world.running_clients(), 1, "the one that is still held");
        drop(cluster);
    });
}
