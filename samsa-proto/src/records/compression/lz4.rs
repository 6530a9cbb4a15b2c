//! LZ4 frames, and the fault that Kafka wrote into them before format 1.
//!
//! KAFKA-3160: in format 0 the checksum of the frame's descriptor covers the frame's magic as well, which the LZ4
//! specification does not. Readers of that time insist on the fault, so it is written there; reading there ignores the
//! checksum, as Java does.

use std::io::{self, Read};

use lz4_flex::block::{CompressTable, DecompressError, compress_into_with_table, get_maximum_output_size};
use lz4_flex::frame::{Error, FrameDecoder};
use twox_hash::XxHash32;

use super::Failure;
use crate::records::format::Format;

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// Version 1, independent blocks, no checksums but that of the descriptor; then, blocks of at most 64 KiB. All that every
/// Kafka can read.
const DESCRIPTOR: [u8; 2] = [0x60, 0x40];
const HEAD_LEN: usize = MAGIC.len() + DESCRIPTOR.len() + 1;

/// Bytes of a block before it is compressed: the most that the library's small table takes, a little less than the
/// descriptor allows.
const BLOCK: usize = u16::MAX as usize - 1;
/// Set in the size of a block that is as it was.
const IS_PLAIN: u32 = 1 << 31;
const SIZE_LEN: usize = 4;
/// A block of no bytes ends the frame.
const END: [u8; SIZE_LEN] = [0; SIZE_LEN];

/// The descriptor follows the magic; its first byte holds flags.
const FLAGS_AT: usize = 4;
const BLOCK_SIZE_AT: usize = 5;
/// Sizes of blocks as descriptors have them: 64 KiB, and each four times the one before.
const BLOCK_SIZES: [u8; 4] = [4, 5, 6, 7];
/// No byte of a block makes more bytes than this.
const MOST_FOR_A_BYTE: usize = 255;
const HAS_CONTENT_SIZE: u8 = 0x08;
const HAS_DICTIONARY: u8 = 0x01;

/// Each block is compressed to where it will stand: the library's encoder of frames copies it once before and once after,
/// which costs as much as compressing it.
pub(super) fn compress(plain: &[u8], format: Format) -> Vec<u8> {
    let mut frame = vec![0; longest_frame(plain.len())];
    frame[..HEAD_LEN].copy_from_slice(&new_head(format));
    let mut end = HEAD_LEN;
    let mut table = CompressTable::small();
    for block in plain.chunks(BLOCK) {
        end += write_block(block, &mut frame[end..], &mut table);
    }
    frame[end..end + END.len()].copy_from_slice(&END);
    frame.truncate(end + END.len());
    frame
}

/// Writes a block behind its size, and returns how many bytes that took. A block that does not become smaller stays as it is.
fn write_block(block: &[u8], out: &mut [u8], table: &mut CompressTable) -> usize {
    let (size, rest) = out.split_at_mut(SIZE_LEN);
    let compressed = compress_into_with_table(block, rest, table).expect("room for the longest block");
    let (len, mark) = if compressed < block.len() {
        (compressed, 0)
    } else {
        rest[..block.len()].copy_from_slice(block);
        (block.len(), IS_PLAIN)
    };
    size.copy_from_slice(&(len as u32 | mark).to_le_bytes());
    SIZE_LEN + len
}

/// The room for a frame of so many bytes that do not become fewer, and for what its last block may come to before that is seen.
fn longest_frame(plain: usize) -> usize {
    let blocks = plain + SIZE_LEN * plain.div_ceil(BLOCK);
    let last = plain.min(BLOCK);
    HEAD_LEN + blocks + get_maximum_output_size(last) - last + END.len()
}

fn new_head(format: Format) -> [u8; HEAD_LEN] {
    let [a, b, c, d] = MAGIC;
    let [flags, block_size] = DESCRIPTOR;
    let mut head = [a, b, c, d, flags, block_size, 0];
    let covered_from = if format == Format::V0 { 0 } else { FLAGS_AT };
    head[HEAD_LEN - 1] = descriptor_checksum(&head[covered_from..HEAD_LEN - 1]);
    head
}

pub(super) fn decompress(
    compressed: &[u8],
    format: Format,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let head = head(compressed, format, limit)?;
    let frame = FrameDecoder::new(head.as_slice().chain(&compressed[head.len()..]));
    let is_shrunk = head[BLOCK_SIZE_AT] != compressed[BLOCK_SIZE_AT];
    frame.take((limit as u64).saturating_add(1)).read_to_end(out).map_err(|error| {
        if is_shrunk && is_too_big(&error) { Failure::TooLarge } else { Failure::malformed(error) }
    })?;
    if out.len() > limit { Err(Failure::TooLarge) } else { Ok(()) }
}

/// Magic and descriptor of the frame, with the right checksum, and with blocks no larger than can come of these bytes and
/// is of use under this limit: the decoder sets room aside for the largest that are announced, which may be 4 MiB.
fn head(compressed: &[u8], format: Format, limit: usize) -> Result<Vec<u8>, Failure> {
    if !compressed.starts_with(&MAGIC) {
        return Err(Failure::malformed("not an LZ4 frame"));
    }
    let at = compressed.get(FLAGS_AT).map_or(compressed.len(), |&flags| checksum_at(flags));
    let checksum =
        *compressed.get(at).ok_or_else(|| Failure::malformed("the frame's descriptor is cut off"))?;
    if format != Format::V0 && checksum != descriptor_checksum(&compressed[FLAGS_AT..at]) {
        return Err(Failure::malformed("the checksum of the frame's descriptor differs"));
    }
    let mut head = compressed[..=at].to_vec();
    let most = limit.saturating_add(1).min(compressed.len().saturating_mul(MOST_FOR_A_BYTE));
    let needed = BLOCK_SIZES.into_iter().find(|size| 1 << (8 + 2 * size) >= most);
    let announced = head[BLOCK_SIZE_AT] >> 4 & 7;
    if let Some(needed) = needed.filter(|needed| *needed < announced) {
        head[BLOCK_SIZE_AT] = head[BLOCK_SIZE_AT] & !0x70 | needed << 4;
    }
    head[at] = descriptor_checksum(&head[FLAGS_AT..at]);
    Ok(head)
}

fn is_too_big(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    matches!(
        error,
        Some(Error::BlockTooBig | Error::DecompressionError(DecompressError::OutputTooSmall { .. }))
    )
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
    use std::io::Write;

    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

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

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn what_cannot_become_smaller_stays_as_it_is() {
        for length in [0, 1, 20, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1] {
            let bytes = noise(length);
            let frame = compress(&bytes, Format::V2);
            let blocks = length.div_ceil(BLOCK);
            assert_eq!(frame.len(), HEAD_LEN + length + SIZE_LEN * blocks + END.len(), "{length}");
            let mut plain = Vec::new();
            decompress(&frame, Format::V2, length, &mut plain).expect("a frame");
            assert!(plain == bytes, "{length}");
        }
    }

    #[test]
    fn blocks_that_become_smaller_and_others_stand_in_one_frame() {
        let bytes = [vec![b'a'; BLOCK], noise(BLOCK), vec![b'b'; BLOCK]].concat();
        let frame = compress(&bytes, Format::V2);
        assert!((BLOCK..BLOCK + 1000).contains(&frame.len()), "{}", frame.len());
        let mut plain = Vec::new();
        decompress(&frame, Format::V2, bytes.len(), &mut plain).expect("a frame");
        assert!(plain == bytes);
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
    fn a_frame_with_large_blocks_is_read_with_as_much_room_as_it_needs() {
        for (size, limit) in
            [(3, 1000), (1000, 1000), (70_000, 100_000), (300_000, 1 << 20), (5 << 20, 8 << 20)]
        {
            let info = FrameInfo::new().block_size(BlockSize::Max4MB).block_mode(BlockMode::Linked);
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            let bytes: Vec<u8> = (0..size).map(|index: u32| (index / 7 % 251) as u8).collect();
            encoder.write_all(&bytes).expect("a Vec takes all");
            let frame = encoder.finish().expect("a Vec takes all");
            let mut plain = Vec::new();
            decompress(&frame, Format::V2, limit, &mut plain).expect("a frame");
            assert!(plain == bytes, "{size} bytes");
        }
    }

    #[test]
    fn a_block_beyond_the_limit_is_too_large_whatever_its_frame_announces() {
        for announced in [BlockSize::Max64KB, BlockSize::Max1MB, BlockSize::Max4MB] {
            for byte in [0, 1] {
                let info = FrameInfo::new().block_size(announced).block_mode(BlockMode::Independent);
                let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
                let bytes: Vec<u8> =
                    (0..500_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8 * byte).collect();
                encoder.write_all(&bytes).expect("a Vec takes all");
                let frame = encoder.finish().expect("a Vec takes all");
                let mut plain = Vec::new();
                let failure = decompress(&frame, Format::V2, 1000, &mut plain);
                assert!(matches!(failure, Err(Failure::TooLarge)), "{announced:?}: {failure:?}");
            }
        }
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
