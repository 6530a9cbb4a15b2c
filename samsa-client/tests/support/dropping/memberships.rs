//! The futures of a membership, for places where there are groups.

use futures_lite::future::zip;
use samsa_client::{Commit, Consumer, GroupResetError, Offset, OffsetStorage, TopicPartition};

use super::futures::{Case, SOON, answered, cases, digits, offsets};
use super::stage::Stage;

cases! { MEMBERSHIPS:
    "ConsumerBuilder::subscribe": |stage, dropper| {
        let consumer = stage.digits.consumer(stage.text()).start_at(Offset::Earliest);
        if let Some(consumer) = dropper.drops(consumer.subscribe()).await {
            consumer.expect("a share").close().await.expect("it leaves");
        }
    }
    "Consumer::next": |stage, dropper| {
        let mut consumer = member(stage, &stage.text(), Commit::Manual).await;
        digits(&mut consumer, "012").await;
        let next = dropper.drops(consumer.next()).await;
        let next = next.map(|message| message.expect("no end").expect("a message"));
        assert!(next.as_ref().is_none_or(|message| message.value() == Some(b"3")));
        digits(&mut consumer, if next.is_some() { "456" } else { "3456" }).await;
        consumer.close().await.expect("it leaves");
    }
    "Consumer::next_chunk": |stage, dropper| {
        let mut consumer = member(stage, &stage.text(), Commit::Manual).await;
        let mut places = Vec::new();
        if let Some(chunk) = dropper.drops(consumer.next_chunk()).await {
            places.extend(offsets(&chunk.expect("no end").expect("a chunk")));
        }
        while places.len() < 10 {
            let chunk = consumer.next_chunk().await.expect("no end").expect("a chunk");
            places.extend(offsets(&chunk));
        }
        assert_eq!(places, (0..10).collect::<Vec<i64>>(), "no batch is lost or comes twice");
        consumer.close().await.expect("it leaves");
    }
    "Consumer::seek": |stage, dropper| {
        let mut consumer = member(stage, &stage.text(), Commit::Manual).await;
        digits(&mut consumer, "01").await;
        let first = || TopicPartition { topic: stage.digits.name().into(), partition: 0 };
        answered(dropper.drops(consumer.seek(first(), Offset::Exact(7))).await);
        consumer.seek(first(), Offset::Exact(4)).await.expect("it seeks again");
        digits(&mut consumer, "456").await;
        consumer.close().await.expect("it leaves");
    }
    "Consumer::commit": |stage, dropper| {
        let group = stage.text();
        let mut consumer = member(stage, &group, Commit::Manual).await;
        digits(&mut consumer, "01").await;
        answered(dropper.drops(consumer.commit()).await);
        consumer.close().await.expect("it leaves");
        // What was ordered is done, and nothing else: to leave commits nothing here.
        let mut next = member(stage, &group, Commit::Manual).await;
        digits(&mut next, if dropper.has_polled() { "2" } else { "0" }).await;
        next.close().await.expect("it leaves");
    }
    "Consumer::commit of what is marked": |stage, dropper| {
        let mut consumer = member(stage, &stage.text(), Commit::Marked).await;
        let message = consumer.next().await.expect("no end").expect("a message");
        consumer.mark(&message);
        answered(dropper.drops(consumer.commit()).await);
        consumer.close().await.expect("it leaves");
    }
    "Consumer::close": |stage, dropper| {
        let group = stage.text();
        let mut consumer = member(stage, &group, Commit::Automatic).await;
        digits(&mut consumer, "01").await;
        answered(dropper.drops(consumer.close()).await);
        // Closed or dropped, it has left, and committed what the application was done with.
        let mut next = member(stage, &group, Commit::Manual).await;
        digits(&mut next, "1").await;
        next.close().await.expect("it leaves");
    }
    "ConsumerEvents::next": |stage, dropper| {
        let consumer = member(stage, &stage.text(), Commit::Manual).await;
        let mut events = consumer.events();
        // At its end there are no more.
        let closing = async {
            stage.pause(SOON).await;
            consumer.close().await.expect("it leaves");
        };
        zip(dropper.drops(events.next()), closing).await;
        while events.next().await.is_some() {}
    }

    // Looking at groups.
    "Cluster::groups": |stage, dropper| { answered(dropper.drops(stage.cluster.groups()).await); }
    "Group::describe": |stage, dropper| {
        let described = dropper.drops(stage.cluster.group("nobody").describe()).await;
        assert!(described.is_none_or(|described| described.is_err()));
    }
    "Group::plan_reset": |stage, dropper| {
        let group = stage.cluster.group("nobody");
        let plan = dropper.drops(group.plan_reset(&stage.digits, Offset::Earliest)).await;
        assert!(plan.is_none_or(|plan| plan.is_err()));
    }
    "Group::reset": |stage, dropper| {
        let name = stage.text();
        member(stage, &name, Commit::Manual).await.close().await.expect("it leaves");
        // Nobody has committed anything yet that would tell.
        let group = stage.cluster.group(&name).offsets(OffsetStorage::ZooKeeper);
        // Its session goes a little later.
        let plan = loop {
            match group.plan_reset(&stage.digits, Offset::Exact(4)).await {
                Err(GroupResetError::HasMembers { .. }) => stage.pause(SOON).await,
                plan => break plan.expect("a plan"),
            }
        };
        answered(dropper.drops(group.reset(&plan)).await);
        // What was ordered goes on; to order it again is no harm.
        group.reset(&plan).await.expect("it is set");
        let mut next = member(stage, &name, Commit::Manual).await;
        digits(&mut next, "4").await;
        next.close().await.expect("it leaves");
    }
}

async fn member(stage: &Stage<'_>, group: &str, commit: Commit) -> Consumer {
    let consumer = stage.digits.consumer(group).start_at(Offset::Earliest).commit(commit);
    consumer.subscribe().await.expect("a share")
}
