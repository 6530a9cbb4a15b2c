//! A broker from before idempotence stands still with a message that it was sent, and goes on when the client waits no longer:
//! the message is stored, and sent again it is stored twice. That is what `Retries::OnlyNotSent` is for.

use std::time::Duration;

use async_io::Timer;
use samsa_tests::{RealKafka, Release, own};
use samsa_tokio::{Certainty, Cluster, Message, Offset, PublishError, PublishFailure, Receipt, Retries};

use crate::client::Runtime;

/// Longer than the client waits for an answer, and shorter than ZooKeeper waits for the broker.
const STILL: Duration = Duration::from_secs(4);
const ANSWER: Duration = Duration::from_secs(1);

/// What became of a message whose broker stands still with it.
async fn publish_unanswered(
    cluster: &Cluster,
    kafka: &RealKafka,
    topic: &str,
) -> Result<Receipt, PublishError> {
    let topic = cluster.topic(topic);
    topic.publish("before").await.expect("a receipt");
    kafka.freeze(1).expect("it stands still");
    let delivery = topic.enqueue(Message::new("in doubt")).await.expect("room");
    Timer::after(STILL).await;
    kafka.thaw(1).expect("it goes on");
    let outcome = delivery.await;
    topic.publish("behind").await.expect("a receipt");
    outcome
}

/// How often a message is there.
async fn stored(cluster: &Cluster, topic: &str, wanted: &str) -> usize {
    let topic = cluster.topic(topic);
    let ends = topic.offsets(Offset::Latest).await.expect("offsets");
    let mut reader = topic.reader(Offset::Earliest).open().await.expect("a reader");
    let mut found = 0;
    for _ in 0..ends.iter().map(|end| end.offset).sum::<i64>() {
        let message = reader.next().await.expect("there is more").expect("it is read");
        found += usize::from(message.value() == Some(wanted.as_bytes()));
    }
    found
}

fn set(retries: Retries) -> impl FnOnce(&mut samsa_tokio::Config) {
    move |config| {
        config.request_timeout = ANSWER;
        config.publish.retries = retries;
    }
}

#[test]
fn what_may_be_stored_is_stored_once_where_it_is_not_to_be_sent_again_and_else_twice() {
    let Some(kafka) = &own(Release::V0_10_2_2) else { return };
    for runtime in Runtime::BOTH {
        let topic = format!("once-{}", runtime.name());
        runtime.run_with(kafka, set(Retries::OnlyNotSent), async |cluster| {
            let error = publish_unanswered(cluster, kafka, &topic).await.expect_err("nobody answered");
            assert_eq!(error.certainty(), Certainty::PossiblySent);
            assert!(matches!(error.failure(), PublishFailure::NotRetried { .. }), "{error}");
            assert_eq!(stored(cluster, &topic, "in doubt").await, 1);
        });
    }
    Runtime::Tokio.run_with(kafka, set(Retries::All), async |cluster| {
        publish_unanswered(cluster, kafka, "twice").await.expect("a receipt, in the end");
        assert!(stored(cluster, "twice", "in doubt").await > 1, "it was sent again");
    });
}
