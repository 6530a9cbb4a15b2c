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
