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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_follow_one_another_are_one_stream() {
        let mut stream = compress(b"one ", 6);
        stream.extend(compress(b"two", 1));
        let mut plain = Vec::new();
        decompress(&stream, 100, &mut plain).expect("two members");
        assert_eq!(plain, b"one two");
    }

    #[test]
    fn a_higher_level_does_not_make_more_of_it() {
        let text = b"the quick brown fox jumps over the lazy dog ".repeat(100);
        assert!(compress(&text, 9).len() <= compress(&text, 1).len());
        assert!(compress(&text, 1).len() < compress(&text, 0).len());
    }

    #[test]
    fn a_stream_whose_own_checksum_is_wrong_is_refused() {
        let mut stream = compress(b"checked", 6);
        let crc = stream.len() - 8;
        stream[crc] ^= 1;
        assert!(matches!(decompress(&stream, 100, &mut Vec::new()), Err(Failure::Malformed(_))));
    }
}
