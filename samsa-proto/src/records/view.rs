//! A batch and its records as they stand in the bytes of a response.

use bytes::{Bytes, BytesMut};

use super::batch::{self, BatchRecords};
use super::compression;
use super::error::RecordsError;
use super::format::{Codec, Format};
use super::header::BatchHeader;
use super::message_set::{self, Inside, SetRecords};
use super::owned::{OwnedBatch, Position};
use super::record::Record;

/// A batch in the bytes of a response: its header decoded, its records not looked at.
///
/// Before format 2 a batch is either one compressed set, or a run of uncompressed messages of the same format.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    header: BatchHeader,
    /// All of it.
    bytes: &'a [u8],
    /// The records: compressed, or not.
    payload: &'a [u8],
    /// Where it starts in what the caller gave.
    origin: usize,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(header: BatchHeader, bytes: &'a [u8], payload: &'a [u8], origin: usize) -> Self {
        Self { header, bytes, payload, origin }
    }

    /// What the batch says about itself.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// All bytes of the batch, to keep it as it came.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the batch starts in the bytes that were given to [`batches`](super::batches).
    pub fn start(&self) -> usize {
        self.origin
    }

    /// Checks the checksums: CRC-32C of a record batch, CRC-32 of each message before format 2 (of a compressed set
    /// its own, not those inside).
    pub fn verify(&self) -> Result<(), RecordsError> {
        if self.header.format != Format::V2 {
            return message_set::verify(self.bytes, self.origin);
        }
        let (head, covered) = self.bytes.split_at(batch::CRC_FROM);
        let stored = head[batch::CRC_AT..].iter().fold(0, |crc, &byte| crc << 8 | u32::from(byte));
        let computed = batch::crc32c(covered);
        if stored == computed {
            return Ok(());
        }
        Err(RecordsError::Checksum { offset: self.header.base_offset, stored, computed })
    }

    /// The records, read in place. A compressed batch answers with [`RecordsError::Compressed`].
    pub fn records(&self) -> Result<Records<'a>, RecordsError> {
        match self.header.codec {
            Codec::None => {
                Ok(Records::new(&self.header, self.payload, self.payload_origin(), Position::START))
            }
            codec => Err(RecordsError::Compressed { codec }),
        }
    }

    /// The batch with its records in memory of their own, decompressed if they were compressed, in `buffer`. What the
    /// buffer holds is dropped, its capacity is used.
    ///
    /// Decompression ends with [`RecordsError::TooLarge`] as soon as it goes beyond `limit` bytes, whatever the
    /// compressed bytes promise.
    pub fn decompress(&self, limit: usize, mut buffer: BytesMut) -> Result<OwnedBatch, RecordsError> {
        buffer.clear();
        if self.header.codec == Codec::None {
            buffer.extend_from_slice(self.payload);
            return Ok(OwnedBatch::new(self.header, buffer.freeze(), self.payload_origin()));
        }
        let mut plain = Vec::from(buffer);
        compression::decompress(self.header.codec, self.header.format, self.payload, limit, &mut plain)?;
        let header = match self.header.format {
            Format::V2 => self.header,
            Format::V0 | Format::V1 => Inside::of(&plain)?.complete(&self.header),
        };
        Ok(OwnedBatch::new(header, Bytes::from(plain), 0))
    }

    /// The batch with its records kept: a share of `source` if they are not compressed, else as
    /// [`decompress`](Self::decompress) gives them.
    ///
    /// # Panics
    ///
    /// When this batch was not read from `source`.
    pub fn into_owned(self, source: &Bytes, limit: usize) -> Result<OwnedBatch, RecordsError> {
        if self.header.codec == Codec::None {
            let plain = source.slice_ref(self.payload);
            return Ok(OwnedBatch::new(self.header, plain, self.payload_origin()));
        }
        self.decompress(limit, BytesMut::new())
    }

    fn payload_origin(&self) -> usize {
        self.origin + (self.bytes.len() - self.payload.len())
    }
}

/// The records of a batch, read one by one as they are asked for. Ends after the first error.
///
/// A record that comes out is wholly checked, headers included.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    walk: Walk<'a>,
    count: Option<u32>,
}

#[derive(Debug, Clone)]
enum Walk<'a> {
    Batch(BatchRecords<'a>),
    Set(SetRecords<'a>),
}

impl<'a> Records<'a> {
    pub(crate) fn new(header: &BatchHeader, plain: &'a [u8], origin: usize, position: Position) -> Self {
        let walk = match header.format {
            Format::V2 => Walk::Batch(BatchRecords::new(header, plain, origin, position)),
            Format::V0 | Format::V1 => Walk::Set(SetRecords::new(header, plain, origin, position)),
        };
        Self { walk, count: header.record_count }
    }

    /// Where reading stands: before the record that `next` would give.
    pub fn position(&self) -> Position {
        match &self.walk {
            Walk::Batch(records) => records.position(self.count.unwrap_or(0)),
            Walk::Set(records) => records.position(),
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordsError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.walk {
            Walk::Batch(records) => records.next(),
            Walk::Set(records) => records.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.walk {
            Walk::Batch(records) => records.left(),
            Walk::Set(records) => records.left(self.count),
        };
        (0, Some(left as usize + 1))
    }
}

impl std::iter::FusedIterator for Records<'_> {}
