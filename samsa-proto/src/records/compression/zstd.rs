//! Zstandard in pure Rust.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::Failure;

/// This compressor has one level, near the C library's first.
pub(super) fn compress(plain: &[u8], _level: i32) -> Vec<u8> {
    compress_to_vec(plain, CompressionLevel::Fastest)
}

/// Frames may follow one another, skippable ones among them.
pub(super) fn decompress(compressed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut decoder = FrameDecoder::new();
    let mut rest = compressed;
    while !rest.is_empty() {
        match decoder.reset(&mut rest) {
            Ok(()) => decompress_frame(&mut decoder, &mut rest, limit, out)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let after = rest.get(length as usize..);
                rest = after.ok_or_else(|| Failure::malformed("a skippable frame is cut off"))?;
            }
            Err(error) => return Err(Failure::malformed(error)),
        }
    }
    Ok(())
}

fn decompress_frame(
    decoder: &mut FrameDecoder,
    rest: &mut &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    while !decoder.is_finished() {
        decoder
            .decode_blocks(&mut *rest, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(Failure::malformed)?;
        if decoder.can_collect() > limit - out.len() {
            return Err(Failure::TooLarge);
        }
        decoder.collect_to_writer(&mut *out).map_err(Failure::malformed)?;
    }
    match (decoder.get_checksum_from_data(), decoder.get_calculated_checksum()) {
        (Some(stored), Some(computed)) if stored != computed => {
            Err(Failure::malformed("the frame's checksum differs"))
        }
        _ => Ok(()),
    }
}
