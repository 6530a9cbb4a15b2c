//! Reading the messages of a set, in place and one at a time.

use super::{Head, MAGIC_AT, read_bytes, read_message};
use crate::records::cursor::{Cursor, invalid};
use crate::records::error::RecordsError;
use crate::records::format::{Codec, Format, TimestampType};
use crate::records::header::BatchHeader;
use crate::records::owned::Position;
use crate::records::record::{Headers, Record};

/// The messages of a set of format 0 or 1.
#[derive(Debug, Clone)]
pub(crate) struct SetRecords<'a> {
    cursor: Cursor<'a>,
    seen: u32,
    format: Format,
    /// What is added to the offsets: not 0 only inside a compressed set of format 1.
    shift: i64,
    append_time: Option<i64>,
}

impl<'a> SetRecords<'a> {
    /// Reads `plain`, a set without compression, from `position` on. Of a compressed set the header must be the one
    /// that [`Inside::complete`] gave.
    pub(crate) fn new(header: &BatchHeader, plain: &'a [u8], origin: usize, position: Position) -> Self {
        let wrapped = header.codec != Codec::None;
        let shift = match (header.format, plain.first_chunk()) {
            (Format::V1, Some(first)) if wrapped => {
                header.base_offset.wrapping_sub(i64::from_be_bytes(*first))
            }
            _ => 0,
        };
        let append_time = wrapped && header.timestamp_type == TimestampType::LogAppendTime;
        Self {
            cursor: Cursor::from_place(plain, origin, position.place),
            seen: position.seen,
            format: header.format,
            shift,
            append_time: append_time.then_some(header.max_timestamp),
        }
    }

    pub(crate) fn position(&self) -> Position {
        Position { place: self.cursor.place(), seen: self.seen, previous: -1 }
    }

    pub(crate) fn left(&self, count: Option<u32>) -> u32 {
        count.unwrap_or(0).saturating_sub(self.seen)
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<Result<Record<'a>, RecordsError>> {
        if self.cursor.left() == 0 {
            return None;
        }
        let record = self.read();
        self.seen += 1;
        if record.is_err() {
            self.cursor = Cursor::new(&[], self.cursor.place());
        }
        Some(record)
    }

    fn read(&mut self) -> Result<Record<'a>, RecordsError> {
        let place = self.cursor.place();
        let (head, mut message) = read_message(&mut self.cursor)?;
        self.check(&head, place)?;
        let key = read_bytes(&mut message, "key")?;
        let value = read_bytes(&mut message, "value")?;
        if message.left() != 0 {
            let expected = "0: the message's size and its fields disagree";
            return Err(invalid(message.place(), "bytes after the message", expected, message.left() as i64));
        }
        let (timestamp, timestamp_type) = match self.append_time {
            Some(time) => (time, TimestampType::LogAppendTime),
            None => (head.timestamp, head.timestamp_type),
        };
        let offset = head.offset.wrapping_add(self.shift);
        Ok(Record { offset, timestamp, timestamp_type, key, value, headers: Headers::NONE })
    }

    fn check(&self, head: &Head, place: usize) -> Result<(), RecordsError> {
        if head.format != self.format {
            let found = i64::from(head.format.magic());
            return Err(invalid(place + MAGIC_AT, "magic inside a set", "that of the set", found));
        }
        if head.codec != Codec::None {
            let found = i64::from(head.codec.id());
            return Err(invalid(place + MAGIC_AT + 1, "codec inside a compressed set", "0", found));
        }
        Ok(())
    }
}

/// What a walk over a decompressed set finds.
#[derive(Debug)]
pub(crate) struct Inside {
    first: i64,
    last: i64,
    count: u32,
}

impl Inside {
    /// Walks over the sizes of a decompressed set.
    pub(crate) fn of(plain: &[u8]) -> Result<Self, RecordsError> {
        let mut cursor = Cursor::new(plain, 0);
        let (head, _) = read_message(&mut cursor)?;
        let mut inside = Self { first: head.offset, last: head.offset, count: 1 };
        while cursor.left() > 0 {
            let (head, _) = read_message(&mut cursor)?;
            inside.last = head.offset;
            inside.count += 1;
        }
        Ok(inside)
    }

    /// The header of the compressed set, completed by what is inside.
    pub(crate) fn complete(&self, header: &BatchHeader) -> BatchHeader {
        let base_offset = match header.format {
            Format::V1 => header.last_offset.wrapping_sub(self.last).wrapping_add(self.first),
            _ => self.first,
        };
        BatchHeader { base_offset, record_count: Some(self.count), ..*header }
    }
}
