//! Offsets by time.

use samsa_proto::ErrorCode;
use samsa_proto::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};

use super::answer::{Answer, Call};
use super::fetch::check_epoch;
use super::state::State;
use super::topic::Partition;

/// The isolation level of who reads only what is decided.
pub(super) const READ_COMMITTED: i8 = 1;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const LARGEST_TIMESTAMP: i64 = -3;

pub(super) fn answer(state: &mut State, call: &Call<'_>, request: &ListOffsetsRequest<'_>) -> Answer {
    let committed = request.isolation_level == READ_COMMITTED;
    let mut topics = Vec::new();
    for topic in &request.topics {
        let partitions: Vec<_> = topic
            .partitions
            .iter()
            .map(|asked| tell_one(state, call, topic.name, asked, committed))
            .collect();
        let told: Vec<String> = partitions.iter().map(tell).collect();
        state.note(
            call.broker,
            format!("ListOffsets {} of {}: {}", call.version, topic.name, told.join(", ")),
        );
        topics.push(ListOffsetsTopicResponse { name: topic.name, partitions, ..Default::default() });
    }
    call.answer::<ListOffsetsRequest<'_>>(
        state,
        &ListOffsetsResponse { topics, throttle_time_ms: call.throttle_ms, ..Default::default() },
    )
}

fn tell(partition: &ListOffsetsPartitionResponse) -> String {
    let number = partition.partition_index;
    match partition.error_code {
        ErrorCode::NONE if partition.offset < 0 => format!("/{number} {:?}", partition.old_style_offsets),
        ErrorCode::NONE => format!("/{number} {}", partition.offset),
        code => format!("/{number} {code:?}"),
    }
}

fn tell_one(
    state: &mut State,
    call: &Call<'_>,
    topic: &str,
    asked: &ListOffsetsPartition,
    committed: bool,
) -> ListOffsetsPartitionResponse {
    let mut response = look_up(state, call, topic, asked, committed);
    if response.error_code.is_ok()
        && let Some(offset) = state.impossible_offset(call.broker)
    {
        match call.version {
            0 => response.old_style_offsets = vec![offset],
            _ => response.offset = offset,
        }
    }
    response
}

fn look_up(
    state: &State,
    call: &Call<'_>,
    topic: &str,
    asked: &ListOffsetsPartition,
    committed: bool,
) -> ListOffsetsPartitionResponse {
    let mut response =
        ListOffsetsPartitionResponse { partition_index: asked.partition_index, ..Default::default() };
    let partition = state.led_by(call.broker, topic, asked.partition_index);
    let found = partition.and_then(|partition| {
        check_epoch(asked.current_leader_epoch, partition.epoch)?;
        Ok((partition, find(partition, asked.timestamp, partition.readable_end(committed))?))
    });
    match found {
        Err(code) => response.error_code = code,
        Ok((_, found)) if call.version == 0 => {
            response.old_style_offsets = found.into_iter().map(|(offset, _)| offset).collect();
        }
        Ok((partition, found)) => {
            (response.offset, response.timestamp) = found.unwrap_or((-1, -1));
            if call.version >= 4 {
                response.leader_epoch = partition.log.epoch_at(response.offset).unwrap_or(partition.epoch);
            }
        }
    }
    response
}

fn find(partition: &Partition, timestamp: i64, end: i64) -> Result<Option<(i64, i64)>, ErrorCode> {
    match timestamp {
        LATEST => Ok(Some((end, -1))),
        EARLIEST => Ok(Some((partition.log.start(), -1))),
        LARGEST_TIMESTAMP => Ok(partition.log.find_latest(end)),
        time if time >= 0 => Ok(partition.log.find_time(time, end)),
        _ => Err(ErrorCode::UNSUPPORTED_VERSION),
    }
}
