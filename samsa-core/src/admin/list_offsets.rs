//! Where partitions begin and end, and where a time falls: the question in every version, and what its answer means.

use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic,
};

use crate::config::Isolation;
use crate::offset::{Offset, is_possible};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
/// The offset where there is none.
const NOTHING: i64 = -1;
/// The first version that knows of transactions.
const HAS_TRANSACTIONS: i16 = 2;

/// One partition to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) partition: i32,
    pub(crate) leader_epoch: Option<i32>,
    pub(crate) at: Offset,
}

/// What a broker says of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// And the leader epoch of the record there, or of the leader at the end; none before version 4.
    Offset(i64, Option<i32>),
    /// No record is that late; before version 1, none is that early. Ask for [`instead`].
    Nothing,
    /// What no log has.
    Impossible(i64),
    Refused(ErrorCode),
}

/// An exact offset needs no question, and is taken for the end here.
pub(crate) fn request<'a>(
    topic: &'a str,
    wanted: &[Wanted],
    version: i16,
    isolation: Isolation,
    timeout: Duration,
) -> ListOffsetsRequest<'a> {
    let partitions = wanted.iter().map(|wanted| ListOffsetsPartition {
        partition_index: wanted.partition,
        current_leader_epoch: wanted.leader_epoch.unwrap_or(-1),
        timestamp: timestamp(wanted.at),
        ..Default::default()
    });
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: if version >= HAS_TRANSACTIONS { isolation.id() } else { 0 },
        topics: vec![ListOffsetsTopic {
            name: topic,
            partitions: partitions.collect(),
            ..Default::default()
        }],
        timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
        ..Default::default()
    }
}

/// The answers for one topic. Partitions may be missing, doubled, or not have been asked about.
pub(crate) fn answers<'a>(
    response: &'a ListOffsetsResponse<'_>,
    topic: &'a str,
    version: i16,
) -> impl Iterator<Item = (i32, Found)> + 'a {
    let topics = response.topics.iter().filter(move |answered| answered.name == topic);
    let partitions = topics.flat_map(|topic| &topic.partitions);
    partitions.map(move |partition| (partition.partition_index, found(partition, version)))
}

/// What to ask for where there was nothing: the end, since no record is that late. Version 0 finds the start of a
/// segment that is *not later* than the time; where there is none, every record is later.
pub(crate) fn instead(version: i16) -> Offset {
    if version == 0 { Offset::Earliest } else { Offset::Latest }
}

/// Times before 1970 would be taken for the special numbers.
fn timestamp(at: Offset) -> i64 {
    match at {
        Offset::Earliest => EARLIEST,
        Offset::Latest | Offset::Exact(_) => LATEST,
        Offset::At(time) => time.0.max(0),
    }
}

fn found(partition: &ListOffsetsPartitionResponse, version: i16) -> Found {
    if !partition.error_code.is_ok() {
        return Found::Refused(partition.error_code);
    }
    let offset = match version {
        0 => partition.old_style_offsets.first().copied(),
        _ => Some(partition.offset),
    };
    let leader_epoch = Some(partition.leader_epoch).filter(|epoch| *epoch >= 0);
    match offset {
        None | Some(NOTHING) => Found::Nothing,
        Some(offset) if is_possible(offset) => Found::Offset(offset, leader_epoch),
        Some(offset) => Found::Impossible(offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;
    use samsa_proto::api::list_offsets::ListOffsetsTopicResponse;

    #[test]
    fn places_are_asked_for_by_their_numbers_and_a_time_never_looks_like_one() {
        for (at, timestamp) in [
            (Offset::Earliest, -2),
            (Offset::Latest, -1),
            (Offset::At(UnixMillis(1_700_000_000_000)), 1_700_000_000_000),
            (Offset::At(UnixMillis(-2)), 0),
        ] {
            let wanted = [Wanted { partition: 3, leader_epoch: Some(7), at }];
            let request = request("events", &wanted, 11, Isolation::default(), Duration::ZERO);
            let asked = &request.topics[0].partitions[0];
            assert_eq!(
                (asked.partition_index, asked.current_leader_epoch, asked.timestamp),
                (3, 7, timestamp)
            );
        }
    }

    #[test]
    fn every_version_has_a_form_for_the_question() {
        use samsa_proto::Message;
        let wanted = [Wanted { partition: 0, leader_epoch: Some(1), at: Offset::Earliest }];
        for version in ListOffsetsRequest::VERSIONS {
            let request = request("events", &wanted, version, Isolation::default(), Duration::from_secs(1));
            assert_eq!(request.isolation_level, i8::from(version >= 2), "committed records end elsewhere");
            samsa_proto::encode(version, &request).unwrap();
        }
    }

    #[test]
    fn the_answer_of_version_0_is_the_newest_segment_that_is_early_enough() {
        let partition = |offsets: &[i64], error_code| ListOffsetsPartitionResponse {
            old_style_offsets: offsets.to_vec(),
            error_code,
            ..Default::default()
        };
        assert_eq!(found(&partition(&[40, 20], ErrorCode::NONE), 0), Found::Offset(40, None));
        assert_eq!(found(&partition(&[], ErrorCode::NONE), 0), Found::Nothing);
        assert_eq!(instead(0), Offset::Earliest);
        let refused = found(&partition(&[40], ErrorCode::NOT_LEADER_OR_FOLLOWER), 0);
        assert_eq!(refused, Found::Refused(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    }

    #[test]
    fn later_versions_answer_with_one_offset_or_none() {
        let answered = |offset| ListOffsetsResponse {
            topics: ["other", "events"]
                .map(|name| ListOffsetsTopicResponse {
                    name,
                    partitions: vec![ListOffsetsPartitionResponse {
                        partition_index: 1,
                        offset,
                        ..Default::default()
                    }],
                    ..Default::default()
                })
                .into(),
            ..Default::default()
        };
        assert_eq!(answers(&answered(9), "events", 1).collect::<Vec<_>>(), [(1, Found::Offset(9, None))]);
        assert_eq!(answers(&answered(-1), "events", 1).collect::<Vec<_>>(), [(1, Found::Nothing)]);
        assert_eq!(instead(1), Offset::Latest);
        for offset in [-2, i64::MIN, i64::MAX] {
            let found = answers(&answered(offset), "events", 1).collect::<Vec<_>>();
            assert_eq!(found, [(1, Found::Impossible(offset))]);
        }
    }
}
