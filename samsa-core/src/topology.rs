//! What is seen of a cluster: its topics, brokers and partitions.

use std::fmt;
use std::sync::Arc;

use crate::address::HostPort;
use crate::id::BrokerId;
use crate::time::UnixMillis;

/// A topic's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicName {
    /// Its name.
    pub name: Arc<str>,
    /// Whether the cluster keeps its own affairs in it.
    pub internal: bool,
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// This partition of this topic.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// A broker, as registered or advertised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerInfo {
    /// Its id.
    pub id: BrokerId,
    /// Where it listens.
    pub address: HostPort,
    /// Where it stands, when it says so.
    pub rack: Option<String>,
    /// When it registered itself in ZooKeeper; `None` where there is no ZooKeeper.
    pub registered: Option<UnixMillis>,
}

/// A partition, as the cluster's metadata has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Its number.
    pub partition: i32,
    /// Who takes its reads and writes; `None` while there is nobody.
    pub leader: Option<BrokerId>,
    /// How many leaders it has had; `None` where brokers do not say (before Kafka 2.1).
    pub leader_epoch: Option<i32>,
    /// Who keeps it, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Which of them have all that was acknowledged.
    pub in_sync: Vec<BrokerId>,
}
