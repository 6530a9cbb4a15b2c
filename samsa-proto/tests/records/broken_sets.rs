//! What is broken in a message set of format 0 or 1 is an error that says where.

use bytes::{BufMut, Bytes, BytesMut};
use samsa_proto::records::{self, Codec, Format, MessageSetBuilder, RecordsError, SealedMessageSet};

use crate::support::{LIMIT, read_records};

const MESSAGE_SETS: [Format; 2] = [Format::V0, Format::V1];

fn set(format: Format, values: &[&[u8]]) -> SealedMessageSet {
    let mut builder = MessageSetBuilder::new(BytesMut::new(), format);
    for value in values {
        builder.append(7, None, Some(value)).expect("it fits");
    }
    builder.seal()
}

/// A gzip message around `inside`, with a right checksum.
fn wrapper(format: Format, inside: &[u8]) -> Bytes {
    let value = gzip(inside);
    let mut message = set(format, &[&value]).bytes().to_vec();
    message[17] = 1;
    checked(message)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).expect("a Vec takes all");
    encoder.finish().expect("a Vec takes all")
}

fn checked(mut message: Vec<u8>) -> Bytes {
    let crc = crc32fast::hash(&message[16..]);
    message[12..16].copy_from_slice(&crc.to_be_bytes());
    Bytes::from(message)
}

fn field(error: &RecordsError) -> &'static str {
    match *error {
        RecordsError::Truncated { field, .. } | RecordsError::Invalid { field, .. } => field,
        ref other => panic!("this error is about no field: {other}"),
    }
}

#[test]
fn compression_inside_compression_is_refused() {
    for format in MESSAGE_SETS {
        let inner = set(format, &[b"a"]).compress(Codec::Gzip, None).expect("the format has gzip");
        let error = read_records(&wrapper(format, inner.bytes())).expect_err("nested");
        assert_eq!(field(&error), "codec inside a compressed set", "{format:?}");
    }
}

#[test]
fn a_set_of_another_format_inside_a_compressed_one_is_refused() {
    for [outer, inner] in [[Format::V0, Format::V1], [Format::V1, Format::V0]] {
        let error = read_records(&wrapper(outer, set(inner, &[b"a"]).bytes())).expect_err("mixed");
        assert_eq!(field(&error), "magic inside a set", "{outer:?}");
    }
}

#[test]
fn a_compressed_set_that_is_empty_cut_or_null_is_refused() {
    for format in MESSAGE_SETS {
        let empty = read_records(&wrapper(format, b"")).expect_err("empty");
        assert_eq!(field(&empty), "message offset");
        let inner = set(format, &[b"a", b"b"]);
        let cut = &inner.bytes()[..inner.bytes().len() - 1];
        assert_eq!(field(&read_records(&wrapper(format, cut)).expect_err("cut")), "message");

        let mut null = MessageSetBuilder::new(BytesMut::new(), format);
        null.append(7, None, None).expect("it fits");
        let mut message = null.seal().bytes().to_vec();
        message[17] = 1;
        assert_eq!(field(&read_records(&checked(message)).expect_err("null")), "compressed set");
    }
}

#[test]
fn a_message_that_cannot_be_is_refused() {
    for format in MESSAGE_SETS {
        let message = set(format, &[b"value"]).bytes().to_vec();
        let key_at = message.len() - 13;
        let cases: [(&str, usize, &[u8]); 6] = [
            ("batch length", 8, &13_i32.to_be_bytes()),
            ("batch length", 8, &(-1_i32).to_be_bytes()),
            ("codec of a message", 17, &[4]),
            ("key", key_at, &(-2_i32).to_be_bytes()),
            ("key", key_at, &i32::MAX.to_be_bytes()),
            ("bytes after the message", key_at + 4, &4_i32.to_be_bytes()),
        ];
        for (expected, at, bytes) in cases {
            let mut broken = message.clone();
            broken[at..at + bytes.len()].copy_from_slice(bytes);
            let error = read_records(&checked(broken)).expect_err(expected);
            assert_eq!(field(&error), expected, "{format:?}");
        }
    }
}

#[test]
fn a_broken_message_does_not_take_the_ones_before_it_along() {
    let mut wire = set(Format::V1, &[b"good", b"bad"]).bytes().to_vec();
    let second = wire.len() - 37;
    wire[second + 16] = 9;
    let mut batches = records::batches(&wire);
    let good = batches.next().expect("one").expect("well-formed");
    assert_eq!(good.header().record_count, Some(1));
    let error = batches.next().expect("one").expect_err("magic 9");
    assert!(matches!(error, RecordsError::Invalid { field: "magic", at, .. } if at == second + 16));
}

#[test]
fn messages_with_different_timestamp_types_are_batches_of_their_own() {
    let mut wire = set(Format::V1, &[b"a", b"b", b"c"]).bytes().to_vec();
    let last = wire.len() - 35;
    wire[last + 17] = 0x08;
    let counts: Vec<_> =
        records::batches(&wire).map(|batch| batch.expect("well-formed").header().record_count).collect();
    assert_eq!(counts, [Some(2), Some(1)]);
}

#[test]
fn log_append_time_of_a_compressed_set_holds_for_all_its_messages() {
    let sealed = set(Format::V1, &[b"a", b"b"]).compress(Codec::Lz4, None).expect("the format has LZ4");
    let mut message = sealed.bytes().to_vec();
    message[17] |= 0x08;
    message[18..26].copy_from_slice(&99_i64.to_be_bytes());
    let times: Vec<_> =
        read_records(&checked(message)).expect("well-formed").iter().map(|record| record.timestamp).collect();
    assert_eq!(times, [99, 99]);
}

#[test]
fn absolute_offsets_inside_a_compressed_set_of_format_0_are_kept() {
    let mut inner = set(Format::V0, &[b"a", b"b"]).bytes().to_vec();
    let second = inner.len() / 2;
    inner[..8].copy_from_slice(&500_i64.to_be_bytes());
    inner[second..second + 8].copy_from_slice(&503_i64.to_be_bytes());
    let mut wire = wrapper(Format::V0, &inner).to_vec();
    wire[..8].copy_from_slice(&503_i64.to_be_bytes());
    let wire = Bytes::from(wire);
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    let owned = batch.into_owned(&wire, LIMIT).expect("well-formed");
    assert_eq!((owned.header().base_offset, owned.header().last_offset), (500, 503));
    let offsets: Vec<_> = owned.records().map(|record| record.expect("well-formed").offset()).collect();
    assert_eq!(offsets, [500, 503]);
}

#[test]
fn a_promise_of_gigabytes_reserves_nothing() {
    let mut value = Vec::new();
    value.put_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    value.put_slice(b"\x00a");
    let mut plain = Vec::new();
    let outcome = records::decompress(Codec::Snappy, Format::V2, &value, usize::MAX, &mut plain);
    assert!(matches!(outcome, Err(RecordsError::Decompression { codec: Codec::Snappy, .. })), "{outcome:?}");
    assert!(plain.capacity() < 1024);
}
