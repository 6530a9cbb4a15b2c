//! What Kafka keeps in ZooKeeper: brokers, topics, and the groups that share partitions there.
//!
//! Readers take the bytes of a znode and give a typed value, or a [`ZnodeError`] that names the znode, what was expected
//! and what came. They are as tolerant as the brokers' own: any key order, unknown keys, numbers as text, later
//! versions. A znode with null data is read as one with empty data. Writers give the bytes that Kafka of the named age
//! writes, so that a model of it can be made from the same types.

mod broker;
mod cluster_id;
mod connect_string;
mod consumer;
mod controller;
mod dialect;
mod endpoint;
mod error;
mod json;
mod kafka07;
mod offset;
mod owner;
mod partition_node;
mod partition_state;
pub mod path;
mod topic;

pub use broker::{BrokerRegistration, BrokerRegistrationVersion, SupportedVersions};
pub use cluster_id::ClusterId;
pub use connect_string::{ConnectString, ConnectStringError, DEFAULT_PORT, Server};
pub use consumer::{ConsumerRegistration, InexpressibleError, RegistrationError, Subscription, TopicFilter};
pub use controller::{Controller, ControllerEpoch, ControllerVersion};
pub use dialect::Dialect;
pub use endpoint::{Endpoint, SecurityProtocol};
pub use error::{ZnodeError, ZnodeKind};
pub use kafka07::{Kafka07Broker, PartitionCount};
pub use offset::{read_offset, write_offset};
pub use owner::Owner;
pub use partition_node::PartitionNode;
pub use partition_state::PartitionState;
pub use path::{NameFault, PathError};
pub use topic::{PartitionReplicas, TopicRegistration, TopicVersion};
