//! A batch that owns its bytes.

use std::ops::Range;

use bytes::Bytes;

use super::header::BatchHeader;
use super::view::Records;

/// A batch with its records decompressed and kept. Cloning shares the bytes, reading allocates nothing.
#[derive(Debug, Clone)]
pub struct OwnedBatch {
    header: BatchHeader,
    plain: Bytes,
    origin: usize,
}

impl OwnedBatch {
    pub(crate) fn new(header: BatchHeader, plain: Bytes, origin: usize) -> Self {
        Self { header, plain, origin }
    }

    /// What the batch says about itself. `codec` is the one it came with.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The records from the first one on.
    pub fn records(&self) -> Records<'_> {
        self.records_from(Position::START)
    }

    /// The records from a place where reading stopped, which [`Records::position`] told.
    pub fn records_from(&self, position: Position) -> Records<'_> {
        Records::new(&self.header, &self.plain, self.origin, position)
    }

    /// Bytes that are kept: of the records only, or of the whole buffer that they are a part of.
    pub fn len(&self) -> usize {
        self.plain.len()
    }

    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// The records as they are kept: all bytes of which keys, values and headers are parts.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.plain
    }

    /// Where a key or value of this batch's records stands in its [`bytes`](Self::bytes). Of anything else, somewhere or nowhere.
    #[inline]
    pub fn place_of(&self, part: &[u8]) -> Range<usize> {
        let start = part.as_ptr().addr().wrapping_sub(self.plain.as_ptr().addr());
        start..start.wrapping_add(part.len())
    }

    /// A key or value of this batch's records as `Bytes` of its own that share the batch's memory.
    ///
    /// # Panics
    ///
    /// When `part` is not within this batch's bytes.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.plain.slice_ref(part)
    }
}

/// A place between two records of a batch. Small and free of borrows, so that reading can stop and go on later.
///
/// It means something only to the batch whose records told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub(crate) place: usize,
    pub(crate) seen: u32,
    pub(crate) previous: i32,
}

impl Position {
    /// Before the first record.
    pub const START: Self = Self { place: 0, seen: 0, previous: -1 };
}

impl Default for Position {
    fn default() -> Self {
        Self::START
    }
}
