//! LZ4 frames, and the fault that Kafka wrote into them before format 1.
//!
//! KAFKA-3160: in format 0 the checksum of the frame's descriptor covers the frame's magic as well, which the LZ4
//! specification does not. Readers of that time insist on the fault, so it is written there; reading there ignores the
//! checksum, as Java does.

use std::io::Write;

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use twox_hash::XxHash32;

use super::{Failure, read_up_to};
use crate::records::format::Format;

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();

/// The descriptor follows the magic; its first byte holds flags.
const FLAGS_AT: usize = 4;
const HAS_CONTENT_SIZE: u8 = 0x08;
const HAS_DICTIONARY: u8 = 0x01;

/// Independent blocks of 64 KiB and no checksum of the content: all that every Kafka can read.
pub(super) fn compress(plain: &[u8], format: Format) -> Vec<u8> {
    let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::with_capacity(plain.len() / 2 + 64));
    encoder.write_all(plain).expect("writing to a Vec does not fail");
    let mut frame = encoder.finish().expect("writing to a Vec does not fail");
    if format == Format::V0 {
        let at = checksum_at(frame[FLAGS_AT]);
        frame[at] = descriptor_checksum(&frame[..at]);
    }
    frame
}

pub(super) fn decompress(
    compressed: &[u8],
    format: Format,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    if !compressed.starts_with(&MAGIC) {
        return Err(Failure::malformed("not an LZ4 frame"));
    }
    if format != Format::V0 {
        return read_up_to(FrameDecoder::new(compressed), limit, out);
    }
    let at = compressed.get(FLAGS_AT).map_or(0, |&flags| checksum_at(flags));
    if at == 0 || at >= compressed.len() {
        return Err(Failure::malformed("the frame's descriptor is cut off"));
    }
    let mut mended = compressed[..=at].to_vec();
    mended[at] = descriptor_checksum(&compressed[FLAGS_AT..at]);
    let frame = std::io::Read::chain(mended.as_slice(), &compressed[at + 1..]);
    read_up_to(FrameDecoder::new(frame), limit, out)
}

/// Where the descriptor's checksum stands: after flags, block size and what the flags announce.
const fn checksum_at(flags: u8) -> usize {
    let content_size = if flags & HAS_CONTENT_SIZE == 0 { 0 } else { 8 };
    let dictionary = if flags & HAS_DICTIONARY == 0 { 0 } else { 4 };
    FLAGS_AT + 2 + content_size + dictionary
}

fn descriptor_checksum(bytes: &[u8]) -> u8 {
    (XxHash32::oneshot(0, bytes) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(frame: &[u8], format: Format) -> Result<Vec<u8>, Failure> {
        let mut plain = Vec::new();
        decompress(frame, format, 1000, &mut plain).map(|()| plain)
    }

    #[test]
    fn the_descriptor_is_what_java_writes_right_or_wrong() {
        assert_eq!(compress(b"abc", Format::V2)[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
        assert_eq!(compress(b"abc", Format::V1)[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
        assert_eq!(compress(b"abc", Format::V0)[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x1a]);
    }

    #[test]
    fn format_0_takes_the_right_checksum_and_the_wrong_one() {
        for written_for in [Format::V0, Format::V1] {
            let frame = compress(b"abc", written_for);
            assert_eq!(read(&frame, Format::V0).expect("either"), b"abc");
        }
    }

    #[test]
    fn later_formats_take_the_right_checksum_only() {
        assert!(matches!(read(&compress(b"abc", Format::V0), Format::V1), Err(Failure::Malformed(_))));
        assert!(matches!(read(&compress(b"abc", Format::V0), Format::V2), Err(Failure::Malformed(_))));
    }

    #[test]
    fn a_descriptor_with_the_size_of_the_content_is_mended_as_well() {
        let info = FrameInfo::new().content_size(Some(3));
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(b"abc").expect("a Vec takes all");
        let mut frame = encoder.finish().expect("a Vec takes all");
        frame[14] ^= 0xff;
        assert_eq!(read(&frame, Format::V0).expect("mended"), b"abc");
    }

    #[test]
    fn frames_that_follow_one_another_never_lose_the_first() {
        let frame = compress(b"abc", Format::V2);
        assert!(read(&frame.repeat(2), Format::V2).expect("two frames").starts_with(b"abc"));
    }

    #[test]
    fn what_is_no_frame_is_refused_in_every_format() {
        for format in [Format::V0, Format::V1, Format::V2] {
            for bytes in [
                b"".as_slice(),
                b"\x04\x22\x4d",
                b"\x04\x22\x4d\x18",
                b"\x04\x22\x4d\x18\x68\x40\x00",
                b"abcdefgh",
            ] {
                assert!(
                    !matches!(read(bytes, format), Ok(plain) if !plain.is_empty()),
                    "{format:?} {bytes:?}"
                );
            }
        }
    }
}
