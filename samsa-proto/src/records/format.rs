//! The small words of the record formats: magic, codec, timestamp type, identity.

use std::fmt;

/// "No timestamp": what format 0 has, and what a producer may write in the others.
pub const NO_TIMESTAMP: i64 = -1;

pub(crate) const CODEC_MASK: i16 = 0x07;
pub(crate) const LOG_APPEND_TIME: i16 = 0x08;
pub(crate) const TRANSACTIONAL: i16 = 0x10;
pub(crate) const CONTROL: i16 = 0x20;
pub(crate) const DELETE_HORIZON: i16 = 0x40;

/// One of Kafka's three record formats, by its magic byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Message set with magic 0, of Kafka 0.8 and later: Produce 0 and 1.
    V0,
    /// Message set with magic 1, of Kafka 0.10 and later: Produce 2.
    V1,
    /// Record batch with magic 2, of Kafka 0.11 and later: Produce 3 and up.
    V2,
}

impl Format {
    /// The format's magic byte.
    pub const fn magic(self) -> i8 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// The format of a magic byte, if it is known.
    pub const fn from_magic(magic: i8) -> Option<Self> {
        match magic {
            0 => Some(Self::V0),
            1 => Some(Self::V1),
            2 => Some(Self::V2),
            _ => None,
        }
    }
}

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// Gzip, RFC 1952. Levels 0 to 9, default 6.
    Gzip,
    /// Snappy in the framing of snappy-java ("xerial"). No levels.
    Snappy,
    /// LZ4 frames. One level. Since Kafka 0.8.2.
    Lz4,
    /// Zstandard, only in format 2 and since Kafka 2.1 (KIP-110). Levels 1 to 22, default 3; the pure Rust compressor
    /// has one level and takes all of them for it.
    Zstd,
}

impl Codec {
    /// The codec's number in the attributes.
    pub const fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// The codec of a number, if it is known.
    pub const fn from_id(id: u8) -> Option<Self> {
        match id {
            0 => Some(Self::None),
            1 => Some(Self::Gzip),
            2 => Some(Self::Snappy),
            3 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(crate) const fn levels(self) -> &'static str {
        match self {
            Self::None | Self::Snappy | Self::Lz4 => "no levels",
            Self::Gzip => "0 to 9",
            Self::Zstd => "1 to 22",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        })
    }
}

/// Who set a record's timestamp (KIP-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimestampType {
    /// Nobody: format 0 has no timestamps.
    None,
    /// The producer, when it made the record.
    CreateTime,
    /// The broker, when it appended the batch: all records of a batch have the same.
    LogAppendTime,
}

/// Who wrote a batch, and which of its batches this is (KIP-98): what makes retries idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Given by the broker, not negative.
    pub producer_id: i64,
    /// Counted up when a producer takes over the id, or starts its sequences anew.
    pub producer_epoch: i16,
    /// Sequence number of the first record in its partition. Wraps from 2147483647 to 0.
    pub base_sequence: i32,
}

/// What a record batch is besides data. Default: neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Part of a transaction: visible to `read_committed` once it is committed.
    pub transactional: bool,
    /// Holds control records, which brokers write and applications never see.
    pub control: bool,
}

impl Flags {
    pub(crate) const fn bits(self) -> i16 {
        let transactional = if self.transactional { TRANSACTIONAL } else { 0 };
        let control = if self.control { CONTROL } else { 0 };
        transactional | control
    }
}
