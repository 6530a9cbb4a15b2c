//! One broker and the driver of one engine, in memory: it has one topic, writes whatever is published, and has records at
//! every offset that is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use samsa_core::{
    Command, Config, ConnId, Discovery, Engine, HostPort, Input, Intent, Notices, Now, OpId, RecvBuf, Reply,
};
use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use samsa_proto::api::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use samsa_proto::records::{BatchBuilder, Flags};
use samsa_proto::wire::{Records, Uuid};
use samsa_proto::{Request, encode_response};

pub(crate) const TOPIC: &str = "events";
const ID: Uuid = Uuid([7; 16]);

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: Now,
    partitions: i32,
    conns: BTreeMap<ConnId, Vec<u8>>,
    writable: Vec<ConnId>,
    /// Who hears of the answers to commands.
    pub(crate) replied: Box<dyn FnMut(OpId, Reply) + Send>,
}

impl World {
    /// An engine that has connected, and knows the topic.
    pub(crate) fn new(partitions: i32, change: impl FnOnce(&mut Config)) -> Self {
        let mut config =
            Config::new(Discovery::Bootstrap(HostPort::list("127.0.0.1:9092").expect("an address")));
        change(&mut config);
        let engine = Engine::new(config);
        let mut world = Self {
            engine,
            now: Now::default(),
            partitions,
            conns: BTreeMap::new(),
            writable: Vec::new(),
            replied: Box::new(|_, _| ()),
        };
        let command = Command::Connect;
        world.input(Input::Command { op: OpId(1), command, within: Duration::from_secs(5) });
        let ticket = world
            .engine
            .batch_buffer()
            .topic(TOPIC)
            .append(&samsa_core::OutgoingRecord::default(), world.now);
        let ticket = ticket.expect("the buffer is empty");
        for _ in 0..100 {
            world.run();
            if ticket.try_outcome().is_some() {
                return world;
            }
            world.now.mono = world.engine.deadline().expect("a deadline").at;
            world.input(Input::Tick);
        }
        panic!("the first record was never written");
    }

    /// Does what application threads have asked for, and all that follows from it.
    pub(crate) fn run(&mut self) {
        let notices = self.engine.signal().take();
        if notices.contains(Notices::BATCHES) {
            self.input(Input::BatchesReady);
        }
        if notices.contains(Notices::CREDIT) {
            self.input(Input::Credit);
        }
        self.settle();
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            let mut idle = true;
            while let Some(intent) = self.engine.poll_intent() {
                idle = false;
                self.perform(intent);
            }
            while let Some(conn) = self.engine.poll_writable() {
                self.writable.push(conn);
            }
            for conn in std::mem::take(&mut self.writable) {
                idle = false;
                self.serve(conn);
            }
            if idle {
                return;
            }
        }
    }

    fn perform(&mut self, intent: Intent) {
        match intent {
            Intent::Connect { conn, .. } => {
                self.conns.insert(conn, Vec::new());
                self.engine.handle(self.now, Input::Connected { conn });
            }
            Intent::Compute { id, job } => {
                self.engine.handle(self.now, Input::Computed { id, output: job.run() });
            }
            Intent::Complete { op, reply } => (self.replied)(op, reply),
            Intent::Wake(wakers) => wakers.wake(),
            _ => {}
        }
    }

    /// Takes what the engine writes, and answers each whole request.
    fn serve(&mut self, conn: ConnId) {
        let mut segments = Vec::new();
        loop {
            self.engine.transmit(conn, &mut segments);
            let written = segments.iter().map(Bytes::len).sum();
            let Some(received) = self.conns.get_mut(&conn).filter(|_| written > 0) else { break };
            segments.drain(..).for_each(|segment| received.extend_from_slice(&segment));
            self.engine.transmitted(self.now, conn, written);
        }
        let mut received = self.conns.remove(&conn).unwrap_or_default();
        while let Some(length) = received.first_chunk().map(|length| u32::from_be_bytes(*length) as usize) {
            if received.len() < 4 + length {
                break;
            }
            let answer = self.answer(&received[4..4 + length]);
            received.drain(..4 + length);
            self.deliver(conn, &answer);
        }
        self.conns.insert(conn, received);
    }

    fn deliver(&mut self, conn: ConnId, mut answer: &[u8]) {
        while !answer.is_empty() {
            let RecvBuf::Read(mut buffer) = self.engine.recv_buf(conn) else {
                panic!("{conn} does not read")
            };
            let room = buffer.unfilled();
            let len = room.len().min(answer.len());
            room[..len].copy_from_slice(&answer[..len]);
            buffer.advance(len);
            self.engine.received(self.now, conn, buffer);
            answer = &answer[len..];
        }
    }

    fn answer(&self, frame: &[u8]) -> Vec<u8> {
        let (header, body) = samsa_proto::decode_request_header(frame).expect("a request");
        let (id, version) = (header.correlation_id, header.api_version);
        let parts = match header.api_key {
            ApiVersionsRequest::KEY => encode_response::<ApiVersionsRequest<'_>>(id, version, &versions()),
            MetadataRequest::KEY => encode_response::<MetadataRequest<'_>>(id, version, &self.metadata()),
            ProduceRequest::KEY => {
                encode_response::<ProduceRequest<'_>>(id, version, &produced(version, body))
            }
            FetchRequest::KEY => Ok(fetched(id, version, body)),
            key => panic!("nobody asked for API {key}"),
        };
        parts.expect("a response").concat()
    }

    fn metadata(&self) -> MetadataResponse<'_> {
        let partition = |partition_index| MetadataResponsePartition {
            partition_index,
            leader_id: 1,
            replica_nodes: vec![1],
            isr_nodes: vec![1],
            ..Default::default()
        };
        let topic = MetadataResponseTopic {
            name: Some(TOPIC),
            topic_id: ID,
            partitions: (0..self.partitions).map(partition).collect(),
            ..Default::default()
        };
        let broker =
            MetadataResponseBroker { node_id: 1, host: "127.0.0.1", port: 9092, ..Default::default() };
        MetadataResponse { brokers: vec![broker], topics: vec![topic], ..Default::default() }
    }
}

fn versions() -> ApiVersionsResponse<'static> {
    fn api<R: Request>() -> ApiVersion {
        let (min_version, max_version) = (*R::VERSIONS.start(), *R::VERSIONS.end());
        ApiVersion { api_key: R::KEY, min_version, max_version, ..Default::default() }
    }
    let api_keys = vec![
        api::<ApiVersionsRequest<'_>>(),
        api::<MetadataRequest<'_>>(),
        api::<ProduceRequest<'_>>(),
        api::<FetchRequest<'_>>(),
    ];
    ApiVersionsResponse { api_keys, ..Default::default() }
}

fn produced(version: i16, body: &[u8]) -> ProduceResponse<'static> {
    let request: ProduceRequest<'_> = samsa_proto::decode(version, body).expect("a produce request");
    let written = |index| PartitionProduceResponse { index, log_append_time_ms: -1, ..Default::default() };
    let topic = |partitions| TopicProduceResponse {
        name: TOPIC,
        topic_id: ID,
        partition_responses: partitions,
        ..Default::default()
    };
    let responses = request.topic_data.iter();
    let responses =
        responses.map(|data| topic(data.partition_data.iter().map(|data| written(data.index)).collect()));
    ProduceResponse { responses: responses.collect(), ..Default::default() }
}

/// Three records from wherever each partition is asked for.
fn fetched(id: i32, version: i16, body: &[u8]) -> Vec<Bytes> {
    let request: FetchRequest<'_> = samsa_proto::decode(version, body).expect("a fetch request");
    let asked: Vec<_> = request.topics.iter().flat_map(|topic| &topic.partitions).collect();
    let batches: Vec<_> = asked.iter().map(|asked| batch(asked.fetch_offset)).collect();
    let partitions = asked.iter().zip(&batches).map(|(asked, records)| PartitionData {
        partition_index: asked.partition,
        high_watermark: i64::MAX / 2,
        last_stable_offset: i64::MAX / 2,
        records: Some(Records::Slice(records)),
        ..Default::default()
    });
    let topic = FetchableTopicResponse {
        topic: TOPIC,
        topic_id: ID,
        partitions: partitions.collect(),
        ..Default::default()
    };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };
    encode_response::<FetchRequest<'_>>(id, version, &response).expect("a response")
}

fn batch(from: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BytesMut::new());
    for _ in 0..3 {
        builder.append(0, None, Some(&[7; 250]), []).expect("it is small");
    }
    let sealed = builder.seal();
    let mut bytes = sealed.header(None, Flags::default()).to_vec();
    bytes[..8].copy_from_slice(&from.to_be_bytes());
    bytes.extend_from_slice(sealed.body());
    bytes
}
