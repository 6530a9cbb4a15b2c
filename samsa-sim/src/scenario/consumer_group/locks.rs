//! Who has a partition: the nodes that lock it, by whatever names, or whoever the group's coordinator has given it.

use samsa_client::{Consumer, Dialect, TopicPartition};
use samsa_proto::zookeeper::{PartitionNode, PartitionState, path};

use super::group::Group;
use crate::zookeeper::Ensemble;

/// An owner node of a partition, or that a member has it in a generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lock {
    pub(super) name: String,
    /// The transaction that made it, or the generation.
    pub(super) made: i64,
    /// Who has it, by its own word, or that of the coordinator.
    pub(super) owner: String,
}

impl Group {
    /// All locks of a partition.
    pub(super) fn locks(&self, place: &TopicPartition) -> Vec<Lock> {
        match self.ways.dialect() {
            Some(dialect) => self
                .stage
                .world
                .zookeeper_service()
                .look(|ensemble| locks(ensemble, self.name, dialect, place)),
            None => self.stage.world.host().look(|cluster| {
                let held = |(owner, generation)| Lock {
                    name: place.to_string(),
                    made: i64::from(generation),
                    owner,
                };
                let holders = cluster.holders(self.name, &place.topic, place.partition);
                holders.into_iter().map(held).collect()
            }),
        }
    }

    /// How what says who has a partition begins, where this member has it.
    pub(super) fn owner_of(&self, client: &str, consumer: &Consumer) -> String {
        // A coordinator names members after their clients; each has one of its own here.
        if self.ways.dialect().is_some() { consumer.member().to_owned() } else { format!("{client}-") }
    }

    /// Whether a partition has one lock, of the name that it is to have.
    pub(super) fn is_locked(&self, place: &TopicPartition) -> bool {
        let names: Vec<String> = self.locks(place).into_iter().map(|lock| lock.name).collect();
        if self.ways.dialect().is_some() { names == [self.lock_name(place)] } else { names.len() == 1 }
    }

    fn lock_name(&self, place: &TopicPartition) -> String {
        let broker = if self.ways.dialect() == Some(Dialect::Samsa) { self.leader(place) } else { None };
        PartitionNode { broker, partition: place.partition }.to_string()
    }

    fn leader(&self, place: &TopicPartition) -> Option<i32> {
        let path = path::partition_state(&place.topic, place.partition).ok()?;
        let leader = |ensemble: &Ensemble| PartitionState::from_bytes(ensemble.look(&path)?.0).ok()?.leader;
        self.stage.world.zookeeper_service().look(leader)
    }
}

/// All locks of a partition, in a group of this name that speaks so.
pub(super) fn locks(ensemble: &Ensemble, group: &str, dialect: Dialect, place: &TopicPartition) -> Vec<Lock> {
    let folder = path::topic_owners(group, &place.topic).unwrap_or_default();
    let is_of_it = |name: &String| {
        PartitionNode::from_name(name, dialect).is_ok_and(|node| node.partition == place.partition)
    };
    let lock = |name: String| {
        let (data, stat) = ensemble.look(&format!("{folder}/{name}"))?;
        Some(Lock { name, made: stat.czxid, owner: String::from_utf8_lossy(data).into_owned() })
    };
    ensemble.names_below(&folder).into_iter().filter(is_of_it).filter_map(lock).collect()
}
