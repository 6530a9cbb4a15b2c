//! Brokers for the scripts, around a whole engine: they connect and tell metadata by themselves; every other question
//! waits until the script answers it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::api::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use samsa_proto::api::produce::ProduceRequest;
use samsa_proto::wire::Uuid;
use samsa_proto::{ErrorCode, Message, Request, encode_response};

use crate::command::{Command, Reply};
use crate::config::{Config, Discovery};
use crate::engine::Engine;
use crate::event::Event;
use crate::id::{ConnId, OpId};
use crate::input::Input;
use crate::intent::Intent;
use crate::producer::{OutgoingRecord, Ticket};
use crate::time::Now;
use crate::wake::Notices;
use crate::{HostPort, RecvBuf};

pub(crate) const TOPIC_ID: Uuid = Uuid([7; 16]);
const FIRST_PORT: u16 = 9_000;

pub(crate) struct Model {
    pub(crate) engine: Engine,
    pub(crate) now: Now,
    /// The topic "events": who leads each partition, -1 for nobody.
    pub(crate) leaders: Vec<i32>,
    /// The newest version of Fetch and `ListOffsets` that brokers speak.
    newest: i16,
    newest_of_epochs: i16,
    pub(crate) leader_epoch: i32,
    /// The replicas of each partition that are in sync; all brokers, unless said otherwise.
    pub(crate) in_sync: Vec<i32>,
    /// Zero where brokers give the topic none.
    pub(crate) topic_id: Uuid,
    /// Brokers that refuse connections.
    pub(crate) down: Vec<i32>,
    /// Brokers that answer no attempt to connect, until [`connects`](Self::connects).
    pub(crate) swallowing: Vec<i32>,
    swallowed: Vec<ConnId>,
    /// Brokers that offer no version of Fetch.
    pub(crate) without_fetch: Vec<i32>,
    pub(crate) brokers: i32,
    conns: BTreeMap<ConnId, i32>,
    asked: VecDeque<Asked>,
    replies: Vec<Reply>,
    events: Vec<Event>,
    ops: u64,
}

/// A question that waits for the script.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) broker: i32,
    pub(crate) version: i16,
    pub(crate) conn: ConnId,
    key: i16,
    correlation_id: i32,
    body: Vec<u8>,
}

impl Asked {
    pub(crate) fn is<R: Request>(&self) -> bool {
        self.key == R::KEY
    }

    pub(crate) fn read<'a, R: Request + samsa_proto::wire::Decode<'a>>(&'a self) -> R {
        assert_eq!(self.key, R::KEY);
        samsa_proto::decode(self.version, &self.body).unwrap()
    }
}

impl Model {
    /// One broker for each leader named, and a client that has seen them.
    pub(crate) fn start(leaders: &[i32]) -> Self {
        Self::with_newest(leaders, i16::MAX)
    }

    pub(crate) fn with_newest(leaders: &[i32], newest: i16) -> Self {
        Self::with_versions(leaders, newest, newest)
    }

    /// Brokers that speak `OffsetForLeaderEpoch` up to another version than the rest.
    pub(crate) fn with_versions(leaders: &[i32], newest: i16, newest_of_epochs: i16) -> Self {
        let bootstrap =
            Discovery::Bootstrap(vec![HostPort { host: "127.0.0.1".to_owned(), port: FIRST_PORT + 1 }]);
        let brokers = leaders.iter().copied().max().unwrap_or(1).max(1);
        let mut model = Self {
            engine: Engine::new(Config::new(bootstrap)),
            now: Now::default(),
            leaders: leaders.to_vec(),
            newest,
            newest_of_epochs,
            leader_epoch: 5,
            in_sync: (1..=brokers).collect(),
            topic_id: TOPIC_ID,
            down: Vec::new(),
            swallowing: Vec::new(),
            swallowed: Vec::new(),
            without_fetch: Vec::new(),
            brokers,
            conns: BTreeMap::new(),
            asked: VecDeque::new(),
            replies: Vec::new(),
            events: Vec::new(),
            ops: 0,
        };
        model.command(Command::Connect);
        assert!(matches!(model.reply(), Reply::Connect(Ok(()))));
        model
    }

    /// A command of ten seconds, and whatever time it takes until something comes of it. Gives the name by which it is
    /// answered.
    pub(crate) fn command(&mut self, command: Command) -> OpId {
        self.ops += 1;
        let (op, within) = (OpId(self.ops), Duration::from_secs(10));
        self.input(Input::Command { op, command, within });
        self.waits_for_something();
        op
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        self.settle();
    }

    /// The driver is dropped.
    pub(crate) fn aborts(&mut self) {
        self.engine.abort();
        self.settle();
    }

    /// What was seen since the last call.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Appends to a partition of the topic "events".
    pub(crate) fn publishes(&mut self, partition: i32, value: &[u8]) -> Ticket {
        let topic = self.engine.batch_buffer().topic("events");
        let record =
            OutgoingRecord { partition: Some(partition), value: Some(value), ..OutgoingRecord::default() };
        let ticket = topic.append(&record, self.now).unwrap();
        self.input(Input::BatchesReady);
        ticket
    }

    /// What the driver would do about the application's notices.
    pub(crate) fn rings(&mut self) -> bool {
        let rung = self.engine.signal().take().contains(Notices::CREDIT);
        if rung {
            self.input(Input::Credit);
        }
        rung
    }

    /// Lets time pass until the engine wants to be called.
    pub(crate) fn waits(&mut self) {
        let deadline = self.engine.deadline().expect("a deadline");
        self.now.mono = deadline.at;
        self.input(Input::Tick);
    }

    /// Lets time pass until something is asked or replied.
    pub(crate) fn waits_for_something(&mut self) {
        for _ in 0..1_000 {
            if !self.is_quiet() || self.has_replied() {
                return;
            }
            self.waits();
        }
        panic!("nothing is asked and nothing is replied");
    }

    pub(crate) fn reply(&mut self) -> Reply {
        assert_eq!(self.replies.len(), 1, "{:?}", self.replies);
        self.replies.remove(0)
    }

    pub(crate) fn has_replied(&self) -> bool {
        !self.replies.is_empty()
    }

    /// The next question.
    pub(crate) fn asked(&mut self) -> Asked {
        self.asked.pop_front().expect("nothing was asked")
    }

    pub(crate) fn is_gone(&mut self, conn: ConnId) -> bool {
        matches!(self.engine.recv_buf(conn), RecvBuf::Gone)
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.asked.is_empty()
    }

    pub(crate) fn answers<R: Request>(&mut self, asked: &Asked, response: &R::Response<'_>) {
        let bytes = encode_response::<R>(asked.correlation_id, asked.version, response).unwrap().concat();
        self.sends(asked.conn, &bytes);
    }

    /// A frame that is no answer.
    pub(crate) fn babbles(&mut self, asked: &Asked) {
        let mut bytes = 8_i32.to_be_bytes().to_vec();
        bytes.extend(asked.correlation_id.to_be_bytes());
        bytes.extend([0xff; 4]);
        self.sends(asked.conn, &bytes);
    }

    /// The broker of this question breaks the connection.
    pub(crate) fn breaks(&mut self, asked: &Asked) {
        self.input(Input::Disconnected { conn: asked.conn, reason: "reset".to_owned() });
    }

    /// What was swallowed so far is connected after all.
    pub(crate) fn connects(&mut self) {
        for conn in std::mem::take(&mut self.swallowed) {
            self.input(Input::Connected { conn });
        }
    }

    fn sends(&mut self, conn: ConnId, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let RecvBuf::Read(mut buffer) = self.engine.recv_buf(conn) else {
                panic!("{} bytes left", bytes.len())
            };
            let room = buffer.unfilled();
            let read = room.len().min(bytes.len());
            room[..read].copy_from_slice(&bytes[..read]);
            buffer.advance(read);
            bytes = &bytes[read..];
            self.engine.received(self.now, conn, buffer);
        }
        self.settle();
    }

    /// A response that is longer than the engine wants to read: as much as it takes, and the rest.
    pub(crate) fn sends_until_paused<R: Request>(
        &mut self,
        asked: &Asked,
        response: &R::Response<'_>,
    ) -> Vec<u8> {
        let bytes = encode_response::<R>(asked.correlation_id, asked.version, response).unwrap().concat();
        let mut left = &bytes[..];
        while let (false, RecvBuf::Read(mut buffer)) = (left.is_empty(), self.engine.recv_buf(asked.conn)) {
            let room = buffer.unfilled();
            let read = room.len().min(left.len());
            room[..read].copy_from_slice(&left[..read]);
            buffer.advance(read);
            left = &left[read..];
            self.engine.received(self.now, asked.conn, buffer);
        }
        self.settle();
        left.to_vec()
    }

    pub(crate) fn sends_rest(&mut self, asked: &Asked, rest: &[u8]) {
        self.sends(asked.conn, rest);
    }

    fn settle(&mut self) {
        loop {
            let mut idle = true;
            while let Some(intent) = self.engine.poll_intent() {
                idle = false;
                self.perform(intent);
            }
            while let Some(conn) = self.engine.poll_writable() {
                idle = false;
                self.transmits(conn);
            }
            if idle {
                return;
            }
        }
    }

    fn perform(&mut self, intent: Intent) {
        match intent {
            Intent::Connect { conn, address } => {
                let broker = i32::from(address.port() - FIRST_PORT);
                self.conns.insert(conn, broker);
                if self.swallowing.contains(&broker) {
                    return self.swallowed.push(conn);
                }
                let input = if self.down.contains(&broker) {
                    Input::ConnectFailed { conn, reason: "refused".to_owned() }
                } else {
                    Input::Connected { conn }
                };
                self.engine.handle(self.now, input);
            }
            Intent::Complete { reply, .. } => self.replies.push(reply),
            Intent::Wake(wakers) => wakers.wake(),
            Intent::Event(event) => self.events.push(event),
            _ => {}
        }
    }

    fn transmits(&mut self, conn: ConnId) {
        let mut segments = Vec::new();
        self.engine.transmit(conn, &mut segments);
        let bytes = segments.concat();
        self.engine.transmitted(self.now, conn, bytes.len());
        let mut bytes = &bytes[..];
        while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
            let (frame, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
            bytes = rest;
            self.hears(conn, frame);
        }
    }

    fn hears(&mut self, conn: ConnId, frame: &[u8]) {
        let (header, body) = samsa_proto::decode_request_header(frame).unwrap();
        let asked = Asked {
            broker: self.conns[&conn],
            version: header.api_version,
            conn,
            key: header.api_key,
            correlation_id: header.correlation_id,
            body: body.to_vec(),
        };
        match header.api_key {
            ApiVersionsRequest::KEY => self.tells_versions(&asked),
            MetadataRequest::KEY => self.tells_metadata(&asked),
            _ => self.asked.push_back(asked),
        }
    }

    fn tells_versions(&mut self, asked: &Asked) {
        let speaks = |api_key, newest: i16| ApiVersion {
            api_key,
            min_version: 0,
            max_version: newest,
            ..Default::default()
        };
        let mut api_keys = vec![
            speaks(ProduceRequest::KEY, *ProduceRequest::VERSIONS.end()),
            speaks(1, self.newest),
            speaks(2, self.newest),
            speaks(19, self.newest),
            speaks(23, self.newest_of_epochs),
            speaks(MetadataRequest::KEY, *MetadataRequest::VERSIONS.end()),
            speaks(ApiVersionsRequest::KEY, 4),
        ];
        if self.without_fetch.contains(&asked.broker) {
            api_keys.remove(1);
        }
        self.answers::<ApiVersionsRequest<'_>>(
            asked,
            &ApiVersionsResponse { api_keys, ..Default::default() },
        );
    }

    fn tells_metadata(&mut self, asked: &Asked) {
        let request: MetadataRequest<'_> = asked.read();
        let brokers = (1..=self.brokers).map(|node_id| MetadataResponseBroker {
            node_id,
            host: "127.0.0.1",
            port: i32::from(FIRST_PORT) + node_id,
            ..Default::default()
        });
        let names = request.topics.map(|topics| topics.iter().filter_map(|topic| topic.name).collect());
        let topics = names.unwrap_or_else(|| vec!["events"]).into_iter().map(|name| self.topic(name));
        let response = MetadataResponse {
            brokers: brokers.collect(),
            controller_id: self.brokers,
            topics: topics.collect(),
            ..Default::default()
        };
        self.answers::<MetadataRequest<'_>>(asked, &response);
    }

    fn topic<'a>(&self, name: &'a str) -> MetadataResponseTopic<'a> {
        if name != "events" || self.leaders.is_empty() {
            let error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            return MetadataResponseTopic { name: Some(name), error_code, ..Default::default() };
        }
        let partitions =
            (0..).zip(&self.leaders).map(|(partition_index, leader)| MetadataResponsePartition {
                partition_index,
                leader_id: *leader,
                leader_epoch: self.leader_epoch,
                isr_nodes: self.in_sync.clone(),
                ..Default::default()
            });
        MetadataResponseTopic {
            name: Some(name),
            topic_id: self.topic_id,
            partitions: partitions.collect(),
            ..Default::default()
        }
    }
}
