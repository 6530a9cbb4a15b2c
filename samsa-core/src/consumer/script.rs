//! Words for the scripts: batches, sources, responses.

use std::sync::Arc;

use bytes::BytesMut;
use samsa_proto::records::{BatchBuilder, Codec, Flags};

use super::buffer::{FetchBuffer, Source};
use crate::id::ReaderId;
use crate::wake::DriverSignal;

/// A reader's buffer of the topic "events", which decompresses up to 64 KiB.
pub(crate) fn buffer() -> (Arc<FetchBuffer>, Arc<DriverSignal>) {
    let signal = Arc::new(DriverSignal::default());
    (FetchBuffer::new(ReaderId(1), Arc::from("events"), 64 << 10, Arc::clone(&signal)), signal)
}

pub(crate) fn source(partition: i32) -> Arc<Source> {
    Source::new(partition, &buffer().0)
}

/// `count` records with the values "0", "1", ... and the keys "k", at these offsets.
pub(crate) fn batch(base_offset: i64, count: usize) -> Vec<u8> {
    coded_batch(base_offset, count, Codec::None, Flags::default())
}

pub(crate) fn control_batch(offset: i64) -> Vec<u8> {
    coded_batch(offset, 1, Codec::None, Flags { control: true, ..Flags::default() })
}

pub(crate) fn coded_batch(base_offset: i64, count: usize, codec: Codec, flags: Flags) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BytesMut::new());
    for number in 0..count {
        let offset = base_offset + number as i64;
        builder.append(1_000 + offset, Some(b"k"), Some(offset.to_string().as_bytes()), []).unwrap();
    }
    let sealed = builder.seal().compress(codec, None).unwrap();
    let mut bytes = [sealed.header(None, flags), sealed.body().clone()].concat();
    bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
    bytes
}

/// What compaction leaves of `count` records: their offsets.
pub(crate) fn emptied_batch(base_offset: i64, count: i32) -> Vec<u8> {
    let mut bytes = batch(base_offset, 1);
    bytes.truncate(61);
    bytes[8..12].copy_from_slice(&49_i32.to_be_bytes());
    bytes[23..27].copy_from_slice(&(count - 1).to_be_bytes());
    bytes[57..61].copy_from_slice(&0_i32.to_be_bytes());
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn crc32c(bytes: &[u8]) -> u32 {
    let fold = |crc: u32, byte: &u8| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 },
        )
    };
    !bytes.iter().fold(u32::MAX, fold)
}
