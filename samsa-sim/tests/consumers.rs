//! What a member of a group can do, through its handle, in a simulated world.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_lite::future::zip;
use samsa_client::{
    Assignor, Cluster, Commit, CommitError, Consumer, ConsumerBuilder, ConsumerEvent, Explanation,
    MessageSet, Offset, ReadError, TopicPartition, Waiting,
};
use samsa_sim::{ClusterConfig, FaultMix, Simulation, World};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Time for everything that is on its way, and for a hand-over.
const A_WHILE: Duration = Duration::from_secs(5);

/// A cluster that was found through ZooKeeper, whose topics have so many partitions.
fn run<F: Future<Output = Outcome<()>> + 'static>(
    partitions: i32,
    play: impl FnOnce(World, Cluster) -> F + 'static,
) {
    let cluster = ClusterConfig { partitions, ..ClusterConfig::default() };
    let simulation = Simulation::new(7).cluster(cluster).faults(FaultMix::none());
    let run = simulation.run(|world| async move {
        let cluster = world.zookeeper().connect().await?;
        play(world, cluster.clone()).await?;
        cluster.close().await?;
        Outcome::Ok(())
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end").expect("nothing went wrong");
}

fn member(cluster: &Cluster, commit: Commit) -> ConsumerBuilder {
    let builder = cluster.consumer("readers").topics(["events"]).start_at(Offset::Earliest);
    builder.commit(commit).commit_every(Duration::from_secs(3600))
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("events", number)
}

/// Publishes so many messages, each in a batch of its own.
async fn publish(cluster: &Cluster, number: i32, count: usize) -> Outcome<()> {
    for _ in 0..count {
        cluster.topic("events").partition(number).publish("it").await?;
    }
    Ok(())
}

/// The offset of the next message.
async fn next(consumer: &mut Consumer) -> i64 {
    consumer.next().await.expect("no end").expect("a message").offset()
}

/// The offset at which whoever joins begins to read, of the only partition.
async fn begins(cluster: &Cluster) -> Outcome<i64> {
    let mut consumer = member(cluster, Commit::Manual).subscribe().await?;
    let first = next(&mut consumer).await;
    consumer.close().await?;
    Ok(first)
}

#[test]
fn manual_commits_what_was_handed_out_and_only_when_it_is_asked_to() {
    run(1, |_, cluster| async move {
        publish(&cluster, 0, 5).await?;
        let mut consumer = member(&cluster, Commit::Manual).subscribe().await?;
        assert_eq!((next(&mut consumer).await, next(&mut consumer).await), (0, 1));
        consumer.commit().await?;
        assert_eq!(next(&mut consumer).await, 2);
        consumer.close().await?;
        assert_eq!(begins(&cluster).await?, 2);
        Ok(())
    });
}

#[test]
fn marks_are_committed_at_the_end_and_what_is_not_marked_comes_again() {
    run(1, |_, cluster| async move {
        publish(&cluster, 0, 5).await?;
        let mut consumer = member(&cluster, Commit::Marked).subscribe().await?;
        let first = consumer.next().await.expect("no end")?;
        assert_eq!(next(&mut consumer).await, 1);
        consumer.mark(&first);
        consumer.close().await?;
        assert_eq!(begins(&cluster).await?, 1);
        Ok(())
    });
}

#[test]
fn a_chunk_that_is_marked_is_committed() {
    run(1, |_, cluster| async move {
        publish(&cluster, 0, 3).await?;
        let mut consumer = member(&cluster, Commit::Marked).subscribe().await?;
        let chunk = consumer.next_chunk().await.expect("no end")?;
        assert_eq!((chunk.base_offset(), chunk.next_offset()), (0, 1));
        consumer.mark_chunk(&chunk);
        consumer.commit().await?;
        drop(consumer);
        assert_eq!(begins(&cluster).await?, 1);
        Ok(())
    });
}

#[test]
fn after_a_seek_back_the_commit_goes_back_in_every_mode_and_earlier_marks_do_not_count() {
    for commit in [Commit::Automatic, Commit::Marked, Commit::Manual] {
        run(1, move |world, cluster| async move {
            publish(&cluster, 0, 6).await?;
            let mut consumer = member(&cluster, commit).subscribe().await?;
            let mut last = None;
            for _ in 0..5 {
                let message = consumer.next().await.expect("no end")?;
                consumer.mark(&message);
                last = Some(message);
            }
            consumer.commit().await?;
            assert_eq!(consumer.position(&partition(0)), Some(5));

            consumer.seek(partition(0), Offset::Exact(1)).await?;
            consumer.mark(&last.expect("a message"));
            let message = consumer.next().await.expect("no end")?;
            assert_eq!((message.offset(), consumer.position(&partition(0))), (1, Some(2)));
            consumer.mark(&message);
            consumer.commit().await?;
            drop(consumer);
            world.sleep(A_WHILE).await;
            assert_eq!(begins(&cluster).await?, 2, "{commit:?}");
            Ok(())
        });
    }
}

#[test]
fn a_seek_of_a_partition_that_is_another_members_fails() {
    run(1, |_, cluster| async move {
        publish(&cluster, 0, 1).await?;
        let mut consumer = member(&cluster, Commit::Automatic).subscribe().await?;
        for elsewhere in [partition(1), TopicPartition::new("others", 0)] {
            let sought = consumer.seek(elsewhere, Offset::Earliest).await;
            assert!(matches!(sought, Err(ReadError::UnknownPartition { .. })), "{sought:?}");
        }
        Ok(())
    });
}

#[test]
fn nothing_of_a_paused_partition_comes_and_its_rest_comes_when_it_is_resumed() {
    run(2, |world, cluster| async move {
        publish(&cluster, 0, 3).await?;
        publish(&cluster, 1, 3).await?;
        let mut consumer = member(&cluster, Commit::Automatic).subscribe().await?;
        let first = consumer.next().await.expect("no end")?;
        let paused = partition(first.partition());
        consumer.pause([paused.clone()]);
        assert!(consumer.is_paused(&paused));
        for offset in 0..3 {
            let message = consumer.next().await.expect("no end")?;
            assert_eq!((message.partition(), message.offset()), (1 - first.partition(), offset));
        }
        assert!(world.timeout(A_WHILE, consumer.next()).await.is_none());
        consumer.resume([paused.clone()]);
        assert!(!consumer.is_paused(&paused));
        assert_eq!((next(&mut consumer).await, next(&mut consumer).await), (1, 2));
        Ok(())
    });
}

#[test]
fn the_lag_counts_what_was_not_handed_out() {
    run(1, |_, cluster| async move {
        let mut batch = cluster.topic("events").batch();
        for _ in 0..5 {
            batch.append("it").await?;
        }
        batch.flush().await?.all()?;
        let mut consumer = member(&cluster, Commit::Automatic).subscribe().await?;
        for had in 1..=5 {
            assert_eq!(next(&mut consumer).await, had - 1);
            assert_eq!(consumer.position(&partition(0)), Some(had));
            let lag = BTreeMap::from([(partition(0), 5 - had.unsigned_abs())]);
            assert_eq!(consumer.lag(), lag, "in the midst of a batch, too");
        }
        Ok(())
    });
}

#[test]
fn from_the_end_nothing_is_left_out_when_a_member_goes_that_has_committed_nothing() {
    for commit in [Commit::Automatic, Commit::Marked, Commit::Manual] {
        run(1, move |world, cluster| async move {
            publish(&cluster, 0, 3).await?;
            let first = member(&cluster, commit).start_at(Offset::Latest).subscribe().await?;
            world.sleep(A_WHILE).await;
            publish(&cluster, 0, 1).await?;
            first.close().await?;
            publish(&cluster, 0, 1).await?;
            let mut second = member(&cluster, commit).start_at(Offset::Latest).subscribe().await?;
            assert_eq!((next(&mut second).await, next(&mut second).await), (3, 4), "{commit:?}");
            Ok(())
        });
    }
}

#[test]
fn who_holds_what_is_revoked_can_still_commit_it() {
    run(2, |world, cluster| async move {
        publish(&cluster, 1, 3).await?;
        let mut first = member(&cluster, Commit::Manual).subscribe().await?;
        assert_eq!((next(&mut first).await, next(&mut first).await), (0, 1));
        let mut events = first.events();
        let mut second = member(&cluster, Commit::Manual).subscribe().await?;
        let hold = loop {
            if let ConsumerEvent::Revoking { partitions, hold, .. } = events.next().await.expect("no end") {
                assert_eq!(partitions, [partition(1)]);
                break hold;
            }
        };
        assert_eq!(*first.assignment(), [partition(0)]);
        first.commit().await?;
        drop(hold);
        assert_eq!(next(&mut second).await, 2);
        world.sleep(A_WHILE).await;
        first.commit().await?;
        Ok(())
    });
}

#[test]
fn a_commit_that_comes_after_the_partition_went_says_so_once() {
    run(2, |world, cluster| async move {
        publish(&cluster, 1, 3).await?;
        let mut first = member(&cluster, Commit::Manual).subscribe().await?;
        assert_eq!(next(&mut first).await, 0);
        let mut second = member(&cluster, Commit::Manual).subscribe().await?;
        assert_eq!(next(&mut second).await, 0, "it was not committed");
        world.sleep(A_WHILE).await;
        let late = first.commit().await;
        assert!(matches!(late, Err(CommitError::Failed { .. })), "{late:?}");
        first.commit().await?;
        Ok(())
    });
}

#[test]
fn what_was_committed_in_the_midst_of_a_batch_is_committed_when_the_partition_went() {
    run(2, |world, cluster| async move {
        let five: MessageSet<'_> = ["it"; 5].into_iter().collect();
        cluster.topic("events").partition(1).publish(five).await?;
        let mut first = member(&cluster, Commit::Manual).subscribe().await?;
        assert_eq!((next(&mut first).await, next(&mut first).await), (0, 1));
        first.commit().await?;
        let mut second = member(&cluster, Commit::Manual).subscribe().await?;
        assert_eq!(next(&mut second).await, 2);
        world.sleep(A_WHILE).await;
        first.commit().await?;
        Ok(())
    });
}

#[test]
fn what_went_is_told_to_who_waits_for_the_next_commit_when_one_was_dropped() {
    run(2, |world, cluster| async move {
        publish(&cluster, 1, 1).await?;
        let mut first = member(&cluster, Commit::Manual).subscribe().await?;
        assert_eq!(next(&mut first).await, 0);
        let _second = member(&cluster, Commit::Manual).subscribe().await?;
        world.sleep(A_WHILE).await;
        publish(&cluster, 0, 1).await?;
        assert_eq!(next(&mut first).await, 0);
        let dropped = world.timeout(Duration::from_micros(1), first.commit()).await;
        assert!(dropped.is_none(), "{dropped:?}");
        world.sleep(A_WHILE).await;
        let told = first.commit().await;
        assert!(matches!(told, Err(CommitError::Failed { .. })), "{told:?}");
        first.commit().await?;
        Ok(())
    });
}

#[test]
fn a_consumer_that_is_dropped_and_its_client_closed_at_once_still_commits() {
    run(1, |world, cluster| async move {
        publish(&cluster, 0, 3).await?;
        let own = world.zookeeper().connect().await?;
        let mut consumer = member(&own, Commit::Automatic).subscribe().await?;
        assert_eq!((next(&mut consumer).await, next(&mut consumer).await), (0, 1));
        drop(consumer);
        own.close().await?;
        assert_eq!(begins(&cluster).await?, 1);
        Ok(())
    });
}

#[test]
fn a_commit_that_was_given_up_is_in_nobodys_way() {
    run(1, |world, cluster| async move {
        publish(&cluster, 0, 3).await?;
        let mut consumer = member(&cluster, Commit::Automatic).subscribe().await?;
        assert_eq!(next(&mut consumer).await, 0);
        let a_moment = Duration::from_micros(10);
        assert!(world.timeout(a_moment, consumer.commit()).await.is_none());
        consumer.commit().await?;
        drop(consumer);
        world.sleep(A_WHILE).await;
        assert_eq!(begins(&cluster).await?, 1);
        Ok(())
    });
}

/// What a member waits for in these words.
fn waiting<'a>(explanation: &'a Explanation, what: &str) -> Option<&'a Waiting> {
    explanation.lines.iter().find(|line| line.who.contains("of group \"readers\"") && line.what == what)
}

#[test]
fn who_waits_to_join_or_for_a_commit_is_explained_with_the_time_that_it_has() {
    run(1, |_, cluster| async move {
        publish(&cluster, 0, 1).await?;
        let (joined, explanation) =
            zip(member(&cluster, Commit::Manual).subscribe(), cluster.explain()).await;
        let mut consumer = joined?;
        let line = waiting(&explanation, "to have joined").expect("a line");
        assert!(line.since.is_some() && line.since < line.until, "{line:?}");

        assert_eq!(next(&mut consumer).await, 0);
        let (committed, explanation) = zip(consumer.commit(), cluster.explain()).await;
        committed?;
        let line = waiting(&explanation, "what was asked to be committed").expect("a line");
        assert!(line.since.is_some() && line.since < line.until, "{line:?}");
        assert_eq!(waiting(&explanation, "to have joined"), None);
        Ok(())
    });
}

#[test]
fn two_topics_are_dealt_in_turn_to_two_members() {
    run(2, |world, cluster| async move {
        for topic in ["events", "others"] {
            for number in 0..2 {
                cluster.topic(topic).partition(number).publish("it").await?;
            }
        }
        let dealt = || {
            let builder = cluster.consumer("readers").topics(["events", "others"]);
            builder.start_at(Offset::Earliest).assignor(Assignor::RoundRobin).subscribe()
        };
        let (mut one, mut two) = (dealt().await?, dealt().await?);
        world.sleep(A_WHILE).await;
        assert_eq!((one.assignment().len(), two.assignment().len()), (2, 2));
        for consumer in [&mut one, &mut two] {
            let own = consumer.assignment();
            for _ in 0..2 {
                let message = consumer.next().await.expect("no end")?;
                assert!(own.contains(&TopicPartition::new(message.topic(), message.partition())));
            }
        }
        Ok(())
    });
}
