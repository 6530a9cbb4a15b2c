//! What a broker tells of the cluster: usually what there is, sometimes what there was, or nothing.

use std::collections::BTreeMap;

use samsa_core::HostPort;
use samsa_proto::wire::Uuid;

use super::state::{Broker, State};
use super::topic::{Partition, Topic};

/// What a broker tells of the cluster.
#[derive(Clone, Debug)]
pub(super) enum View {
    /// What there is.
    Current,
    /// No topics, and no broker but itself.
    Blank,
    /// What there was at some time.
    Past(Picture),
}

/// Brokers and topics at some time.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// With where they listen.
    pub(super) brokers: BTreeMap<i32, HostPort>,
    pub(super) topics: BTreeMap<String, TopicPicture>,
}

#[derive(Clone, Debug)]
pub(super) struct TopicPicture {
    pub(super) id: Uuid,
    pub(super) ready: bool,
    pub(super) partitions: Vec<PartitionPicture>,
}

#[derive(Clone, Debug)]
pub(super) struct PartitionPicture {
    pub(super) replicas: Vec<i32>,
    pub(super) in_sync: Vec<i32>,
    pub(super) leader: Option<i32>,
    pub(super) epoch: i32,
}

impl View {
    pub(super) const fn is_blank(&self) -> bool {
        matches!(self, Self::Blank)
    }
}

impl State {
    /// What a broker would tell now.
    pub(super) fn picture_of(&self, broker: i32) -> Picture {
        match self.brokers.get(&broker).map(|broker| &broker.view) {
            Some(View::Blank) => {
                Picture { brokers: self.addresses(|id, _| id == broker), topics: BTreeMap::new() }
            }
            Some(View::Past(past)) => past.clone(),
            Some(View::Current) | None => self.picture(),
        }
    }

    /// How things are.
    pub(super) fn picture(&self) -> Picture {
        let topics = self.topics.iter().map(|(name, topic)| (name.clone(), TopicPicture::of(topic)));
        Picture { brokers: self.addresses(|_, broker| broker.known), topics: topics.collect() }
    }

    fn addresses(&self, which: impl Fn(i32, &Broker) -> bool) -> BTreeMap<i32, HostPort> {
        let told = self.brokers.iter().filter(|(id, broker)| which(**id, broker));
        told.map(|(id, broker)| (*id, broker.address.clone())).collect()
    }
}

impl TopicPicture {
    fn of(topic: &Topic) -> Self {
        let partitions = topic.partitions.iter().map(PartitionPicture::of).collect();
        Self { id: topic.id, ready: topic.ready, partitions }
    }
}

impl PartitionPicture {
    fn of(partition: &Partition) -> Self {
        let Partition { replicas, in_sync, leader, epoch, .. } = partition;
        Self { replicas: replicas.clone(), in_sync: in_sync.clone(), leader: *leader, epoch: *epoch }
    }
}
