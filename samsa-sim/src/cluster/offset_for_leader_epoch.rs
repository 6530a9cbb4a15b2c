//! Where a leader's epoch ended in the log.

use samsa_proto::ErrorCode;
use samsa_proto::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
};

use super::answer::{Answer, Call};
use super::fetch::check_epoch;
use super::state::State;

pub(super) fn answer(
    state: &mut State,
    call: &Call<'_>,
    request: &OffsetForLeaderEpochRequest<'_>,
) -> Answer {
    let mut topics = Vec::new();
    for topic in &request.topics {
        let partitions: Vec<_> =
            topic.partitions.iter().map(|asked| end_of(state, call, topic.topic, asked)).collect();
        let told: Vec<String> = partitions.iter().map(tell).collect();
        let text = format!("OffsetForLeaderEpoch {} of {}: {}", call.version, topic.topic, told.join(", "));
        state.note(call.broker, text);
        topics.push(OffsetForLeaderTopicResult { topic: topic.topic, partitions, ..Default::default() });
    }
    let response = OffsetForLeaderEpochResponse { topics, ..Default::default() };
    call.answer::<OffsetForLeaderEpochRequest<'_>>(state, &response)
}

fn tell(end: &EpochEndOffset) -> String {
    match end.error_code {
        ErrorCode::NONE => {
            format!("/{} epoch {} ends at {}", end.partition, end.leader_epoch, end.end_offset)
        }
        code => format!("/{} {code:?}", end.partition),
    }
}

fn end_of(state: &State, call: &Call<'_>, topic: &str, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let found = state.led_by(call.broker, topic, asked.partition).and_then(|partition| {
        check_epoch(asked.current_leader_epoch, partition.epoch)?;
        Ok(partition.log.end_of_epoch(asked.leader_epoch, partition.epoch).unwrap_or((-1, -1)))
    });
    let partition = asked.partition;
    match found {
        Ok((leader_epoch, end_offset)) => {
            EpochEndOffset { partition, leader_epoch, end_offset, ..Default::default() }
        }
        Err(error_code) => EpochEndOffset { partition, error_code, ..Default::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::Log;

    #[test]
    fn of_a_log_that_lost_everything_earlier_epochs_end_where_it_begins_and_later_ones_are_not_known() {
        let empty = Log::default();
        assert_eq!([1, 2, 3].map(|epoch| empty.end_of_epoch(epoch, 2)), [Some((1, 0)), Some((2, 0)), None]);
    }
}
