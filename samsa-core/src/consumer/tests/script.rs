//! Words for the scripts: batches, sources, responses.

use std::sync::Arc;

use bytes::BytesMut;
use samsa_proto::records::{BatchBuilder, Codec, ControlKind, ControlRecord, Flags, Identity};

use crate::consumer::buffer::FetchBuffer;
use crate::consumer::source::Source;
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
    sealed(base_offset, records(base_offset, count), codec, None, flags)
}

/// The same, by this producer in a transaction.
pub(crate) fn written_in_transaction(producer: i64, base_offset: i64, count: usize) -> Vec<u8> {
    let flags = Flags { transactional: true, ..Flags::default() };
    sealed(base_offset, records(base_offset, count), Codec::None, Some(producer), flags)
}

/// The end of a producer's transaction.
pub(crate) fn marker(producer: i64, offset: i64, kind: ControlKind) -> Vec<u8> {
    let record = ControlRecord { kind, coordinator_epoch: Some(0) };
    let mut builder = BatchBuilder::new(BytesMut::new());
    let value = record.value();
    builder.append(1_000, Some(&record.key()), value.as_ref().map(|value| &value[..]), []).unwrap();
    let flags = Flags { transactional: true, control: true };
    sealed(offset, builder, Codec::None, Some(producer), flags)
}

fn records(base_offset: i64, count: usize) -> BatchBuilder {
    let mut builder = BatchBuilder::new(BytesMut::new());
    for number in 0..count {
        let offset = base_offset + number as i64;
        builder.append(1_000 + offset, Some(b"k"), Some(offset.to_string().as_bytes()), []).unwrap();
    }
    builder
}

fn sealed(
    base_offset: i64,
    builder: BatchBuilder,
    codec: Codec,
    producer: Option<i64>,
    flags: Flags,
) -> Vec<u8> {
    let sealed = builder.seal().compress(codec, None).unwrap();
    let by = |producer_id| Identity { producer_id, producer_epoch: 0, base_sequence: 0 };
    let mut bytes = [sealed.header(producer.map(by), flags), sealed.body().clone()].concat();
    bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
    bytes
}

/// The same batch, appended by the leader of this epoch.
pub(crate) fn in_leader_epoch(mut batch: Vec<u8>, epoch: i32) -> Vec<u8> {
    batch[12..16].copy_from_slice(&epoch.to_be_bytes());
    batch
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
