//! Snappy: blocks in the framing of snappy-java ("xerial"), which Kafka's clients write, or one raw block.
//!
//! The framing is a header of 16 bytes (a magic of 8, version and lowest compatible version of 4 each), then for each
//! block its length in 4 bytes and a raw block.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::Failure;

const MAGIC: &[u8] = b"\x82SNAPPY\x00";
const HEADER: &[u8] = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01";

/// Plain bytes in a block: what snappy-java takes by default.
const BLOCK: usize = 32 * 1024;

/// A copy of 64 bytes takes 3 in Snappy, so nothing honest promises more than this per compressed byte.
const MOST_PER_BYTE: usize = 22;

pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let mut block = vec![0; max_compress_len(plain.len().min(BLOCK))];
    let mut out = Vec::with_capacity(plain.len() / 2 + 64);
    out.extend_from_slice(HEADER);
    for chunk in plain.chunks(BLOCK) {
        let len = encoder.compress(chunk, &mut block).expect("the block has room for the worst case");
        out.extend_from_slice(&(len as u32).to_be_bytes());
        out.extend_from_slice(&block[..len]);
    }
    out
}

pub(super) fn decompress(compressed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    if !compressed.starts_with(MAGIC) {
        return decompress_block(compressed, limit, out);
    }
    let mut rest =
        compressed.get(HEADER.len()..).ok_or_else(|| Failure::malformed("the header is cut off"))?;
    while let Some((len, after)) = rest.split_first_chunk() {
        let len = u32::from_be_bytes(*len) as usize;
        let (block, after) = after.split_at_checked(len).ok_or_else(|| {
            Failure::malformed(format_args!("a block of {len} bytes, but {} are left", after.len()))
        })?;
        decompress_block(block, limit, out)?;
        rest = after;
    }
    if rest.is_empty() { Ok(()) } else { Err(Failure::malformed("the length of a block is cut off")) }
}

/// Appends a raw block to `out`.
fn decompress_block(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    let len = decompress_len(block).map_err(Failure::malformed)?;
    let start = out.len();
    if len > limit - start {
        return Err(Failure::TooLarge);
    }
    if len > block.len().saturating_mul(MOST_PER_BYTE) {
        let promise = format_args!("a block of {} bytes promises {len}", block.len());
        return Err(Failure::malformed(promise));
    }
    out.resize(start + len, 0);
    Decoder::new().decompress(block, &mut out[start..]).map_err(Failure::malformed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        (0..100_000_u32).map(|index| (index / 7 % 251) as u8).collect()
    }

    #[test]
    fn the_framing_is_that_of_snappy_java() {
        let framed = compress(b"a");
        assert_eq!(framed, b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x03\x01\x00a");
        assert_eq!(compress(b""), HEADER);
    }

    #[test]
    fn many_blocks_are_put_together() {
        let mut plain = Vec::new();
        decompress(&compress(&text()), 100_000, &mut plain).expect("four blocks");
        assert_eq!(plain, text());
    }

    #[test]
    fn a_raw_block_is_read_without_any_framing() {
        let raw = Encoder::new().compress_vec(&text()).expect("there is memory");
        let mut plain = Vec::new();
        decompress(&raw, 100_000, &mut plain).expect("a raw block");
        assert_eq!(plain, text());
    }

    #[test]
    fn the_limit_holds_for_all_blocks_together() {
        let framed = compress(&text());
        assert!(matches!(decompress(&framed, 99_999, &mut Vec::new()), Err(Failure::TooLarge)));
    }

    #[test]
    fn a_framing_that_is_cut_anywhere_but_between_blocks_is_refused() {
        let framed = compress(b"a block");
        for cut in MAGIC.len()..framed.len() {
            let outcome = decompress(&framed[..cut], 100, &mut Vec::new());
            assert_eq!(outcome.is_ok(), cut == HEADER.len(), "cut at {cut}");
        }
    }
}
