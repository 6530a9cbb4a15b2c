//! `ConsumerGroupDescribe`: who is in a group of KIP-848.

use samsa_proto::ErrorCode;
use samsa_proto::api::consumer_group_describe::{
    Assignment, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedGroup, Member,
    TopicPartitions,
};

use super::Group;
use super::consumer::{ConsumerGroup, Part};
use super::coordinator::coordinates;
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

/// As `member_type` tells of members that speak the protocol.
const OF_CONSUMER: i8 = 1;

pub(crate) fn answer(
    state: &mut State,
    call: &Call<'_>,
    request: &ConsumerGroupDescribeRequest<'_>,
) -> Answer {
    let mut found = Vec::new();
    for group in &request.group_ids {
        found.push(coordinates(state, call, group).and_then(|()| match state.groups.by_name.get(*group) {
            Some(Group::Consumer(group)) => Ok(group.clone()),
            _ => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        }));
        state.note(call.broker, format!("ConsumerGroupDescribe {} of {group}", call.version));
    }
    let groups = request.group_ids.iter().zip(&found).map(|(group_id, found)| match found {
        Ok(group) => described(group_id, group),
        Err(error_code) => DescribedGroup { group_id, error_code: *error_code, ..Default::default() },
    });
    let response = ConsumerGroupDescribeResponse {
        groups: groups.collect(),
        throttle_time_ms: call.throttle_ms,
        ..Default::default()
    };
    call.answer::<ConsumerGroupDescribeRequest<'_>>(state, &response)
}

fn described<'a>(group_id: &'a str, group: &'a ConsumerGroup) -> DescribedGroup<'a> {
    let members = group.members.iter().map(|(member_id, member)| Member {
        member_id,
        member_epoch: member.epoch,
        client_id: &member.client,
        client_host: "/127.0.0.1",
        subscribed_topic_names: member.topics.iter().map(String::as_str).collect(),
        assignment: assignment(group, member.assigned.keys()),
        target_assignment: assignment(group, group.target.get(member_id).into_iter().flatten()),
        member_type: OF_CONSUMER,
        ..Default::default()
    });
    DescribedGroup {
        group_id,
        group_state: group.state(),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        assignor_name: group.assignor(),
        members: members.collect(),
        ..Default::default()
    }
}

fn assignment<'a>(group: &'a ConsumerGroup, parts: impl Iterator<Item = &'a Part>) -> Assignment<'a> {
    let parts: Vec<&Part> = parts.collect();
    let topics = group.subscribed.iter().map(|(topic_name, (topic_id, _))| {
        let of_topic = parts.iter().filter(|(topic, _)| topic == topic_id);
        let partitions = of_topic.map(|(_, number)| *number).collect();
        TopicPartitions { topic_id: *topic_id, topic_name, partitions, ..Default::default() }
    });
    let topic_partitions = topics.filter(|topic| !topic.partitions.is_empty()).collect();
    Assignment { topic_partitions, ..Default::default() }
}
