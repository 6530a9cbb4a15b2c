//! Every question and order has a bound, and says at its end what it waited for.

use std::time::Duration;

use samsa_client::{Cluster, ConnectError, CreateTopicError, LookError, Offset, ReadError};
use samsa_sim::{FaultMix, Simulation, World};

const SECONDS: Duration = Duration::from_secs(2);

/// How long it takes, which is the bound.
async fn takes_the_bound<T>(world: &World, waiting: impl Future<Output = T>) -> T {
    let began = world.now().mono;
    let outcome = waiting.await;
    let took = world.now().mono - began;
    assert!((SECONDS..SECONDS + SECONDS / 4).contains(&took), "{took:?}");
    outcome
}

async fn asks(world: World, cluster: Cluster) {
    let topic = cluster.topic("events");
    topic.publish("it is there").await.expect("a receipt");
    let mut reader = topic.reader(Offset::Earliest).open().await.expect("a reader");
    world.freeze(1);
    for error in [
        takes_the_bound(&world, cluster.topics()).await.expect_err("no answer"),
        takes_the_bound(&world, topic.partitions()).await.expect_err("no answer"),
        takes_the_bound(&world, topic.offsets(Offset::Latest)).await.expect_err("no answer"),
    ] {
        assert!(
            matches!(error, LookError::TimedOut { within: SECONDS, .. }) && error.is_retriable(),
            "{error}"
        );
        assert!(error.to_string().starts_with("no answer about "), "{error}");
    }
    let error = takes_the_bound(&world, cluster.topic("new").create(1, 1)).await.expect_err("no answer");
    assert!(matches!(error, CreateTopicError::TimedOut { within: SECONDS, .. }), "{error}");
    assert!(error.to_string().contains("\"new\""), "{error}");
    let opening = topic.reader(Offset::Latest).open();
    let error = takes_the_bound(&world, opening).await.expect_err("no answer");
    assert!(matches!(error, ReadError::TimedOut { within: SECONDS, .. }), "{error}");
    let seeking = reader.seek(0, Offset::Latest);
    let error = takes_the_bound(&world, seeking).await.expect_err("no answer");
    assert!(matches!(error, ReadError::TimedOut { within: SECONDS, .. }), "{error}");
    assert!(error.to_string().contains("\"events\""), "{error}");

    let connecting = world.bootstrap().api_timeout(SECONDS).connect();
    let error = takes_the_bound(&world, connecting).await.expect_err("no answer");
    assert!(matches!(error, ConnectError::Cluster(_)) && error.to_string().contains("2s"), "{error}");

    let own = cluster.topics().within(SECONDS / 2).await;
    assert!(matches!(own, Err(LookError::TimedOut { within, .. }) if within == SECONDS / 2), "{own:?}");
    world.thaw(1);
}

#[test]
fn every_question_and_order_ends_when_the_api_timeout_is_over_and_says_what_it_waited_for() {
    let run = Simulation::new(7).faults(FaultMix::none()).run(|world| async move {
        let cluster = world.bootstrap().api_timeout(SECONDS).connect().await.expect("a cluster");
        asks(world, cluster).await;
    });
    assert!(run.report.is_ok(), "{}", run.report);
    run.output.expect("it ran to its end");
}
