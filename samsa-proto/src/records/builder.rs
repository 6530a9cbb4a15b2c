//! An open batch of whatever format, and what becomes of it.

use bytes::{Bytes, BytesMut};

use super::batch::{BatchBuilder, SealedBatch};
use super::error::EncodeError;
use super::format::{Codec, Flags, Format, Identity};
use super::message_set::{MessageSetBuilder, SealedMessageSet};
use super::record::Header;

/// An open batch of any format. The variants' own documentation says more.
#[derive(Debug)]
pub enum Builder {
    /// Format 0 or 1.
    MessageSet(MessageSetBuilder),
    /// Format 2.
    Batch(BatchBuilder),
}

impl Builder {
    /// An empty batch that writes into `buffer`. What the buffer holds is dropped, its capacity is used.
    pub fn new(buffer: BytesMut, format: Format) -> Self {
        match format {
            Format::V2 => Self::Batch(BatchBuilder::new(buffer)),
            Format::V0 | Format::V1 => Self::MessageSet(MessageSetBuilder::new(buffer, format)),
        }
    }

    /// The format that is written.
    #[inline]
    pub fn format(&self) -> Format {
        match self {
            Self::MessageSet(set) => set.format(),
            Self::Batch(_) => Format::V2,
        }
    }

    /// Bytes that [`append`](Self::append) would add now: exact, and without a look at the data.
    #[inline]
    pub fn encoded_len<'h, H>(
        &self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> usize
    where
        H: IntoIterator<Item = Header<'h>>,
    {
        match self {
            Self::MessageSet(set) => set.encoded_len(key, value),
            Self::Batch(batch) => batch.encoded_len(timestamp, key, value, headers),
        }
    }

    /// Appends a record and returns its place in the batch, from 0. Headers before format 2 are
    /// [`EncodeError::HeadersUnsupported`].
    #[inline]
    pub fn append<'h, H>(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<u32, EncodeError>
    where
        H: IntoIterator<Item = Header<'h>, IntoIter: Clone>,
    {
        match self {
            Self::Batch(batch) => batch.append(timestamp, key, value, headers),
            Self::MessageSet(set) if headers.into_iter().next().is_none() => {
                set.append(timestamp, key, value)
            }
            Self::MessageSet(set) => Err(EncodeError::HeadersUnsupported { format: set.format() }),
        }
    }

    /// Bytes so far, without the header that a sealed batch of format 2 will get.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::MessageSet(set) => set.len(),
            Self::Batch(batch) => batch.len(),
        }
    }

    /// No record yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Records so far.
    #[inline]
    pub fn count(&self) -> u32 {
        match self {
            Self::MessageSet(set) => set.count(),
            Self::Batch(batch) => batch.count(),
        }
    }

    /// Bytes that the buffer holds without growing.
    #[inline]
    pub fn capacity(&self) -> usize {
        match self {
            Self::MessageSet(set) => set.capacity(),
            Self::Batch(batch) => batch.capacity(),
        }
    }

    /// Freezes what was written.
    pub fn seal(self) -> Sealed {
        match self {
            Self::MessageSet(set) => Sealed::MessageSet(set.seal()),
            Self::Batch(batch) => Sealed::Batch(batch.seal()),
        }
    }
}

/// A batch of any format that takes no more records. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub enum Sealed {
    /// Format 0 or 1.
    MessageSet(SealedMessageSet),
    /// Format 2.
    Batch(SealedBatch),
}

impl Sealed {
    /// The format that it is written in.
    pub fn format(&self) -> Format {
        match self {
            Self::MessageSet(set) => set.format(),
            Self::Batch(_) => Format::V2,
        }
    }

    /// Records in it.
    pub fn count(&self) -> u32 {
        match self {
            Self::MessageSet(set) => set.count(),
            Self::Batch(batch) => batch.count(),
        }
    }

    /// The largest timestamp, in milliseconds; -1 in format 0.
    pub fn max_timestamp(&self) -> i64 {
        match self {
            Self::MessageSet(set) => set.max_timestamp(),
            Self::Batch(batch) => batch.max_timestamp(),
        }
    }

    /// How it is compressed.
    pub fn codec(&self) -> Codec {
        match self {
            Self::MessageSet(set) => set.codec(),
            Self::Batch(batch) => batch.codec(),
        }
    }

    /// Bytes on the wire, header included.
    pub fn encoded_len(&self) -> usize {
        match self {
            Self::MessageSet(set) => set.encoded_len(),
            Self::Batch(batch) => batch.encoded_len(),
        }
    }

    /// The same, compressed. See [`SealedBatch::compress`].
    pub fn compress(&self, codec: Codec, level: Option<i32>) -> Result<Self, EncodeError> {
        Ok(match self {
            Self::MessageSet(set) => Self::MessageSet(set.compress(codec, level)?),
            Self::Batch(batch) => Self::Batch(batch.compress(codec, level)?),
        })
    }

    /// What goes before the body: made for this identity and these flags in format 2, nothing before it.
    pub fn header(&self, identity: Option<Identity>, flags: Flags) -> Bytes {
        match self {
            Self::MessageSet(_) => Bytes::new(),
            Self::Batch(batch) => batch.header(identity, flags),
        }
    }

    /// What goes after the header.
    pub fn body(&self) -> &Bytes {
        match self {
            Self::MessageSet(set) => set.bytes(),
            Self::Batch(batch) => batch.body(),
        }
    }
}
