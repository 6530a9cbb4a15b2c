//! `ConsumerGroupHeartbeat`: a member of a KIP-848 group joins, is alive, gets and gives back partitions, and leaves.

use std::collections::{BTreeMap, BTreeSet};

use samsa_proto::ErrorCode;
use samsa_proto::api::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use super::consumer::{ASSIGNORS, Beat, Heard, Part, Topics};
use super::coordinator::coordinates;
use super::join_group::millis;
use super::tell;
use super::unheard::{Said, expect_heard};
use crate::cluster::Release;
use crate::cluster::answer::{Answer, Call};
use crate::cluster::state::State;

const LEAVES: i32 = -1;
/// From here on members choose their ids (KIP-1082).
const WITH_OWN_ID: i16 = 1;

pub(crate) fn answer(
    state: &mut State,
    call: &Call<'_>,
    request: &ConsumerGroupHeartbeatRequest<'_>,
) -> Answer {
    let (group, epoch) = (request.group_id, request.member_epoch);
    // Who leaves does not have to wait.
    if epoch != LEAVES {
        expect_heard(state, call, request.member_id, Said::Heartbeat, "ConsumerGroupHeartbeat");
    }
    let member = if request.member_id.is_empty() && call.version < WITH_OWN_ID {
        state.new_member_id("member")
    } else {
        request.member_id.to_owned()
    };
    let done = beat(state, call, request, &member);
    state.groups.is_said(call, request.member_id, Said::Heartbeat);
    tell(state, call.broker);
    let text = match &done {
        Ok(Heard { epoch, assigned: Some(assigned) }) => {
            format!("epoch {epoch}, with {} partitions", assigned.len())
        }
        Ok(Heard { epoch, assigned: None }) => format!("epoch {epoch}"),
        Err(error_code) => format!("{error_code:?}"),
    };
    let version = call.version;
    let told = format!("ConsumerGroupHeartbeat {version} of {group} by {member} in epoch {epoch}: {text}");
    state.note(call.broker, told);
    let heartbeat_interval = state.config.heartbeat_interval.as_millis();
    let base = ConsumerGroupHeartbeatResponse { throttle_time_ms: call.throttle_ms, ..Default::default() };
    let response = match done {
        Ok(Heard { epoch, assigned }) => ConsumerGroupHeartbeatResponse {
            member_id: Some(&member),
            member_epoch: epoch,
            heartbeat_interval_ms: i32::try_from(heartbeat_interval).unwrap_or(i32::MAX),
            assignment: assigned.map(|parts| assignment(&parts)),
            ..base
        },
        Err(error_code) => ConsumerGroupHeartbeatResponse { error_code, error_message: Some(&text), ..base },
    };
    call.answer::<ConsumerGroupHeartbeatRequest<'_>>(state, &response)
}

fn beat(
    state: &mut State,
    call: &Call<'_>,
    request: &ConsumerGroupHeartbeatRequest<'_>,
    member: &str,
) -> Result<Heard, ErrorCode> {
    // As long as not all are new enough, the feature `group.version` cannot be there.
    if state.brokers.values().any(|broker| broker.release < Release::V4_4) {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    if let Some(wrong) = invalid(call.version, request) {
        state.complain(format!("a ConsumerGroupHeartbeat of {member} {wrong}"));
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if request.server_assignor.is_some_and(|name| !ASSIGNORS.contains(&name)) {
        return Err(ErrorCode::UNSUPPORTED_ASSIGNOR);
    }
    coordinates(state, call, request.group_id)?;
    let joins = request.member_epoch == 0;
    let session_timeout = state.config.member_session;
    let topics = state.topics_by_name();
    let (group, held) = state.groups.consumer(request.group_id, joins.then_some(session_timeout))?;
    if request.member_epoch == LEAVES {
        return group.leave(member, held).map(|()| Heard { epoch: LEAVES, assigned: None });
    }
    let beat = Beat {
        member: member.to_owned(),
        epoch: request.member_epoch,
        client: call.client.to_owned(),
        rebalance_timeout: Some(request.rebalance_timeout_ms).filter(|given| *given >= 0).map(millis),
        topics: request
            .subscribed_topic_names
            .as_ref()
            .map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
        assignor: request.server_assignor.map(str::to_owned),
        owned: request.topic_partitions.as_ref().map(|topics| parts(topics)),
    };
    let wrongly_owned = group.wrongly_owned(&beat);
    let heard = group.heartbeat(call.now.mono, &beat, &topics, held)?;
    if !wrongly_owned.is_empty() {
        let text = format!("{member} says that it owns what it was not given: {wrongly_owned:?}");
        state.misstep(call.conn, text);
    }
    Ok(heard)
}

/// What is wrong with a request that brokers call invalid, and that they understand but the model does not.
fn invalid(version: i16, request: &ConsumerGroupHeartbeatRequest<'_>) -> Option<&'static str> {
    let joins = request.member_epoch == 0;
    let owns = request.topic_partitions.as_ref().map(|topics| !topics.is_empty());
    let wrong = [
        (request.group_id.is_empty(), "without a group"),
        (request.member_id.is_empty() && (!joins || version >= WITH_OWN_ID), "without an id"),
        (request.member_epoch < LEAVES, "in an epoch that cannot be, or of a static member"),
        (request.instance_id.is_some(), "of a static member, which the model does not know"),
        (request.subscribed_topic_regex.is_some(), "with a pattern, which the model does not know"),
        (joins && owns == Some(true), "at epoch 0 with partitions that it owns"),
        (joins && owns.is_none(), "at epoch 0 that does not say that it owns nothing"),
        (joins && request.rebalance_timeout_ms < 0, "at epoch 0 without a rebalance timeout"),
        (joins && request.subscribed_topic_names.is_none(), "at epoch 0 without topics"),
    ];
    wrong.into_iter().find(|(is_wrong, _)| *is_wrong).map(|(_, what)| what)
}

fn parts(topics: &[TopicPartitions]) -> BTreeSet<Part> {
    let parts = topics.iter();
    parts.flat_map(|topic| topic.partitions.iter().map(|number| (topic.topic_id, *number))).collect()
}

fn assignment(parts: &BTreeSet<Part>) -> Assignment {
    let mut by_topic: BTreeMap<_, Vec<i32>> = BTreeMap::new();
    for (topic, number) in parts {
        by_topic.entry(*topic).or_default().push(*number);
    }
    let topic_partitions = by_topic.into_iter().map(|(topic_id, partitions)| TopicPartitions {
        topic_id,
        partitions,
        ..Default::default()
    });
    Assignment { topic_partitions: topic_partitions.collect(), ..Default::default() }
}

impl State {
    fn topics_by_name(&self) -> Topics {
        let ready = self.topics.iter().filter(|(_, topic)| topic.ready && !topic.id.is_zero());
        ready.map(|(name, topic)| (name.clone(), (topic.id, topic.partitions.len() as i32))).collect()
    }
}
