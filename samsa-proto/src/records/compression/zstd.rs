//! Zstandard in pure Rust.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::Failure;

/// The most bytes that one block becomes.
const BLOCK: usize = 128 * 1024;

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

/// What lies within the window cannot be taken from the decoder yet, but it is there: a window may be 128 MiB. So what
/// is decoded is counted, by steps; one step may bring up to a block more.
fn decompress_frame(
    decoder: &mut FrameDecoder,
    rest: &mut &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let mut room = limit - out.len();
    while !decoder.is_finished() {
        let step = BLOCK.min(room.saturating_add(1));
        let strategy = BlockDecodingStrategy::UptoBytes(step);
        if !decoder.decode_blocks(&mut *rest, strategy).map_err(Failure::malformed)? {
            room = room.checked_sub(step).ok_or(Failure::TooLarge)?;
        }
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
