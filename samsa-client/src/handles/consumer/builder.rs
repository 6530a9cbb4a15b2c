//! A membership to be begun.

use std::sync::Arc;
use std::time::Duration;

use samsa_core::{
    Assignor, Command, Commit, FetchConfig, GroupError, GroupSpec, Isolation, Offset, OffsetStorage, Reply,
};

use super::Consumer;
use crate::call::Call;
use crate::command_queue::Answer;
use crate::link::Link;

/// A consumer to be subscribed, from [`Cluster::consumer`](crate::Cluster::consumer) or
/// [`Topic::consumer`](crate::Topic::consumer).
#[derive(Clone, Debug)]
#[must_use = "nothing is consumed before subscribe"]
pub struct ConsumerBuilder {
    link: Arc<Link>,
    group: Arc<str>,
    topics: Vec<Arc<str>>,
    start: Option<Offset>,
    commit: Commit,
    commit_interval: Duration,
    assignor: Assignor,
    offsets: Option<OffsetStorage>,
    fetch: FetchConfig,
}

impl ConsumerBuilder {
    pub(crate) fn new(link: &Arc<Link>, group: &str) -> Self {
        Self {
            link: Arc::clone(link),
            group: Arc::from(group),
            topics: Vec::new(),
            start: None,
            commit: Commit::default(),
            commit_interval: Duration::from_secs(5),
            assignor: Assignor::default(),
            offsets: None,
            fetch: link.fetch.clone(),
        }
    }

    /// The topics to consume; more of them with each call. They need not exist yet: their partitions are noticed when they
    /// come.
    pub fn topics<T: AsRef<str>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        for topic in topics {
            let topic = Arc::from(topic.as_ref());
            if !self.topics.contains(&topic) {
                self.topics.push(topic);
            }
        }
        self
    }

    /// Where to start in a partition for which the group has no committed offset. It has no default: it must be said. That
    /// place is committed before anything is handed out, so that whoever has the partition next leaves nothing out. With
    /// [`Offset::Latest`], a partition that is added to the topic is read from its beginning by a member that was there
    /// before. If nobody but a member that joins later gets it, it begins at the end, as any other does.
    pub fn start_at(mut self, start: Offset) -> Self {
        self.start = Some(start);
        self
    }

    /// What is committed, and when. Default: [`Commit::Automatic`].
    pub fn commit(mut self, commit: Commit) -> Self {
        self.commit = commit;
        self
    }

    /// How often it is committed where that goes by itself. Default 5 s, as in Java; the Scala consumers have 60 s.
    pub fn commit_every(mut self, interval: Duration) -> Self {
        self.commit_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// How the partitions are shared out. Default: [`Assignor::Range`]. All members of a group must have the same.
    pub fn assignor(mut self, assignor: Assignor) -> Self {
        self.assignor = assignor;
        self
    }

    /// Where the group keeps its offsets. Default: [`OffsetStorage::ZooKeeper`]. All members of a group must say the same, the Scala
    /// consumers in it with `offsets.storage` and `dual.commit.enabled`.
    ///
    /// ```
    /// # use samsa_client::{Cluster, Consumer, GroupError, Offset, OffsetStorage};
    /// # async fn example(cluster: &Cluster) -> Result<Consumer, GroupError> {
    /// cluster.consumer("billing").topics(["events"]).start_at(Offset::Earliest).offsets(OffsetStorage::Brokers).subscribe().await
    /// # }
    /// ```
    pub fn offsets(mut self, storage: OffsetStorage) -> Self {
        self.offsets = Some(storage);
        self
    }

    /// Sizes and times, all at once.
    pub fn fetch(mut self, fetch: FetchConfig) -> Self {
        self.fetch = fetch;
        self
    }

    /// Memory for what was fetched, over all topics, which have equal parts of it. Default 64 MiB.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.fetch.buffer_bytes = bytes;
        self
    }

    /// Whether records are read only once their transaction is committed. Default: yes.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.fetch.isolation = isolation;
        self
    }

    /// Where to read on, instead of an error, in a partition whose log does not hold the position any more; see
    /// [`FetchConfig::reset`].
    pub fn reset(mut self, to: Offset) -> Self {
        self.fetch.reset = Some(to);
        self
    }

    /// Where the application stands, so that records come from the nearest replica; see [`FetchConfig::rack`].
    pub fn rack(mut self, rack: impl Into<String>) -> Self {
        self.fetch.rack = Some(rack.into());
        self
    }

    /// Joins the group. Done when this member knows its share; the partitions follow as soon as their owners have let go of
    /// them.
    ///
    /// The members find each other in ZooKeeper, in the form of the Scala consumers of Kafka 0.8 to 1.1, with which they can
    /// share a group; their offsets are there too, unless [`offsets`](Self::offsets) says otherwise. So the cluster has to be one that was found through ZooKeeper.
    ///
    /// It takes as long as the builder's `api_timeout` at most.
    ///
    /// # Errors
    /// When ZooKeeper is not reached in time, or a member that was there first speaks another dialect. The brokers are asked for
    /// offsets once partitions are claimed: if they refuse, the consumer ends with [`GroupError::Offsets`].
    pub async fn subscribe(self) -> Result<Consumer, GroupError> {
        let Self { link, group, topics, start, commit, commit_interval, assignor, offsets, fetch } = self;
        let start = start.ok_or(GroupError::NoStart)?;
        let name = Arc::clone(&group);
        let spec = GroupSpec { group, topics, start, commit, commit_interval, assignor, offsets, fetch };
        let membership = Call::new(&link, Command::JoinGroup(spec), |answer, _| match answer {
            Answer::Given(Reply::JoinGroup(result)) => result,
            Answer::Busy(open) => Err(GroupError::Busy { open }),
            Answer::Given(_) | Answer::Closed => Err(GroupError::Closed),
        })
        .await?;
        Ok(Consumer::new(membership, commit, name, link))
    }
}
