//! `Metadata` (key 3): brokers, and the topics with their partitions and leaders.

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 0 to 13, flexible from 9. Answered with [`MetadataResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 3, versions = "0-13", flexible = "9+", response = MetadataResponse<'r>)]
pub struct MetadataRequest<'a> {
    /// Null asks for all topics, an empty list for none. In version 0 an empty list asks for all.
    #[field(nullable = "1+", default = Some(Vec::new()))]
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    /// Below version 4 a broker that is set up to create topics always does.
    #[field(versions = "4+", default = true)]
    pub allow_auto_topic_creation: bool,
    #[field(versions = "8-10")]
    pub include_cluster_authorized_operations: bool,
    #[field(versions = "8+")]
    pub include_topic_authorized_operations: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct MetadataRequestTopic<'a> {
    /// Asked by id from version 12 on; zero asks by name.
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    #[field(nullable = "10+", default = Some(""))]
    pub name: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`MetadataRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-13", flexible = "9+")]
pub struct MetadataResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker<'a>>,
    #[field(versions = "2+", ignorable)]
    pub cluster_id: Option<&'a str>,
    /// -1 where there is none. A KRaft cluster names any broker, which forwards.
    #[field(versions = "1+", default = -1, ignorable)]
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic<'a>>,
    /// A bit for each operation that is allowed; `i32::MIN` where it was not asked for.
    #[field(versions = "8-10", default = i32::MIN)]
    pub cluster_authorized_operations: i32,
    /// [`ErrorCode::REBOOTSTRAP_REQUIRED`] or none.
    #[field(versions = "13+", ignorable)]
    pub error_code: ErrorCode,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct MetadataResponseBroker<'a> {
    pub node_id: i32,
    pub host: &'a str,
    pub port: i32,
    #[field(versions = "1+", ignorable)]
    pub rack: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct MetadataResponseTopic<'a> {
    pub error_code: ErrorCode,
    /// Null for an id that no topic has.
    #[field(nullable = "12+", default = Some(""))]
    pub name: Option<&'a str>,
    /// Zero where the broker does not know ids.
    #[field(versions = "10+", ignorable)]
    pub topic_id: Uuid,
    #[field(versions = "1+", ignorable)]
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    /// A bit for each operation that is allowed; `i32::MIN` where it was not asked for.
    #[field(versions = "8+", default = i32::MIN)]
    pub topic_authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct MetadataResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    /// -1 where there is none.
    pub leader_id: i32,
    /// -1 where it is not known. The larger of two is the newer (KIP-320).
    #[field(versions = "7+", default = -1, ignorable)]
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    /// The replicas that are in sync.
    pub isr_nodes: Vec<i32>,
    #[field(versions = "5+", ignorable)]
    pub offline_replicas: Vec<i32>,
    pub unknown_tags: UnknownTags,
}
