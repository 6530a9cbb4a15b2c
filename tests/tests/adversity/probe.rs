//! A client of the tests that knows at once who leads: it asks all live brokers every 10 ms, over a connection to each, and
//! writes a record of its own to see that a leader takes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use samsa_proto::{
    ErrorCode, Request,
    api::{
        metadata::{MetadataRequest, MetadataRequestTopic},
        produce::{PartitionProduceData, ProduceRequest, TopicProduceData},
    },
    records::{BatchBuilder, Flags},
    wire::{Records, UnknownTags},
};
use samsa_tests::{RealKafka, connect, exchange};

const EVERY: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(5);
/// What Kafka 3.9 and 4.4 both speak.
const METADATA: i16 = 9;
const PRODUCE: i16 = 9;

/// Who leads a partition, and how many replicas are in sync.
pub(crate) type Led = BTreeMap<i32, (usize, usize)>;

pub(crate) struct Probe {
    topic: &'static str,
    addresses: BTreeMap<usize, String>,
    connections: BTreeMap<usize, TcpStream>,
}

impl Probe {
    pub(crate) fn new(kafka: &RealKafka, brokers: usize, topic: &'static str) -> Self {
        let addresses = (1..=brokers).map(|broker| (broker, kafka.address(broker))).collect();
        Self { topic, addresses, connections: BTreeMap::new() }
    }

    /// Waits until all partitions are led, with all replicas in sync. Says who leads which.
    pub(crate) fn wait_until_whole(&mut self) -> Led {
        let give_up = Instant::now() + Duration::from_secs(60);
        let replicas = self.addresses.len();
        loop {
            let led = self.leaders(1).unwrap_or_default();
            if !led.is_empty() && led.values().all(|(_, in_sync)| *in_sync == replicas) {
                return led;
            }
            assert!(Instant::now() < give_up, "not all replicas came back: {led:?}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// When each of these partitions had a new leader: all live brokers named it, and it had acknowledged a record.
    pub(crate) fn watch(&mut self, dead: usize, partitions: &BTreeSet<i32>) -> BTreeMap<i32, Instant> {
        let give_up = Instant::now() + Duration::from_secs(60);
        let live: Vec<_> = self.addresses.keys().copied().filter(|broker| *broker != dead).collect();
        let mut ready = BTreeMap::new();
        while ready.len() < partitions.len() {
            assert!(Instant::now() < give_up, "{} of {} partitions are led", ready.len(), partitions.len());
            let began = Instant::now();
            let told: Vec<Led> =
                live.iter().map(|broker| self.leaders(*broker).unwrap_or_default()).collect();
            for partition in partitions {
                let mut leaders = told.iter().map(|led| led.get(partition).map(|(leader, _)| *leader));
                let Some(Some(leader)) = leaders.next() else { continue };
                let is_agreed = leader != dead && leaders.all(|other| other == Some(leader));
                if is_agreed && !ready.contains_key(partition) && self.writes(leader, *partition) {
                    ready.insert(*partition, Instant::now());
                }
            }
            thread::sleep(EVERY.saturating_sub(began.elapsed()));
        }
        ready
    }

    /// Who leads according to one broker.
    fn leaders(&mut self, broker: usize) -> io::Result<Led> {
        let topic = MetadataRequestTopic { name: Some(self.topic), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
        self.ask(broker, METADATA, &request, |response| {
            let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
            let led = partitions.filter(|partition| partition.leader_id > 0);
            led.map(|led| (led.partition_index, (led.leader_id as usize, led.isr_nodes.len()))).collect()
        })
    }

    /// Whether the leader takes a record.
    fn writes(&mut self, leader: usize, partition: i32) -> bool {
        let mut batch = BatchBuilder::new(BytesMut::new());
        batch.append(0, None, Some(b"of the probe"), []).expect("a small record");
        let sealed = batch.seal();
        let segments = vec![sealed.header(None, Flags::default()), sealed.body().clone()];
        let data = PartitionProduceData {
            index: partition,
            records: Some(Records::Segments(segments)),
            unknown_tags: UnknownTags::default(),
        };
        let topic = TopicProduceData {
            name: self.topic,
            topic_id: samsa_proto::wire::Uuid::default(),
            partition_data: vec![data],
            unknown_tags: UnknownTags::default(),
        };
        let request = ProduceRequest {
            transactional_id: None,
            acks: -1,
            timeout_ms: 1000,
            topic_data: vec![topic],
            unknown_tags: UnknownTags::default(),
        };
        let written = self.ask(leader, PRODUCE, &request, |response| {
            let mut answers = response.responses.iter().flat_map(|topic| &topic.partition_responses);
            answers.all(|answer| answer.error_code == ErrorCode::NONE)
        });
        written.unwrap_or(false)
    }

    fn ask<R: Request, T>(
        &mut self,
        broker: usize,
        version: i16,
        request: &R,
        read: impl FnOnce(&R::Response<'_>) -> T,
    ) -> io::Result<T> {
        let answer = self.connection(broker).and_then(|stream| exchange(stream, version, request, read));
        answer.inspect_err(|_| {
            self.connections.remove(&broker);
        })
    }

    fn connection(&mut self, broker: usize) -> io::Result<&mut TcpStream> {
        if !self.connections.contains_key(&broker) {
            self.connections.insert(broker, connect(&self.addresses[&broker], PATIENCE)?);
        }
        Ok(self.connections.get_mut(&broker).expect("it was made"))
    }
}
