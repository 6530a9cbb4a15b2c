//! Logs that somebody wrote long ago: with transactions that were committed and aborted, with batches that compaction has
//! emptied and holes where it took them whole.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use samsa_client::FetchConfig;
use samsa_proto::records::{BatchBuilder, Codec, ControlKind, ControlRecord, Flags, Identity, SealedBatch};

use crate::cluster::Release;
use crate::rng::Rng;

/// Producers that write in transactions.
const PRODUCERS: u64 = 3;

/// How a log is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    pub(super) release: Release,
    /// Of a thousand steps, how many belong to transactions.
    pub(super) transactions: u64,
    /// Of a thousand batches, how many compaction has emptied or taken.
    pub(super) compacted: u64,
    /// Whether the transaction that is open at the end stays open.
    pub(super) left_open: bool,
}

/// Small responses, so that a fetch often begins at or ends before something empty.
pub(super) fn small() -> FetchConfig {
    FetchConfig { response_bytes: 600, partition_bytes: 200, ..FetchConfig::default() }
}

/// A log that is being written.
struct Writer<'a> {
    rng: &'a mut Rng,
    habits: Habits,
    name: String,
    next: i64,
    /// Next sequence number of each producer.
    sequences: BTreeMap<i64, i32>,
    open: Vec<i64>,
    batches: Vec<Bytes>,
}

/// The batches of a partition in the order of their offsets, as a broker stores them.
pub(super) fn log(rng: &mut Rng, partition: i32, habits: Habits) -> Vec<Bytes> {
    let steps = 5 + rng.below(40);
    let (sequences, open, batches) = (BTreeMap::new(), Vec::new(), Vec::new());
    let name = format!("p{partition}");
    let mut writer = Writer { rng, habits, name, next: 0, sequences, open, batches };
    for _ in 0..steps {
        writer.step();
    }
    writer.finish();
    writer.batches
}

impl Writer<'_> {
    fn step(&mut self) {
        if !self.rng.chance(self.habits.transactions) {
            return self.write(None);
        }
        let producer = self.rng.below(PRODUCERS) as i64;
        match (self.open.contains(&producer), self.rng.below(10)) {
            (true, 0..3) => self.end(producer, ControlKind::Abort),
            (true, 3..5) => self.end(producer, ControlKind::Commit),
            // A coordinator that is in doubt writes its marker again.
            (false, 0) => self.mark(producer, ControlKind::Abort),
            _ => self.write(Some(producer)),
        }
    }

    /// Markers or emptied batches at the very end, now and then.
    fn finish(&mut self) {
        for producer in self.open.clone() {
            if !(self.habits.left_open && self.rng.chance(500)) {
                let kind = if self.rng.chance(500) { ControlKind::Abort } else { ControlKind::Commit };
                self.end(producer, kind);
            }
        }
        if self.rng.chance(self.habits.compacted) {
            self.empty();
        }
    }

    fn write(&mut self, producer: Option<i64>) {
        if producer.is_none() && self.rng.chance(self.habits.compacted) {
            if self.rng.chance(500) {
                return self.empty();
            }
            // A hole: the batch behind it is always there.
            self.next += 1 + self.rng.below(5) as i64;
        }
        let mut builder = BatchBuilder::new(BytesMut::new());
        let count = 1 + self.rng.below(4) as i64;
        for offset in self.next..self.next + count {
            let key = format!("{}@{offset}", self.name);
            let value = format!("{}@{offset} {}", self.name, "x".repeat(self.rng.below(60) as usize));
            let appended = builder.append(1, Some(key.as_bytes()), Some(value.as_bytes()), []);
            debug_assert!(appended.is_ok(), "a batch has room for some short records");
        }
        let plain = builder.seal();
        let newest = if self.habits.release >= Release::V2_1 { 5 } else { 4 };
        let codec = Codec::from_id(self.rng.below(newest) as u8).unwrap_or_default();
        let sealed = plain.compress(codec, None).unwrap_or(plain);
        if let Some(producer) = producer.filter(|producer| !self.open.contains(producer)) {
            self.open.push(producer);
        }
        let flags = Flags { transactional: producer.is_some(), ..Flags::default() };
        self.push(&sealed, producer, flags, count);
    }

    fn end(&mut self, producer: i64, kind: ControlKind) {
        self.open.retain(|open| *open != producer);
        self.mark(producer, kind);
    }

    fn mark(&mut self, producer: i64, kind: ControlKind) {
        let marker = ControlRecord { kind, coordinator_epoch: Some(0) };
        let mut builder = BatchBuilder::new(BytesMut::new());
        let value = marker.value();
        let appended = builder.append(1, Some(&marker.key()), value.as_ref().map(|value| &value[..]), []);
        debug_assert!(appended.is_ok(), "a marker is short");
        self.push(&builder.seal(), Some(producer), Flags { transactional: true, control: true }, 1);
    }

    /// What compaction leaves of a batch of which no record is left: its offsets.
    fn empty(&mut self) {
        let count = 1 + self.rng.below(5) as i32;
        let mut builder = BatchBuilder::new(BytesMut::new());
        let appended = builder.append(1, None, None, []);
        debug_assert!(appended.is_ok(), "an empty record is short");
        let mut bytes = builder.seal().header(None, Flags::default()).to_vec();
        bytes[8..12].copy_from_slice(&49_i32.to_be_bytes());
        bytes[23..27].copy_from_slice(&(count - 1).to_be_bytes());
        bytes[57..61].copy_from_slice(&0_i32.to_be_bytes());
        let checksum = crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
        self.store(bytes, i64::from(count));
    }

    fn push(&mut self, sealed: &SealedBatch, producer: Option<i64>, flags: Flags, count: i64) {
        let sequence = producer.map(|producer| self.sequences.entry(producer).or_default());
        let identity = producer.zip(sequence).map(|(producer_id, sequence)| Identity {
            producer_id,
            producer_epoch: 0,
            base_sequence: std::mem::replace(sequence, *sequence + count as i32),
        });
        self.store([sealed.header(identity, flags), sealed.body().clone()].concat(), count);
    }

    fn store(&mut self, mut bytes: Vec<u8>, count: i64) {
        bytes[..8].copy_from_slice(&self.next.to_be_bytes());
        self.next += count;
        self.batches.push(bytes.into());
    }
}

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _: u32| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}

#[cfg(test)]
mod tests {
    use samsa_proto::records::batches;

    use super::*;

    #[test]
    fn every_batch_is_sound_and_lies_behind_the_one_before() {
        let habits = Habits { release: Release::V3_9, transactions: 500, compacted: 300, left_open: true };
        let (mut emptied, mut markers) = (0, 0);
        for seed in 0..20 {
            let mut next = 0;
            for bytes in log(&mut Rng::new(seed), 0, habits) {
                let batch = batches(&bytes).next().unwrap().unwrap();
                batch.verify().unwrap();
                assert!(batch.header().base_offset >= next);
                next = batch.header().next_offset();
                emptied += usize::from(batch.header().record_count == Some(0));
                markers += usize::from(batch.header().is_control);
            }
        }
        assert!(emptied > 0 && markers > 0);
    }
}
