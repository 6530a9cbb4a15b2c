//! What brokers and ZooKeeper say: right answers, in which the script turns a screw here and there.
//!
//! There are three brokers and the topics `a` (three partitions), `b` (one), and any other name that is asked for, which
//! is unknown. Without screws all is well.

use std::ops::{Deref, DerefMut};

use bytes::BytesMut;
use samsa_core::{SessionId, ZkAnswer, ZkError, ZkOp, ZkStat};
use samsa_proto::api::Api;
use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::create_topics::{CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse};
use samsa_proto::api::fetch::{
    FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, PartitionData,
};
use samsa_proto::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use samsa_proto::api::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use samsa_proto::api::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use samsa_proto::records::{Builder, Codec, Flags, Format, Header};
use samsa_proto::wire::{Records, Uuid};
use samsa_proto::zookeeper::path;
use samsa_proto::{ErrorCode, Request, decode, encode_response};

use super::ensemble::Ensemble;
use crate::script::Script;

/// How a peer answers.
#[derive(Debug)]
pub(super) struct Mood<'s, 'd> {
    /// Where the screws are turned.
    pub(super) script: &'s mut Script<'d>,
    /// All that it ever answers, if it does not answer as it should.
    pub(super) refusal: Option<ErrorCode>,
}

impl<'d> Deref for Mood<'_, 'd> {
    type Target = Script<'d>;

    fn deref(&self) -> &Script<'d> {
        self.script
    }
}

impl<'d> DerefMut for Mood<'_, 'd> {
    fn deref_mut(&mut self) -> &mut Script<'d> {
        self.script
    }
}

/// A request that was sent and has no answer yet.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) key: i16,
    pub(super) version: i16,
    pub(super) correlation_id: i32,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// The whole frame of an answer; none when the request wants none, or the broker does not know it.
    pub(super) fn answer(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        match self.key {
            ApiVersionsRequest::KEY => Some(self.frame::<ApiVersionsRequest<'_>>(&api_versions(mood))),
            MetadataRequest::KEY => self.metadata(mood),
            ProduceRequest::KEY => self.produce(mood),
            FetchRequest::KEY => self.fetch(mood),
            ListOffsetsRequest::KEY => self.list_offsets(mood),
            InitProducerIdRequest::KEY => {
                let error_code = error(mood);
                let producer_id = if error_code.is_ok() { 7 } else { -1 };
                let response = InitProducerIdResponse { error_code, producer_id, ..Default::default() };
                Some(self.frame::<InitProducerIdRequest<'_>>(&response))
            }
            CreateTopicsRequest::KEY => self.create_topics(mood),
            _ => self.of_coordinator(mood),
        }
    }

    pub(super) fn frame<R: Request>(&self, response: &R::Response<'_>) -> Vec<u8> {
        let parts = encode_response::<R>(self.correlation_id, self.version, response);
        parts.unwrap_or_else(|error| panic!("the answer is wrong: {error}")).concat()
    }

    fn create_topics(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<CreateTopicsRequest<'_>>(self.version, &self.body).ok()?;
        let created = |name| CreatableTopicResult { name, error_code: error(mood), ..Default::default() };
        let topics = request.topics.iter().map(|topic| topic.name).map(created).collect();
        let response = CreateTopicsResponse { topics, ..Default::default() };
        Some(self.frame::<CreateTopicsRequest<'_>>(&response))
    }

    fn metadata(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<MetadataRequest<'_>>(self.version, &self.body).ok()?;
        let asked = request.topics.filter(|topics| self.version > 0 || !topics.is_empty());
        let names: Vec<_> = match &asked {
            Some(topics) => topics.iter().filter_map(|topic| topic.name).collect(),
            None => vec!["a", "b"],
        };
        let brokers = match mood.byte() {
            0..224 => 3,
            other => usize::from(other) % 4,
        };
        let mut broker = |id: usize| MetadataResponseBroker {
            node_id: screwed(id as i32, mood),
            host: ["10.0.0.1", "10.0.0.2", "k3"]
                .get((screwed(id as i32, mood) as usize).wrapping_sub(1))
                .copied()
                .unwrap_or(""),
            port: screwed(9092, mood),
            ..Default::default()
        };
        let response = MetadataResponse {
            brokers: (1..=brokers).map(&mut broker).collect(),
            controller_id: 1,
            topics: names.into_iter().map(|name| topic(name, mood)).collect(),
            ..Default::default()
        };
        Some(self.frame::<MetadataRequest<'_>>(&response))
    }

    fn produce(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<ProduceRequest<'_>>(self.version, &self.body).ok()?;
        if request.acks == 0 {
            return None;
        }
        let mut responses = Vec::new();
        for topic in &request.topic_data {
            let mut partition_responses = Vec::new();
            for partition in &topic.partition_data {
                let error_code = error(mood);
                let base_offset = if error_code.is_ok() { i64::from(mood.byte()) } else { -1 };
                let index = screwed(partition.index, mood);
                let answer =
                    PartitionProduceResponse { index, error_code, base_offset, ..Default::default() };
                partition_responses.extend(copies(answer, mood));
            }
            let (name, topic_id) = (topic.name, topic.topic_id);
            responses.push(TopicProduceResponse {
                name,
                topic_id,
                partition_responses,
                ..Default::default()
            });
        }
        Some(self.frame::<ProduceRequest<'_>>(&ProduceResponse { responses, ..Default::default() }))
    }

    fn fetch(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<FetchRequest<'_>>(self.version, &self.body).ok()?;
        let mut responses = Vec::new();
        for topic in &request.topics {
            let mut partitions = Vec::new();
            for partition in &topic.partitions {
                let partition_index = screwed(partition.partition, mood);
                let key = mark(name_of(topic), partition_index);
                let records = records(self.version, &key, partition.fetch_offset, mood);
                let answer = PartitionData {
                    partition_index,
                    error_code: error(mood),
                    high_watermark: partition.fetch_offset.saturating_add(10),
                    records: Some(Records::from(bytes::Bytes::from(records))),
                    ..Default::default()
                };
                partitions.extend(copies(answer, mood));
            }
            let (topic, topic_id) = (topic.topic, topic.topic_id);
            responses.push(FetchableTopicResponse { topic, topic_id, partitions, ..Default::default() });
        }
        Some(self.frame::<FetchRequest<'_>>(&FetchResponse { responses, ..Default::default() }))
    }

    fn list_offsets(&self, mood: &mut Mood<'_, '_>) -> Option<Vec<u8>> {
        let request = decode::<ListOffsetsRequest<'_>>(self.version, &self.body).ok()?;
        let mut topics = Vec::new();
        for topic in &request.topics {
            let mut partitions = Vec::new();
            for partition in &topic.partitions {
                let offset = match mood.byte() {
                    255 => mood.int64(),
                    small => i64::from(small) * 10,
                };
                let answer = ListOffsetsPartitionResponse {
                    partition_index: screwed(partition.partition_index, mood),
                    error_code: error(mood),
                    old_style_offsets: if self.version == 0 { vec![offset] } else { Vec::new() },
                    offset: if self.version == 0 { -1 } else { offset },
                    ..Default::default()
                };
                partitions.extend(copies(answer, mood));
            }
            topics.push(ListOffsetsTopicResponse { name: topic.name, partitions, ..Default::default() });
        }
        Some(self.frame::<ListOffsetsRequest<'_>>(&ListOffsetsResponse { topics, ..Default::default() }))
    }
}

/// Everything of 4.4, or the same up to a bound, or nothing, or a refusal.
fn api_versions(mood: &mut Mood<'_, '_>) -> ApiVersionsResponse<'static> {
    let turn = mood.byte();
    if turn >= 250 {
        let error_code = if turn == 250 { ErrorCode::UNSUPPORTED_VERSION } else { error(mood) };
        return ApiVersionsResponse { error_code, ..Default::default() };
    }
    let most = if turn < 160 { i16::MAX } else { i16::from(turn - 160) / 4 };
    let api_keys = Api::ALL.iter().map(|api| ApiVersion {
        api_key: api.key,
        min_version: *api.versions.start(),
        max_version: most.min(*api.versions.end()),
        ..Default::default()
    });
    ApiVersionsResponse { api_keys: api_keys.collect(), ..Default::default() }
}

pub(super) fn topic_id(name: &str) -> Uuid {
    Uuid([name.as_bytes().first().copied().unwrap_or(1); 16])
}

fn topic<'a>(name: &'a str, mood: &mut Mood<'_, '_>) -> MetadataResponseTopic<'a> {
    let count = match name {
        "a" => 3,
        "b" => 1,
        _ => 0,
    };
    let mut answer = MetadataResponseTopic { name: Some(name), ..Default::default() };
    answer.topic_id = topic_id(name);
    answer.error_code = if count == 0 { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION } else { error(mood) };
    let count = if mood.byte() < 224 { count } else { i32::from(mood.byte()) };
    for partition in 0..count {
        let leader_id = match mood.byte() {
            0..200 => 1 + partition % 3,
            other => i32::from(other % 6) - 1,
        };
        answer.partitions.push(MetadataResponsePartition {
            partition_index: screwed(partition, mood),
            leader_id,
            leader_epoch: i32::from(mood.byte() % 4),
            replica_nodes: vec![1, 2, 3],
            isr_nodes: vec![1, 2],
            ..Default::default()
        });
    }
    answer
}

/// The key of all records of a partition, so that it shows when they come out elsewhere.
pub(super) fn mark(topic: &str, partition: i32) -> Vec<u8> {
    [topic.as_bytes(), &partition.to_be_bytes()].concat()
}

/// A topic's name, also where only its id is told.
fn name_of<'a>(topic: &FetchTopic<'a>) -> &'a str {
    match (topic.topic, topic.topic_id.0[0]) {
        ("", b'a') => "a",
        ("", b'b') => "b",
        (name, _) => name,
    }
}

/// A batch in the format of the version, from the offset on; or many, or one that is cut, or anything.
fn records(version: i16, key: &[u8], offset: i64, mood: &mut Mood<'_, '_>) -> Vec<u8> {
    let turn = mood.byte();
    let format = match version {
        0..2 => Format::V0,
        2..4 => Format::V1,
        _ => Format::V2,
    };
    let codec = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4][usize::from(turn) % 4];
    match turn {
        0..160 => batch(format, codec, key, offset),
        160..180 => {
            (0..8).flat_map(|index| batch(format, codec, key, offset.saturating_add(3 * index))).collect()
        }
        180..200 => {
            let mut cut = batch(format, codec, key, offset);
            cut.truncate(cut.len() - 1 - mood.choice(40));
            cut
        }
        200..220 => batch(format, codec, key, mood.int64()),
        220..235 => {
            let mut broken = batch(format, codec, key, offset);
            let at = mood.choice(broken.len());
            broken[at] ^= 1 << (mood.byte() % 8);
            broken
        }
        235..245 => mood.bytes().to_vec(),
        245..252 => long_batch(format, codec, key, offset),
        _ => Vec::new(),
    }
}

/// Three records from this offset on, as a log has them.
fn batch(format: Format, codec: Codec, key: &[u8], offset: i64) -> Vec<u8> {
    batch_of(format, codec, key, &[b'v'; 40], offset)
}

/// The same, longer than what is asked for, and mostly longer than what is set aside for a response.
fn long_batch(format: Format, codec: Codec, key: &[u8], offset: i64) -> Vec<u8> {
    batch_of(format, codec, key, &[b'v'; 10_000], offset)
}

fn batch_of(format: Format, codec: Codec, key: &[u8], value: &[u8], offset: i64) -> Vec<u8> {
    let mut builder = Builder::new(BytesMut::new(), format);
    let headers: &[Header<'_>] = if format == Format::V2 { &[Header::new("h", Some(b"1"))] } else { &[] };
    for _ in 0..3 {
        builder.append(1, Some(key), Some(value), headers.iter().copied()).expect("it fits");
    }
    let batch = builder.seal().compress(codec, None).expect("the format has the codec");
    let mut bytes = [batch.header(None, Flags::default()), batch.body().clone()].concat();
    let within = if codec == Codec::None || format == Format::V2 { 0 } else { 2 };
    bytes[..8].copy_from_slice(&offset.saturating_add(within).to_be_bytes());
    bytes
}

/// None, mostly.
pub(super) fn error(mood: &mut Mood<'_, '_>) -> ErrorCode {
    if let Some(refusal) = mood.refusal {
        return refusal;
    }
    match mood.byte() {
        0..209 => ErrorCode::NONE,
        other => ErrorCode(i16::from(other - 209) * 3),
    }
}

/// The number, mostly.
pub(super) fn screwed(number: i32, mood: &mut Mood<'_, '_>) -> i32 {
    match mood.byte() {
        0..240 => number,
        240 => -1,
        241 => i32::MAX,
        other => i32::from(other - 242),
    }
}

/// One, mostly.
pub(super) fn copies<T: Clone>(answer: T, mood: &mut Mood<'_, '_>) -> Vec<T> {
    let count = match mood.byte() {
        0..240 => 1,
        other => usize::from(other % 3),
    };
    vec![answer; count]
}

/// What ZooKeeper says.
pub(super) fn zookeeper(
    ensemble: &mut Ensemble,
    (session, op): (SessionId, &ZkOp),
    mood: &mut Mood<'_, '_>,
) -> Result<ZkAnswer, ZkError> {
    match mood.byte() {
        0..200 if Ensemble::has(op.path()) => ensemble.perform(session, op),
        0..200 => right_answer(op),
        200..210 => Err(ZkError::NoNode),
        210..220 => Err(ZkError::ConnectionLost),
        220..230 => Err(ZkError::SessionExpired),
        230..240 => Ok(ZkAnswer::Data(mood.bytes().to_vec(), ZkStat::default())),
        240..250 => {
            Ok(ZkAnswer::Children(vec!["1".to_owned(), String::from_utf8_lossy(mood.bytes()).into_owned()]))
        }
        _ => Ok(ZkAnswer::Stat(None)),
    }
}

fn right_answer(op: &ZkOp) -> Result<ZkAnswer, ZkError> {
    match op {
        ZkOp::Children { path, .. } if path == path::BROKER_IDS => {
            Ok(ZkAnswer::Children(["1", "2", "3"].map(str::to_owned).into()))
        }
        ZkOp::Children { .. } => Ok(ZkAnswer::Children(["a", "b"].map(str::to_owned).into())),
        ZkOp::Get { path, .. } if path.starts_with("/brokers/topics/") => {
            let data = r#"{"version":1,"partitions":{"0":[1,2,3],"1":[2,3,1]}}"#;
            Ok(ZkAnswer::Data(data.into(), ZkStat::default()))
        }
        ZkOp::Get { path, .. } => {
            let id = path.rsplit('/').next().unwrap_or_default();
            let data = format!(
                r#"{{"jmx_port":-1,"timestamp":"1","endpoints":["PLAINTEXT://10.0.0.{id}:9092"],"version":4}}"#
            );
            Ok(ZkAnswer::Data(data.into_bytes(), ZkStat::default()))
        }
        _ => Err(ZkError::NoNode),
    }
}
