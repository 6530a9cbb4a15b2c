//! One record, borrowed from the bytes it stands in.

use std::borrow::Cow;
use std::fmt;

use super::cursor::{Cursor, invalid};
use super::error::RecordsError;
use super::format::TimestampType;
use super::varint;

/// A record, borrowed from its batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) timestamp_type: TimestampType,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: Headers<'a>,
}

impl<'a> Record<'a> {
    /// Offset in the partition.
    #[inline]
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Milliseconds since 1970-01-01 UTC, or [`NO_TIMESTAMP`](super::NO_TIMESTAMP).
    #[inline]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// Who set the timestamp.
    #[inline]
    pub fn timestamp_type(&self) -> TimestampType {
        self.timestamp_type
    }

    /// The key. A null key is not an empty one.
    #[inline]
    pub fn key(&self) -> Option<&'a [u8]> {
        self.key
    }

    /// The value. Null is a tombstone: compaction deletes the key.
    #[inline]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.value
    }

    /// The headers in the order they were written. Empty before format 2.
    #[inline]
    pub fn headers(&self) -> Headers<'a> {
        self.headers.clone()
    }
}

/// A record header (KIP-82): a name, not unique within a record, and a value that may be null.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header<'a> {
    key: &'a [u8],
    value: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// A header to write.
    #[inline]
    pub const fn new(key: &'a str, value: Option<&'a [u8]>) -> Self {
        Self { key: key.as_bytes(), value }
    }

    /// The name. Kafka says it is UTF-8 but does not check; what is not becomes U+FFFD, as in Java.
    pub fn key(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.key)
    }

    /// The name as it stands in the record.
    #[inline]
    pub fn key_bytes(&self) -> &'a [u8] {
        self.key
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.value
    }

    /// Bytes that this header takes in a record.
    pub(crate) fn encoded_len(&self) -> usize {
        let value = self.value.map_or(0, <[u8]>::len);
        varint::len(self.key.len() as i64) + self.key.len() + varint::len(wire_len(self.value)) + value
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, RecordsError> {
        let place = cursor.place();
        let len = cursor.varint("header key length")?;
        if len < 0 {
            return Err(invalid(place, "header key length", "0 or more", i64::from(len)));
        }
        let key = cursor.take(len as usize, "header key")?;
        let value = cursor.nullable("header value")?;
        Ok(Self { key, value })
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("key", &self.key()).field("value", &self.value).finish()
    }
}

/// The length that a nullable field has on the wire.
#[inline]
pub(crate) fn wire_len(field: Option<&[u8]>) -> i64 {
    field.map_or(-1, |bytes| bytes.len() as i64)
}

/// The headers of one record, read as they are asked for. They were checked when the record was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    count: u32,
}

impl<'a> Headers<'a> {
    pub(crate) const NONE: Headers<'static> = Headers { bytes: &[], count: 0 };

    /// Takes `count` headers off the cursor; what follows must be the record's end.
    #[inline]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, RecordsError> {
        let start = *cursor;
        let count = cursor.varint("header count")?;
        if count == 0 {
            return Ok(Headers::NONE);
        }
        Self::check(cursor, start, count)
    }

    fn check(cursor: &mut Cursor<'a>, start: Cursor<'a>, count: i32) -> Result<Self, RecordsError> {
        let most = cursor.left() / 2;
        if count < 0 || count as usize > most {
            let expected = "0 or more, and no more than the bytes left can hold";
            return Err(invalid(start.place(), "header count", expected, i64::from(count)));
        }
        let bytes = cursor.rest();
        for _ in 0..count {
            Header::read(cursor)?;
        }
        Ok(Self { bytes: &bytes[..bytes.len() - cursor.left()], count: count as u32 })
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    #[inline]
    fn next(&mut self) -> Option<Header<'a>> {
        if self.count == 0 {
            return None;
        }
        let mut cursor = Cursor::new(self.bytes, 0);
        let header = Header::read(&mut cursor).ok()?;
        self.bytes = cursor.rest();
        self.count -= 1;
        Some(header)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count as usize, Some(self.count as usize))
    }
}

impl ExactSizeIterator for Headers<'_> {}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
