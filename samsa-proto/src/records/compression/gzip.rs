//! Gzip, RFC 1952, by zlib-rs.

use std::io::Write;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Failure, read_up_to};

pub(super) fn compress(plain: &[u8], level: u32) -> Vec<u8> {
    let out = Vec::with_capacity(plain.len() / 2 + 32);
    let mut encoder = GzEncoder::new(out, Compression::new(level));
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("writing to a Vec does not fail")
}

/// Members may follow one another: Java's writers and `cat a.gz b.gz` make such streams.
pub(super) fn decompress(compressed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    read_up_to(MultiGzDecoder::new(compressed), limit, out)
}
