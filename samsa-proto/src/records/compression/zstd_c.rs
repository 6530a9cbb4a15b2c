//! Zstandard by its C library.

use zstd::stream::read::Decoder;

use super::{Failure, read_up_to};

/// Windows up to 128 MiB, which the highest levels use.
const WINDOW_LOG_MAX: u32 = 27;

pub(super) fn compress(plain: &[u8], level: i32) -> Vec<u8> {
    zstd::bulk::compress(plain, level).expect("memory for a compressor")
}

/// Frames may follow one another, skippable ones among them.
pub(super) fn decompress(compressed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut decoder = Decoder::with_buffer(compressed).map_err(Failure::malformed)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(Failure::malformed)?;
    read_up_to(decoder, limit, out)
}
