//! `StreamsGroupTopologyDescriptionUpdate` (key 93): a member of a streams group hands in its whole topology
//! (KIP-1331).

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Version 0, flexible. Answered with [`StreamsGroupTopologyDescriptionUpdateResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 93, versions = "0", flexible = "0+", response = StreamsGroupTopologyDescriptionUpdateResponse<'r>)]
pub struct StreamsGroupTopologyDescriptionUpdateRequest<'a> {
    pub group_id: &'a str,
    pub member_id: &'a str,
    pub topology_epoch: i32,
    pub topology_description: TopologyDescription<'a>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescription<'a> {
    pub subtopologies: Vec<TopologyDescriptionSubtopology<'a>>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescriptionSubtopology<'a> {
    pub subtopology_id: &'a str,
    pub nodes: Vec<TopologyDescriptionNode<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescriptionNode<'a> {
    pub name: &'a str,
    /// 1 source, 2 processor, 3 sink.
    pub node_type: i8,
    /// Of a source.
    pub source_topics: Vec<&'a str>,
    /// Of a sink; null where it is chosen for each record.
    pub sink_topic: Option<&'a str>,
    /// Of a processor.
    pub stores: Vec<&'a str>,
    /// Names of the nodes that come after it.
    pub successors: Vec<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopologyDescriptionGlobalStore<'a> {
    pub source: TopologyDescriptionNode<'a>,
    pub processor: TopologyDescriptionNode<'a>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`StreamsGroupTopologyDescriptionUpdateRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct StreamsGroupTopologyDescriptionUpdateResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
