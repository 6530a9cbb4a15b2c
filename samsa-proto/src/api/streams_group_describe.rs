//! `StreamsGroupDescribe` (key 89): state and members of streams groups (KIP-1071).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 1, flexible. Answered with [`StreamsGroupDescribeResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 89, versions = "0-1", flexible = "0+", response = StreamsGroupDescribeResponse<'r>)]
pub struct StreamsGroupDescribeRequest<'a> {
    pub group_ids: Vec<&'a str>,
    /// Whether to say which operations are allowed.
    pub include_authorized_operations: bool,
    #[field(versions = "1+")]
    pub include_topology_description: bool,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`StreamsGroupDescribeRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-1", flexible = "0+")]
pub struct StreamsGroupDescribeResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub group_id: &'a str,
    pub group_state: &'a str,
    /// Goes up when something changed that asks for a new assignment.
    pub group_epoch: i32,
    /// The group epoch that the target assignment was made for.
    pub assignment_epoch: i32,
    /// Null after an error.
    pub topology: Option<Topology<'a>>,
    pub members: Vec<Member<'a>>,
    /// A bit for each operation that is allowed; `i32::MIN` where it was not asked for.
    #[field(default = i32::MIN)]
    pub authorized_operations: i32,
    /// Null unless its status is 3.
    #[field(versions = "1+")]
    pub topology_description: Option<TopologyDescription<'a>>,
    /// 0 not asked for, 3 there; otherwise why it is not.
    #[field(versions = "1+")]
    pub topology_description_status: i8,
    #[field(versions = "1+", ignorable)]
    pub assignor_name: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Topology<'a> {
    pub epoch: i32,
    pub subtopologies: Option<Vec<Subtopology<'a>>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Subtopology<'a> {
    pub subtopology_id: &'a str,
    pub source_topics: Vec<&'a str>,
    pub repartition_sink_topics: Vec<&'a str>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
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
pub struct Member<'a> {
    pub member_id: &'a str,
    pub member_epoch: i32,
    /// Set by static members (KIP-345).
    pub instance_id: Option<&'a str>,
    pub rack_id: Option<&'a str>,
    pub client_id: &'a str,
    /// Where the member connects from, as the broker sees it.
    pub client_host: &'a str,
    pub topology_epoch: i32,
    /// The same for all members in one process.
    pub process_id: &'a str,
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Vec<KeyValue<'a>>,
    pub task_offsets: Vec<TaskOffset<'a>>,
    pub task_end_offsets: Vec<TaskOffset<'a>>,
    pub assignment: Assignment<'a>,
    /// What the member is to have.
    pub target_assignment: Assignment<'a>,
    /// Whether it still speaks the classic protocol.
    pub is_classic: bool,
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

#[derive(Debug, Clone, PartialEq, Message)]
pub struct Assignment<'a> {
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TaskIds<'a> {
    pub subtopology_id: &'a str,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescription<'a> {
    #[field(versions = "1+")]
    pub subtopologies: Vec<TopologyDescriptionSubtopology<'a>>,
    #[field(versions = "1+")]
    pub global_stores: Vec<TopologyDescriptionGlobalStore<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescriptionSubtopology<'a> {
    #[field(versions = "1+")]
    pub subtopology_id: &'a str,
    #[field(versions = "1+")]
    pub nodes: Vec<TopologyDescriptionNode<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescriptionNode<'a> {
    #[field(versions = "1+")]
    pub name: &'a str,
    /// 1 source, 2 processor, 3 sink.
    #[field(versions = "1+")]
    pub node_type: i8,
    /// Of a source.
    #[field(versions = "1+")]
    pub source_topics: Vec<&'a str>,
    /// Of a sink; null where it is chosen for each record.
    #[field(versions = "1+")]
    pub sink_topic: Option<&'a str>,
    /// Of a processor.
    #[field(versions = "1+")]
    pub stores: Vec<&'a str>,
    /// Names of the nodes that come after it.
    #[field(versions = "1+")]
    pub successors: Vec<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescriptionGlobalStore<'a> {
    #[field(versions = "1+")]
    pub source: TopologyDescriptionNode<'a>,
    #[field(versions = "1+")]
    pub processor: TopologyDescriptionNode<'a>,
    pub unknown_tags: UnknownTags,
}
