//! Reading the records of a batch, in place and one at a time.

use crate::records::cursor::{Cursor, invalid};
use crate::records::error::RecordsError;
use crate::records::format::TimestampType;
use crate::records::header::BatchHeader;
use crate::records::owned::Position;
use crate::records::record::{Headers, Record};

/// The records of a batch of format 2.
#[derive(Debug, Clone)]
pub(crate) struct BatchRecords<'a> {
    cursor: Cursor<'a>,
    left: u32,
    previous: i32,
    last_delta: i32,
    base_offset: i64,
    base_timestamp: i64,
    /// What is taken of the timestamp deltas: all of them, or nothing when the broker set one time for all.
    delta_mask: i64,
    timestamp_type: TimestampType,
}

impl<'a> BatchRecords<'a> {
    /// Reads `plain`, the decompressed records, from `position` on.
    pub(crate) fn new(header: &BatchHeader, plain: &'a [u8], origin: usize, position: Position) -> Self {
        let (base_timestamp, delta_mask) = match header.timestamp_type {
            TimestampType::LogAppendTime => (header.max_timestamp, 0),
            _ => (header.base_timestamp, !0),
        };
        Self {
            cursor: Cursor::from_place(plain, origin, position.place),
            left: header.record_count.unwrap_or(0).saturating_sub(position.seen),
            previous: position.previous,
            last_delta: (header.last_offset - header.base_offset) as i32,
            base_offset: header.base_offset,
            base_timestamp,
            delta_mask,
            timestamp_type: header.timestamp_type,
        }
    }

    pub(crate) fn position(&self, count: u32) -> Position {
        Position { place: self.cursor.place(), seen: count - self.left, previous: self.previous }
    }

    pub(crate) fn left(&self) -> u32 {
        self.left
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<Result<Record<'a>, RecordsError>> {
        if self.left == 0 {
            return self.end();
        }
        self.left -= 1;
        let record = self.read();
        if record.is_err() {
            self.stop();
        }
        Some(record)
    }

    #[inline]
    fn read(&mut self) -> Result<Record<'a>, RecordsError> {
        let start = self.cursor;
        let len = self.cursor.varint("record length")?;
        if len < 0 {
            return Err(invalid(start.place(), "record length", "0 or more", i64::from(len)));
        }
        let origin = self.cursor.place();
        let mut record = Cursor::new(self.cursor.take(len as usize, "record")?, origin);
        record.byte("record attributes")?;
        let timestamp_delta = record.varlong("timestamp delta")?;
        let offset_delta = self.offset_delta(&mut record)?;
        let key = record.nullable("key")?;
        let value = record.nullable("value")?;
        let headers = Headers::read(&mut record)?;
        if record.left() != 0 {
            let expected = "0: the record's length and its fields disagree";
            return Err(invalid(record.place(), "bytes after the record", expected, record.left() as i64));
        }
        let timestamp = self.base_timestamp.wrapping_add(timestamp_delta & self.delta_mask);
        let timestamp_type = self.timestamp_type;
        let offset = self.base_offset + i64::from(offset_delta);
        Ok(Record { offset, timestamp, timestamp_type, key, value, headers })
    }

    #[inline]
    fn offset_delta(&mut self, record: &mut Cursor<'a>) -> Result<i32, RecordsError> {
        let start = *record;
        let delta = record.varint("offset delta")?;
        if delta <= self.previous || delta > self.last_delta {
            let expected = "above the one before, and no more than the batch's last offset delta";
            return Err(invalid(start.place(), "offset delta", expected, i64::from(delta)));
        }
        self.previous = delta;
        Ok(delta)
    }

    /// After the last record nothing may follow; if something does, that is said once.
    fn end(&mut self) -> Option<Result<Record<'a>, RecordsError>> {
        let left = self.cursor.left();
        if left == 0 {
            return None;
        }
        let expected = "0: the batch's record count and its bytes disagree";
        let error = invalid(self.cursor.place(), "bytes after the last record", expected, left as i64);
        self.stop();
        Some(Err(error))
    }

    fn stop(&mut self) {
        self.left = 0;
        self.cursor = Cursor::new(&[], self.cursor.place());
    }
}
