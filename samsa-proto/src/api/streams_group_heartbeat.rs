//! `StreamsGroupHeartbeat` (key 88): all that a member of a streams group says to its coordinator (KIP-1071).
//!
//! What has not changed since the last heartbeat is left null, or at -1.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`StreamsGroupHeartbeatResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 88, versions = "0-1", flexible = "0+", response = StreamsGroupHeartbeatResponse<'r>)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    pub group_id: &'a str,
    /// Chosen by the member, a uuid.
    pub member_id: &'a str,
    /// 0 joins, -1 leaves, -2 leaves for a while as a static member; otherwise what the last answer said.
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    /// Set by static members (KIP-345).
    pub instance_id: Option<&'a str>,
    pub rack_id: Option<&'a str>,
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    pub topology: Option<Topology<'a>>,
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    /// The same for all members in one process.
    pub process_id: Option<&'a str>,
    /// Where the application answers queries.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// For an assignment that keeps racks apart.
    pub client_tags: Option<Vec<KeyValue<'a>>>,
    pub task_offsets: Option<Vec<TaskOffset<'a>>>,
    pub task_end_offsets: Option<Vec<TaskOffset<'a>>>,
    pub shutdown_application: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Topology<'a> {
    /// Goes up when the application changes its topology.
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Subtopology<'a> {
    pub subtopology_id: &'a str,
    pub source_topics: Vec<&'a str>,
    pub source_topic_regex: Vec<&'a str>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_sink_topics: Vec<&'a str>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    pub copartition_groups: Vec<CopartitionGroup>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicInfo<'a> {
    pub name: &'a str,
    pub partitions: i32,
    /// 0 for the broker's default.
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct KeyValue<'a> {
    pub key: &'a str,
    pub value: &'a str,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct CopartitionGroup {
    /// Indexes into the list of the subtopology, as below.
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TaskIds<'a> {
    pub subtopology_id: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Endpoint<'a> {
    pub host: &'a str,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TaskOffset<'a> {
    pub subtopology_id: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`StreamsGroupHeartbeatRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct StreamsGroupHeartbeatResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub member_id: &'a str,
    pub member_epoch: i32,
    /// How long to wait until the next heartbeat.
    pub heartbeat_interval_ms: i32,
    /// Replaced by `acceptable_recovery_lag`.
    #[field(versions = "0")]
    pub acceptable_recovery_lag_legacy: i32,
    /// How often to send task offsets.
    pub task_offset_interval_ms: i32,
    /// How many offsets a client may be behind and still count as caught up.
    #[field(versions = "1+", default = -1, ignorable)]
    pub acceptable_recovery_lag: i64,
    /// Why the group does not work, if so.
    #[field(default = Some(Vec::new()))]
    pub status: Option<Vec<Status<'a>>>,
    /// Null where they have not changed, as below.
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    /// Whether to send a `StreamsGroupTopologyDescriptionUpdate`.
    #[field(versions = "1+")]
    pub topology_description_required: bool,
    pub endpoint_information_epoch: i32,
    /// Which endpoint answers queries for which partitions.
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Status<'a> {
    pub status_code: i8,
    pub status_detail: &'a str,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct EndpointToPartitions<'a> {
    pub user_endpoint: Endpoint<'a>,
    pub active_partitions: Vec<TopicPartition<'a>>,
    pub standby_partitions: Vec<TopicPartition<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicPartition<'a> {
    pub topic: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}
