//! A batch that takes no more records: its body is frozen, its header is made late.

use std::sync::OnceLock;

use bytes::{BufMut, Bytes, BytesMut};

use super::checksum::BodyChecksum;
use super::{CRC_AT, CRC_FROM, HEADER_LEN, LENGTH_FROM};
use crate::records::compression;
use crate::records::error::EncodeError;
use crate::records::format::{Codec, Flags, Format, Identity};

/// The frozen records of a batch of format 2, and what its header needs to know of them. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct SealedBatch {
    body: Bytes,
    /// Of the body, when the first header is made: what is compressed before needs none.
    checksum: OnceLock<BodyChecksum>,
    count: u32,
    base_timestamp: i64,
    max_timestamp: i64,
    codec: Codec,
}

impl SealedBatch {
    pub(crate) fn new(body: Bytes, count: u32, base_timestamp: i64, max_timestamp: i64) -> Self {
        Self { body, checksum: OnceLock::new(), count, base_timestamp, max_timestamp, codec: Codec::None }
    }

    /// The records, compressed if [`codec`](Self::codec) says so: what follows the header on the wire.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Records in the batch.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Timestamp of the first record, in milliseconds.
    pub fn base_timestamp(&self) -> i64 {
        self.base_timestamp
    }

    /// The largest timestamp, in milliseconds.
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// How the body is compressed.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Bytes on the wire, header included.
    pub fn encoded_len(&self) -> usize {
        HEADER_LEN + self.body.len()
    }

    /// The same batch, compressed. `level` is the codec's own number; without one its default is taken. A batch that
    /// is compressed already, and the codec `None`, give the batch as it is.
    ///
    /// Small or random data can grow: compare [`encoded_len`](Self::encoded_len) and keep the smaller one.
    pub fn compress(&self, codec: Codec, level: Option<i32>) -> Result<Self, EncodeError> {
        if codec == Codec::None || self.codec != Codec::None {
            return Ok(self.clone());
        }
        let body = Bytes::from(compression::compress(codec, level, Format::V2, &self.body)?);
        Ok(Self { codec, ..Self::new(body, self.count, self.base_timestamp, self.max_timestamp) })
    }

    /// The 61 bytes before the body, for this identity and these flags. The base offset is 0, the leader epoch -1:
    /// the broker sets both. The first one takes the checksum of the body; each other one costs the same whatever the size of
    /// the body.
    pub fn header(&self, identity: Option<Identity>, flags: Flags) -> Bytes {
        let none = Identity { producer_id: -1, producer_epoch: -1, base_sequence: -1 };
        let identity = identity.unwrap_or(none);
        let mut header = BytesMut::with_capacity(HEADER_LEN);
        header.put_i64(0);
        header.put_i32((self.encoded_len() - LENGTH_FROM) as i32);
        header.put_i32(-1);
        header.put_i8(Format::V2.magic());
        header.put_u32(0);
        header.put_i16(flags.bits() | i16::from(self.codec.id()));
        header.put_u32(self.count.saturating_sub(1));
        header.put_i64(self.base_timestamp);
        header.put_i64(self.max_timestamp);
        header.put_i64(identity.producer_id);
        header.put_i16(identity.producer_epoch);
        header.put_i32(identity.base_sequence);
        header.put_u32(self.count);
        let checksum = self.checksum.get_or_init(|| BodyChecksum::of(&self.body));
        let crc = checksum.after(&header[CRC_FROM..]);
        header[CRC_AT..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
        header.freeze()
    }
}
