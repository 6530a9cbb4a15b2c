//! A membership to be begun.

use std::sync::Arc;
use std::time::Duration;

use samsa_core::{
    Assignor, Command, Commit, FetchConfig, GroupError, GroupProtocol, GroupSpec, GroupTimes, Isolation,
    Offset, OffsetStorage, Reply, TopicPattern,
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
    patterns: Vec<TopicPattern>,
    start: Option<Offset>,
    commit: Commit,
    commit_interval: Duration,
    assignor: Option<Assignor>,
    streams: u16,
    offsets: Option<OffsetStorage>,
    protocol: Option<GroupProtocol>,
    python3_owners: bool,
    times: GroupTimes,
    fetch: FetchConfig,
}

impl ConsumerBuilder {
    pub(crate) fn new(link: &Arc<Link>, group: &str) -> Self {
        Self {
            link: Arc::clone(link),
            group: Arc::from(group),
            topics: Vec::new(),
            patterns: Vec::new(),
            start: None,
            commit: Commit::default(),
            commit_interval: link.commit_interval,
            assignor: link.assignor,
            streams: 1,
            offsets: None,
            protocol: link.group_protocol,
            python3_owners: false,
            times: link.group_times,
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

    /// The topics to consume, those that are there and those that come later: all whose whole name this regular expression
    /// matches. Not together with [`topics`](Self::topics), and once.
    ///
    /// It is what the Scala consumers call a white list, and every member of the group reads it, so it is one of Java's, of
    /// which that is accepted which both read alike: no look at what is around, no references back, no possessive quantifiers,
    /// no named classes. As there, a comma means `|`, spaces go, and Kafka's own topics are never matched. What is
    /// matched anew, or goes, leads to a rebalance, without a restart. The partitions of a topic that comes later are partitions
    /// that are added: [`start_at`](Self::start_at) says where they begin.
    ///
    /// ```no_run
    /// # async fn example(cluster: samsa_client::Cluster) -> Result<(), Box<dyn std::error::Error>> {
    /// use samsa_client::Offset;
    ///
    /// let consumer = cluster.consumer("billing").matching(r"events-.*|audit").start_at(Offset::Earliest);
    /// let mut consumer = consumer.subscribe().await?;
    /// while let Some(message) = consumer.next().await {
    ///     let message = message?;
    ///     println!("{}: {:?}", message.topic(), message.value());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn matching(mut self, pattern: impl AsRef<str>) -> Self {
        self.patterns.push(TopicPattern::Matching(Arc::from(pattern.as_ref())));
        self
    }

    /// The topics to consume: all but those that this regular expression matches, and Kafka's own; a black list, as the Scala
    /// consumers call it. Otherwise as [`matching`](Self::matching).
    pub fn not_matching(mut self, pattern: impl AsRef<str>) -> Self {
        self.patterns.push(TopicPattern::NotMatching(Arc::from(pattern.as_ref())));
        self
    }

    /// Where to start in a partition for which the group has no committed offset. It has no default: it must be said. That
    /// place is committed before anything is handed out, so that whoever has the partition next leaves nothing out. With
    /// [`Offset::Latest`], a partition that is added is read from its beginning by a member that was there
    /// before. If nobody but a member that joins later gets it, it begins at the end, as any other does.
    pub fn start_at(mut self, start: Offset) -> Self {
        self.start = Some(start);
        self
    }

    /// What is committed, and when. Default: [`Commit::Automatic`]. Source: `enable.auto.commit`.
    pub fn commit(mut self, commit: Commit) -> Self {
        self.commit = commit;
        self
    }

    /// How often it is committed where that goes by itself, one millisecond at least. Default: as the client has it, 5 s if
    /// nothing was said. Source: `auto.commit.interval.ms`; Java has 5 s as well, the Scala consumers have 60 s.
    pub fn commit_every(mut self, interval: Duration) -> Self {
        self.commit_interval = interval;
        self
    }

    /// How the partitions are shared out. Default: [`Assignor::Range`]; where the coordinator shares out (KIP-848), as it is
    /// configured. All members of a group must have the same. Source: `partition.assignment.strategy` of the Scala consumers and of
    /// Java's, `group.remote.assignor`.
    pub fn assignor(mut self, assignor: Assignor) -> Self {
        self.assignor = Some(assignor);
        self
    }

    /// With how many streams this member takes part, in the dialects of Scala's consumers. Default 1, 1,024 at most; 0 is refused.
    ///
    /// A group deals its partitions to the streams of its members, and so a member with two has about twice what one with one
    /// has. That is all that it means here: the application has one consumer, which hands out what is any stream's. Where
    /// partitions are dealt in turn, Scala consumers before 0.10.2 want all members to have as many.
    ///
    /// ```
    /// # use samsa_client::{Cluster, Consumer, GroupError, Offset};
    /// # async fn example(cluster: &Cluster) -> Result<Consumer, GroupError> {
    /// // A machine with room for more than the others of its group.
    /// cluster.topic("events").consumer("billing").start_at(Offset::Earliest).streams(4).subscribe().await
    /// # }
    /// ```
    pub fn streams(mut self, streams: u16) -> Self {
        self.streams = streams;
        self
    }

    /// Where a group in ZooKeeper keeps its offsets. Default: [`OffsetStorage::ZooKeeper`]; in the Samsa dialect they are on the brokers,
    /// as those of a group on the brokers are.
    /// All members of a group must say the same. Scala consumers say `offsets.storage=zookeeper`, their default, for ZooKeeper;
    /// `offsets.storage=kafka` for both places; and that with `dual.commit.enabled=false` for the brokers alone.
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

    /// Where the group lives, and how its members speak. Default: where the cluster was found through ZooKeeper, there, with
    /// [`Dialect::Scala`](crate::Dialect); else [`GroupProtocol::Brokers`]. All members of a group must have the same.
    ///
    /// A group on the brokers is shared with any client that knows such groups, Java's and librdkafka's among them. In the classic
    /// protocol all members give up what they have whenever one comes or goes, and one of them shares out, by
    /// [`assignor`](Self::assignor): `range` (Java's default) or `roundrobin`. By KIP-848 the coordinator shares out, and only what
    /// moves is given up.
    ///
    /// ```
    /// # use samsa_client::{Cluster, Consumer, GroupError, Offset};
    /// use samsa_client::GroupProtocol;
    ///
    /// # async fn example(cluster: &Cluster) -> Result<Consumer, GroupError> {
    /// let consumer = cluster.topic("events").consumer("billing").start_at(Offset::Earliest);
    /// consumer.protocol(GroupProtocol::Brokers).subscribe().await
    /// # }
    /// ```
    ///
    /// With [`Dialect::Samsa`](crate::Dialect), pykafka's `BalancedConsumer` shares the group. A member reads exactly one topic, by
    /// name, and the group's offsets are on the brokers. Let pykafka have a `broker_version` of 0.9.0 or later: with 0.8.2 it looks
    /// for its offsets in ZooKeeper, where it does not commit them. It learns late that a leader has moved, and until then it may
    /// read a partition that a member of Samsa reads, too; members of Samsa do not do that to each other.
    ///
    /// [`Dialect::Scala07`](crate::Dialect) is refused with [`GroupError::Scala07`], whatever the cluster is: it is for clusters of
    /// Kafka 0.7, from whose brokers this client cannot read yet. Its members' part is there, and proved in the simulator; of such
    /// a group [`GroupError::RangeAlone`] and [`GroupError::OffsetsInZooKeeper`] tell what it has not.
    ///
    /// ```
    /// # use samsa_client::{Cluster, Consumer, GroupError, Offset};
    /// use samsa_client::{Dialect, GroupProtocol};
    ///
    /// # async fn example(cluster: &Cluster) -> Result<Consumer, GroupError> {
    /// let consumer = cluster.topic("events").consumer("billing").start_at(Offset::Earliest);
    /// let consumer = consumer.protocol(GroupProtocol::ZooKeeper(Dialect::Samsa));
    /// consumer.python3_owners(true).subscribe().await
    /// # }
    /// ```
    pub fn protocol(mut self, protocol: GroupProtocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// How long this member of a group on the brokers may be silent before others get its partitions; see
    /// [`GroupTimes::session_timeout`]. Default: as the client has it, 45 s if nothing was said. Source: `session.timeout.ms`.
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.times.session_timeout = timeout;
        self
    }

    /// Between signs of life of this member of a group on the brokers; see [`GroupTimes::heartbeat_interval`]. A third of the
    /// session timeout at most is usual. Default: as the client has it, 3 s if nothing was said. Source: `heartbeat.interval.ms`.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.times.heartbeat_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// How long others wait in a rebalance for this member of a group on the brokers; see [`GroupTimes::rebalance_timeout`].
    /// Default: as the client has it, 60 s if nothing was said. Source: `max.poll.interval.ms`.
    pub fn rebalance_timeout(mut self, timeout: Duration) -> Self {
        self.times.rebalance_timeout = timeout;
        self
    }

    /// In the Samsa dialect, whether partitions are locked where pykafka does it on Python 3: below `owners/b'T'`, for topic `T`,
    /// not below `owners/T`, since its topic names are bytes (pykafka issue 567). All members of a group must have the same, or
    /// two of them may read one partition. Default: no, as on Python 2, and where an application has set pykafka's `_topic_path`.
    /// In another dialect it is refused.
    pub fn python3_owners(mut self, python3_owners: bool) -> Self {
        self.python3_owners = python3_owners;
        self
    }

    /// Sizes and times, all at once. Default: what the cluster's builder was told with `fetch`, else that of [`FetchConfig`].
    pub fn fetch(mut self, fetch: FetchConfig) -> Self {
        self.fetch = fetch;
        self
    }

    /// Memory for what was fetched, in bytes, over all topics, which have equal parts of it. Default 64 MiB. Where a pattern
    /// chooses the topics, these are those of which the member has partitions, and none has less than
    /// [`FetchConfig::partition_bytes`].
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.fetch.buffer_bytes = bytes;
        self
    }

    /// Whether records are read only once their transaction is committed. Default: yes. Source: `isolation.level`.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.fetch.isolation = isolation;
        self
    }

    /// Where to read on, instead of an error, in a partition whose log does not hold the position any more; see
    /// [`FetchConfig::reset`]. Default: as the cluster's builder has it. Source: `auto.offset.reset`.
    pub fn reset(mut self, to: Offset) -> Self {
        self.fetch.reset = Some(to);
        self
    }

    /// Where the application stands, so that records come from the nearest replica; see [`FetchConfig::rack`]. Default:
    /// as the cluster's builder has it. Source: `client.rack`.
    pub fn rack(mut self, rack: impl Into<String>) -> Self {
        self.fetch.rack = Some(rack.into());
        self
    }

    /// Joins the group. Done when this member knows its share; the partitions follow as soon as their owners have let go of
    /// them.
    ///
    /// Where the members find each other, and in which form they speak, [`protocol`](Self::protocol) tells. In ZooKeeper it is
    /// that of the Scala consumers of Kafka 0.8 to 1.1, with which they can share a group, unless something else is said; their
    /// offsets are there too, unless [`offsets`](Self::offsets) says otherwise. A group on the brokers has its offsets there.
    ///
    /// It takes as long as the builder's `api_timeout` at most. Where others are members of a classic group already, they are waited
    /// for: applications that hold on to partitions for longer than that keep a new member from joining.
    ///
    /// # Errors
    /// When it is not said which topics, or in more than one way; when a pattern is none that all members read alike; when
    /// ZooKeeper, or the group's coordinator, is not reached in time; when the group has not what this member wants, or does not
    /// take it. The brokers are asked for
    /// offsets once the member has partitions: if they refuse, the consumer ends with [`GroupError::Offsets`].
    pub async fn subscribe(self) -> Result<Consumer, GroupError> {
        let Self { link, group, topics, mut patterns, start, commit, commit_interval, assignor, .. } = self;
        let Self { protocol, python3_owners, offsets, streams, times, fetch, .. } = self;
        let start = start.ok_or(GroupError::NoStart)?;
        let name = Arc::clone(&group);
        let pattern = patterns.pop();
        if !patterns.is_empty() {
            return Err(GroupError::SeveralChoices);
        }
        let spec = GroupSpec {
            group,
            topics,
            pattern,
            start,
            commit,
            commit_interval: commit_interval.max(Duration::from_millis(1)),
            assignor,
            streams,
            protocol,
            python3_owners,
            offsets,
            times,
            fetch,
        };
        let membership = Call::new(&link, Command::JoinGroup(Box::new(spec)), |answer, _| match answer {
            Answer::Given(Reply::JoinGroup(result)) => result,
            Answer::Busy(open) => Err(GroupError::Busy { open }),
            Answer::Given(_) | Answer::Closed => Err(GroupError::Closed),
        })
        .await?;
        Ok(Consumer::new(membership, commit, name, link))
    }
}
