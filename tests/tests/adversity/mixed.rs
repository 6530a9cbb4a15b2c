//! A broker of 0.10.2 and one of 0.11 in one cluster, as in the middle of a rolling upgrade: headers go where they can be stored,
//! and are never left out; what has none is written everywhere.

use samsa_tests::{RealKafka, Release, Shape, needs};
use samsa_tokio::{AppendError, Certainty, Cluster, Message, Offset, PublishError, PublishFailure};

use crate::client::Runtime;

const OLD: i32 = 1;
const NEW: i32 = 2;
const MESSAGES: usize = 20;

fn start(properties: &[(&str, &str)]) -> Option<RealKafka> {
    let releases = &[Release::V0_10_2_2, Release::V0_11_0_3];
    let properties = [&[("num.partitions", "2")], properties].concat();
    let shape = Shape { brokers: 2, releases, properties: &properties, ..Shape::default() };
    needs(RealKafka::start_as(Release::V0_10_2_2, shape))
}

fn with_header(number: usize) -> Message<'static> {
    Message::new(number.to_string()).header("number", number.to_string())
}

/// The partition of the topic, which is there, that this broker leads.
async fn led_by(cluster: &Cluster, topic: &str, broker: i32) -> i32 {
    let partitions = cluster.topic(topic).partitions().await.expect("partitions");
    let led = partitions.iter().find(|info| info.leader.is_some_and(|leader| leader.0 == broker));
    led.expect("each broker leads one").partition
}

fn is_refused_for_its_header(error: &PublishError) {
    let refused = |failure: &PublishFailure| {
        matches!(failure, PublishFailure::Unacceptable(AppendError::HeadersUnsupported { .. }))
    };
    assert!(refused(error.failure()) && error.certainty() == Certainty::NotSent, "{error}");
    assert_eq!(error.message().headers.len(), 1);
}

/// Each message that is stored has the header that it was published with: its own value, or none if that is a word.
async fn headers_are_there(cluster: &Cluster, topic: &str, count: usize) {
    let mut reader = cluster.topic(topic).reader(Offset::Earliest).open().await.expect("a reader");
    for _ in 0..count {
        let message = reader.next().await.expect("there is more").expect("it is read");
        let value = message.value().expect("a value").to_vec();
        let is_number = value.first().is_some_and(u8::is_ascii_digit);
        let headers: Vec<Vec<u8>> =
            message.headers().map(|(_, value)| value.expect("a value").to_vec()).collect();
        assert_eq!(headers, if is_number { vec![value] } else { Vec::new() });
    }
}

async fn headers_go_where_they_can_be_stored(cluster: &Cluster, topic: &str) {
    let messages = cluster.topic(topic);
    messages.publish("plain").await.expect("a receipt");
    let (old, new) = (led_by(cluster, topic, OLD).await, led_by(cluster, topic, NEW).await);
    for partition in [old, new] {
        messages.partition(partition).publish("plain").await.expect("a receipt");
    }
    for number in 0..MESSAGES {
        let receipt = messages.publish(with_header(number)).await.expect("a receipt");
        assert_eq!(receipt.partition, new);
    }
    let bound = messages.partition(old).publish(with_header(0)).await.expect_err("it knows no headers");
    is_refused_for_its_header(&bound);
    messages.partition(new).publish(with_header(MESSAGES)).await.expect("a receipt");
    messages.partition(old).publish("plain").await.expect("a receipt");
    headers_are_there(cluster, topic, MESSAGES + 5).await;
}

#[test]
fn headers_go_to_the_newer_broker() {
    let Some(kafka) = &start(&[]) else { return };
    for runtime in Runtime::BOTH {
        let topic = format!("headers-{}", runtime.name());
        runtime.run(kafka, async |cluster| headers_go_where_they_can_be_stored(cluster, &topic).await);
    }
}

/// Brokers are upgraded so that the newer ones write for the older ones: they take no batches with an identity, and no headers.
#[test]
fn a_newer_broker_that_keeps_the_older_format_is_written_to() {
    let settings = [("inter.broker.protocol.version", "0.10.2"), ("log.message.format.version", "0.10.2")];
    let Some(kafka) = &start(&settings) else { return };
    for runtime in Runtime::BOTH {
        let topic = format!("kept-{}", runtime.name());
        runtime.run(kafka, async |cluster| {
            let messages = cluster.topic(&topic);
            for _ in 0..MESSAGES {
                messages.publish("plain").await.expect("a receipt");
            }
            for broker in [OLD, NEW] {
                let partition = led_by(cluster, &topic, broker).await;
                messages.partition(partition).publish("plain").await.expect("a receipt");
                let refused = messages.partition(partition).publish(with_header(0)).await;
                is_refused_for_its_header(&refused.expect_err("it keeps no headers"));
            }
            is_refused_for_its_header(&messages.publish(with_header(0)).await.expect_err("nobody keeps any"));
            headers_are_there(cluster, &topic, MESSAGES + 2).await;
        });
    }
}
