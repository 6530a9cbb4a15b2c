//! A group, looked at from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_core::{
    Command, GroupDescription, GroupLookError, GroupReset, GroupResetError, LookError, Offset, OffsetStorage,
    PartitionOffset, Reply,
};

use super::topic::Topic;
use crate::call::Call;
use crate::command_queue::Answer;
use crate::link::Link;

/// A group in ZooKeeper or on the brokers, from [`Cluster::group`](crate::Cluster::group), for who looks at it or sets its
/// offsets. Members are made by [`Cluster::consumer`](crate::Cluster::consumer).
#[derive(Clone, Debug)]
pub struct Group {
    link: Arc<Link>,
    name: Arc<str>,
    storage: Option<OffsetStorage>,
}

/// What a reset changes, from [`Group::plan_reset`]. Nothing of it has been done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetPlan {
    topic: Arc<str>,
    storage: OffsetStorage,
    moves: Vec<OffsetMove>,
}

/// Where the committed offset of a partition goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetMove {
    /// The partition.
    pub partition: i32,
    /// What was committed in ZooKeeper when the plan was made; `None` for nothing. It is changed only if the plan is for
    /// ZooKeeper.
    pub in_zookeeper: Option<i64>,
    /// The same on the brokers; also `None` where they do not tell and the plan does not concern them.
    pub on_brokers: Option<i64>,
    /// What is to be committed: the offset of the next message to read.
    pub to: i64,
}

impl ResetPlan {
    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Where the offsets are to be set.
    pub fn storage(&self) -> OffsetStorage {
        self.storage
    }

    /// All partitions of the topic, those among them that stay where they are.
    pub fn moves(&self) -> &[OffsetMove] {
        &self.moves
    }
}

impl Group {
    pub(crate) fn new(link: &Arc<Link>, name: &str) -> Self {
        Self { link: Arc::clone(link), name: Arc::from(name), storage: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a reset sets offsets. Default: where the group keeps those of the topic, as
    /// [`GroupDescription::keeps_offsets`] tells: in both places if both have any. A group that has no offset yet has to be
    /// told of, unless it lives on the brokers, which is where its offsets are.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), samsa_client::GroupResetError> {
    /// use samsa_client::{Offset, OffsetStorage};
    ///
    /// let group = cluster.group("billing").offsets(OffsetStorage::ZooKeeper);
    /// let plan = group.plan_reset(&cluster.topic("events"), Offset::Earliest).await?;
    /// group.reset(&plan).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn offsets(mut self, storage: OffsetStorage) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Its members, and of each partition who owns it and what is committed.
    ///
    /// A group that is in ZooKeeper is told as it is there, with what brokers keep of it. Topics are those of which the group's
    /// nodes speak, also with what it has left there. What brokers do not tell within ten seconds, or nine tenths of the time that
    /// the question has, is told as such, beside what ZooKeeper says.
    ///
    /// A group that is not there, or on a cluster that was not found through ZooKeeper, is told by its coordinator
    /// ([`GroupDescription::coordinated`]): partitions are those that a member has or of which an offset is committed, which
    /// brokers before Kafka 0.10.2 do not tell of topics that are gone.
    ///
    /// # Errors
    /// When there is no such group of consumers, ZooKeeper refuses, it or the group's coordinator does not answer in time, more
    /// than 16 such questions wait, or the client is closed.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), Box<dyn std::error::Error>> {
    /// use samsa_client::Offset;
    ///
    /// let group = cluster.group("billing").describe().await?;
    /// let ends = cluster.topic("events").offsets(Offset::Latest).await?;
    /// for end in ends {
    ///     let is_it = |part: &&samsa_client::GroupPartition| &*part.topic == "events" && part.partition == end.partition;
    ///     if let Some(committed) = group.partitions.iter().find(is_it).and_then(|part| part.committed) {
    ///         println!("partition {}: {} messages behind", end.partition, end.offset - committed);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn describe(&self) -> Call<Result<GroupDescription, GroupLookError>> {
        self.look_at(None)
    }

    /// Also at a topic of which no node may speak.
    fn look_at(&self, topic: Option<&str>) -> Call<Result<GroupDescription, GroupLookError>> {
        let look = Command::Group { group: Arc::clone(&self.name), topic: topic.map(Arc::from) };
        Call::new(&self.link, look, |answer, _| match answer {
            Answer::Given(Reply::Group(described)) => described.map(|description| *description),
            Answer::Busy(waiting) => Err(LookError::Busy { waiting }.into()),
            Answer::Given(_) | Answer::Closed => Err(LookError::Closed.into()),
        })
    }

    /// What it takes to have the group begin there in every partition of a topic: which offsets are to be set where, as
    /// [`offsets`](Self::offsets) says. An offset that a partition's log does not hold becomes the nearer end of the log.
    /// Nothing is changed.
    ///
    /// A client that found the cluster by bootstrap sees nothing of ZooKeeper: have members stop that share partitions there and
    /// keep offsets on the brokers.
    ///
    /// # Errors
    /// When the group has members, in ZooKeeper or coordinated by the brokers, or is not there; a member that has just left is
    /// there until ZooKeeper has ended its session, or the brokers have, a moment later. When it is neither said nor seen where the
    /// group keeps its offsets, it lives on the brokers and ZooKeeper is said, or the brokers do not tell what they keep. When there is no such topic, some leader or ZooKeeper does not answer
    /// in time, or the client is closed.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), samsa_client::GroupResetError> {
    /// use samsa_client::Offset;
    ///
    /// let group = cluster.group("billing");
    /// let plan = group.plan_reset(&cluster.topic("events"), Offset::Earliest).await?;
    /// println!("{:?}", plan.storage()); // where the group keeps its offsets
    /// for step in plan.moves() {
    ///     println!("partition {}: from {:?} to {}", step.partition, step.in_zookeeper.max(step.on_brokers), step.to);
    /// }
    /// group.reset(&plan).await?;
    /// # Ok(()) }
    /// ```
    pub async fn plan_reset(&self, topic: &Topic, to: Offset) -> Result<ResetPlan, GroupResetError> {
        let description = self.look_at(Some(topic.name())).await?;
        let storage = description.storage_to_reset(&self.name, topic.name(), self.storage)?;
        let of_topic = description.partitions.iter().filter(|part| *part.topic == *topic.name());
        let committed: BTreeMap<i32, (Option<i64>, Option<i64>)> =
            of_topic.map(|part| (part.partition, (part.in_zookeeper, part.on_brokers))).collect();
        let targets = targets(topic, to).await?;
        let moves = targets.into_iter().map(|PartitionOffset { partition, offset: to }| {
            let (in_zookeeper, on_brokers) = committed.get(&partition).copied().unwrap_or_default();
            OffsetMove { partition, in_zookeeper, on_brokers, to }
        });
        Ok(ResetPlan { topic: Arc::from(topic.name()), storage, moves: moves.collect() })
    }

    /// Does what the plan says, however the group has changed since, as long as it has no members. It is an order: it goes on when
    /// its future is dropped, and [`Cluster::close`](crate::Cluster::close) waits for it, as long as either has time.
    ///
    /// # Errors
    /// When the group has members, in ZooKeeper or coordinated by the brokers: then nothing was changed, unless the error says
    /// that they came in between. When ZooKeeper or the brokers refuse or do not answer in time, or the client is closed: some
    /// offsets may be set then, and the same plan may be carried out again. The brokers come first: what they refuse leaves
    /// ZooKeeper as it is.
    pub fn reset(&self, plan: &ResetPlan) -> Call<Result<(), GroupResetError>> {
        let offset = |step: &OffsetMove| PartitionOffset { partition: step.partition, offset: step.to };
        let offsets = plan.moves.iter().map(offset).collect();
        let (group, topic, storage) = (Arc::clone(&self.name), Arc::clone(&plan.topic), plan.storage);
        let reset = Command::ResetGroup(GroupReset { group, topic, storage, offsets });
        Call::new(&self.link, reset, |answer, _| match answer {
            Answer::Given(Reply::ResetGroup(done)) => done,
            Answer::Busy(waiting) => Err(LookError::Busy { waiting }.into()),
            Answer::Given(_) | Answer::Closed => Err(LookError::Closed.into()),
        })
    }
}

/// Where that is in each partition, within its log.
async fn targets(topic: &Topic, to: Offset) -> Result<Vec<PartitionOffset>, GroupResetError> {
    let mut targets = topic.offsets(to).await?;
    if let Offset::Exact(_) = to {
        let ends = by_partition(topic.offsets(Offset::Latest).await?);
        let starts = by_partition(topic.offsets(Offset::Earliest).await?);
        for PartitionOffset { partition, offset } in &mut targets {
            let end = ends.get(partition).copied().unwrap_or(*offset);
            let start = starts.get(partition).copied().unwrap_or(*offset);
            *offset = (*offset).min(end).max(start);
        }
    }
    Ok(targets)
}

fn by_partition(offsets: Vec<PartitionOffset>) -> BTreeMap<i32, i64> {
    offsets.into_iter().map(|of| (of.partition, of.offset)).collect()
}
