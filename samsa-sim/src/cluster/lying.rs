//! Answers that are whole and wrong: partitions and offsets that cannot be, and batches that cannot be read.

use bytes::{Bytes, BytesMut};
use samsa_proto::api::fetch::PartitionData;
use samsa_proto::records::{BatchBuilder, BatchHeader, Codec, Flags, Format};

use super::log::{BASE_OFFSET, LEADER_EPOCH};

use super::state::{State, first_header};
use super::upset::Mood;

/// To how many bytes at least a batch is decompressed that is larger than it may be.
pub(crate) const BOMB: usize = 24 << 10;

impl State {
    /// What a broker that lies tells of partitions: some are missing, some are there twice, some were not asked for.
    pub(super) fn distort<T: Clone>(
        &mut self,
        broker: i32,
        partitions: &mut Vec<T>,
        other: impl FnOnce(&T, i32) -> T,
    ) {
        if self.mood(broker) != Mood::Lies || self.rng.chance(500) {
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
        if self.mood(broker) != Mood::Lies || self.rng.chance(700) {
            return None;
        }
        let by = self.rng.below(9) as i64;
        Some(if self.rng.chance(500) { -2 - by } else { i64::MAX - by })
    }

    /// What a broker that lies brings of a partition: whole batches, and numbers that cannot all be true. Says whether it lied.
    pub(super) fn contradict(
        &mut self,
        broker: i32,
        data: &mut PartitionData<'static>,
        records: &mut [Bytes],
    ) -> bool {
        if self.mood(broker) != Mood::Lies || self.rng.chance(500) {
            return false;
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
        true
    }

    /// One of the batches that a broker brings which spoils them cannot be read: it is not what its checksum says, or becomes
    /// far larger than any that is in a log. Says whether it is so.
    pub(super) fn spoil(&mut self, broker: i32, batches: &mut [Bytes]) -> bool {
        if self.mood(broker) != Mood::Spoils || self.rng.chance(250) {
            return false;
        }
        let whole = batches.iter_mut().filter_map(|batch| Some((first_header(batch)?, batch)));
        let mut whole: Vec<(BatchHeader, &mut Bytes)> = whole.collect();
        let place = self.rng.below(whole.len().max(1) as u64) as usize;
        let Some((header, batch)) = whole.get_mut(place) else { return false };
        let bomb = if self.rng.chance(500) { self.rng.pick(&CODECS).copied() } else { None };
        let bomb = bomb.and_then(|codec| bomb_instead_of(batch, header, codec));
        **batch = bomb.unwrap_or_else(|| {
            let at = self.rng.within(&(covered_from(header.format)..batch.len() as u64)) as usize;
            let mut bytes = BytesMut::from(&batch[..]);
            bytes[at] ^= 1_u8 << self.rng.below(8);
            bytes.freeze()
        });
        true
    }
}

/// Those that every release knows which has batches of format 2.
const CODECS: [Codec; 3] = [Codec::Gzip, Codec::Snappy, Codec::Lz4];

/// From where on the checksum of a batch covers it; that of a message from before there were any covers its format, too,
/// which is left: in another one it would only seem to be cut off.
fn covered_from(format: Format) -> u64 {
    if format == Format::V2 { 21 } else { 17 }
}

/// A small batch with the offsets of another one, whose records come to more than [`BOMB`]; none for messages of old.
fn bomb_instead_of(batch: &[u8], header: &BatchHeader, codec: Codec) -> Option<Bytes> {
    let records = header.record_count.filter(|count| *count > 0 && header.format == Format::V2)?;
    let value = vec![b'x'; BOMB / records as usize + 1];
    let mut builder = BatchBuilder::new(BytesMut::new());
    for _ in 0..records {
        builder.append(header.max_timestamp, None, Some(value.as_slice()), []).ok()?;
    }
    let sealed = builder.seal().compress(codec, None).ok()?;
    let mut bytes =
        BytesMut::from(&[sealed.header(None, Flags::default()), sealed.body().clone()].concat()[..]);
    for place in [BASE_OFFSET, LEADER_EPOCH] {
        bytes[place.clone()].copy_from_slice(&batch[place]);
    }
    Some(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use samsa_core::{Instant, Now, UnixMillis};
    use samsa_proto::records::{RecordsError, batches};

    use super::super::config::ClusterConfig;
    use super::*;
    use crate::rng::Rng;

    /// What of two batches with two records each is told by a broker that spoils them.
    fn spoilt(seed: u64) -> Vec<Bytes> {
        let address = samsa_core::HostPort { host: "k1".to_owned(), port: 9092 };
        let mut state = State::new(ClusterConfig::default(), vec![address], Rng::new(seed));
        let now = Now { mono: Instant::START + Duration::from_secs(1), wall: UnixMillis(1) };
        assert!(state.let_one_spoil(now));
        let mut both = [batch(), batch()];
        while !state.spoil(1, &mut both) {}
        both.to_vec()
    }

    fn batch() -> Bytes {
        let mut builder = BatchBuilder::new(BytesMut::new());
        for value in ["a", "b"] {
            builder.append(1, None, Some(value.as_bytes()), []).unwrap();
        }
        let sealed = builder.seal();
        [sealed.header(None, Flags::default()), sealed.body().clone()].concat().into()
    }

    #[test]
    fn a_batch_is_spoilt_so_that_its_reader_can_know_and_by_some_seeds_in_each_way() {
        let (mut broken, mut bombs) = (0, 0);
        for seed in 0..100 {
            let changed: Vec<Bytes> = spoilt(seed).into_iter().filter(|bytes| *bytes != batch()).collect();
            assert_eq!(changed.len(), 1, "the other batch is as it was");
            let view = batches(&changed[0]).next();
            match view.map(|view| view.and_then(|view| view.verify().map(|()| view))) {
                Some(Ok(view)) => {
                    assert_eq!(view.header().next_offset(), 2, "it has the offsets of what it stands for");
                    let read = view.into_owned(&changed[0], BOMB);
                    assert!(matches!(read, Err(RecordsError::TooLarge { .. })), "{read:?}");
                    bombs += 1;
                }
                Some(Err(_)) => broken += 1,
                None => panic!("it is cut off"),
            }
        }
        assert!(broken > 20 && bombs > 20, "{broken} {bombs}");
    }
}
