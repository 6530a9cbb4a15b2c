//! What can be wrong with records, read or written.

use super::format::{Codec, Format};

/// Why records could not be read.
///
/// `at` counts bytes from the start of what was given to [`batches`](super::batches); for the records of a compressed
/// batch it counts from the start of the decompressed records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// A field reaches beyond what holds it.
    #[error("byte {at}: {field} needs {needs} bytes, but {left} are left")]
    Truncated {
        /// Where the field starts.
        at: usize,
        /// The field that was being read.
        field: &'static str,
        /// Bytes that the field takes; for a varint the bytes seen and one more.
        needs: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A field holds a value that it cannot have.
    #[error("byte {at}: {field} must be {expected}, found {found}")]
    Invalid {
        /// Where the field starts.
        at: usize,
        /// The field that was being read.
        field: &'static str,
        /// What it may hold.
        expected: &'static str,
        /// What it holds.
        found: i64,
    },
    /// The checksum differs: the bytes changed on disk or on the way. Reading them again from another replica may help.
    #[error(
        "checksum of the batch at offset {offset}: stored {stored:#010x}, computed {computed:#010x}; the bytes changed on disk or on the way"
    )]
    Checksum {
        /// Kafka offset at which the batch or message says it starts.
        offset: i64,
        /// The checksum in the bytes.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// The compressed bytes are not what their codec writes.
    #[error("{codec} data cannot be decompressed: {reason}")]
    Decompression {
        /// The codec that the batch names.
        codec: Codec,
        /// What the decompressor says.
        reason: Box<str>,
    },
    /// Decompressed records would take more than the caller allows.
    #[error("the records take more than {limit} bytes when decompressed; raise the limit, or skip the batch")]
    TooLarge {
        /// The caller's limit in bytes.
        limit: usize,
    },
    /// The records of a compressed batch were asked for in place.
    #[error("the records are compressed with {codec}: decompress the batch first")]
    Compressed {
        /// The codec that the batch names.
        codec: Codec,
    },
}

/// Why a record or a batch could not be written. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Message sets have no headers.
    #[error("record headers need format 2 (Kafka 0.11), but this is format {}; leave the headers out, or upgrade the broker", .format.magic())]
    HeadersUnsupported {
        /// The format of the open batch.
        format: Format,
    },
    /// The format came before the codec.
    #[error("{codec} cannot be used in format {}; use gzip, snappy or lz4", .format.magic())]
    CodecUnsupported {
        /// The codec that was asked for.
        codec: Codec,
        /// The format of the batch.
        format: Format,
    },
    /// The codec has no such level.
    #[error("{codec} has no compression level {level}; it has {}", .codec.levels())]
    NoSuchLevel {
        /// The codec that was asked for.
        codec: Codec,
        /// The level that was asked for.
        level: i32,
    },
    /// The lengths of the format are 32 bits wide and signed.
    #[error("{bytes} bytes are more than the 2147483647 that one batch can hold; split what you send")]
    TooLarge {
        /// What the batch would have grown to.
        bytes: usize,
    },
}
