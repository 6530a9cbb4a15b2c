//! Offsets that the brokers keep for groups: who coordinates one, and what is committed.
//!
//! What is acknowledged stays: all brokers have it. A broker that has just become the leader of a partition of the offsets'
//! topic loads for a while what its groups have committed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use samsa_core::Instant;
use samsa_proto::ErrorCode;
use samsa_proto::api::find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};
use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestTopic, OffsetCommitResponse, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use samsa_proto::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use samsa_proto::wire::Uuid;

use super::Output;
use super::answer::{Answer, Call};
use super::state::State;
use super::topic::Topic;

/// The topic whose leaders coordinate groups.
pub(super) const OFFSETS_TOPIC: &str = "__consumer_offsets";
const PARTITIONS: i32 = 3;
const LOADING: Range<Duration> = Duration::ZERO..Duration::from_millis(600);
/// From here on topics have no names.
const BY_ID: i16 = 10;
const NOTHING: i64 = -1;

/// A commit, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    /// Who says so.
    pub(crate) client: String,
    pub(crate) group: String,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) before: Option<i64>,
    pub(crate) offset: i64,
}

/// What groups have committed.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<(String, String, i32), i64>,
    /// In which epoch a partition of the topic is led, and when its leader has loaded it.
    loaded: BTreeMap<i32, (i32, Instant)>,
}

impl Offsets {
    pub(super) fn of(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.committed.get(&(group.to_owned(), topic.to_owned(), partition)).copied()
    }
}

pub(super) fn find(state: &mut State, call: &Call<'_>, request: &FindCoordinatorRequest<'_>) -> Answer {
    let group = request.coordinator_keys.first().copied().unwrap_or(request.key);
    let found = coordinator(state, call, group);
    let whose = found.map_or_else(|code| code.to_string(), |broker| format!("broker {broker}"));
    state.note(call.broker, format!("FindCoordinator {} of {group}: {whose}", call.version));
    let node = found.ok().and_then(|id| Some((id, state.brokers.get(&id)?.address.clone())));
    let error_code = found.err().unwrap_or(ErrorCode::NONE);
    let (node_id, host, port) = match &node {
        Some((id, address)) => (*id, &*address.host, i32::from(address.port)),
        None => (-1, "", -1),
    };
    let throttle_time_ms = call.throttle_ms;
    let response = if call.version < 4 {
        FindCoordinatorResponse { throttle_time_ms, error_code, node_id, host, port, ..Default::default() }
    } else {
        let found = Coordinator { key: group, node_id, host, port, error_code, ..Default::default() };
        FindCoordinatorResponse { throttle_time_ms, coordinators: vec![found], ..Default::default() }
    };
    call.answer::<FindCoordinatorRequest<'_>>(state, &response)
}

/// The first who asks has the topic made.
fn coordinator(state: &mut State, call: &Call<'_>, group: &str) -> Result<i32, ErrorCode> {
    if !state.topics.contains_key(OFFSETS_TOPIC) {
        let replication = usize::from(state.config.replication).max(1);
        state.create_topic(call.now, OFFSETS_TOPIC, |id, brokers| {
            Topic::new(id, PARTITIONS, replication.min(brokers.len()), brokers)
        });
    }
    let partition = state.topic(OFFSETS_TOPIC).and_then(|topic| topic.partition(partition_of(group)));
    partition.and_then(|partition| partition.leader).ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)
}

fn partition_of(group: &str) -> i32 {
    group.bytes().map(i32::from).sum::<i32>() % PARTITIONS
}

/// Whether this broker looks after the group, and has loaded what it has to know.
pub(super) fn coordinates(state: &mut State, call: &Call<'_>, group: &str) -> Result<(), ErrorCode> {
    let number = partition_of(group);
    let led = state.led_by(call.broker, OFFSETS_TOPIC, number);
    let epoch = led.map_err(|_| ErrorCode::NOT_COORDINATOR)?.epoch;
    let lasts = state.rng.duration(&LOADING);
    let (loaded, until) = state.offsets.loaded.entry(number).or_insert((-1, Instant::START));
    if *loaded != epoch {
        (*loaded, *until) = (epoch, call.now.mono + lasts);
    }
    if *until > call.now.mono { Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) } else { Ok(()) }
}

pub(super) fn commit(state: &mut State, call: &Call<'_>, request: &OffsetCommitRequest<'_>) -> Answer {
    if call.version == 0 {
        state.complain("a commit in ZooKeeper by a broker".to_owned());
    }
    let is_member = request.generation_id_or_member_epoch != -1 || !request.member_id.is_empty();
    let has_members = state.members.of(request.group_id) > 0;
    let coordinates = coordinates(state, call, request.group_id).and(if is_member || has_members {
        Err(ErrorCode::UNKNOWN_MEMBER_ID)
    } else {
        Ok(())
    });
    let topics = request.topics.iter().map(|topic| commit_topic(state, call, request, topic, coordinates));
    let topics = topics.collect();
    let response = OffsetCommitResponse { topics, throttle_time_ms: call.throttle_ms, ..Default::default() };
    call.answer::<OffsetCommitRequest<'_>>(state, &response)
}

fn commit_topic<'a>(
    state: &mut State,
    call: &Call<'_>,
    request: &OffsetCommitRequest<'_>,
    topic: &OffsetCommitRequestTopic<'a>,
    coordinates: Result<(), ErrorCode>,
) -> OffsetCommitResponseTopic<'a> {
    let name = name(state, call, topic.name, topic.topic_id);
    let mut partitions = Vec::new();
    for asked in &topic.partitions {
        let (number, offset) = (asked.partition_index, asked.committed_offset);
        let done = coordinates.and(name.as_ref().map(|_| ()).ok_or(ErrorCode::UNKNOWN_TOPIC_ID));
        let done = done.and(if offset < 0 { Err(ErrorCode::INVALID_COMMIT_OFFSET_SIZE) } else { Ok(()) });
        if let (Ok(()), Some(name)) = (done, &name) {
            let key = (request.group_id.to_owned(), name.clone(), number);
            let before = state.offsets.committed.insert(key.clone(), offset);
            let (group, topic, partition) = key;
            let client = call.client.to_owned();
            let committed = Committed { client, group, topic, partition, before, offset };
            state.out.push_back(Output::Committed(committed));
        }
        let error_code = done.err().unwrap_or(ErrorCode::NONE);
        let told = if error_code.is_ok() { format!("@{offset}") } else { format!(" {error_code:?}") };
        let which = name.as_deref().unwrap_or("a topic by id");
        state.note(call.broker, format!("OffsetCommit {} of {which}/{number}{told}", call.version));
        let done =
            OffsetCommitResponsePartition { partition_index: number, error_code, ..Default::default() };
        partitions.push(done);
    }
    OffsetCommitResponseTopic { name: topic.name, topic_id: topic.topic_id, partitions, ..Default::default() }
}

pub(super) fn fetch(state: &mut State, call: &Call<'_>, request: &OffsetFetchRequest<'_>) -> Answer {
    if call.version == 0 {
        state.complain("offsets of ZooKeeper, from a broker".to_owned());
    }
    let throttle_time_ms = call.throttle_ms;
    let response = if call.version < 8 {
        let coordinates = coordinates(state, call, request.group_id);
        let topics = request.topics.iter().flatten().map(|topic| OffsetFetchResponseTopic {
            name: topic.name,
            partitions: topic
                .partition_indexes
                .iter()
                .map(|number| told(state, request.group_id, topic.name, *number, coordinates))
                .collect(),
            ..Default::default()
        });
        let topics = topics.collect();
        let error_code = coordinates.err().unwrap_or(ErrorCode::NONE);
        OffsetFetchResponse { topics, error_code, throttle_time_ms, ..Default::default() }
    } else {
        let groups = request.groups.iter().map(|group| {
            let coordinates = coordinates(state, call, group.group_id);
            let topics = group.topics.iter().flatten().map(|topic| {
                let name = name(state, call, topic.name, topic.topic_id).unwrap_or_default();
                let partition = |number: &i32| {
                    let told = told(state, group.group_id, &name, *number, coordinates);
                    OffsetFetchResponsePartitions {
                        partition_index: *number,
                        committed_offset: told.committed_offset,
                        error_code: told.error_code,
                        ..Default::default()
                    }
                };
                OffsetFetchResponseTopics {
                    name: topic.name,
                    topic_id: topic.topic_id,
                    partitions: topic.partition_indexes.iter().map(partition).collect(),
                    ..Default::default()
                }
            });
            OffsetFetchResponseGroup {
                group_id: group.group_id,
                topics: topics.collect(),
                error_code: coordinates.err().unwrap_or(ErrorCode::NONE),
                ..Default::default()
            }
        });
        OffsetFetchResponse { groups: groups.collect(), throttle_time_ms, ..Default::default() }
    };
    state.note(call.broker, format!("OffsetFetch {}", call.version));
    call.answer::<OffsetFetchRequest<'_>>(state, &response)
}

fn told(
    state: &State,
    group: &str,
    topic: &str,
    partition: i32,
    coordinates: Result<(), ErrorCode>,
) -> OffsetFetchResponsePartition<'static> {
    let found = state.offsets.of(group, topic, partition).filter(|_| coordinates.is_ok());
    OffsetFetchResponsePartition {
        partition_index: partition,
        committed_offset: found.unwrap_or(NOTHING),
        error_code: coordinates.err().unwrap_or(ErrorCode::NONE),
        ..Default::default()
    }
}

fn name(state: &State, call: &Call<'_>, name: &str, id: Uuid) -> Option<String> {
    if call.version < BY_ID {
        return Some(name.to_owned());
    }
    state.topic_by_id(id).map(|(name, _)| name.to_owned())
}
