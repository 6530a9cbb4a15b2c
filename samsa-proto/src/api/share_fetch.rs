//! `ShareFetch` (key 78): get records of a share group, and say what became of earlier ones (KIP-932).

use crate::wire::{Records, UnknownTags, Uuid};
use crate::{ErrorCode, Message};

/// Versions 1 to 2, flexible. Answered with [`ShareFetchResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 78, versions = "1-2", flexible = "0+", response = ShareFetchResponse<'r>)]
pub struct ShareFetchRequest<'a> {
    pub group_id: Option<&'a str>,
    #[field(default = Some(""))]
    pub member_id: Option<&'a str>,
    /// 0 opens a session, -1 closes it, otherwise one more than the last.
    pub share_session_epoch: i32,
    /// How long the broker may wait for `min_bytes`.
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    #[field(default = i32::MAX)]
    pub max_bytes: i32,
    /// May be exceeded up to the end of a batch.
    pub max_records: i32,
    /// How many records to hand out in one piece.
    pub batch_size: i32,
    /// 0 whole batches, 1 never more than `max_records` (KIP-1206).
    #[field(versions = "2+", ignorable)]
    pub share_acquire_mode: i8,
    /// Whether renewals are among the acknowledgements (KIP-1222).
    #[field(versions = "2+")]
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    /// What to take out of the session.
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct FetchTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct FetchPartition {
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

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ForgottenTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`ShareFetchRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "1-2", flexible = "0+")]
pub struct ShareFetchResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    /// Of the session as a whole.
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    pub error_message: Option<&'a str>,
    /// How long the records handed out stay locked for this member.
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse<'a>>,
    /// Where the leaders are that `current_leader` names.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct ShareFetchableTopicResponse<'a> {
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
    /// Of the acknowledgements that came with the request.
    pub acknowledge_error_code: ErrorCode,
    pub acknowledge_error_message: Option<&'a str>,
    pub current_leader: LeaderIdAndEpoch,
    /// Also holds records that were not acquired; go by `acquired_records`.
    pub records: Records<'a>,
    pub acquired_records: Vec<AcquiredRecords>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct AcquiredRecords {
    pub first_offset: i64,
    /// Inclusive.
    pub last_offset: i64,
    /// How often they were handed out, this time included.
    pub delivery_count: i16,
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
