//! A group in ZooKeeper, looked at from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use samsa_core::{
    Command, GroupDescription, GroupLookError, GroupReset, GroupResetError, LookError, Offset,
    PartitionOffset, Reply,
};

use super::topic::Topic;
use crate::call::Call;
use crate::command_queue::Answer;
use crate::link::Link;

/// A group that lives in ZooKeeper, from [`Cluster::group`](crate::Cluster::group), for who looks at it or sets its offsets.
/// Members are made by [`Cluster::consumer`](crate::Cluster::consumer).
#[derive(Clone, Debug)]
pub struct Group {
    link: Arc<Link>,
    name: Arc<str>,
}

/// What a reset changes, from [`Group::plan_reset`]. Nothing of it has been done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetPlan {
    topic: Arc<str>,
    moves: Vec<OffsetMove>,
}

/// Where the committed offset of a partition goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetMove {
    /// The partition.
    pub partition: i32,
    /// What was committed when the plan was made; `None` for nothing.
    pub from: Option<i64>,
    /// What is to be committed: the offset of the next message to read.
    pub to: i64,
}

impl ResetPlan {
    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// All partitions of the topic, those among them that stay where they are.
    pub fn moves(&self) -> &[OffsetMove] {
        &self.moves
    }
}

impl Group {
    pub(crate) fn new(link: &Arc<Link>, name: &str) -> Self {
        Self { link: Arc::clone(link), name: Arc::from(name) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its members, and of each partition who owns it and what is committed.
    ///
    /// # Errors
    /// When there is no such group in ZooKeeper, ZooKeeper refuses or does not answer in time, the cluster was not found through
    /// ZooKeeper, more than 16 such questions wait, or the client is closed.
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
        Call::new(&self.link, Command::Group { group: Arc::clone(&self.name) }, |answer, _| match answer {
            Answer::Given(Reply::Group(described)) => described.map(|description| *description),
            Answer::Busy(waiting) => Err(LookError::Busy { waiting }.into()),
            Answer::Given(_) | Answer::Closed => Err(LookError::Closed.into()),
        })
    }

    /// What it takes to have the group begin there in every partition of a topic. An offset that a partition's log does not
    /// hold becomes the nearer end of the log. Nothing is changed.
    ///
    /// It is about offsets in ZooKeeper only. A group that keeps them on the brokers, or in both places, goes on where the brokers
    /// have it, in the second case if that is further.
    ///
    /// # Errors
    /// When the group has members, or is not there; a member that has just left is there until ZooKeeper has ended its session, a
    /// moment later. When there is no such topic, some leader or ZooKeeper does not answer in
    /// time, or the client is closed.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), samsa_client::GroupResetError> {
    /// use samsa_client::Offset;
    ///
    /// let group = cluster.group("billing");
    /// let plan = group.plan_reset(&cluster.topic("events"), Offset::Earliest).await?;
    /// for step in plan.moves() {
    ///     println!("partition {}: from {:?} to {}", step.partition, step.from, step.to);
    /// }
    /// group.reset(&plan).await?;
    /// # Ok(()) }
    /// ```
    pub async fn plan_reset(&self, topic: &Topic, to: Offset) -> Result<ResetPlan, GroupResetError> {
        let description = self.describe().await?;
        if !description.members.is_empty() {
            let members = description.members.into_iter().map(|member| member.id).collect();
            return Err(GroupResetError::HasMembers { group: Arc::clone(&self.name), members });
        }
        let of_topic = description.partitions.iter().filter(|part| *part.topic == *topic.name());
        let foreign = of_topic.clone().find_map(|part| Some((part.broker?, part.committed?, part.partition)));
        if let Some((broker, _, partition)) = foreign {
            let (group, topic) = (Arc::clone(&self.name), Arc::from(topic.name()));
            let node = format!("{broker}-{partition}");
            return Err(GroupResetError::OtherNodes { group, topic, node });
        }
        let committed: BTreeMap<i32, i64> =
            of_topic.filter_map(|part| Some((part.partition, part.committed?))).collect();
        let targets = targets(topic, to).await?;
        let moves = targets.into_iter().map(|PartitionOffset { partition, offset }| OffsetMove {
            partition,
            from: committed.get(&partition).copied(),
            to: offset,
        });
        Ok(ResetPlan { topic: Arc::from(topic.name()), moves: moves.collect() })
    }

    /// Does what the plan says, however the group has changed since, as long as it has no members. It is an order: it goes on when
    /// its future is dropped, and [`Cluster::close`](crate::Cluster::close) waits for it, as long as either has time.
    ///
    /// # Errors
    /// When the group has members: then nothing was changed, unless the error says that they came in between. When ZooKeeper
    /// refuses or does not answer in time, or the client is closed: some offsets may be set then, and the same plan may be
    /// carried out again.
    pub fn reset(&self, plan: &ResetPlan) -> Call<Result<(), GroupResetError>> {
        let offset = |step: &OffsetMove| PartitionOffset { partition: step.partition, offset: step.to };
        let offsets = plan.moves.iter().map(offset).collect();
        let (group, topic) = (Arc::clone(&self.name), Arc::clone(&plan.topic));
        let reset = Command::ResetGroup(GroupReset { group, topic, offsets });
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
