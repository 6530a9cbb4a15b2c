//! Record batches, format 2 (KIP-98).
//!
//! | at | bytes | field                  |
//! |----|-------|------------------------|
//! | 0  | 8     | base offset            |
//! | 8  | 4     | length from byte 12 on |
//! | 12 | 4     | leader epoch           |
//! | 16 | 1     | magic, 2               |
//! | 17 | 4     | CRC-32C from byte 21 on |
//! | 21 | 2     | attributes             |
//! | 23 | 4     | last offset delta      |
//! | 27 | 8     | base timestamp         |
//! | 35 | 8     | max timestamp          |
//! | 43 | 8     | producer id            |
//! | 51 | 2     | producer epoch         |
//! | 53 | 4     | base sequence          |
//! | 57 | 4     | record count           |
//! | 61 |       | the records, compressed as one |
//!
//! A broker sets the base offset and the leader epoch, which the checksum does not cover.

mod builder;
mod checksum;
mod front;
mod records;
mod sealed;

pub use builder::BatchBuilder;
pub(crate) use checksum::crc32c;
pub(crate) use records::BatchRecords;
pub use sealed::SealedBatch;

use super::cursor::{Cursor, invalid};
use super::error::RecordsError;
use super::format::{CODEC_MASK, CONTROL, Codec, DELETE_HORIZON, Format, Identity};
use super::format::{LOG_APPEND_TIME, TRANSACTIONAL, TimestampType};
use super::header::BatchHeader;

/// Bytes before the records of a batch of format 2.
pub const HEADER_LEN: usize = 61;

/// Where the checksum stands.
pub(crate) const CRC_AT: usize = 17;
/// From here on the checksum covers everything.
pub(crate) const CRC_FROM: usize = 21;
/// What the length field does not count.
pub(crate) const LENGTH_FROM: usize = 12;

/// The least bytes that a record takes: length, attributes, two deltas, two lengths and a header count.
const LEAST_RECORD: usize = 7;

/// Decodes the header of the batch that `bytes` holds, which starts `origin` bytes into what the caller gave.
pub(crate) fn read_header(bytes: &[u8], origin: usize) -> Result<BatchHeader, RecordsError> {
    let mut cursor = Cursor::new(bytes, origin);
    let base_offset = cursor.int64("base offset")?;
    cursor.int32("batch length")?;
    let leader_epoch = cursor.int32("leader epoch")?;
    cursor.take(CRC_FROM - CRC_AT + 1, "magic and checksum")?;
    let attributes = cursor.int16("attributes")?;
    let last_delta = cursor.int32("last offset delta")?;
    let base_timestamp = cursor.int64("base timestamp")?;
    let max_timestamp = cursor.int64("max timestamp")?;
    let identity = read_identity(&mut cursor)?;
    let count = cursor.int32("record count")?;

    let codec = Codec::from_id((attributes & CODEC_MASK) as u8)
        .ok_or_else(|| invalid(origin + CRC_FROM, "codec", "0 to 4", i64::from(attributes & CODEC_MASK)))?;
    let last_offset = base_offset.checked_add(i64::from(last_delta)).filter(|_| last_delta >= 0);
    let last_offset = last_offset.ok_or_else(|| {
        let expected = "0 or more, and no more than the base offset leaves room for";
        invalid(origin + 23, "last offset delta", expected, i64::from(last_delta))
    })?;
    let most = if codec == Codec::None { cursor.left() / LEAST_RECORD } else { i32::MAX as usize };
    let most = most.min(last_delta as usize + 1);
    if count < 0 || count as usize > most {
        let expected = "0 or more, and no more than the offsets and the bytes of the batch can hold";
        return Err(invalid(origin + 57, "record count", expected, i64::from(count)));
    }
    Ok(BatchHeader {
        format: Format::V2,
        base_offset,
        last_offset,
        leader_epoch: (leader_epoch >= 0).then_some(leader_epoch),
        codec,
        timestamp_type: timestamp_type(attributes),
        base_timestamp,
        max_timestamp,
        identity,
        is_transactional: attributes & TRANSACTIONAL != 0,
        is_control: attributes & CONTROL != 0,
        delete_horizon: (attributes & DELETE_HORIZON != 0).then_some(base_timestamp),
        record_count: Some(count as u32),
    })
}

fn read_identity(cursor: &mut Cursor<'_>) -> Result<Option<Identity>, RecordsError> {
    let producer_id = cursor.int64("producer id")?;
    let producer_epoch = cursor.int16("producer epoch")?;
    let base_sequence = cursor.int32("base sequence")?;
    Ok((producer_id >= 0).then_some(Identity { producer_id, producer_epoch, base_sequence }))
}

pub(crate) fn timestamp_type(attributes: i16) -> TimestampType {
    if attributes & LOG_APPEND_TIME == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
}
