//! Topics and partitions: who leads, who is in sync, and what is in the log.

use samsa_proto::wire::Uuid;
use samsa_proto::zookeeper::{PartitionReplicas, PartitionState, TopicRegistration};

use super::log::Log;
use crate::rng::Rng;

/// A topic.
#[derive(Debug)]
pub(crate) struct Topic {
    /// Zero before 2.8.
    pub(super) id: Uuid,
    /// Whether its partitions have been given leaders since it was created.
    pub(super) ready: bool,
    pub(super) partitions: Vec<Partition>,
}

/// A partition. Its log stands for all replicas: those in sync have it up to `committed` at least.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Preferred leader first.
    pub(super) replicas: Vec<i32>,
    pub(super) in_sync: Vec<i32>,
    pub(super) leader: Option<i32>,
    pub(super) epoch: i32,
    pub(super) log: Log,
    /// The high watermark: what all in sync have.
    pub(super) committed: i64,
}

impl Topic {
    /// A topic whose partitions are led round robin, by the brokers in this order.
    pub(super) fn new(id: Uuid, partitions: i32, replication: usize, brokers: &[i32]) -> Self {
        let partition = |number: usize| {
            let replicas = (0..replication).map(|place| brokers[(number + place) % brokers.len()]);
            Partition::new(replicas.collect())
        };
        let partitions = (0..usize::try_from(partitions).unwrap_or(0)).map(partition).collect();
        Self { id, ready: false, partitions }
    }

    /// A topic whose partitions have these replicas.
    pub(super) fn assigned(id: Uuid, replicas: Vec<Vec<i32>>) -> Self {
        Self { id, ready: false, partitions: replicas.into_iter().map(Partition::new).collect() }
    }

    /// Who holds which partition.
    pub(super) fn replicas(self) -> Vec<Vec<i32>> {
        self.partitions.into_iter().map(|partition| partition.replicas).collect()
    }

    pub(super) fn partition(&self, number: i32) -> Option<&Partition> {
        usize::try_from(number).ok().and_then(|number| self.partitions.get(number))
    }

    pub(super) fn partition_mut(&mut self, number: i32) -> Option<&mut Partition> {
        usize::try_from(number).ok().and_then(|number| self.partitions.get_mut(number))
    }

    /// As it is registered in `ZooKeeper`.
    pub(super) fn registration(&self) -> TopicRegistration {
        let replicas = |partition: &Partition| PartitionReplicas {
            replicas: partition.replicas.clone(),
            ..Default::default()
        };
        let id = Some(self.id).filter(|id| !id.is_zero());
        TopicRegistration { id, partitions: (0..).zip(self.partitions.iter().map(replicas)).collect() }
    }
}

impl Partition {
    fn new(replicas: Vec<i32>) -> Self {
        let in_sync = replicas.clone();
        Self { replicas, in_sync, leader: None, epoch: -1, log: Log::default(), committed: 0 }
    }

    /// The state as `ZooKeeper` has it.
    pub(super) fn state(&self) -> PartitionState {
        PartitionState {
            leader: self.leader,
            leader_epoch: self.epoch,
            isr: self.in_sync.clone(),
            controller_epoch: 1,
            recovering: false,
        }
    }

    /// Gives it the first leader among those in sync that is alive; nobody when there is none. A new leader may lack
    /// some of what was not committed.
    pub(super) fn elect(&mut self, is_alive: impl Fn(i32) -> bool, rng: &mut Rng) {
        let leader = self.replicas.iter().copied().find(|id| self.in_sync.contains(id) && is_alive(*id));
        if leader.is_some() && self.leader.is_some() && leader != self.leader {
            let ends: Vec<i64> =
                std::iter::once(self.committed).chain(self.log.ends_from(self.committed + 1)).collect();
            self.log.truncate(rng.pick(&ends).copied().unwrap_or(self.committed));
        }
        if leader.is_some() {
            self.in_sync.retain(|id| is_alive(*id));
        }
        self.leader = leader;
        self.epoch += 1;
        self.commit_if_alone();
    }

    /// A replica is gone. The last one in sync stays so.
    pub(super) fn drop_from_sync(&mut self, broker: i32) {
        if self.in_sync.len() > 1 {
            self.in_sync.retain(|id| *id != broker);
        }
        self.commit_if_alone();
    }

    /// A replica has caught up.
    pub(super) fn join_sync(&mut self, broker: i32) {
        if self.replicas.contains(&broker) && !self.in_sync.contains(&broker) {
            self.in_sync.push(broker);
        }
    }

    /// Those in sync have all of it.
    pub(super) fn commit(&mut self) {
        self.committed = self.log.end();
    }

    pub(super) fn commit_if_alone(&mut self) {
        if self.in_sync.len() <= 1 && self.leader.is_some() {
            self.commit();
        }
    }
}
