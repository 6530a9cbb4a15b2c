//! What coordinators of groups say to members, and of offsets. A group has the member that asks, and that one leads it.

use samsa_proto::api::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use samsa_proto::api::consumer_protocol::{ConsumerProtocolAssignment, TopicPartition};
use samsa_proto::api::find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};
use samsa_proto::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use samsa_proto::api::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};
use samsa_proto::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use samsa_proto::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use samsa_proto::api::sync_group::{SyncGroupRequest, SyncGroupResponse};
use samsa_proto::{Request as _, decode};

use super::peer::{Asked, Mood, copies, error, screwed, topic_id};

impl Asked {
    /// The answer of a coordinator; none to what is for nobody of that kind.
    pub(super) fn of_coordinator(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        match self.key {
            FindCoordinatorRequest::KEY => self.find_coordinator(mood),
            JoinGroupRequest::KEY => self.join_group(mood),
            SyncGroupRequest::KEY => {
                let assignment = assignment(mood);
                let response = SyncGroupResponse {
                    error_code: error(mood),
                    assignment: &assignment,
                    ..Default::default()
                };
                Some(self.frame::<SyncGroupRequest<'_>>(&response))
            }
            HeartbeatRequest::KEY => {
                let response = HeartbeatResponse { error_code: error(mood), ..Default::default() };
                Some(self.frame::<HeartbeatRequest<'_>>(&response))
            }
            LeaveGroupRequest::KEY => {
                let response = LeaveGroupResponse { error_code: error(mood), ..Default::default() };
                Some(self.frame::<LeaveGroupRequest<'_>>(&response))
            }
            ConsumerGroupHeartbeatRequest::KEY => self.consumer_heartbeat(mood),
            OffsetFetchRequest::KEY => self.offset_fetch(mood),
            OffsetCommitRequest::KEY => self.offset_commit(mood),
            _ => None,
        }
    }

    fn find_coordinator(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<FindCoordinatorRequest<'_>>(self.version, &self.body).ok()?;
        let (node_id, port, error_code) = (screwed(1, mood), screwed(9092, mood), error(mood));
        let response = if self.version < 4 {
            FindCoordinatorResponse { error_code, node_id, host: "10.0.0.1", port, ..Default::default() }
        } else {
            let found =
                |key| Coordinator { key, node_id, host: "10.0.0.1", port, error_code, ..Default::default() };
            let coordinators = request.coordinator_keys.into_iter().map(found).collect();
            FindCoordinatorResponse { coordinators, ..Default::default() }
        };
        Some(self.frame::<FindCoordinatorRequest<'_>>(&response))
    }

    fn join_group(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<JoinGroupRequest<'_>>(self.version, &self.body).ok()?;
        let member_id = if request.member_id.is_empty() { "m" } else { request.member_id };
        let metadata = request.protocols.first().map_or(&[][..], |protocol| protocol.metadata);
        let metadata = if mood.byte() < 240 { metadata } else { &metadata[metadata.len() / 2..] };
        let own = JoinGroupResponseMember { member_id, metadata, ..Default::default() };
        let response = JoinGroupResponse {
            error_code: error(mood),
            generation_id: screwed(1, mood),
            protocol_name: Some("range"),
            leader: if mood.byte() < 200 { member_id } else { "other" },
            member_id,
            members: copies(own, mood),
            ..Default::default()
        };
        Some(self.frame::<JoinGroupRequest<'_>>(&response))
    }

    fn consumer_heartbeat(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<ConsumerGroupHeartbeatRequest<'_>>(self.version, &self.body).ok()?;
        let part = TopicPartitions {
            topic_id: topic_id("a"),
            partitions: vec![screwed(0, mood), screwed(1, mood)],
            ..Default::default()
        };
        let assignment = Assignment { topic_partitions: copies(part, mood), ..Default::default() };
        let response = ConsumerGroupHeartbeatResponse {
            error_code: error(mood),
            member_id: Some(request.member_id),
            member_epoch: screwed(request.member_epoch.max(1), mood),
            heartbeat_interval_ms: screwed(1_000, mood),
            assignment: (request.member_epoch == 0 || mood.byte() >= 200).then_some(assignment),
            ..Default::default()
        };
        Some(self.frame::<ConsumerGroupHeartbeatRequest<'_>>(&response))
    }

    fn offset_fetch(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<OffsetFetchRequest<'_>>(self.version, &self.body).ok()?;
        let mut old = |partition_index| OffsetFetchResponsePartition {
            partition_index,
            committed_offset: i64::from(screwed(-1, mood)),
            error_code: error(mood),
            ..Default::default()
        };
        let topics = request.topics.into_iter().flatten().map(|topic| OffsetFetchResponseTopic {
            name: topic.name,
            partitions: topic.partition_indexes.into_iter().map(&mut old).collect(),
            ..Default::default()
        });
        let topics = topics.collect();
        let mut new = |partition_index| OffsetFetchResponsePartitions {
            partition_index,
            committed_offset: i64::from(screwed(-1, mood)),
            error_code: error(mood),
            ..Default::default()
        };
        let mut of_group = Vec::new();
        for group in request.groups {
            let topics = group.topics.into_iter().flatten().map(|topic| OffsetFetchResponseTopics {
                name: topic.name,
                topic_id: topic.topic_id,
                partitions: topic.partition_indexes.into_iter().map(&mut new).collect(),
                ..Default::default()
            });
            let topics = topics.collect();
            of_group.push(OffsetFetchResponseGroup {
                group_id: group.group_id,
                topics,
                ..Default::default()
            });
        }
        let response = OffsetFetchResponse { topics, groups: of_group, ..Default::default() };
        Some(self.frame::<OffsetFetchRequest<'_>>(&response))
    }

    fn offset_commit(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<OffsetCommitRequest<'_>>(self.version, &self.body).ok()?;
        let mut done = |partition_index| OffsetCommitResponsePartition {
            partition_index,
            error_code: error(mood),
            ..Default::default()
        };
        let topics = request.topics.into_iter().map(|topic| OffsetCommitResponseTopic {
            name: topic.name,
            topic_id: topic.topic_id,
            partitions: topic
                .partitions
                .into_iter()
                .map(|partition| done(partition.partition_index))
                .collect(),
            ..Default::default()
        });
        let response = OffsetCommitResponse { topics: topics.collect(), ..Default::default() };
        Some(self.frame::<OffsetCommitRequest<'_>>(&response))
    }
}

/// Two partitions of topic `a`, or what nobody can read.
fn assignment(mood: &mut Mood<'_, '_>) -> Vec<u8> {
    let partitions = vec![screwed(0, mood), screwed(1, mood)];
    let of_topic = TopicPartition { topic: "a", partitions };
    let all = ConsumerProtocolAssignment { assigned_partitions: vec![of_topic], user_data: None };
    let written = all.write(0).unwrap_or_default();
    match mood.byte() {
        0..240 => written,
        other => written[..usize::from(other - 240).min(written.len())].to_vec(),
    }
}
