//! Members that consume together, in one task.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use async_io::Timer;
use samsa_tokio::{Cluster, Consumer};

/// Longer than any hand-over here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Partition and offset of a message.
pub(crate) type Place = (i32, i64);

/// Publishes so many messages, evenly over four partitions.
pub(crate) async fn publish(cluster: &Cluster, topic: &str, count: usize) {
    publish_over(cluster, topic, 4, count).await;
}

/// The same over so many.
pub(crate) async fn publish_over(cluster: &Cluster, topic: &str, partitions: usize, count: usize) {
    let topic = cluster.topic(topic);
    for number in 0..count {
        let partition = topic.partition((number % partitions) as i32);
        let _outcome = partition.enqueue(format!("m{number}")).await.expect("room");
    }
    cluster.flush().await.expect("all is delivered");
}

/// Lets them consume until they have got so many different messages together; says what each got.
pub(crate) async fn consume(members: &mut [&mut Consumer], count: usize) -> Vec<BTreeSet<Place>> {
    consume_until(members, |all| all.len() >= count).await
}

/// The same until what they have got together is enough.
pub(crate) async fn consume_until(
    members: &mut [&mut Consumer],
    is_enough: impl Fn(&BTreeSet<Place>) -> bool,
) -> Vec<BTreeSet<Place>> {
    let mut got = vec![BTreeSet::new(); members.len()];
    let mut limit = pin!(Timer::after(LIMIT));
    poll_fn(|cx| {
        for (member, got) in members.iter_mut().zip(&mut got) {
            while let Poll::Ready(message) = pin!(member.next()).poll(cx) {
                let message = message.expect("it goes on").expect("a message");
                got.insert((message.partition(), message.offset()));
            }
        }
        let all: BTreeSet<Place> = got.iter().flatten().copied().collect();
        assert!(limit.as_mut().poll(cx).is_pending(), "{} messages are not enough", all.len());
        if is_enough(&all) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    got
}
