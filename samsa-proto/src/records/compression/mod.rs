//! The four codecs, as functions from bytes to bytes.

mod gzip;
mod lz4;
mod snappy;
#[cfg_attr(feature = "zstd-c", path = "zstd_c.rs")]
mod zstd;

use std::fmt::Display;
use std::io::Read;

use super::error::{EncodeError, RecordsError};
use super::format::{Codec, Format};

/// Compresses `plain`. LZ4 depends on the format; Zstandard exists in format 2 only.
pub(crate) fn compress(
    codec: Codec,
    level: Option<i32>,
    format: Format,
    plain: &[u8],
) -> Result<Vec<u8>, EncodeError> {
    let no_such_level = |level| EncodeError::NoSuchLevel { codec, level };
    let level = match (codec, level) {
        (Codec::Gzip, Some(level)) if !(0..=9).contains(&level) => return Err(no_such_level(level)),
        (Codec::Zstd, Some(level)) if !(1..=22).contains(&level) => return Err(no_such_level(level)),
        (Codec::None | Codec::Snappy | Codec::Lz4, Some(level)) => return Err(no_such_level(level)),
        (Codec::Gzip, level) => level.unwrap_or(6),
        (_, level) => level.unwrap_or(3),
    };
    let compressed = match codec {
        Codec::None => plain.to_vec(),
        Codec::Gzip => gzip::compress(plain, level as u32),
        Codec::Snappy => snappy::compress(plain),
        Codec::Lz4 => lz4::compress(plain, format),
        Codec::Zstd if format == Format::V2 => zstd::compress(plain, level),
        Codec::Zstd => return Err(EncodeError::CodecUnsupported { codec, format }),
    };
    let bytes = compressed.len();
    if bytes > i32::MAX as usize - super::HEADER_LEN {
        Err(EncodeError::TooLarge { bytes })
    } else {
        Ok(compressed)
    }
}

/// Decompresses `compressed` into `out`, which is emptied first.
///
/// Ends with [`RecordsError::TooLarge`] as soon as more than `limit` bytes come out; no more than that, and what a
/// codec needs for itself, is ever reserved. `format` matters to LZ4, whose frames in format 0 have a checksum that is
/// wrong in a way of their own (KAFKA-3160).
pub fn decompress(
    codec: Codec,
    format: Format,
    compressed: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), RecordsError> {
    out.clear();
    let result = match codec {
        Codec::None if compressed.len() > limit => Err(Failure::TooLarge),
        Codec::None => {
            out.extend_from_slice(compressed);
            Ok(())
        }
        Codec::Gzip => gzip::decompress(compressed, limit, out),
        Codec::Snappy => snappy::decompress(compressed, limit, out),
        Codec::Lz4 => lz4::decompress(compressed, format, limit, out),
        Codec::Zstd => zstd::decompress(compressed, limit, out),
    };
    result.map_err(|failure| match failure {
        Failure::TooLarge => RecordsError::TooLarge { limit },
        Failure::Malformed(reason) => RecordsError::Decompression { codec, reason },
    })
}

/// Why a decompressor stopped.
#[derive(Debug)]
enum Failure {
    TooLarge,
    Malformed(Box<str>),
}

impl Failure {
    fn malformed(reason: impl Display) -> Self {
        Self::Malformed(format!("{reason}").into())
    }
}

/// Reads all that `reader` gives, up to `limit` bytes.
fn read_up_to(reader: impl Read, limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut reader = reader.take((limit as u64).saturating_add(1));
    reader.read_to_end(out).map_err(Failure::malformed)?;
    if out.len() > limit { Err(Failure::TooLarge) } else { Ok(()) }
}
