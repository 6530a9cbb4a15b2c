//! Members that join, and share as the range algorithm says.

use std::time::{Duration, Instant};

use async_io::Timer;
use samsa_tokio::{Cluster, Consumer, Offset};

use crate::members::LIMIT;

pub(crate) async fn join(cluster: &Cluster, topic: &str, group: &str) -> Consumer {
    join_committing(cluster, topic, group, Duration::from_secs(1)).await
}

/// One that commits so often by itself.
pub(crate) async fn join_committing(
    cluster: &Cluster,
    topic: &str,
    group: &str,
    interval: Duration,
) -> Consumer {
    let consumer = cluster.topic(topic).consumer(group).start_at(Offset::Earliest);
    consumer.commit_every(interval).subscribe().await.expect("a member")
}

/// Waits until so many partitions are each one's, and says how long that took.
pub(crate) async fn settle(members: &[&Consumer], shares: &[usize]) -> Duration {
    let since = Instant::now();
    let now = || members.iter().map(|member| member.assignment().len()).collect::<Vec<_>>();
    while now() != shares {
        assert!(since.elapsed() < LIMIT, "{:?} instead of {shares:?}", now());
        Timer::after(Duration::from_millis(10)).await;
    }
    since.elapsed()
}
