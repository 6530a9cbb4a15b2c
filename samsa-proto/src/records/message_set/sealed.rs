//! A message set that takes no more messages.

use bytes::{Bytes, BytesMut};

use super::builder::put_message;
use super::overhead;
use crate::records::compression;
use crate::records::error::EncodeError;
use crate::records::format::{Codec, Format};

/// A frozen message set of format 0 or 1. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct SealedMessageSet {
    set: Bytes,
    format: Format,
    count: u32,
    max_timestamp: i64,
    codec: Codec,
}

impl SealedMessageSet {
    pub(crate) fn new(set: Bytes, format: Format, count: u32, max_timestamp: i64) -> Self {
        Self { set, format, count, max_timestamp, codec: Codec::None }
    }

    /// The set as it goes on the wire.
    pub fn bytes(&self) -> &Bytes {
        &self.set
    }

    /// The format that it is written in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Messages that were appended.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The largest timestamp, in milliseconds; -1 in format 0.
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// How the set is compressed.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Bytes on the wire.
    pub fn encoded_len(&self) -> usize {
        self.set.len()
    }

    /// The same set, compressed, as the value of one message. `level` is the codec's own number; without one its
    /// default is taken. A set that is compressed already, or empty, and the codec `None`, give the set as it is.
    pub fn compress(&self, codec: Codec, level: Option<i32>) -> Result<Self, EncodeError> {
        if codec == Codec::None || self.codec != Codec::None || self.count == 0 {
            return Ok(self.clone());
        }
        let value = compression::compress(codec, level, self.format, &self.set)?;
        let bytes = overhead(self.format) + value.len();
        if bytes > i32::MAX as usize {
            return Err(EncodeError::TooLarge { bytes });
        }
        let mut set = BytesMut::with_capacity(bytes);
        let last = i64::from(self.count) - 1;
        put_message(&mut set, self.format, codec.id(), last, self.max_timestamp, None, Some(&value));
        Ok(Self { set: set.freeze(), codec, ..*self })
    }
}
