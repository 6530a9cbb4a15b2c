//! Messages that an application publishes together, in a simulated world.

use std::time::Duration;

use samsa_client::{AppendError, Cluster, FlushError, Message, MessageSet, PublishFailure, Topic};
use samsa_sim::{ClusterConfig, FaultMix, Release, Simulation, World};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How many messages a topic has.
async fn stored(topic: &Topic) -> Outcome<i64> {
    let ends = topic.offsets(samsa_client::Offset::Latest).await?;
    Ok(ends.iter().map(|end| end.offset).sum())
}

fn run<F: Future<Output = Outcome<()>> + 'static>(
    cluster: ClusterConfig,
    play: impl FnOnce(World, Cluster) -> F + 'static,
) {
    let simulation = Simulation::new(7).cluster(cluster).faults(FaultMix::none());
    let run = simulation.run(|world| {
        let connecting = world.bootstrap().batch_bytes(4096).connect();
        let played = |cluster| play(world, cluster);
        async move {
            let cluster = connecting.await?;
            played(cluster.clone()).await?;
            cluster.close().await?;
            Outcome::Ok(())
        }
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end").expect("nothing went wrong");
}

/// Time for everything that is on its way.
const A_WHILE: Duration = Duration::from_secs(1);

#[test]
fn a_set_is_one_behind_the_other_where_its_key_says_on_every_release() {
    for release in Release::ALL {
        run(ClusterConfig { release, ..ClusterConfig::default() }, |_, cluster| async move {
            let topic = cluster.topic("words");
            let alone = topic.publish(Message::new("0").key("k")).await?;
            let set = topic.publish(MessageSet::from_iter(["1", "2", "3"]).key("k")).await?;
            assert_eq!((set.partition, set.base_offset, set.count), (alone.partition, Some(1), 3));
            let other = cluster.publish(&topic, MessageSet::from_iter(["4"])).await?;
            assert_eq!(other.count, 1);
            let chosen = topic.partition(2).publish(MessageSet::from_iter(["5", "6"]).key("k")).await?;
            assert_eq!(chosen.partition, 2);
            assert_eq!(stored(&topic).await?, 7);
            Ok(())
        });
    }
}

#[test]
fn a_set_that_is_too_large_for_the_client_or_the_broker_is_not_sent_and_says_its_size() {
    let cluster = ClusterConfig { batch_bytes: 2000, ..ClusterConfig::default() };
    run(cluster, |_, cluster| async move {
        let topic = cluster.topic("words");
        let words = |count| (0..count).map(|_| "x".repeat(100)).collect::<MessageSet<'_>>();
        let error = topic.publish(words(20)).await.unwrap_err();
        assert!(matches!(error.failure(), PublishFailure::TooLarge { count: 20, .. }), "{error}");
        assert_eq!(error.messages().len(), 20);

        let error = topic.publish(words(20_000)).await.unwrap_err();
        let reason = PublishFailure::Unacceptable(AppendError::EmptySet);
        assert_eq!(*topic.publish(words(0)).await.unwrap_err().failure(), reason);
        let PublishFailure::Unacceptable(AppendError::SetTooLarge { count, size, limit }) = error.failure()
        else {
            panic!("{error}")
        };
        assert!(*count == 20_000 && size > limit, "{error}");
        assert_eq!(topic.publish(words(10)).await?.count, 10);
        assert_eq!(stored(&topic).await?, 10);
        Ok(())
    });
}

#[test]
fn a_batch_waits_for_its_flush_and_reports_in_order() {
    run(ClusterConfig::default(), |world, cluster| async move {
        let (words, more) = (cluster.topic("words"), cluster.topic("more"));
        words.publish("first").await?;
        let mut batch = cluster.batch();
        batch.append(&words, Message::new("a").key("k")).await?;
        batch.append(&more, "b").await?;
        batch.append(&words, Message::new("c").key("k")).await?;
        world.sleep(A_WHILE).await;
        assert_eq!((stored(&words).await?, batch.len()), (1, 3));

        let receipts = batch.flush().await?.all()?;
        assert!(receipts[0].offset < receipts[2].offset && receipts.len() == 3);
        assert_eq!((stored(&words).await?, stored(&more).await?), (3, 1));
        assert!(batch.is_empty() && batch.flush().await?.outcomes().is_empty());
        Ok(())
    });
}

#[test]
fn a_batch_that_grows_past_its_size_starts_to_send_by_itself() {
    run(ClusterConfig::default(), |world, cluster| async move {
        let words = cluster.topic("words");
        let mut batch = words.batch();
        for _ in 0..5 {
            batch.append("x".repeat(1000)).await?;
        }
        world.sleep(A_WHILE).await;
        assert!(stored(&words).await? > 0);
        assert_eq!(batch.flush().await?.all()?.len(), 5);
        Ok(())
    });
}

#[test]
fn what_was_appended_is_sent_when_a_batch_is_dropped_or_its_filling_ends_early() {
    run(ClusterConfig::default(), |world, cluster| async move {
        let words = cluster.topic("words");
        let mut batch = words.batch();
        batch.append("a").await?;
        drop(batch);
        world.sleep(A_WHILE).await;
        assert_eq!(stored(&words).await?, 1);

        let ends_early = async |batch: &mut samsa_client::Batch| {
            batch.append(&words, "b").await.map_err(|_| "not appended")?;
            Err("enough")
        };
        assert_eq!(cluster.with_batch(ends_early).await, Err("enough"));
        world.sleep(A_WHILE).await;
        assert_eq!(stored(&words).await?, 2);

        let report = cluster.with_batch(async |batch| batch.append(&words, "c").await).await?;
        assert_eq!((report.all()?.len(), stored(&words).await?), (1, 3));
        Ok(())
    });
}

#[test]
fn batches_that_hold_all_of_the_buffer_do_not_wait_for_each_other() {
    let simulation = Simulation::new(7).faults(FaultMix::none());
    let run = simulation.run(|world| async move {
        let cluster = world.bootstrap().buffer_bytes(16 << 10).message_bytes(8 << 10).connect().await?;
        let words = cluster.topic("words");
        let mut batches = [words.batch(), words.batch()];
        for _ in 0..50 {
            for batch in &mut batches {
                batch.append("x".repeat(900)).await?;
            }
        }
        for batch in &mut batches {
            assert_eq!(batch.flush().await?.all()?.len(), 50);
        }
        cluster.close().await?;
        Outcome::Ok(())
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end").expect("nothing went wrong");
}

#[test]
fn a_batch_of_a_closed_client_says_so() {
    let simulation = Simulation::new(7).faults(FaultMix::none());
    let run = simulation.run(|world| async move {
        let cluster = world.bootstrap().connect().await?;
        let mut batch = cluster.topic("words").batch();
        batch.append("a").await?;
        cluster.close().await?;
        assert_eq!(batch.flush().await, Err(FlushError::Closed));
        assert_eq!(batch.append("b").await, Err(AppendError::Closed));
        Outcome::Ok(())
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end").expect("nothing went wrong");
}
