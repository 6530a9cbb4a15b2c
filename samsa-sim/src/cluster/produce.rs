//! Appending, and waiting until those in sync have it.

use std::time::Duration;

use bytes::Bytes;
use samsa_core::{Instant, Now};
use samsa_proto::ErrorCode;
use samsa_proto::api::produce::{
    LeaderIdAndEpoch, PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceData, TopicProduceResponse,
};
use samsa_proto::records::{BatchHeader, Format, Identity};
use samsa_proto::wire::Uuid;

use super::answer::{Answer, Call, Waiting, frame};
use super::log::{has_headers, in_old_format};
use super::producers::{self, Verdict};
use super::state::{State, first_header};
use super::validate;

/// The first version that names topics by id.
const BY_ID: i16 = 13;
/// The first version that says who leads instead (KIP-951).
const WITH_LEADER: i16 = 10;

/// A request whose batches are appended and not yet with all that are in sync.
#[derive(Debug)]
pub(super) struct Pending {
    correlation_id: i32,
    version: i16,
    throttle_ms: i32,
    broker: i32,
    pub(super) until: Instant,
    topics: Vec<TopicOutcome>,
}

#[derive(Debug)]
struct TopicOutcome {
    /// As it was asked for.
    name: String,
    id: Uuid,
    /// The topic's name, whatever it was asked by.
    resolved: String,
    partitions: Vec<Outcome>,
}

#[derive(Debug)]
struct Outcome {
    number: i32,
    code: ErrorCode,
    base: i64,
    /// Where the appended records end, and the leader epoch in which they were appended.
    end: i64,
    epoch: i32,
    /// Of the topic: one that was made anew since lacks what was appended.
    incarnation: u64,
    log_start: i64,
}

pub(super) fn answer(state: &mut State, call: &Call<'_>, request: &ProduceRequest<'_>) -> Answer {
    let topics: Vec<TopicOutcome> =
        request.topic_data.iter().map(|topic| append_topic(state, call, topic, request.acks)).collect();
    if request.acks == 0 {
        return Answer::Silence;
    }
    let patience = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let (correlation_id, version, throttle_ms) = (call.correlation_id, call.version, call.throttle_ms);
    let (broker, until) = (call.broker, call.now.mono + patience);
    let pending = Pending { correlation_id, version, throttle_ms, broker, until, topics };
    if request.acks == 1 { finish(state, pending) } else { look_again(state, call.now, call.broker, pending) }
}

fn append_topic(state: &mut State, call: &Call<'_>, topic: &TopicProduceData<'_>, acks: i16) -> TopicOutcome {
    let by_id = call.version >= BY_ID;
    let named = Some(topic.name.to_owned()).filter(|_| !by_id);
    let resolved = named.or_else(|| state.topic_by_id(topic.topic_id).map(|(name, _)| name.to_owned()));
    let partitions = topic.partition_data.iter().map(|data| match &resolved {
        None => Outcome::failed(data.index, ErrorCode::UNKNOWN_TOPIC_ID),
        Some(name) => {
            append(state, call, name, data, acks).unwrap_or_else(|code| Outcome::failed(data.index, code))
        }
    });
    let partitions = partitions.collect();
    let resolved = resolved.unwrap_or_default();
    TopicOutcome { name: topic.name.to_owned(), id: topic.topic_id, resolved, partitions }
}

impl Outcome {
    const fn failed(number: i32, code: ErrorCode) -> Self {
        Self { number, code, base: -1, end: -1, epoch: -1, incarnation: 0, log_start: -1 }
    }
}

fn append(
    state: &mut State,
    call: &Call<'_>,
    topic: &str,
    data: &PartitionProduceData<'_>,
    acks: i16,
) -> Result<Outcome, ErrorCode> {
    if !(-1..=1).contains(&acks) {
        state.complain(format!("acks {acks}"));
        return Err(ErrorCode::INVALID_REQUIRED_ACKS);
    }
    if let Err(code) = state.led_by(call.broker, topic, data.index) {
        state.note(call.broker, format!("Produce {} to {topic}/{}: {code:?}", call.version, data.index));
        return Err(code);
    }
    let records = data.records.as_ref().map(|records| records.to_bytes(call.frame)).unwrap_or_default();
    let release = state.release_of(call.broker);
    let validated = validate::validate(&state.config, release, call.now, call.version, &records);
    let header = validated.map_err(|refusal| {
        if let Some(complaint) = refusal.complaint {
            state.complain(format!("a batch for {topic}/{}: {complaint}", data.index));
        }
        refusal.code
    })?;
    let (header, records) = match header.format {
        Format::V2 if state.keeps_old_format() => convert(&header, &records).inspect_err(|code| {
            state.note(call.broker, format!("Produce {} to {topic}/{}: {code:?}", call.version, data.index));
        })?,
        _ => (header, records),
    };
    let incarnation = state.topic(topic).map_or(0, |topic| topic.incarnation);
    let partition = state.partition_mut(topic, data.index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let (epoch, log_start) = (partition.epoch, partition.log.start());
    let verdict = producers::judge(&partition.log, &header, &records, release);
    let number = data.index;
    match verdict {
        Verdict::Append => {}
        Verdict::Duplicate { base, end } => {
            state.note(call.broker, format!("Produce {} to {topic}/{number}: it has {base}", call.version));
            return Ok(Outcome { number, code: ErrorCode::NONE, base, end, epoch, incarnation, log_start });
        }
        Verdict::Refuse(code) => {
            state.note(call.broker, format!("Produce {} to {topic}/{number}: {code:?}", call.version));
            return Err(code);
        }
        Verdict::Forged => {
            state.complain(format!("other bytes for {topic}/{number} under the numbers of a stored batch"));
            return Err(ErrorCode::INVALID_RECORD);
        }
    }
    let Some(partition) = state.partition_mut(topic, data.index) else {
        return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    };
    let base = partition.log.append(&header, &records, epoch);
    let end = partition.log.end();
    state.look_for_copies(topic, data.index, base);
    state.replicate(call.now, topic, data.index);
    let count = end - base;
    let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
    let from = |who: Identity| format!(" from producer {}, sequence {}", who.producer_id, who.base_sequence);
    let who = header.identity.map(from).unwrap_or_default();
    state.note(
        call.broker,
        format!("Produce {} to {topic}/{}: {records} at {base}{who}", call.version, data.index),
    );
    Ok(Outcome { number: data.index, code: ErrorCode::NONE, base, end, epoch, incarnation, log_start })
}

/// What a log of messages of old stores of a batch.
fn convert(header: &BatchHeader, batch: &Bytes) -> Result<(BatchHeader, Bytes), ErrorCode> {
    if header.identity.is_some() {
        return Err(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT);
    }
    if has_headers(batch) {
        return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
    }
    let set = Bytes::from(in_old_format(std::slice::from_ref(batch), Format::V1).concat());
    let header = first_header(&set).ok_or(ErrorCode::CORRUPT_MESSAGE)?;
    Ok((header, set))
}

/// Answers once all in sync have everything, or when the time is over.
pub(super) fn look_again(state: &mut State, now: Now, broker: i32, mut pending: Pending) -> Answer {
    let mut open = false;
    for topic in &mut pending.topics {
        for outcome in topic.partitions.iter_mut().filter(|outcome| outcome.code.is_ok()) {
            match committed(state, broker, &topic.resolved, outcome) {
                Ok(true) => {}
                Ok(false) if now.mono >= pending.until => outcome.code = ErrorCode::REQUEST_TIMED_OUT,
                Ok(false) => open = true,
                Err(code) => outcome.code = code,
            }
        }
    }
    if open { Answer::Wait(Waiting::Produce(pending)) } else { finish(state, pending) }
}

fn committed(state: &State, broker: i32, topic: &str, outcome: &Outcome) -> Result<bool, ErrorCode> {
    let partition = state.led_by(broker, topic, outcome.number)?;
    let is_same_topic = state.topic(topic).is_some_and(|topic| topic.incarnation == outcome.incarnation);
    if partition.epoch != outcome.epoch || !is_same_topic {
        return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }
    Ok(partition.committed >= outcome.end)
}

fn finish(state: &mut State, pending: Pending) -> Answer {
    let Pending { correlation_id, version, throttle_ms, broker, topics, .. } = pending;
    let responses = topics
        .iter()
        .map(|topic| TopicProduceResponse {
            name: &topic.name,
            topic_id: topic.id,
            partition_responses: describe_all(state, version, broker, topic),
            ..Default::default()
        })
        .collect();
    frame::<ProduceRequest<'_>>(
        state,
        correlation_id,
        version,
        &ProduceResponse { responses, throttle_time_ms: throttle_ms, ..Default::default() },
    )
    .throttled(throttle_ms)
}

fn describe_all<'a>(
    state: &mut State,
    version: i16,
    broker: i32,
    topic: &TopicOutcome,
) -> Vec<PartitionProduceResponse<'a>> {
    let shared = &*state;
    let all = topic.partitions.iter().map(|outcome| describe(shared, version, topic, outcome));
    let mut all: Vec<_> = all.collect();
    for response in all.iter_mut().filter(|response| response.error_code.is_ok()) {
        response.base_offset = state.impossible_offset(broker).unwrap_or(response.base_offset);
    }
    state.distort(broker, &mut all, |one, index| PartitionProduceResponse { index, ..one.clone() });
    all
}

fn describe<'a>(
    state: &State,
    version: i16,
    topic: &TopicOutcome,
    outcome: &Outcome,
) -> PartitionProduceResponse<'a> {
    let ok = outcome.code.is_ok();
    let mut response = PartitionProduceResponse {
        index: outcome.number,
        error_code: outcome.code,
        // What was appended has an offset, whatever became of it then.
        base_offset: outcome.base,
        log_start_offset: if ok { outcome.log_start } else { -1 },
        ..Default::default()
    };
    let elsewhere = outcome.code == ErrorCode::NOT_LEADER_OR_FOLLOWER && version >= WITH_LEADER;
    if let Some(partition) =
        state.topic(&topic.resolved).and_then(|found| found.partition(outcome.number)).filter(|_| elsewhere)
    {
        let (leader_id, leader_epoch) = (partition.leader.unwrap_or(-1), partition.epoch);
        response.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
    }
    response
}
