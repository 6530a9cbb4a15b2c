//! Writing a message set: each message once, in its final form.

use bytes::{BufMut, BytesMut};

use super::sealed::SealedMessageSet;
use super::{CRC_AT, MAGIC_AT, overhead};
use crate::records::error::EncodeError;
use crate::records::format::{Format, NO_TIMESTAMP};
use crate::records::record::wire_len;

/// An open message set of format 0 or 1. Offsets count from 0: the broker sets the real ones.
#[derive(Debug)]
pub struct MessageSetBuilder {
    set: BytesMut,
    format: Format,
    count: u32,
    max_timestamp: i64,
}

impl MessageSetBuilder {
    /// An empty set that writes into `buffer`. What the buffer holds is dropped, its capacity is used.
    ///
    /// # Panics
    ///
    /// For [`Format::V2`], which is not a message set.
    pub fn new(mut buffer: BytesMut, format: Format) -> Self {
        assert!(format != Format::V2, "a message set is of format 0 or 1");
        buffer.clear();
        Self { set: buffer, format, count: 0, max_timestamp: NO_TIMESTAMP }
    }

    /// Bytes that [`append`](Self::append) would add.
    #[inline]
    pub fn encoded_len(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> usize {
        overhead(self.format) + key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len)
    }

    /// Appends a message and returns its place in the set, from 0. Format 0 has no room for the timestamp
    /// (milliseconds since 1970-01-01 UTC) and drops it.
    #[inline]
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<u32, EncodeError> {
        let len = self.encoded_len(key, value);
        let bytes = self.set.len().saturating_add(len);
        if bytes > i32::MAX as usize - overhead(Format::V1) {
            return Err(EncodeError::TooLarge { bytes });
        }
        self.set.reserve(len);
        let index = self.count;
        put_message(&mut self.set, self.format, 0, i64::from(index), timestamp, key, value);
        if self.format == Format::V1 {
            self.max_timestamp = self.max_timestamp.max(timestamp);
        }
        self.count += 1;
        Ok(index)
    }

    /// Bytes so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// No message yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Messages so far.
    #[inline]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes that the buffer holds without growing.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.set.capacity()
    }

    /// The format that it was opened with.
    #[inline]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Freezes the set.
    pub fn seal(self) -> SealedMessageSet {
        SealedMessageSet::new(self.set.freeze(), self.format, self.count, self.max_timestamp)
    }
}

/// Writes one message; its checksum is filled in when it stands.
#[inline]
pub(super) fn put_message(
    out: &mut BytesMut,
    format: Format,
    attributes: u8,
    offset: i64,
    timestamp: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) {
    let start = out.len();
    let size = overhead(format) - CRC_AT + key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
    out.put_i64(offset);
    out.put_i32(size as i32);
    out.put_u32(0);
    out.put_i8(format.magic());
    out.put_u8(attributes);
    if format == Format::V1 {
        out.put_i64(timestamp);
    }
    for field in [key, value] {
        out.put_i32(wire_len(field) as i32);
        out.put_slice(field.unwrap_or_default());
    }
    let crc = crc32fast::hash(&out[start + MAGIC_AT..]);
    out[start + CRC_AT..start + MAGIC_AT].copy_from_slice(&crc.to_be_bytes());
}
