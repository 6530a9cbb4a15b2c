//! Reading, and waiting until there is enough to read.

use std::time::Duration;

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::api::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch,
    PartitionData,
};
use samsa_proto::records::Format;
use samsa_proto::wire::Records;

use super::answer::{Answer, Call, Waiting};
use super::state::State;

/// The first version in which the first batch comes whole, whatever its size.
const WHOLE: i16 = 3;
/// The first version in which batches of format 2 may come.
const FORMAT_2: i16 = 4;
/// The first version that says who leads instead.
const WITH_LEADER: i16 = 12;
/// The first version that names topics by id.
const BY_ID: i16 = 13;

/// What was found so far.
struct Found {
    left: usize,
    bytes: usize,
    failed: bool,
    told: Vec<String>,
}

pub(super) fn answer(
    state: &mut State,
    call: &Call<'_>,
    request: &FetchRequest<'_>,
    last_chance: bool,
) -> Answer {
    if request.session_id != 0 {
        let error_code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
        return call.answer::<FetchRequest<'_>>(
            state,
            &FetchResponse { error_code, throttle_time_ms: call.throttle_ms, ..Default::default() },
        );
    }
    let left = usize::try_from(request.max_bytes).unwrap_or(0);
    let mut found = Found { left, bytes: 0, failed: false, told: Vec::new() };
    let responses = request.topics.iter().map(|topic| read_topic(state, call, topic, &mut found)).collect();
    let enough = found.bytes >= usize::try_from(request.min_bytes).unwrap_or(0);
    if !(enough || found.failed || last_chance) {
        let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        return Answer::Wait(Waiting::Fetch { frame: call.frame.clone(), until: call.now.mono + patience });
    }
    let response = FetchResponse { responses, throttle_time_ms: call.throttle_ms, ..Default::default() };
    if !found.told.is_empty() {
        state.note(call.broker, format!("Fetch {} of {}", call.version, found.told.join(", ")));
    }
    call.answer::<FetchRequest<'_>>(state, &response)
}

fn read_topic<'a>(
    state: &State,
    call: &Call<'_>,
    topic: &FetchTopic<'a>,
    found: &mut Found,
) -> FetchableTopicResponse<'a> {
    let name = if call.version >= BY_ID {
        state.topic_by_id(topic.topic_id).map(|(name, _)| name)
    } else {
        Some(topic.topic)
    };
    let partitions = topic.partitions.iter().map(|asked| match name {
        None => failed(asked, ErrorCode::UNKNOWN_TOPIC_ID, found),
        Some(name) => match read(state, call, name, asked, found) {
            Ok(data) => data,
            Err(code) => {
                found.told.push(format!("{name}/{} from {}: {code:?}", asked.partition, asked.fetch_offset));
                with_leader(state, call, name, failed(asked, code, found))
            }
        },
    });
    let partitions = partitions.collect();
    FetchableTopicResponse { topic: topic.topic, topic_id: topic.topic_id, partitions, ..Default::default() }
}

fn read<'a>(
    state: &State,
    call: &Call<'_>,
    topic: &str,
    asked: &FetchPartition,
    found: &mut Found,
) -> Result<PartitionData<'a>, ErrorCode> {
    let partition = state.led_by(call.broker, topic, asked.partition)?;
    check_epoch(asked.current_leader_epoch, partition.epoch)?;
    let (offset, end) = (asked.fetch_offset, partition.committed);
    if offset < partition.log.start() || offset > partition.log.end() {
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    if call.version < FORMAT_2
        && state.release().format() == Format::V2
        && partition.log.available(offset, end) > 0
    {
        return Err(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    }
    let most = usize::try_from(asked.partition_max_bytes).unwrap_or(0).min(found.left);
    let records = partition.log.read(offset, end, most, call.version >= WHOLE && found.bytes == 0);
    let bytes: usize = records.iter().map(Bytes::len).sum();
    found.bytes += bytes;
    found.left = found.left.saturating_sub(bytes);
    if bytes > 0 {
        found.told.push(format!("{topic}/{} from {offset}: {bytes} bytes", asked.partition));
    }
    Ok(PartitionData {
        partition_index: asked.partition,
        high_watermark: end,
        last_stable_offset: end,
        log_start_offset: partition.log.start(),
        records: Some(Records::from(records)),
        ..Default::default()
    })
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

fn failed<'a>(asked: &FetchPartition, error_code: ErrorCode, found: &mut Found) -> PartitionData<'a> {
    found.failed = true;
    PartitionData {
        partition_index: asked.partition,
        error_code,
        high_watermark: -1,
        records: Some(Records::default()),
        ..Default::default()
    }
}

fn with_leader<'a>(
    state: &State,
    call: &Call<'_>,
    topic: &str,
    mut data: PartitionData<'a>,
) -> PartitionData<'a> {
    let moved = [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::FENCED_LEADER_EPOCH];
    let partition = state.topic(topic).and_then(|topic| topic.partition(data.partition_index));
    if let Some(partition) =
        partition.filter(|_| call.version >= WITH_LEADER && moved.contains(&data.error_code))
    {
        let (leader_id, leader_epoch) = (partition.leader.unwrap_or(-1), partition.epoch);
        data.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
    }
    data
}
