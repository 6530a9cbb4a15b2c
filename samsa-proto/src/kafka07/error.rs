//! What can be wrong with a set of messages.

use thiserror::Error;

use super::entry::Codec;

/// Why the messages of a set could not be read. `offset` is the position in the log of the entry, the outer one when
/// entries are nested.
///
/// A broker checks what it stores, so behind most of these is an offset at which no entry begins. Kafka 0.7.0 alone also
/// stores sets that are cut.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SetError {
    /// No entry is that short.
    #[error("offset {offset}: an entry of {length} bytes, no message is that short; {NO_ENTRY}")]
    Length {
        /// Where the entry is.
        offset: i64,
        /// The length that stands there.
        length: i32,
    },
    /// Kafka 0.7 knows magic 0 and 1.
    #[error("offset {offset}: a message of magic {magic}, expected 0 or 1; {NO_ENTRY}")]
    Magic {
        /// Where the entry is.
        offset: i64,
        /// The magic that stands there.
        magic: i8,
    },
    /// Kafka 0.7 knows gzip and snappy.
    #[error("offset {offset}: a message compressed with codec 3, expected 0 to 2; {NO_ENTRY}")]
    Codec {
        /// Where the entry is.
        offset: i64,
    },
    /// The payload is not what was written.
    #[error("offset {offset}: checksum {stored:#010x} stored, {computed:#010x} computed; {NO_ENTRY}")]
    Checksum {
        /// Where the entry is.
        offset: i64,
        /// The checksum in the entry.
        stored: u32,
        /// The checksum of its payload.
        computed: u32,
    },
    /// The compressed bytes are not what their codec writes.
    #[error("offset {offset}: {codec} data cannot be decompressed: {reason}; skip the entry")]
    Decompression {
        /// Where the entry is.
        offset: i64,
        /// The codec that the entry names.
        codec: Codec,
        /// What the decompressor says.
        reason: Box<str>,
    },
    /// Decompressed, the entry would take more than the caller allows.
    #[error(
        "offset {offset}: the entry takes more than {limit} bytes when decompressed; raise the limit or skip it"
    )]
    TooLarge {
        /// Where the entry is.
        offset: i64,
        /// The caller's limit in bytes.
        limit: usize,
    },
    /// Sets are compressed in sets in sets.
    #[error("offset {offset}: sets are nested more than {} deep; skip the entry", super::MAX_DEPTH)]
    TooDeep {
        /// Where the entry is.
        offset: i64,
    },
}

impl SetError {
    /// The same fault, found inside the compressed entry at `outer`.
    pub(super) fn inside(mut self, outer: i64) -> Self {
        match &mut self {
            Self::Length { offset, .. }
            | Self::Magic { offset, .. }
            | Self::Codec { offset }
            | Self::Checksum { offset, .. }
            | Self::Decompression { offset, .. }
            | Self::TooLarge { offset, .. }
            | Self::TooDeep { offset } => *offset = outer,
        }
        self
    }
}

const NO_ENTRY: &str = "does an entry begin at this offset? start from the earliest or latest";
