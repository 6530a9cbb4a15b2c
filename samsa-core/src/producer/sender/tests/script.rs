//! A scripted world around the sender: brokers that answer what a test says.

mod sent;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use samsa_proto::api::produce::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceResponse,
};
use samsa_proto::wire::{EncodeError, Records, Uuid};

pub(super) use self::sent::{Sent, SentBatch};
use super::super::Sender;
use super::super::world::{Asked, World};
use crate::address::HostPort;
use crate::cluster::TopicView;
use crate::command::Reply;
use crate::config::{Config, Discovery, PublishConfig};
use crate::connection::{Failure, Peer};
use crate::id::{BrokerId, ConnId, JobId, OpId};
use crate::intent::Job;
use crate::limits;
use crate::producer::{BatchBuffer, OutgoingRecord, ProducerInput, PublishError, Receipt, Ticket};
use crate::rng::Rng;
use crate::time::{Deadline, Instant, Now, UnixMillis};
use crate::topology::PartitionInfo;
use crate::wake::{DriverSignal, Wakers};

pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// What the sender sees, and what it did.
#[derive(Debug)]
pub(super) struct Script {
    now: Instant,
    topics: BTreeMap<String, TopicView>,
    pub(super) refusals: BTreeMap<String, ErrorCode>,
    connected: BTreeMap<BrokerId, i16>,
    pub(super) known: BTreeMap<BrokerId, i16>,
    pub(super) asked: Vec<i32>,
    pub(super) wanted: Vec<String>,
    pub(super) refreshes: usize,
    pub(super) is_hurried: bool,
    pub(super) given_up: Vec<i32>,
    pub(super) left_behind: Vec<i32>,
    /// Requests that were not answered, in order: on which connection, and since when there was nothing else to do there.
    owed: Vec<(u64, ConnId, Instant)>,
    /// Connections are throttled: nothing is sent.
    pub(super) is_throttled: bool,
    requests: VecDeque<Sent>,
    jobs: VecDeque<(JobId, Job)>,
    pub(super) gives_producer_ids: Asked,
    /// Those that lead, if they differ.
    pub(super) leaders_give_producer_ids: Option<Asked>,
    producer_ids_asked: VecDeque<u64>,
    last_producer_id: i64,
    /// Questions for producer ids wait for the test to answer them.
    pub(super) holds_producer_ids: bool,
    pub(super) replies: Vec<(OpId, Reply)>,
    pub(super) introduced: Vec<(i32, String)>,
    /// Answers of brokers that do not lead say this leader and epoch.
    pub(super) hint: Option<(i32, i32)>,
    /// What the metadata says of every leader's epoch.
    pub(super) leader_epoch: Option<i32>,
}

impl Script {
    fn new() -> Self {
        Self {
            now: Instant::default(),
            topics: BTreeMap::new(),
            refusals: BTreeMap::new(),
            connected: BTreeMap::new(),
            known: BTreeMap::new(),
            asked: Vec::new(),
            wanted: Vec::new(),
            refreshes: 0,
            is_hurried: false,
            given_up: Vec::new(),
            left_behind: Vec::new(),
            owed: Vec::new(),
            is_throttled: false,
            requests: VecDeque::new(),
            jobs: VecDeque::new(),
            gives_producer_ids: Asked::Sent,
            leaders_give_producer_ids: None,
            producer_ids_asked: VecDeque::new(),
            last_producer_id: 0,
            holds_producer_ids: false,
            replies: Vec::new(),
            introduced: Vec::new(),
            hint: None,
            leader_epoch: None,
        }
    }

    fn is_asked_producer_id(&mut self, asked: Asked, token: u64) -> Asked {
        if asked == Asked::Sent {
            self.producer_ids_asked.push_back(token);
        }
        asked
    }

    /// The connection to a broker, after those that were left behind.
    fn conn(&self, broker: BrokerId) -> ConnId {
        let before = self.left_behind.iter().filter(|left| **left == broker.0).count();
        ConnId::new(broker.0 as u32, before as u32)
    }

    /// A request is over.
    fn settles(&mut self, token: u64) {
        let Some(at) = self.owed.iter().position(|(owed, ..)| *owed == token) else { return };
        let (_, on, _) = self.owed.remove(at);
        for (_, _, since) in self.owed.iter_mut().filter(|(_, conn, _)| *conn == on) {
            *since = self.now;
        }
    }
}

impl World for Script {
    fn now(&self) -> Instant {
        self.now
    }

    fn topic(&self, name: &str) -> Option<&TopicView> {
        self.topics.get(name)
    }

    fn refusal(&self, name: &str) -> Option<ErrorCode> {
        self.refusals.get(name).copied()
    }

    fn want(&mut self, name: &Arc<str>) {
        self.wanted.push(name.to_string());
    }

    fn refresh(&mut self, _why: &'static str) {
        self.refreshes += 1;
    }

    fn hurry(&mut self, _why: &'static str) {
        self.refreshes += 1;
        self.is_hurried = true;
    }

    fn late_from(&self, broker: BrokerId) -> Option<Instant> {
        let to_it = self.owed.iter().filter(|(_, conn, _)| conn.slot() as i32 == broker.0);
        let since = to_it.map(|(_, _, since)| *since).min()?;
        (!self.is_throttled).then(|| since + limits::PRODUCE_ANSWER)
    }

    /// The answers before came at once.
    fn held_from(&self, broker: BrokerId) -> Option<Instant> {
        let mut to_it = self.owed.iter().filter(|(_, conn, _)| conn.slot() as i32 == broker.0);
        let has_left = to_it.clone().any(|(_, conn, _)| *conn != self.conn(broker));
        let oldest = to_it.next().filter(|_| !has_left && self.connected.contains_key(&broker))?;
        Some(oldest.2 + limits::PRODUCE_HELD)
    }

    fn give_up(&mut self, broker: BrokerId, _why: &str) {
        self.given_up.push(broker.0);
    }

    fn leave_behind(&mut self, broker: BrokerId) {
        self.left_behind.push(broker.0);
        self.connected.remove(&broker);
    }

    fn last_trouble(&self) -> &'static str {
        "the last trouble"
    }

    fn connection(&mut self, broker: BrokerId) -> Option<ConnId> {
        let conn = self.connected.contains_key(&broker).then(|| self.conn(broker));
        if conn.is_none() {
            self.asked.push(broker.0);
        }
        conn
    }

    fn version(&self, conn: ConnId) -> Option<i16> {
        self.connected.get(&BrokerId(conn.slot() as i32)).copied()
    }

    fn broker_version(&self, broker: BrokerId) -> Option<i16> {
        self.known.get(&broker).copied()
    }

    fn send(
        &mut self,
        conn: ConnId,
        request: &ProduceRequest<'_>,
        version: i16,
        token: u64,
    ) -> Result<(), EncodeError> {
        samsa_proto::encode(version, request)?;
        let mut batches = Vec::new();
        for topic in &request.topic_data {
            for data in &topic.partition_data {
                let pieces: Vec<&[u8]> = data.records.iter().flat_map(Records::pieces).collect();
                let (name, id) = (topic.name.to_owned(), topic.topic_id.0);
                batches.push(SentBatch {
                    topic: name,
                    id,
                    partition: data.index,
                    wire: pieces.concat().into(),
                });
            }
        }
        self.owed.push((token, conn, self.now));
        self.requests.push_back(Sent {
            broker: conn.slot() as i32,
            conn,
            version,
            token,
            acks: request.acks,
            timeout_ms: request.timeout_ms,
            batches,
        });
        Ok(())
    }

    fn ask_producer_id(&mut self, token: u64) -> Asked {
        self.is_asked_producer_id(self.gives_producer_ids, token)
    }

    fn ask_producer_id_of(&mut self, _broker: BrokerId, token: u64) -> Asked {
        self.is_asked_producer_id(self.leaders_give_producer_ids.unwrap_or(self.gives_producer_ids), token)
    }

    fn introduce(&mut self, broker: BrokerId, address: HostPort) {
        self.introduced.push((broker.0, address.to_string()));
    }

    fn compute(&mut self, id: JobId, job: Job) {
        self.jobs.push_back((id, job));
    }

    fn complete(&mut self, op: OpId, reply: Reply) {
        self.replies.push((op, reply));
    }

    fn wake(&mut self, wakers: &mut Wakers) {
        std::mem::take(wakers).wake();
    }
}

/// A sender in its world.
pub(super) struct Play {
    pub(super) sender: Sender,
    pub(super) buffer: BatchBuffer,
    pub(super) world: Script,
}

impl Play {
    /// Nothing is known, nobody is connected.
    pub(super) fn new(change: impl FnOnce(&mut PublishConfig)) -> Self {
        let mut config = Config::new(Discovery::Bootstrap(Vec::new()));
        config.publish.delivery_timeout = TIMEOUT;
        change(&mut config.publish);
        let driver = Arc::new(DriverSignal::default());
        driver.register(Waker::noop());
        let buffer = BatchBuffer::new(&config.publish, driver);
        let sender = Sender::new(&config, Arc::clone(buffer.store()), Rng::new(1));
        Self { sender, buffer, world: Script::new() }
    }

    /// The topic `events` has a partition for each of these leaders, all connected.
    pub(super) fn with_leaders(leaders: &[i32]) -> Self {
        Self::configured(leaders, |_| ())
    }

    pub(super) fn configured(leaders: &[i32], change: impl FnOnce(&mut PublishConfig)) -> Self {
        let mut play = Self::new(change);
        for leader in leaders {
            play.connects(*leader, 9);
        }
        play.has_leaders(&leaders.iter().copied().map(Some).collect::<Vec<_>>());
        play
    }

    pub(super) fn has_leaders(&mut self, leaders: &[Option<i32>]) {
        self.has_topic("events", Some([7; 16]), leaders);
    }

    pub(super) fn has_topic(&mut self, name: &str, id: Option<[u8; 16]>, leaders: &[Option<i32>]) {
        let info = |(partition, leader): (usize, &Option<i32>)| PartitionInfo {
            partition: partition as i32,
            leader: leader.map(BrokerId),
            leader_epoch: self.world.leader_epoch,
            replicas: Vec::new(),
            in_sync: Vec::new(),
        };
        let view = TopicView::of(id, leaders.iter().enumerate().map(info).collect());
        self.world.topics.insert(name.to_owned(), view);
        self.hears(ProducerInput::MetadataChanged);
    }

    pub(super) fn loses_topic(&mut self, name: &str) {
        self.world.topics.remove(name);
        self.hears(ProducerInput::MetadataChanged);
    }

    pub(super) fn connects(&mut self, broker: i32, version: i16) {
        let broker = BrokerId(broker);
        self.world.connected.insert(broker, version);
        self.world.known.insert(broker, version);
        self.hears(ProducerInput::Ready { peer: Peer::Broker(broker) });
    }

    pub(super) fn disconnects(&mut self, broker: i32) {
        let broker = BrokerId(broker);
        self.world.connected.remove(&broker);
        let reason = "connection refused".to_owned();
        self.hears(ProducerInput::Unreachable { peer: Peer::Broker(broker), reason });
    }

    pub(super) fn now(&self) -> Now {
        Now { mono: self.world.now, wall: UnixMillis(self.world.now.as_micros() as i64 / 1000) }
    }

    pub(super) fn hears(&mut self, input: ProducerInput) {
        if let ProducerInput::Response { token, .. } | ProducerInput::Failed { token, .. } = &input {
            self.world.settles(*token);
        }
        self.sender.handle(&mut self.world, input);
        while !self.world.holds_producer_ids && self.asks_producer_id() {
            self.gives_producer_id();
        }
    }

    pub(super) fn asks_producer_id(&self) -> bool {
        !self.world.producer_ids_asked.is_empty()
    }

    /// The next question for a producer id, which is not answered.
    pub(super) fn takes_question(&mut self) -> u64 {
        self.world.producer_ids_asked.pop_front().expect("a question for a producer id")
    }

    /// The next producer id: 1, 2, and so on.
    pub(super) fn gives_producer_id(&mut self) {
        self.world.last_producer_id += 1;
        let id = self.world.last_producer_id;
        self.answers_producer_id(ErrorCode::NONE, id);
    }

    pub(super) fn answers_producer_id(&mut self, error_code: ErrorCode, producer_id: i64) {
        let token = self.takes_question();
        let response =
            InitProducerIdResponse { error_code, producer_id, producer_epoch: 0, ..Default::default() };
        let frame = samsa_proto::encode_response::<InitProducerIdRequest<'_>>(1, 4, &response).unwrap();
        let frame = Bytes::from(frame.concat()).slice(4..);
        self.sender.handle(&mut self.world, ProducerInput::Response { token, version: 4, frame });
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.sender.deadline(&|broker| self.world.late_from(broker), &|broker| self.world.held_from(broker))
    }

    /// Time goes on, deadline by deadline.
    pub(super) fn passes(&mut self, time: Duration) {
        let end = self.world.now + time;
        while let Some(deadline) = self.deadline().filter(|deadline| deadline.at <= end) {
            self.world.now = self.world.now.max(deadline.at);
            self.hears(ProducerInput::Tick);
            let next = self.deadline();
            assert!(next.is_none_or(|next| next.at > self.world.now), "{next:?} is not in the future");
        }
        self.world.now = end;
        self.hears(ProducerInput::Tick);
    }

    /// Appends without telling the sender.
    pub(super) fn append(&self, record: &OutgoingRecord<'_>) -> Ticket {
        self.buffer.topic("events").append(record, self.now()).unwrap()
    }

    /// A keyless record.
    pub(super) fn publish(&mut self, value: &str) -> Ticket {
        let record = OutgoingRecord { value: Some(value.as_bytes()), ..Default::default() };
        let ticket = self.append(&record);
        self.hears(ProducerInput::BatchesReady);
        ticket
    }

    pub(super) fn publish_to(&mut self, partition: i32, value: &str) -> Ticket {
        let value = Some(value.as_bytes());
        let ticket = self.append(&OutgoingRecord { partition: Some(partition), value, ..Default::default() });
        self.hears(ProducerInput::BatchesReady);
        ticket
    }

    /// The next request; there must be one.
    pub(super) fn sends(&mut self) -> Sent {
        self.world.requests.pop_front().expect("a request")
    }

    pub(super) fn take_request(&mut self) -> Option<Sent> {
        self.world.requests.pop_front()
    }

    pub(super) fn has_job(&self) -> bool {
        !self.world.jobs.is_empty()
    }

    pub(super) fn sends_nothing(&self) {
        assert!(self.world.requests.is_empty(), "{:?}", self.world.requests);
    }

    pub(super) fn computes(&mut self) {
        let (id, job) = self.world.jobs.pop_front().expect("a job");
        self.hears(ProducerInput::Computed { id, output: job.run() });
    }

    pub(super) fn hears_written(&mut self, sent: &Sent, base_offset: i64) {
        self.hears_answer(sent, |_| (ErrorCode::NONE, base_offset));
    }

    pub(super) fn hears_error(&mut self, sent: &Sent, code: ErrorCode) {
        self.hears_answer(sent, |_| (code, -1));
    }

    /// An answer for each partition: a code and a base offset.
    pub(super) fn hears_answer(&mut self, sent: &Sent, answer: impl Fn(i32) -> (ErrorCode, i64)) {
        let hint = self.world.hint.take();
        let topics = sent.batches.iter().map(|batch| {
            let (error_code, base_offset) = answer(batch.partition);
            let (leader_id, leader_epoch) = hint.unwrap_or((-1, -1));
            let current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
            let partition = PartitionProduceResponse {
                index: batch.partition,
                error_code,
                base_offset,
                log_append_time_ms: -1,
                current_leader,
                ..Default::default()
            };
            TopicProduceResponse {
                name: &batch.topic,
                topic_id: Uuid(batch.id),
                partition_responses: vec![partition],
                ..Default::default()
            }
        });
        let node =
            |(leader, _)| NodeEndpoint { node_id: leader, host: "k", port: 9092, ..Default::default() };
        let node_endpoints = hint.into_iter().map(node).collect();
        let response = ProduceResponse { responses: topics.collect(), node_endpoints, ..Default::default() };
        let frame = samsa_proto::encode_response::<ProduceRequest<'_>>(1, sent.version, &response).unwrap();
        let frame = Bytes::from(frame.concat()).slice(4..);
        self.hears(ProducerInput::Response { token: sent.token, version: sent.version, frame });
    }

    pub(super) fn hears_failure(&mut self, sent: &Sent, failure: Failure) {
        self.hears(ProducerInput::Failed { token: sent.token, failure });
    }
}

pub(super) fn not_sent() -> Failure {
    Failure::NotSent("connection reset".to_owned())
}

pub(super) fn possibly_sent() -> Failure {
    Failure::PossiblySent("connection reset".to_owned())
}

pub(super) fn outcome(ticket: &Ticket) -> Option<Result<Receipt, PublishError>> {
    ticket.try_outcome()
}

pub(super) fn receipt(ticket: &Ticket) -> Receipt {
    outcome(ticket).expect("an outcome").expect("a receipt")
}

pub(super) fn error(ticket: &Ticket) -> PublishError {
    outcome(ticket).expect("an outcome").expect_err("an error")
}
