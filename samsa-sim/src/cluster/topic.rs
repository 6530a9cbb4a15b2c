//! Topics and partitions: who leads, who is in sync, and what is in the log.

use std::collections::BTreeMap;

use samsa_proto::wire::Uuid;
use samsa_proto::zookeeper::{PartitionReplicas, PartitionState, TopicRegistration};

use super::log::{Log, LoggedRecord};
use crate::rng::Rng;

/// A topic.
#[derive(Debug)]
pub(crate) struct Topic {
    /// Zero before 2.8.
    pub(super) id: Uuid,
    /// Tells it from topics that had its name before, in every release.
    pub(super) incarnation: u64,
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
    /// What was not committed when its leader went, and went with it.
    pub(super) dropped: Vec<LoggedRecord>,
    /// Where the logs of replicas end that fell out of sync; each is taken for the beginning of the leader's.
    ends: BTreeMap<i32, i64>,
    /// High watermarks of followers that have not learnt the present one.
    pub(super) known_by: BTreeMap<i32, i64>,
    /// Where the logs of followers begin that lack what was before.
    pub(super) short: BTreeMap<i32, i64>,
}

impl Topic {
    /// A topic whose partitions are led round robin, by the brokers in this order.
    pub(super) fn new(id: Uuid, partitions: i32, replication: usize, brokers: &[i32]) -> Self {
        let partition = |number: usize| {
            let replicas = (0..replication).map(|place| brokers[(number + place) % brokers.len()]);
            Partition::new(replicas.collect())
        };
        let partitions = (0..usize::try_from(partitions).unwrap_or(0)).map(partition).collect();
        Self { id, incarnation: 0, ready: false, partitions }
    }

    /// A topic whose partitions have these replicas.
    pub(super) fn assigned(id: Uuid, replicas: Vec<Vec<i32>>) -> Self {
        let partitions = replicas.into_iter().map(Partition::new).collect();
        Self { id, incarnation: 0, ready: false, partitions }
    }

    /// Another partition, on the brokers of the first one. Its number is returned.
    pub(super) fn grow(&mut self) -> i32 {
        let replicas = self.partitions.first().map(|first| first.replicas.clone()).unwrap_or_default();
        self.partitions.push(Partition::new(replicas));
        self.partitions.len() as i32 - 1
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
        Self {
            replicas,
            in_sync,
            leader: None,
            epoch: -1,
            log: Log::default(),
            committed: 0,
            dropped: Vec::new(),
            ends: BTreeMap::new(),
            known_by: BTreeMap::new(),
            short: BTreeMap::new(),
        }
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
        self.be_led_by(leader, rng);
        if leader.is_some() {
            let gone: Vec<i32> = self.in_sync.iter().copied().filter(|id| !is_alive(*id)).collect();
            for id in gone {
                self.fall_out_of_sync(id);
            }
        }
        self.commit_if_alone();
    }

    /// Gives it a leader that is in sync.
    pub(super) fn be_led_by(&mut self, leader: Option<i32>, rng: &mut Rng) {
        if leader.is_some() && self.leader.is_some() && leader != self.leader {
            let ends: Vec<i64> =
                std::iter::once(self.committed).chain(self.log.ends_from(self.committed + 1)).collect();
            let end = rng.pick(&ends).copied().unwrap_or(self.committed);
            self.dropped.extend(self.log.records_from(end));
            self.log.truncate(end);
        }
        self.leader = leader;
        self.epoch += 1;
    }

    /// Gives it a leader whose log is the truth from now on, whatever it lacks. Says where it ends.
    pub(super) fn be_led_uncleanly_by(&mut self, leader: i32) -> i64 {
        let end = self.ends.remove(&leader).unwrap_or(self.committed).min(self.log.end());
        for id in std::mem::replace(&mut self.in_sync, vec![leader]) {
            self.ends.insert(id, end);
        }
        self.ends.remove(&leader);
        self.ends.values_mut().for_each(|other| *other = (*other).min(end));
        self.log.truncate(end);
        self.leader = Some(leader);
        self.epoch += 1;
        self.commit();
        end
    }

    /// Where the log of a replica ends that fell out of sync.
    pub(super) fn end_of(&self, broker: i32) -> Option<i64> {
        self.ends.get(&broker).copied()
    }

    fn fall_out_of_sync(&mut self, broker: i32) {
        self.in_sync.retain(|id| *id != broker);
        self.ends.insert(broker, self.committed);
    }

    /// A replica is gone. The last one in sync stays so.
    pub(super) fn drop_from_sync(&mut self, broker: i32) {
        if self.in_sync.len() > 1 {
            self.fall_out_of_sync(broker);
        }
        self.commit_if_alone();
    }

    /// A replica has caught up.
    pub(super) fn join_sync(&mut self, broker: i32) {
        if self.replicas.contains(&broker) && !self.in_sync.contains(&broker) {
            self.in_sync.push(broker);
            self.ends.remove(&broker);
        }
    }

    /// How far readers get: to what all in sync have, or to what is decided of it.
    pub(super) fn readable_end(&self, only_decided: bool) -> i64 {
        if only_decided { self.log.transactions().stable_end(self.committed) } else { self.committed }
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
