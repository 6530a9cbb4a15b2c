//! `ShareAcknowledge` (key 79): say what became of records of a share group (KIP-932).

use crate::wire::{UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 1 to 2, flexible. Answered with [`ShareAcknowledgeResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 79, versions = "1-2", flexible = "0+", response = ShareAcknowledgeResponse<'r>)]
pub struct ShareAcknowledgeRequest<'a> {
    pub group_id: Option<&'a str>,
    #[field(default = Some(""))]
    pub member_id: Option<&'a str>,
    /// 0 opens a session, -1 closes it, otherwise one more than the last.
    pub share_session_epoch: i32,
    /// Whether renewals are among the acknowledgements (KIP-1222).
    #[field(versions = "2+")]
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AcknowledgeTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<AcknowledgePartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    /// Inclusive.
    pub last_offset: i64,
    /// One for each offset of the range, or one for all: 0 gap, 1 accept, 2 release, 3 reject, 4 renew (from
    /// version 2).
    pub acknowledge_types: Vec<i8>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ShareAcknowledgeRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "1-2", flexible = "0+")]
pub struct ShareAcknowledgeResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    /// How long the records handed out stay locked for this member.
    #[field(versions = "2+", ignorable)]
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareAcknowledgeTopicResponse<'a>>,
    /// Where the leaders are that `current_leader` names.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ShareAcknowledgeTopicResponse<'a> {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct PartitionData<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    pub current_leader: LeaderIdAndEpoch,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct NodeEndpoint<'a> {
    pub node_id: i32,
    pub host: &'a str,
    pub port: i32,
    pub rack: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}
