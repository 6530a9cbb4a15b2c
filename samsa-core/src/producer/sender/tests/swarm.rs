//! Chance plays the brokers: whatever they do, what they wrote and what the tickets say agree.

use std::collections::BTreeMap;

use super::*;
use crate::connection::Failure;
use crate::producer::Ticket;
use crate::producer::sender::script::Sent;
use crate::rng::Rng;

const PARTITIONS: i32 = 4;
const BROKERS: i32 = 3;

struct Swarm {
    play: Play,
    rng: Rng,
    leaders: Vec<Option<i32>>,
    up: Vec<bool>,
    requests: Vec<Sent>,
    /// What each partition's log holds.
    logs: BTreeMap<i32, Vec<String>>,
    /// Each record with the partition that it is bound to.
    published: Vec<(String, Option<i32>, Ticket)>,
}

impl Swarm {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let compression = if rng.below(3) == 0 { Compression::Lz4 } else { Compression::None };
        let linger = Duration::from_millis(rng.below(3) * 5);
        let play = Play::new(|config| {
            config.compression = compression;
            config.linger = linger;
            config.batch_bytes = 300;
            config.buffer_bytes = 64 << 10;
        });
        let (leaders, up) = (vec![None; PARTITIONS as usize], vec![false; BROKERS as usize]);
        Self { play, rng, leaders, up, requests: Vec::new(), logs: BTreeMap::new(), published: Vec::new() }
    }

    fn step(&mut self) {
        match self.rng.below(12) {
            0..5 => self.publish(),
            5 => self.move_leader(),
            6 => self.change_broker(),
            7 => self.play.passes(Duration::from_millis(self.rng.below(400))),
            8 => self.compute(),
            _ => self.answer_any(),
        }
        self.collect();
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
        let lost: Vec<Sent> = self.requests.extract_if(.., |sent| sent.broker == broker).collect();
        self.play.disconnects(broker);
        for sent in lost {
            self.lose(&sent);
        }
    }

    fn lose(&mut self, sent: &Sent) {
        let failure = match self.rng.below(3) {
            0 => not_sent(),
            1 => possibly_sent(),
            _ => {
                self.write(sent);
                Failure::PossiblySent("connection reset".to_owned())
            }
        };
        self.play.hears_failure(sent, failure);
    }

    /// Returns the base offset of each partition.
    fn write(&mut self, sent: &Sent) -> BTreeMap<i32, i64> {
        let mut offsets = BTreeMap::new();
        for batch in &sent.batches {
            let log = self.logs.entry(batch.partition).or_default();
            offsets.insert(batch.partition, log.len() as i64);
            log.extend(batch.values());
        }
        offsets
    }

    fn answer_any(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let sent = self.requests.remove(self.rng.below(self.requests.len() as u64) as usize);
        match self.rng.below(8) {
            0 => self.play.hears_error(&sent, ErrorCode::NOT_LEADER_OR_FOLLOWER),
            1 => self.play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS),
            2 => self.play.hears_error(&sent, ErrorCode::MESSAGE_TOO_LARGE),
            3 => {
                self.write(&sent);
                self.play.hears_error(&sent, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
            }
            4 => self.lose(&sent),
            _ => {
                let offsets = self.write(&sent);
                self.play.hears_answer(&sent, |partition| (ErrorCode::NONE, offsets[&partition]));
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
            for partition in sent.partitions() {
                let under_way = self.requests.iter().any(|other| other.partitions().contains(&partition));
                assert!(!under_way, "two batches of partition {partition} are under way");
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
            self.collect();
            while self.play.has_job() {
                self.play.computes();
                self.collect();
            }
            for sent in std::mem::take(&mut self.requests) {
                let offsets = self.write(&sent);
                self.play.hears_answer(&sent, |partition| (ErrorCode::NONE, offsets[&partition]));
                self.collect();
            }
            self.play.passes(Duration::from_millis(100));
        }
    }

    fn check(&self) {
        let mut last_of = BTreeMap::new();
        for (name, bound, ticket) in &self.published {
            match outcome(ticket).unwrap_or_else(|| panic!("record {name} has no outcome")) {
                Ok(receipt) => {
                    let offset = receipt.offset.unwrap();
                    assert_eq!(self.logs[&receipt.partition][offset as usize], *name);
                    if let Some(partition) = bound {
                        assert_eq!(*partition, receipt.partition);
                        let before = last_of.insert(partition, offset);
                        assert!(before < Some(offset), "record {name} overtook");
                    }
                }
                Err(error) if error.certainty() == Certainty::NotSent => {
                    let written = self.logs.values().flatten().any(|written| written == name);
                    assert!(!written, "record {name} was written, but: {error}");
                }
                Err(error) => assert_eq!(error.message().value, Some(Bytes::from(name.clone()))),
            }
        }
        assert_eq!(self.play.buffer.used_bytes(), 0);
        assert_eq!(self.play.sender.deadline(), None);
    }
}

#[test]
fn what_is_written_and_what_the_tickets_say_agree_whatever_brokers_do() {
    for seed in 0..300 {
        let mut swarm = Swarm::new(seed);
        for _ in 0..300 {
            swarm.step();
        }
        swarm.heal();
        swarm.check();
    }
}
