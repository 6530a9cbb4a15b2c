//! As whom members of groups on the brokers speak, by what they send.

use samsa_client::TopicPartition;
use samsa_proto::api::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use samsa_proto::api::heartbeat::HeartbeatRequest;
use samsa_proto::api::offset_commit::OffsetCommitRequest;
use samsa_proto::api::sync_group::SyncGroupRequest;
use samsa_proto::{Request as _, decode, decode_request_header};

/// A member's name in its group, and the generation or epoch in which it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    member: String,
    generation: i32,
}

impl Identity {
    /// None for who is no member, or only about to be one.
    fn new(member: &str, generation: i32) -> Option<Self> {
        (!member.is_empty() && generation > 0).then(|| Self { member: member.to_owned(), generation })
    }

    /// As whom this was sent, if as a member.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        let (header, body) = decode_request_header(frame).ok()?;
        let version = header.api_version;
        match header.api_key {
            HeartbeatRequest::KEY => {
                let said = decode::<HeartbeatRequest<'_>>(version, body).ok()?;
                Self::new(said.member_id, said.generation_id)
            }
            SyncGroupRequest::KEY => {
                let said = decode::<SyncGroupRequest<'_>>(version, body).ok()?;
                Self::new(said.member_id, said.generation_id)
            }
            ConsumerGroupHeartbeatRequest::KEY => {
                let said = decode::<ConsumerGroupHeartbeatRequest<'_>>(version, body).ok()?;
                Self::new(said.member_id, said.member_epoch)
            }
            OffsetCommitRequest::KEY => {
                let said = decode::<OffsetCommitRequest<'_>>(version, body).ok()?;
                Self::new(said.member_id, said.generation_id_or_member_epoch)
            }
            _ => None,
        }
    }
}

/// The partitions of which a request commits an offset.
pub(super) fn committed(frame: &[u8]) -> Option<Vec<TopicPartition>> {
    let (header, body) = decode_request_header(frame).ok()?;
    if header.api_key != OffsetCommitRequest::KEY {
        return None;
    }
    let request = decode::<OffsetCommitRequest<'_>>(header.api_version, body).ok()?;
    let all = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| TopicPartition::new(topic.name, partition.partition_index))
    });
    Some(all.collect())
}
