//! Message sets, formats 0 and 1: one message after the other, each with its own checksum.
//!
//! | at | bytes | field |
//! |----|-------|-------|
//! | 0  | 8     | offset |
//! | 8  | 4     | size from byte 12 on |
//! | 12 | 4     | CRC-32 from byte 16 on |
//! | 16 | 1     | magic, 0 or 1 |
//! | 17 | 1     | attributes |
//! | 18 | 8     | timestamp, only with magic 1 |
//! |    | 4     | key length, -1 for null; then the key |
//! |    | 4     | value length, -1 for null; then the value |
//!
//! A compressed set is the value of one message, whose offset is that of the last message in it. With magic 0 the
//! offsets inside are the real ones; with magic 1 they count from the first message in the set (KIP-31), so that a
//! broker can move the set without compressing it anew.

mod builder;
mod records;
mod sealed;

pub use builder::MessageSetBuilder;
pub(crate) use records::{Inside, SetRecords};
pub use sealed::SealedMessageSet;

use super::cursor::{Cursor, invalid};
use super::error::RecordsError;
use super::format::{CODEC_MASK, Codec, Format, NO_TIMESTAMP, TimestampType};

/// Bytes before a message's magic.
pub(crate) const MAGIC_AT: usize = 16;
/// Where the checksum stands.
pub(crate) const CRC_AT: usize = 12;

/// Bytes of a message without key and value.
pub(crate) const fn overhead(format: Format) -> usize {
    if matches!(format, Format::V0) { 26 } else { 34 }
}

/// A message up to its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) offset: i64,
    pub(crate) crc: u32,
    pub(crate) format: Format,
    pub(crate) codec: Codec,
    pub(crate) timestamp: i64,
    pub(crate) timestamp_type: TimestampType,
}

/// Takes one whole message off `cursor`: what stands before its key, and a cursor over its key and value.
pub(crate) fn read_message<'a>(cursor: &mut Cursor<'a>) -> Result<(Head, Cursor<'a>), RecordsError> {
    let place = cursor.place();
    let offset = cursor.int64("message offset")?;
    let size = cursor.int32("message size")?;
    if (size as usize) < overhead(Format::V0) - CRC_AT || size < 0 {
        return Err(invalid(place + 8, "message size", "14 or more", i64::from(size)));
    }
    let origin = cursor.place();
    let mut message = Cursor::new(cursor.take(size as usize, "message")?, origin);
    let crc = message.int32("checksum")? as u32;
    let magic = message.int8("magic")?;
    let Some(format @ (Format::V0 | Format::V1)) = Format::from_magic(magic) else {
        return Err(invalid(place + MAGIC_AT, "magic of a message", "0 or 1", i64::from(magic)));
    };
    let attributes = i16::from(message.int8("attributes")?);
    let codec = Codec::from_id((attributes & CODEC_MASK) as u8).filter(|&codec| codec != Codec::Zstd);
    let codec = codec.ok_or_else(|| {
        invalid(place + MAGIC_AT + 1, "codec of a message", "0 to 3", i64::from(attributes & CODEC_MASK))
    })?;
    let (timestamp, timestamp_type) = match format {
        Format::V0 => (NO_TIMESTAMP, TimestampType::None),
        _ => (message.int64("timestamp")?, super::batch::timestamp_type(attributes)),
    };
    Ok((Head { offset, crc, format, codec, timestamp, timestamp_type }, message))
}

/// A length of 32 bits, then as many bytes; -1 is null.
pub(crate) fn read_bytes<'a>(
    cursor: &mut Cursor<'a>,
    field: &'static str,
) -> Result<Option<&'a [u8]>, RecordsError> {
    let place = cursor.place();
    match cursor.int32(field)? {
        -1 => Ok(None),
        len if len >= 0 => cursor.take(len as usize, field).map(Some),
        len => Err(invalid(place, field, "a length of -1 or more", i64::from(len))),
    }
}

/// Checks the checksum of each message in `bytes`, which holds whole messages.
pub(crate) fn verify(bytes: &[u8], origin: usize) -> Result<(), RecordsError> {
    let mut cursor = Cursor::new(bytes, origin);
    while cursor.left() > 0 {
        let message = cursor.rest();
        let (head, _) = read_message(&mut cursor)?;
        let computed = crc32fast::hash(&message[MAGIC_AT..message.len() - cursor.left()]);
        if computed != head.crc {
            return Err(RecordsError::Checksum { offset: head.offset, stored: head.crc, computed });
        }
    }
    Ok(())
}
