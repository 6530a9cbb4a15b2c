//! What a batch says about itself before its records are read.

use super::format::{Codec, Format, Identity, TimestampType};

/// What a batch says about itself. Plain values, decoded from 61 bytes; keeping it keeps no buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchHeader {
    /// The format that it is written in.
    pub format: Format,
    /// Offset of its first record before compaction. A compressed message set (formats 0 and 1) tells only the offset
    /// of its last message, which is then given here too.
    pub base_offset: i64,
    /// Offset of its last record, kept by compaction even when that record is gone.
    pub last_offset: i64,
    /// Epoch of the leader that appended it; none before format 2 and in what a producer sends.
    pub leader_epoch: Option<i32>,
    /// How the records are compressed.
    pub codec: Codec,
    /// Who set the timestamps.
    pub timestamp_type: TimestampType,
    /// What the records' timestamps are counted from, in milliseconds; -1 before format 2 where it is not known.
    pub base_timestamp: i64,
    /// The largest timestamp of its records, in milliseconds; -1 if there is none.
    pub max_timestamp: i64,
    /// Who wrote it; none when its producer was not idempotent.
    pub identity: Option<Identity>,
    /// Part of a transaction.
    pub is_transactional: bool,
    /// Holds control records: they take offsets, and are not for applications.
    pub is_control: bool,
    /// When compaction may drop its tombstones or transaction markers, in milliseconds (KIP-534).
    pub delete_horizon: Option<i64>,
    /// How many records it holds; unknown for a compressed message set until it is decompressed.
    pub record_count: Option<u32>,
}

impl BatchHeader {
    /// Where to fetch next: one after `last_offset`. Never one after the last record read, which compaction may have
    /// taken away.
    pub const fn next_offset(&self) -> i64 {
        self.last_offset.saturating_add(1)
    }
}
