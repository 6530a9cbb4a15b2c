//! The Kafka wire protocol and what Kafka keeps in ZooKeeper: bytes to meaning and back, without IO.

pub mod zookeeper;
