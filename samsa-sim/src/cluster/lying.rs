//! Answers that are whole and wrong: partitions and offsets that cannot be.

use bytes::{Bytes, BytesMut};
use samsa_proto::api::fetch::PartitionData;

use super::state::{State, first_header};

impl State {
    /// What a broker that lies tells of partitions: some are missing, some are there twice, some were not asked for.
    pub(super) fn distort<T: Clone>(
        &mut self,
        broker: i32,
        partitions: &mut Vec<T>,
        other: impl FnOnce(&T, i32) -> T,
    ) {
        if !self.mood(broker).lies || self.rng.chance(500) {
            return;
        }
        let Some(first) = partitions.first().cloned() else { return };
        match self.rng.below(4) {
            0 => drop(partitions.pop()),
            1 => partitions.push(first),
            2 => partitions.push(other(&first, i32::MIN + self.rng.below(9) as i32)),
            _ => partitions.push(other(&first, i32::MAX - self.rng.below(9) as i32)),
        }
    }

    /// An offset that no log has, of a broker that lies.
    pub(super) fn impossible_offset(&mut self, broker: i32) -> Option<i64> {
        if !self.mood(broker).lies || self.rng.chance(700) {
            return None;
        }
        let by = self.rng.below(9) as i64;
        Some(if self.rng.chance(500) { -2 - by } else { i64::MAX - by })
    }

    /// What a broker that lies brings of a partition: whole batches, and numbers that cannot all be true.
    pub(super) fn contradict(
        &mut self,
        broker: i32,
        data: &mut PartitionData<'static>,
        records: &mut [Bytes],
    ) {
        if !self.mood(broker).lies || self.rng.chance(500) {
            return;
        }
        match self.rng.below(4) {
            0 => data.high_watermark = -1 - self.rng.below(9) as i64,
            1 => data.high_watermark = i64::MAX - self.rng.below(9) as i64,
            2 => data.log_start_offset = data.high_watermark + 1 + self.rng.below(9) as i64,
            _ => {
                if let [first, second, ..] = records {
                    let behind = first_header(first).map_or(0, |header| header.next_offset());
                    let mut bytes = BytesMut::from(&second[..]);
                    let back = self.rng.below(behind.unsigned_abs());
                    // The last one may be cut anywhere.
                    if let Some(base) = bytes.first_chunk_mut::<8>() {
                        *base = back.to_be_bytes();
                    }
                    *second = bytes.freeze();
                }
            }
        }
    }
}
