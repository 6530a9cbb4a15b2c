//! Random records, random bytes.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use samsa_proto::records::{self, Codec, Format, NO_TIMESTAMP};

use crate::support::{CODECS, FORMATS, LIMIT, Plain, read_records, write};

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..most), vec(Just(b'x'), 0..most)]
}

fn format_and_codec() -> impl Strategy<Value = (Format, Codec)> {
    let pair = (proptest::sample::select(&FORMATS[..]), proptest::sample::select(&CODECS[..]));
    pair.prop_map(|(format, codec)| match (format, codec) {
        (Format::V0 | Format::V1, Codec::Zstd) => (Format::V2, codec),
        pair => pair,
    })
}

fn record() -> impl Strategy<Value = Plain> {
    let headers = vec((".{0,8}", option::of(bytes(40))), 0..4);
    let timestamp = prop_oneof![0..2_000_000_000_000_i64, any::<i64>()];
    (timestamp, option::of(bytes(100)), option::of(bytes(3000)), headers)
        .prop_map(|(timestamp, key, value, headers)| Plain { offset: 0, timestamp, key, value, headers })
}

/// The records as this format can hold them.
fn fit(format: Format, records: Vec<Plain>) -> Vec<Plain> {
    let fit = |(offset, mut record): (i64, Plain)| {
        record.offset = offset;
        if format != Format::V2 {
            record.headers.clear();
        }
        if format == Format::V0 {
            record.timestamp = NO_TIMESTAMP;
        }
        record
    };
    (0..).zip(records).map(fit).collect()
}

/// Reads all there is, whatever it is; what matters is that it ends.
fn read_anything(bytes: &[u8]) {
    let source = Bytes::copy_from_slice(bytes);
    for batch in records::batches(&source).flatten() {
        let _ = batch.verify();
        if let Ok(owned) = batch.into_owned(&source, LIMIT) {
            let records = owned.records().take_while(Result::is_ok).count();
            assert!(records <= LIMIT / 7);
        }
    }
}

proptest! {
    #[test]
    fn any_records_read_back_as_they_were_written(
        (format, codec) in format_and_codec(),
        records in vec(record(), 1..30),
    ) {
        let records = fit(format, records);
        prop_assert_eq!(read_records(&write(format, codec, &records)), Ok(records));
    }

    #[test]
    fn random_bytes_end_in_records_or_an_error(
        magic in 0..4_u8,
        attributes in any::<u8>(),
        mut bytes in vec(any::<u8>(), 17..400),
    ) {
        let length = bytes.len() as i32 - 12;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[16] = magic;
        if magic == 2 && bytes.len() > 61 {
            bytes[21..23].copy_from_slice(&[0, attributes & 0x0f]);
            bytes[23..27].copy_from_slice(&[0, 0, 0, attributes]);
            bytes[57..61].copy_from_slice(&[0, 0, 0, attributes & 7]);
        } else {
            bytes[17.min(length as usize)] = attributes & 0x0b;
        }
        read_anything(&bytes);
    }

    #[test]
    fn changed_bytes_of_a_good_batch_end_in_records_or_an_error(
        (format, codec) in format_and_codec(),
        records in vec(record(), 1..6),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut wire = write(format, codec, &fit(format, records)).to_vec();
        for (index, byte) in changes {
            let at = index.index(wire.len());
            wire[at] = byte;
        }
        read_anything(&wire);
    }
}
