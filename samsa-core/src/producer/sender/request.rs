//! One Produce request, and what its response says of each batch in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::api::produce::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
    TopicProduceData,
};
use samsa_proto::records::{Codec, Format};
use samsa_proto::wire::{Records, UnknownTags, Uuid};

use super::place::LeaderHint;
use crate::address::HostPort;
use crate::answer::read_answer;
use crate::config::Acks;
use crate::id::BrokerId;
use crate::offset::is_possible;

/// From this version on topics are named by their ids alone.
const BY_ID: i16 = 13;

/// The first Produce version that may carry Zstandard (Kafka 2.1).
const WITH_ZSTD: i16 = 7;

/// What stands for an offset that the broker does not say.
const NOT_SAID: i64 = -1;

/// One batch in a request.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) topic: Arc<str>,
    pub(super) topic_id: Option<[u8; 16]>,
    pub(super) partition: u32,
    pub(super) segments: Vec<Bytes>,
}

/// The format that a leader takes whose newest Produce version this is.
pub(super) fn format_of(version: i16) -> Format {
    match version {
        ..=1 => Format::V0,
        2 => Format::V1,
        3.. => Format::V2,
    }
}

/// Whether a leader whose newest Produce version this is knows a codec, where it takes this format.
pub(super) fn knows_codec(codec: Codec, newest: i16, takes: Format) -> bool {
    codec != Codec::Zstd || (newest >= WITH_ZSTD && takes == Format::V2)
}

/// The version to send these batches with: the newest which has their format and can name their topics.
pub(super) fn version_for(newest: i16, format: Format, parts: &[Part]) -> i16 {
    let newest = match format {
        Format::V0 => newest.min(1),
        Format::V1 => newest.min(2),
        Format::V2 => newest,
    };
    let named_by_id = parts.iter().all(|part| part.topic_id.is_some());
    if named_by_id { newest } else { newest.min(BY_ID - 1) }
}

pub(super) fn request(parts: &[Part], acks: Acks, timeout_ms: i32) -> ProduceRequest<'_> {
    let mut topics: BTreeMap<&str, TopicProduceData<'_>> = BTreeMap::new();
    for part in parts {
        let topic = topics.entry(&part.topic).or_insert_with(|| TopicProduceData {
            name: &part.topic,
            topic_id: Uuid(part.topic_id.unwrap_or_default()),
            partition_data: Vec::new(),
            unknown_tags: UnknownTags::default(),
        });
        topic.partition_data.push(PartitionProduceData {
            index: part.partition as i32,
            records: Some(Records::from(part.segments.clone())),
            unknown_tags: UnknownTags::default(),
        });
    }
    ProduceRequest {
        transactional_id: None,
        acks: match acks {
            Acks::All => -1,
            Acks::Leader => 1,
        },
        timeout_ms,
        topic_data: topics.into_values().collect(),
        unknown_tags: UnknownTags::default(),
    }
}

/// What a broker says of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: ErrorCode,
    /// Negative when the broker does not say.
    pub(super) base_offset: i64,
    /// Negative when the records keep their own.
    pub(super) append_time: i64,
    /// What the broker adds, in words.
    pub(super) message: Option<String>,
    /// Who leads instead.
    pub(super) leader: Option<LeaderHint>,
}

/// What a response says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answers {
    /// One for each batch, in the order of the request.
    pub(super) answers: Vec<Answer>,
    /// Where brokers listen that the answers speak of.
    pub(super) endpoints: Vec<(BrokerId, HostPort)>,
}

/// Reads the response to `parts`: an answer for each, in the same order. A response that leaves one out, says one
/// twice, or speaks of others is no response; what it says of the rest is not believed either.
pub(super) fn answers(parts: &[Part], version: i16, frame: &[u8]) -> Result<Answers, String> {
    let response = read_answer::<ProduceRequest<'_>>(version, frame);
    let response = response.map_err(|error| format!("the response cannot be read: {error}"))?;
    let mut asked: BTreeMap<(&str, Uuid, i32), usize> = BTreeMap::new();
    for (place, part) in parts.iter().enumerate() {
        asked.insert(key(part, version), place);
    }
    let mut answers = vec![None; parts.len()];
    for topic in &response.responses {
        let (name, id) = if version >= BY_ID { ("", topic.topic_id) } else { (topic.name, Uuid::ZERO) };
        for partition in &topic.partition_responses {
            let place = asked.get(&(name, id, partition.index));
            let place = *place.ok_or_else(|| {
                format!(
                    "the response speaks of partition {} of topic {name:?} {id}, which was not asked",
                    partition.index
                )
            })?;
            let offset = partition.base_offset;
            if offset != NOT_SAID && !is_possible(offset) {
                return Err(format!(
                    "the response says that partition {} has a batch at {offset}",
                    partition.index
                ));
            }
            if answers[place].replace(answer(partition)).is_some() {
                return Err(format!(
                    "the response speaks twice of partition {} of topic {name:?} {id}",
                    partition.index
                ));
            }
        }
    }
    let answers: Option<Vec<Answer>> = answers.into_iter().collect();
    let answers = answers.ok_or_else(|| "the response leaves out partitions that were asked".to_owned())?;
    let endpoints = response.node_endpoints.iter().filter_map(endpoint).collect();
    Ok(Answers { answers, endpoints })
}

/// A broker and where it listens, if that makes sense.
fn endpoint(node: &NodeEndpoint<'_>) -> Option<(BrokerId, HostPort)> {
    let port = u16::try_from(node.port).ok().filter(|port| *port != 0)?;
    let is_one = node.node_id >= 0 && !node.host.is_empty();
    is_one.then(|| (BrokerId(node.node_id), HostPort { host: node.host.to_owned(), port }))
}

fn key(part: &Part, version: i16) -> (&str, Uuid, i32) {
    let partition = part.partition as i32;
    if version >= BY_ID {
        ("", Uuid(part.topic_id.unwrap_or_default()), partition)
    } else {
        (&part.topic, Uuid::ZERO, partition)
    }
}

fn answer(partition: &PartitionProduceResponse<'_>) -> Answer {
    Answer {
        code: partition.error_code,
        base_offset: partition.base_offset,
        append_time: partition.log_append_time_ms,
        message: partition.error_message.map(str::to_owned),
        leader: hint(&partition.current_leader),
    }
}

fn hint(leader: &LeaderIdAndEpoch) -> Option<LeaderHint> {
    let is_one = leader.leader_id >= 0 && leader.leader_epoch >= 0;
    is_one.then_some(LeaderHint { leader: BrokerId(leader.leader_id), epoch: leader.leader_epoch })
}

impl Answer {
    /// Whether an error leaves it open if the batch is stored.
    ///
    /// A leader that fails to see a batch through to enough replicas answers with the offset that the batch has in its
    /// own log, whatever the error is called; a batch that it refused has none. Errors of which the broker itself
    /// cannot know more, and those which we do not know, count as open.
    pub(super) fn is_ambiguous(&self) -> bool {
        const OPEN: [ErrorCode; 5] = [
            ErrorCode::UNKNOWN_SERVER_ERROR,
            ErrorCode::REQUEST_TIMED_OUT,
            ErrorCode::NETWORK_EXCEPTION,
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            ErrorCode::KAFKA_STORAGE_ERROR,
        ];
        self.base_offset >= 0 || OPEN.contains(&self.code) || self.code.name().is_none()
    }

    /// Whether the client's picture of the cluster may be to blame.
    pub(super) fn doubts_metadata(&self) -> bool {
        const FINE: [ErrorCode; 3] = [
            ErrorCode::REQUEST_TIMED_OUT,
            ErrorCode::NOT_ENOUGH_REPLICAS,
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        ];
        !FINE.contains(&self.code)
    }

    /// In words, for errors that speak of a time that is over.
    pub(super) fn describe(&self) -> String {
        match &self.message {
            Some(message) => format!("{}: {message}", self.code),
            None => self.code.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_proto::api::produce::{ProduceResponse, TopicProduceResponse};

    const ID: [u8; 16] = [7; 16];

    fn part(partition: u32) -> Part {
        Part {
            topic: Arc::from("events"),
            topic_id: Some(ID),
            partition,
            segments: vec![Bytes::from_static(b"x")],
        }
    }

    fn response(version: i16, partitions: &[i32]) -> Bytes {
        let answer = |index: &i32| PartitionProduceResponse {
            index: *index,
            error_code: ErrorCode::NONE,
            base_offset: 10 + i64::from(*index),
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch {
                leader_id: -1,
                leader_epoch: -1,
                unknown_tags: UnknownTags::default(),
            },
            unknown_tags: UnknownTags::default(),
        };
        let topic = TopicProduceResponse {
            name: "events",
            topic_id: Uuid(ID),
            partition_responses: partitions.iter().map(answer).collect(),
            unknown_tags: UnknownTags::default(),
        };
        let response = ProduceResponse {
            responses: vec![topic],
            throttle_time_ms: 0,
            node_endpoints: Vec::new(),
            unknown_tags: UnknownTags::default(),
        };
        let frame = samsa_proto::encode_response::<ProduceRequest<'_>>(1, version, &response).unwrap();
        Bytes::from(frame.concat()).slice(4..)
    }

    #[test]
    fn each_batch_gets_its_own_answer_by_name_and_by_id() {
        for version in [0, 2, 3, 9, 12, 13] {
            let answers = answers(&[part(1), part(0)], version, &response(version, &[0, 1])).unwrap();
            let offsets: Vec<i64> = answers.answers.iter().map(|answer| answer.base_offset).collect();
            assert_eq!(offsets, [11, 10], "version {version}");
        }
    }

    #[test]
    fn a_response_that_lies_is_an_error() {
        let asked = [part(0), part(1)];
        for (partitions, complaint) in
            [(&[0][..], "leaves out"), (&[0, 1, 0], "twice"), (&[0, 1, 2], "not asked"), (&[], "leaves out")]
        {
            let error = answers(&asked, 9, &response(9, partitions)).unwrap_err();
            assert!(error.contains(complaint), "{partitions:?}: {error}");
        }
        assert!(answers(&asked, 9, b"\0\0\0").unwrap_err().contains("cannot be read"));
        for base_offset in [-2, i64::MIN, i64::MAX] {
            let told = PartitionProduceResponse { base_offset, ..Default::default() };
            let topic = TopicProduceResponse {
                name: "events",
                partition_responses: vec![told],
                ..Default::default()
            };
            let response = ProduceResponse { responses: vec![topic], ..Default::default() };
            let frame = samsa_proto::encode_response::<ProduceRequest<'_>>(7, 9, &response).unwrap().concat();
            let error = answers(&[part(0)], 9, &frame[4..]).unwrap_err();
            assert!(error.contains(&base_offset.to_string()), "{error}");
        }
        assert!(answers(&asked, 13, &response(9, &[0, 1])).is_err());
    }

    #[test]
    fn a_topic_without_id_is_named_even_where_ids_are_usual() {
        let nameless = Part { topic_id: None, ..part(0) };
        assert_eq!(version_for(13, Format::V2, &[part(0), part(1)]), 13);
        assert_eq!(version_for(13, Format::V2, &[part(0), nameless]), 12);
    }

    #[test]
    fn the_version_follows_the_format_and_the_format_the_version() {
        let formats = [0, 1, 2, 3, 13].map(format_of);
        assert_eq!(formats, [Format::V0, Format::V0, Format::V1, Format::V2, Format::V2]);
        assert_eq!(version_for(8, Format::V0, &[part(0)]), 1);
        assert_eq!(version_for(8, Format::V1, &[part(0)]), 2);
        assert_eq!(version_for(0, Format::V0, &[part(0)]), 0);
    }

    #[test]
    fn an_error_with_an_offset_or_without_meaning_may_have_been_stored() {
        let answer =
            |code, base_offset| Answer { code, base_offset, append_time: -1, message: None, leader: None };
        assert!(!answer(ErrorCode::NOT_LEADER_OR_FOLLOWER, -1).is_ambiguous());
        assert!(answer(ErrorCode::NOT_LEADER_OR_FOLLOWER, 5).is_ambiguous());
        assert!(answer(ErrorCode::REQUEST_TIMED_OUT, -1).is_ambiguous());
        assert!(answer(ErrorCode(30_000), -1).is_ambiguous());
        assert!(!answer(ErrorCode::MESSAGE_TOO_LARGE, -1).is_ambiguous());
    }
}
