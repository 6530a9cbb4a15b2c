//! Who the brokers are, and where the partitions are. Asking for a topic may create it.

use std::collections::BTreeMap;

use samsa_proto::ErrorCode;
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};
use samsa_proto::zookeeper::path;

use super::answer::{Answer, Call};
use super::state::State;
use super::topic::Topic;
use super::view::{PartitionPicture, Picture, TopicPicture};

pub(super) fn answer(state: &mut State, call: &Call<'_>, request: &MetadataRequest<'_>) -> Answer {
    let may_create = call.version < 4 || request.allow_auto_topic_creation;
    let asked = request.topics.as_ref().filter(|topics| call.version > 0 || !topics.is_empty());
    for topic in asked.into_iter().flatten() {
        create_if_missing(state, call, topic, may_create);
    }
    tell(state, call, asked.map(Vec::as_slice));
    let picture = state.picture_of(call.broker);
    let shared = &*state;
    let topics = match asked {
        Some(asked) => asked.iter().map(|topic| describe_asked(shared, &picture, call, topic)).collect(),
        None => picture.topics.iter().map(|(name, topic)| describe(shared, &picture, name, topic)).collect(),
    };
    let racks: BTreeMap<i32, String> =
        shared.brokers.keys().filter_map(|id| Some((*id, shared.rack(*id)?))).collect();
    let brokers: Vec<_> = picture
        .brokers
        .iter()
        .map(|(id, address)| MetadataResponseBroker {
            node_id: *id,
            host: address.host.as_str(),
            port: i32::from(address.port),
            rack: racks.get(id).map(String::as_str),
            ..Default::default()
        })
        .collect();
    let response = MetadataResponse {
        brokers,
        cluster_id: Some("samsa-sim"),
        controller_id: shared.controller().unwrap_or(-1),
        topics,
        throttle_time_ms: call.throttle_ms,
        ..Default::default()
    };
    let encoded =
        samsa_proto::encode_response::<MetadataRequest<'_>>(call.correlation_id, call.version, &response);
    match encoded {
        Ok(frame) => Answer::Frame(frame).throttled(call.throttle_ms),
        Err(error) => {
            state.complain(format!("the model cannot say what it wants to: {error}"));
            Answer::HangUp
        }
    }
}

fn create_if_missing(state: &mut State, call: &Call<'_>, topic: &MetadataRequestTopic<'_>, may_create: bool) {
    let Some(name) = topic.name.filter(|name| path::topic(name).is_ok()) else { return };
    if may_create && state.config.auto_create && !state.topics.contains_key(name) {
        let (partitions, replication) = (state.config.partitions, usize::from(state.config.replication));
        state.create_topic(call.now, name, |id, brokers| {
            Topic::new(id, partitions, replication.clamp(1, brokers.len()), brokers)
        });
        state.look_for_a_publisher(name, call.version);
    }
}

fn tell(state: &mut State, call: &Call<'_>, asked: Option<&[MetadataRequestTopic<'_>]>) {
    let about = match asked {
        None => "all topics".to_owned(),
        Some([]) => "the brokers".to_owned(),
        Some(topics) => {
            topics.iter().map(|topic| topic.name.unwrap_or("a topic by id")).collect::<Vec<_>>().join(", ")
        }
    };
    state.note(call.broker, format!("Metadata {} of {about}", call.version));
}

fn describe_asked<'a>(
    state: &State,
    picture: &'a Picture,
    call: &Call<'_>,
    asked: &MetadataRequestTopic<'a>,
) -> MetadataResponseTopic<'a> {
    if call.version >= 12 && !asked.topic_id.is_zero() {
        return match picture.topics.iter().find(|(_, topic)| topic.ready && topic.id == asked.topic_id) {
            Some((name, topic)) => describe(state, picture, name, topic),
            None => MetadataResponseTopic {
                error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                name: None,
                topic_id: asked.topic_id,
                ..Default::default()
            },
        };
    }
    let name = asked.name.unwrap_or_default();
    match picture.topics.get(name) {
        Some(topic) => describe(state, picture, name, topic),
        None if path::topic(name).is_err() => failed(name, ErrorCode::INVALID_TOPIC_EXCEPTION),
        None => failed(name, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
    }
}

fn failed(name: &str, error_code: ErrorCode) -> MetadataResponseTopic<'_> {
    MetadataResponseTopic { error_code, name: Some(name), ..Default::default() }
}

fn describe<'a>(
    state: &State,
    picture: &Picture,
    name: &'a str,
    topic: &TopicPicture,
) -> MetadataResponseTopic<'a> {
    if !topic.ready {
        let with_zookeeper = state.release().has_zookeeper();
        let not_yet = if with_zookeeper {
            ErrorCode::LEADER_NOT_AVAILABLE
        } else {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        };
        return failed(name, not_yet);
    }
    let all = (0..).zip(&topic.partitions);
    MetadataResponseTopic {
        name: Some(name),
        topic_id: topic.id,
        partitions: all.map(|(number, one)| describe_partition(picture, number, one)).collect(),
        ..Default::default()
    }
}

fn describe_partition(
    picture: &Picture,
    number: i32,
    partition: &PartitionPicture,
) -> MetadataResponsePartition {
    let is_known = |id: &i32| picture.brokers.contains_key(id);
    let leader = partition.leader.filter(is_known);
    MetadataResponsePartition {
        error_code: if leader.is_some() { ErrorCode::NONE } else { ErrorCode::LEADER_NOT_AVAILABLE },
        partition_index: number,
        leader_id: leader.unwrap_or(-1),
        leader_epoch: partition.epoch,
        replica_nodes: partition.replicas.clone(),
        isr_nodes: partition.in_sync.clone(),
        offline_replicas: partition.replicas.iter().copied().filter(|id| !is_known(id)).collect(),
        ..Default::default()
    }
}
