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

/// What records usually come to when decompressed, times their compressed size. More is reserved as it comes.
const USUAL_RATIO: usize = 4;

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
    let mut compressed = match codec {
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
        // It is kept until it is acknowledged, and counted by its length.
        compressed.shrink_to_fit();
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
    out.reserve(compressed.len().saturating_mul(USUAL_RATIO).min(limit));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_a_codec_lacks_is_named_with_those_it_has() {
        for (codec, level) in
            [(Codec::Gzip, 10), (Codec::Gzip, -1), (Codec::Zstd, 0), (Codec::Lz4, 1), (Codec::Snappy, 1)]
        {
            let error = compress(codec, Some(level), Format::V2, b"").expect_err("no such level");
            assert_eq!(error, EncodeError::NoSuchLevel { codec, level });
            assert!(error.to_string().contains(codec.levels()), "{error}");
        }
    }

    #[test]
    fn what_is_kept_takes_no_more_memory_than_it_is_long() {
        let plain = vec![b'a'; 300_000];
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let compressed = compress(codec, None, Format::V2, &plain).expect("format 2 has all codecs");
            assert!(compressed.capacity() == compressed.len() && compressed.len() < 20_000, "{codec}");
        }
    }

    #[test]
    fn zstandard_came_after_the_message_sets() {
        for format in [Format::V0, Format::V1] {
            let error = compress(Codec::Zstd, None, format, b"").expect_err("too old");
            assert_eq!(error, EncodeError::CodecUnsupported { codec: Codec::Zstd, format });
        }
    }

    #[test]
    fn what_the_buffer_held_before_is_gone() {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let compressed = compress(codec, None, Format::V2, b"new").expect("format 2 has all codecs");
            let mut plain = b"old".to_vec();
            assert_eq!(decompress(codec, Format::V2, &compressed, 3, &mut plain), Ok(()));
            assert_eq!(plain, b"new", "{codec}");
        }
    }

    /// "abc" in one raw block, with the checksum of the content.
    const ZSTD_CHECKED: &[u8] =
        &[0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x03, 0x19, 0x00, 0x00, b'a', b'b', b'c', 0x99, 0x09, 0x77, 0xad];

    fn read_zstd(frames: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut plain = Vec::new();
        zstd::decompress(frames, 1000, &mut plain).map(|()| plain)
    }

    #[test]
    fn zstandard_frames_that_follow_one_another_are_one_stream() {
        let mut frames = zstd::compress(b"one ", 3);
        frames.extend([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
        frames.extend(zstd::compress(b"two", 3));
        assert_eq!(read_zstd(&frames).expect("two frames and one to skip"), b"one two");
    }

    #[test]
    fn a_zstandard_frame_to_skip_that_is_cut_off_is_refused() {
        assert!(matches!(read_zstd(&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9]), Err(Failure::Malformed(_))));
    }

    #[test]
    fn the_checksum_of_a_zstandard_frame_is_looked_at() {
        assert_eq!(read_zstd(ZSTD_CHECKED).expect("the right checksum"), b"abc");
        let mut wrong = ZSTD_CHECKED.to_vec();
        wrong[15] ^= 1;
        assert!(matches!(read_zstd(&wrong), Err(Failure::Malformed(_))));
    }

    #[test]
    fn a_zstandard_bomb_ends_at_the_limit() {
        let bomb = zstd::compress(&vec![0; 4 * 1024 * 1024], 3);
        assert!(matches!(read_zstd(&bomb), Err(Failure::TooLarge)));
    }
}
