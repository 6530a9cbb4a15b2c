//! Offsets that the brokers keep for groups. What is acknowledged stays: all brokers have it.

use std::collections::{BTreeMap, BTreeSet};

use samsa_proto::ErrorCode;
use samsa_proto::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestTopic, OffsetCommitResponse, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use samsa_proto::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestTopics, OffsetFetchResponse, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use samsa_proto::wire::Uuid;

use super::Output;
use super::answer::{Answer, Call};
use super::groups::{self, Said, coordinates};
use super::state::State;

/// From here on topics have no names.
const BY_ID: i16 = 10;
const NOTHING: i64 = -1;

/// A commit, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    /// Who says so.
    pub(crate) client: String,
    pub(crate) group: String,
    /// The member, empty for an outsider, and its generation or epoch, -1 for an outsider.
    pub(crate) member: String,
    pub(crate) epoch: i32,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) before: Option<i64>,
    pub(crate) offset: i64,
}

/// What groups have committed.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<(String, String, i32), i64>,
}

impl Offsets {
    /// The partitions of each topic in which a group has committed anything.
    fn all_of(&self, group: &str) -> BTreeMap<String, Vec<i32>> {
        let mut topics = BTreeMap::<_, Vec<_>>::new();
        for (_, topic, partition) in self.committed.keys().filter(|(of, ..)| of == group) {
            topics.entry(topic.clone()).or_default().push(*partition);
        }
        topics
    }

    /// The groups that have committed anything.
    pub(super) fn groups(&self) -> BTreeSet<&str> {
        self.committed.keys().map(|(group, ..)| group.as_str()).collect()
    }

    pub(super) fn of(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.committed.get(&(group.to_owned(), topic.to_owned(), partition)).copied()
    }
}

pub(super) fn commit(state: &mut State, call: &Call<'_>, request: &OffsetCommitRequest<'_>) -> Answer {
    if call.version == 0 {
        state.complain("a commit in ZooKeeper by a broker".to_owned());
    }
    let allowed = groups::may_commit(state, call, request);
    let topics = request.topics.iter().map(|topic| commit_topic(state, call, request, topic, allowed));
    let topics = topics.collect();
    state.groups.is_said(call, request.member_id, Said::Commit);
    let response = OffsetCommitResponse { topics, throttle_time_ms: call.throttle_ms, ..Default::default() };
    call.answer::<OffsetCommitRequest<'_>>(state, &response)
}

fn commit_topic<'a>(
    state: &mut State,
    call: &Call<'_>,
    request: &OffsetCommitRequest<'_>,
    topic: &OffsetCommitRequestTopic<'a>,
    allowed: Result<(), ErrorCode>,
) -> OffsetCommitResponseTopic<'a> {
    let name = name(state, call, topic.name, topic.topic_id);
    let mut partitions = Vec::new();
    for asked in &topic.partitions {
        let (number, offset) = (asked.partition_index, asked.committed_offset);
        let done = allowed.and(name.as_ref().map(|_| ()).ok_or(ErrorCode::UNKNOWN_TOPIC_ID));
        let done =
            done.and_then(|()| groups::has_since(state, request, name.as_deref().unwrap_or(""), number));
        let done = done.and(if offset < 0 { Err(ErrorCode::INVALID_COMMIT_OFFSET_SIZE) } else { Ok(()) });
        if let (Ok(()), Some(name)) = (done, &name) {
            let key = (request.group_id.to_owned(), name.clone(), number);
            if groups::owns(state, request, name, number) == Some(false) && !request.member_id.is_empty() {
                let member = request.member_id;
                let text = format!("a commit of {name}/{number} by {member}, which does not own it");
                state.misstep(call.conn, text);
            }
            let before = state.offsets.committed.insert(key.clone(), offset);
            let (group, topic, partition) = key;
            let (client, member) = (call.client.to_owned(), request.member_id.to_owned());
            let epoch = request.generation_id_or_member_epoch;
            let committed = Committed { client, group, member, epoch, topic, partition, before, offset };
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
    // Null asks for all of a group.
    let groups = std::iter::once(request.group_id).filter(|_| call.version < 8);
    let groups = groups.chain(request.groups.iter().map(|group| group.group_id));
    let all: Vec<_> = groups.map(|group| state.offsets.all_of(group)).collect();
    let response = if call.version < 8 {
        let coordinates = coordinates(state, call, request.group_id);
        let asked: Vec<(&str, &[i32])> = match &request.topics {
            Some(topics) => topics.iter().map(|topic| (topic.name, &*topic.partition_indexes)).collect(),
            None => all[0].iter().map(|(topic, numbers)| (&**topic, &**numbers)).collect(),
        };
        let topics = asked.into_iter().map(|(name, numbers)| OffsetFetchResponseTopic {
            name,
            partitions: numbers
                .iter()
                .map(|number| told(state, request.group_id, name, *number, coordinates))
                .collect(),
            ..Default::default()
        });
        let topics = topics.collect();
        let error_code = coordinates.err().unwrap_or(ErrorCode::NONE);
        OffsetFetchResponse { topics, error_code, throttle_time_ms, ..Default::default() }
    } else {
        let groups = request.groups.iter().zip(&all).map(|(group, all)| {
            let coordinates = coordinates(state, call, group.group_id);
            let all = all.iter().map(|(topic, numbers)| OffsetFetchRequestTopics {
                name: topic,
                topic_id: state.topic(topic).map(|topic| topic.id).unwrap_or_default(),
                partition_indexes: numbers.clone(),
                ..Default::default()
            });
            let asked = group.topics.clone().unwrap_or_else(|| all.collect());
            let topics = asked.into_iter().map(|topic| {
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
