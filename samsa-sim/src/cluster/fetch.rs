//! Reading, and waiting until there is enough to read.

use std::time::Duration;

use bytes::Bytes;
use samsa_core::{Instant, Now};
use samsa_proto::ErrorCode;
use samsa_proto::api::fetch::{
    EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use samsa_proto::records::Format;
use samsa_proto::wire::Records;

use super::answer::{Answer, Call, Waiting, frame};
use super::fetch_sessions::{Context, TopicKey};
use super::list_offsets::READ_COMMITTED;
use super::log::in_old_format;
use super::state::State;
use super::upset::Mood;

/// The first version that says how long to wait.
const WITH_THROTTLE: i16 = 1;
/// The first version in which the first batch comes whole, whatever its size.
const WHOLE: i16 = 3;
/// The first version in which batches of format 2 may come.
const FORMAT_2: i16 = 4;
/// The first version that says where the client stands, and that followers answer.
const WITH_RACK: i16 = 11;
/// The first version that says who leads instead, and compares epochs.
const WITH_LEADER: i16 = 12;
/// The first version that names topics by id.
const BY_ID: i16 = 13;
/// The first version that says where the leaders are.
const WITH_ENDPOINTS: i16 = 16;

/// How often a leader sends a client to a follower that may not have what is wanted: it hears of that with each fetch of the
/// follower only.
const WRONG_PER_MILLE: u64 = 200;

/// Of so many answers with records one tells the high watermark from before they became readable: brokers look at it before
/// they read the log.
const ONE_IS_BEHIND: i32 = 4;

/// A fetch that waits until there is enough to read.
#[derive(Debug)]
pub(super) struct Pending {
    correlation_id: i32,
    version: i16,
    pub(super) until: Instant,
    min_bytes: usize,
    max_bytes: usize,
    committed: bool,
    /// Where the client stands.
    rack: String,
    /// The leader is wrong about what its followers have.
    is_wrong: bool,
    context: Context,
}

/// What was found so far.
struct Found {
    left: usize,
    bytes: usize,
    failed: bool,
    told: Vec<String>,
}

pub(super) fn answer(state: &mut State, call: &Call<'_>, request: &FetchRequest<'_>) -> Answer {
    let context = match state.sessions.begin(call.broker, request) {
        Ok(context) => context,
        Err(error_code) => {
            let text = format!("Fetch {} in session {}: {error_code:?}", call.version, request.session_id);
            state.note(call.broker, text);
            let throttle_time_ms = call.throttle_ms;
            let response = FetchResponse { error_code, throttle_time_ms, ..Default::default() };
            return call.answer::<FetchRequest<'_>>(state, &response);
        }
    };
    let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let pending = Pending {
        correlation_id: call.correlation_id,
        version: call.version,
        until: call.now.mono + patience,
        min_bytes: usize::try_from(request.min_bytes).unwrap_or(0),
        max_bytes: usize::try_from(request.max_bytes).unwrap_or(0),
        committed: request.isolation_level == READ_COMMITTED,
        is_wrong: !request.rack_id.is_empty() && state.config.racks > 0 && state.rng.chance(WRONG_PER_MILLE),
        rack: request.rack_id.to_owned(),
        context,
    };
    look_again(state, call.now, call.broker, pending)
}

/// Answers once there is enough, or when the time is over.
pub(super) fn look_again(state: &mut State, now: Now, broker: i32, pending: Pending) -> Answer {
    let mut found = Found { left: pending.max_bytes, bytes: 0, failed: false, told: Vec::new() };
    let wanted = pending.context.wanted.iter();
    let answers: Vec<_> = wanted
        .map(|wanted| {
            (wanted.topic.clone(), look(state, broker, &pending, &wanted.topic, &wanted.asked, &mut found))
        })
        .collect();
    let is_enough = found.bytes >= pending.min_bytes || found.failed || answers.is_empty();
    if !is_enough && now.mono < pending.until {
        return Answer::Wait(Waiting::Fetch(pending));
    }
    let mut complaints = Vec::new();
    let brings_nonsense = matches!(state.mood(broker), Mood::Lies | Mood::Spoils);
    let answers = state.sessions.tell((broker, brings_nonsense), &pending.context, answers, &mut complaints);
    for complaint in complaints {
        state.complain(complaint);
    }
    if !found.told.is_empty() {
        state.note(broker, format!("Fetch {} of {}", pending.version, found.told.join(", ")));
    }
    let throttle_time_ms = if pending.version >= WITH_THROTTLE { state.throttle_ms(now, broker) } else { 0 };
    respond(state, &pending, answers, throttle_time_ms)
}

fn respond(
    state: &mut State,
    pending: &Pending,
    answers: Vec<(TopicKey, PartitionData<'static>)>,
    throttle_time_ms: i32,
) -> Answer {
    let is_named = |id: i32| answers.iter().any(|(_, data)| data.current_leader.leader_id == id);
    let named = state.brokers.iter().filter(|(id, _)| pending.version >= WITH_ENDPOINTS && is_named(**id));
    let endpoints: Vec<_> = named.map(|(id, broker)| (*id, broker.address.clone())).collect();
    let node_endpoints = endpoints.iter().map(|(node_id, address)| NodeEndpoint {
        node_id: *node_id,
        host: &address.host,
        port: i32::from(address.port),
        ..Default::default()
    });
    let mut responses: Vec<FetchableTopicResponse<'_>> = Vec::new();
    let keys: Vec<TopicKey> = answers.iter().map(|(topic, _)| topic.clone()).collect();
    for (key, (_, data)) in keys.iter().zip(answers) {
        let same = |response: &&mut FetchableTopicResponse<'_>| {
            response.topic == key.name && response.topic_id == key.id
        };
        match responses.iter_mut().find(same) {
            Some(response) => response.partitions.push(data),
            None => responses.push(FetchableTopicResponse {
                topic: &key.name,
                topic_id: key.id,
                partitions: vec![data],
                ..Default::default()
            }),
        }
    }
    let response = FetchResponse {
        session_id: pending.context.id,
        throttle_time_ms,
        responses,
        node_endpoints: node_endpoints.collect(),
        ..Default::default()
    };
    frame::<FetchRequest<'_>>(state, pending.correlation_id, pending.version, &response)
        .throttled(throttle_time_ms)
}

fn look(
    state: &mut State,
    broker: i32,
    pending: &Pending,
    topic: &TopicKey,
    asked: &FetchPartition,
    found: &mut Found,
) -> PartitionData<'static> {
    let name = if pending.version >= BY_ID {
        state.topic_by_id(topic.id).map(|(name, _)| name.to_owned())
    } else {
        Some(topic.name.clone())
    };
    let Some(name) = name else { return failed(asked, ErrorCode::UNKNOWN_TOPIC_ID, found) };
    read(state, broker, pending, &name, asked, found).unwrap_or_else(|code| {
        found.told.push(format!("{name}/{} from {}: {code:?}", asked.partition, asked.fetch_offset));
        with_leader(state, pending.version, &name, failed(asked, code, found))
    })
}

fn read(
    state: &mut State,
    broker: i32,
    pending: &Pending,
    topic: &str,
    asked: &FetchPartition,
    found: &mut Found,
) -> Result<PartitionData<'static>, ErrorCode> {
    let may_follow = pending.version >= WITH_RACK;
    let (partition, replica) =
        state.read_at(broker, topic, asked.partition, asked.current_leader_epoch, may_follow)?;
    let stable_end = partition.log.transactions().stable_end(replica.committed);
    let end = if pending.committed { stable_end } else { replica.committed };
    let offset = asked.fetch_offset;
    let mut data = PartitionData {
        partition_index: asked.partition,
        high_watermark: replica.committed,
        last_stable_offset: stable_end,
        log_start_offset: replica.start,
        records: Some(Records::default()),
        ..Default::default()
    };
    let nearest = state.nearest(partition, &pending.rack, offset, pending.is_wrong);
    if let Some(nearest) = nearest.filter(|_| may_follow && replica.leads) {
        found.failed = true;
        found.told.push(format!("{topic}/{} at broker {nearest} instead", asked.partition));
        data.preferred_read_replica = nearest;
        return Ok(data);
    }
    if pending.version >= WITH_LEADER && asked.last_fetched_epoch >= 0 {
        let (epoch, end_offset) = partition
            .log
            .end_of_epoch(asked.last_fetched_epoch, partition.epoch)
            .map(|(epoch, end)| (epoch, end.min(replica.end)))
            .ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
        if epoch < asked.last_fetched_epoch || end_offset < offset {
            found.failed = true;
            found.told.push(format!("{topic}/{}: epoch {epoch} ended at {end_offset}", asked.partition));
            data.diverging_epoch = EpochEndOffset { epoch, end_offset, ..Default::default() };
            return Ok(data);
        }
    }
    if !(replica.start..=replica.end).contains(&offset) {
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    if pending.version < FORMAT_2
        && state.release_of(broker).format() == Format::V2
        && partition.log.available(offset, end) > 0
    {
        return Err(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    }
    let most = usize::try_from(asked.partition_max_bytes).unwrap_or(0).min(found.left);
    let mut records = partition.log.read(offset, end, most, pending.version >= WHOLE && found.bytes == 0);
    let format = state.release_of(broker).format();
    if format != Format::V2 {
        records = in_old_format(&records, format);
    }
    let bytes: usize = records.iter().map(Bytes::len).sum();
    found.bytes += bytes;
    found.left = found.left.saturating_sub(bytes);
    if bytes > 0 {
        let who = if replica.leads { "" } else { ", as a follower" };
        found.told.push(format!("{topic}/{} from {offset}: {bytes} bytes{who}", asked.partition));
        if pending.correlation_id % ONE_IS_BEHIND == 1 {
            (data.high_watermark, data.last_stable_offset) = (offset, stable_end.min(offset));
        }
    }
    // Some brokers tell of what was aborted even if nobody asked.
    if pending.committed || pending.correlation_id % 2 == 0 {
        data.aborted_transactions = Some(partition.log.transactions().aborted_within(offset, end));
    }
    if state.contradict(broker, &mut data, &mut records) || state.spoil(broker, &mut records) {
        *state.nonsense.entry((topic.to_owned(), asked.partition)).or_default() += 1;
    }
    Ok(PartitionData { records: Some(Records::from(records)), ..data })
}

/// The leader and its client look whether one of them is out of date.
pub(super) fn check_epoch(known: i32, current: i32) -> Result<(), ErrorCode> {
    match known {
        -1 => Ok(()),
        known if known < current => Err(ErrorCode::FENCED_LEADER_EPOCH),
        known if known > current => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
        _ => Ok(()),
    }
}

fn failed(asked: &FetchPartition, error_code: ErrorCode, found: &mut Found) -> PartitionData<'static> {
    found.failed = true;
    PartitionData {
        partition_index: asked.partition,
        error_code,
        high_watermark: -1,
        records: Some(Records::default()),
        ..Default::default()
    }
}

fn with_leader(
    state: &State,
    version: i16,
    topic: &str,
    mut data: PartitionData<'static>,
) -> PartitionData<'static> {
    let moved = [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::FENCED_LEADER_EPOCH];
    let partition = state.topic(topic).and_then(|topic| topic.partition(data.partition_index));
    if let Some(partition) = partition.filter(|_| version >= WITH_LEADER && moved.contains(&data.error_code))
    {
        let (leader_id, leader_epoch) = (partition.leader.unwrap_or(-1), partition.epoch);
        data.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
    }
    data
}
