//! Chance plays the brokers: whatever they do, what they wrote and what the tickets say agree.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::*;
use crate::id::ConnId;
use crate::producer::Ticket;
use crate::producer::sender::tests::script::{Sent, SentBatch};
use crate::rng::Rng;

const PARTITIONS: i32 = 4;
const BROKERS: i32 = 3;

/// What a partition's log holds, and of each producer its epoch and the last batches in it.
#[derive(Default)]
struct Log {
    values: Vec<String>,
    producers: BTreeMap<i64, (i16, Batches)>,
}

/// Sequence number, records, offset.
type Batches = VecDeque<(i32, i32, i64)>;

impl Log {
    /// Takes a batch, as a leader does that knows its producers.
    fn offer(&mut self, batch: &SentBatch) -> (ErrorCode, i64) {
        let offset = self.values.len() as i64;
        let values = batch.values();
        if let Some(identity) = batch.read().header().identity {
            let (epoch, known) = self.producers.entry(identity.producer_id).or_default();
            match identity.producer_epoch.cmp(epoch) {
                Ordering::Less => return (ErrorCode::INVALID_PRODUCER_EPOCH, -1),
                Ordering::Greater if identity.base_sequence != 0 => {
                    return (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
                }
                Ordering::Greater => (*epoch, *known) = (identity.producer_epoch, VecDeque::new()),
                Ordering::Equal => {}
            }
            let same = known.iter().find(|(sequence, ..)| *sequence == identity.base_sequence);
            if let Some((_, records, offset)) = same {
                assert_eq!(*records, values.len() as i32, "other records under the same numbers");
                return (ErrorCode::NONE, *offset);
            }
            let next = known.back().map_or(0, |(sequence, records, _)| sequence + records);
            if identity.base_sequence != next {
                return (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
            }
            known.push_back((identity.base_sequence, values.len() as i32, offset));
            if known.len() > 5 {
                known.pop_front();
            }
        }
        self.values.extend(values);
        (ErrorCode::NONE, offset)
    }
}

struct Swarm {
    play: Play,
    is_idempotent: bool,
    rng: Rng,
    leaders: Vec<Option<i32>>,
    up: Vec<bool>,
    requests: Vec<Sent>,
    /// How many of the connections that were left behind have one in their place.
    replaced: usize,
    /// What was lost and may still arrive, from connections that are gone.
    late: Vec<Sent>,
    logs: BTreeMap<i32, Log>,
    /// Each record with the partition that it is bound to.
    published: Vec<(String, Option<i32>, Ticket)>,
}

impl Swarm {
    fn new(seed: u64, is_idempotent: bool) -> Self {
        let mut rng = Rng::new(seed);
        let batch_bytes = if rng.below(2) == 0 { 1 } else { 300 };
        let compression = if rng.below(3) == 0 { Compression::Lz4 } else { Compression::None };
        let linger = Duration::from_millis(rng.below(3) * 5);
        let play = Play::new(|config| {
            config.compression = compression;
            config.linger = linger;
            config.batch_bytes = batch_bytes;
            config.idempotence = is_idempotent;
            config.buffer_bytes = 64 << 10;
        });
        let (leaders, up) = (vec![None; PARTITIONS as usize], vec![false; BROKERS as usize]);
        Self {
            play,
            is_idempotent,
            rng,
            leaders,
            up,
            requests: Vec::new(),
            replaced: 0,
            late: Vec::new(),
            logs: BTreeMap::new(),
            published: Vec::new(),
        }
    }

    fn step(&mut self) {
        match self.rng.below(12) {
            0..5 => self.publish(),
            5 => self.move_leader(),
            6 => self.change_broker(),
            7 => self.play.passes(Duration::from_millis(self.rng.below(400))),
            8 => self.compute(),
            9 if self.rng.below(3) == 0 => self.arrive_late(),
            _ => self.answer_any(),
        }
        if self.rng.below(2) == 0 {
            self.replace();
        }
        self.collect();
    }

    /// In the place of connections that were left behind new ones are made.
    fn replace(&mut self) {
        while let Some(broker) = self.play.world.left_behind.get(self.replaced).copied() {
            self.replaced += 1;
            if self.up[broker as usize] {
                self.play.connects(broker, 9);
            }
        }
    }

    fn publish(&mut self) {
        let name = format!("{}", self.published.len());
        let partition = (self.rng.below(2) == 0).then(|| self.rng.below(PARTITIONS as u64) as i32);
        let value = Some(name.as_bytes());
        let record = OutgoingRecord { partition, value, ..Default::default() };
        if let Ok(ticket) = self.play.buffer.topic("events").append(&record, self.play.now()) {
            self.published.push((name, partition, ticket));
        }
        if self.rng.below(2) == 0 {
            self.play.hears(ProducerInput::BatchesReady);
        }
    }

    fn move_leader(&mut self) {
        let partition = self.rng.below(PARTITIONS as u64) as usize;
        let leader = self.rng.below(BROKERS as u64 + 1) as i32;
        self.leaders[partition] = (leader < BROKERS).then_some(leader);
        self.play.has_leaders(&self.leaders);
    }

    fn change_broker(&mut self) {
        let broker = self.rng.below(BROKERS as u64) as i32;
        self.collect();
        let is_up = &mut self.up[broker as usize];
        *is_up = !*is_up;
        if *is_up {
            return self.play.connects(broker, 9);
        }
        self.play.disconnects(broker);
        while let Some(sent) = self.requests.iter().find(|sent| sent.broker == broker) {
            self.lose_all(sent.conn);
        }
    }

    /// A connection goes: the first requests on it were done or may still be, the last ones were never written.
    fn lose_all(&mut self, conn: ConnId) {
        let lost: Vec<Sent> = self.requests.extract_if(.., |sent| sent.conn == conn).collect();
        let done = self.rng.below(lost.len() as u64 + 1) as usize;
        let written = done + self.rng.below((lost.len() - done) as u64 + 1) as usize;
        for (number, sent) in lost.into_iter().enumerate() {
            if number < done {
                self.write(&sent);
            } else if number < written && self.is_idempotent && self.rng.below(2) == 0 {
                self.late.push(sent.clone());
            }
            let failure = if number < written { possibly_sent() } else { not_sent() };
            self.play.hears_failure(&sent, failure);
            self.collect();
        }
    }

    /// Returns the answer for each partition.
    fn write(&mut self, sent: &Sent) -> BTreeMap<i32, (ErrorCode, i64)> {
        let offer =
            |batch: &SentBatch| (batch.partition, self.logs.entry(batch.partition).or_default().offer(batch));
        sent.batches.iter().map(offer).collect()
    }

    /// Bytes of a connection that is gone reach their broker at last.
    fn arrive_late(&mut self) {
        if !self.late.is_empty() {
            let sent = self.late.remove(0);
            self.write(&sent);
        }
    }

    /// The oldest request of some connection is answered.
    fn answer_any(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let any = self.rng.below(self.requests.len() as u64) as usize;
        let conn = self.requests[any].conn;
        let oldest = self.requests.iter().position(|sent| sent.conn == conn).unwrap_or(any);
        let sent = self.requests.remove(oldest);
        match self.rng.below(if self.is_idempotent { 24 } else { 12 }) {
            0 => self.play.hears_error(&sent, ErrorCode::NOT_LEADER_OR_FOLLOWER),
            1 => self.play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS),
            2 => self.play.hears_error(&sent, ErrorCode::MESSAGE_TOO_LARGE),
            3 => {
                let answers = self.write(&sent);
                self.play.hears_answer(&sent, |partition| match answers[&partition] {
                    (ErrorCode::NONE, _) => (ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, -1),
                    refusal => refusal,
                });
            }
            4 => {
                self.requests.insert(oldest, sent);
                self.lose_all(conn);
            }
            12 => self.play.hears_error(&sent, ErrorCode::UNKNOWN_PRODUCER_ID),
            13 => self.play.hears_error(&sent, ErrorCode::INVALID_PRODUCER_EPOCH),
            _ => {
                let answers = self.write(&sent);
                self.play.hears_answer(&sent, |partition| answers[&partition]);
            }
        }
    }

    fn compute(&mut self) {
        if self.play.has_job() {
            self.play.computes();
        }
    }

    fn collect(&mut self) {
        while let Some(sent) = self.play.take_request() {
            assert!(self.up[sent.broker as usize]);
            let most = if self.is_idempotent { limits::BATCHES_IN_FLIGHT } else { 1 };
            for partition in sent.partitions() {
                let of_it = self.requests.iter().filter(|other| other.partitions().contains(&partition));
                assert!(of_it.count() < most, "too many batches of partition {partition} are under way");
            }
            self.requests.push(sent);
        }
    }

    /// Everybody is well, and everything is written.
    fn heal(&mut self) {
        for broker in 0..BROKERS {
            if !std::mem::replace(&mut self.up[broker as usize], true) {
                self.play.connects(broker, 9);
            }
        }
        self.leaders = (0..PARTITIONS).map(|partition| Some(partition % BROKERS)).collect();
        self.play.has_leaders(&self.leaders);
        self.play.hears(ProducerInput::BatchesReady);
        for _ in 0..100 {
            self.replace();
            self.collect();
            while self.play.has_job() {
                self.play.computes();
                self.collect();
            }
            for sent in std::mem::take(&mut self.requests) {
                let answers = self.write(&sent);
                self.play.hears_answer(&sent, |partition| answers[&partition]);
                self.collect();
            }
            self.play.passes(Duration::from_millis(100));
        }
    }

    fn check(&self) {
        if self.is_idempotent {
            let mut seen = BTreeSet::new();
            let all = self.logs.values().flat_map(|log| &log.values);
            let twice: Vec<&String> = all.filter(|value| !seen.insert(*value)).collect();
            assert!(twice.is_empty(), "{twice:?} are there twice");
        }
        let mut last_of = BTreeMap::new();
        for (name, bound, ticket) in &self.published {
            match outcome(ticket).unwrap_or_else(|| panic!("record {name} has no outcome")) {
                Ok(receipt) => {
                    let offset = receipt.offset.unwrap();
                    assert_eq!(self.logs[&receipt.partition].values[offset as usize], *name);
                    if let Some(partition) = bound {
                        assert_eq!(*partition, receipt.partition);
                        let before = last_of.insert(partition, offset);
                        assert!(before < Some(offset), "record {name} overtook");
                    }
                }
                Err(error) if error.certainty() == Certainty::NotSent => {
                    let mut written = self.logs.values().flat_map(|log| &log.values);
                    let written = written.any(|written| written == name);
                    assert!(!written, "record {name} was written, but: {error}");
                }
                Err(error) => assert_eq!(error.message().value, Some(Bytes::from(name.clone()))),
            }
        }
        assert_eq!(self.play.buffer.used_bytes(), 0);
        assert_eq!(self.play.deadline(), None);
    }
}

#[test]
fn what_is_written_and_what_the_tickets_say_agree_whatever_brokers_do() {
    let mut left_behind = 0;
    for (seed, is_idempotent) in (0..300).flat_map(|seed| [(seed, false), (seed, true)]) {
        let mut swarm = Swarm::new(seed, is_idempotent);
        for _ in 0..300 {
            swarm.step();
        }
        left_behind += swarm.play.world.left_behind.len();
        swarm.heal();
        swarm.check();
    }
    assert!(left_behind > 100, "{left_behind} connections were left behind");
}
