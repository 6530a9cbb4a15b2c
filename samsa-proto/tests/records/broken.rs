//! What is broken in a batch of format 2 is an error that says where, and never a panic.

use bytes::{BufMut, Bytes};
use samsa_proto::records::{self, Codec, Format, RecordsError};

use crate::support::{LIMIT, Plain, combinations, read_records, write};

fn one_record(format: Format, codec: Codec) -> Vec<u8> {
    write(format, codec, &[Plain::new(0, 3, Some(b"key"), Some(b"value"))]).to_vec()
}

/// Reads all that can be read, checksums apart: the number of records and headers.
fn read_unchecked(bytes: &[u8]) -> Result<usize, RecordsError> {
    let source = Bytes::copy_from_slice(bytes);
    let mut count = 0;
    for batch in records::batches(&source) {
        for record in batch?.into_owned(&source, LIMIT)?.records() {
            count += record?.headers().count() + 1;
        }
    }
    Ok(count)
}

/// The field that an error is about, and where it stands.
fn place(error: &RecordsError) -> (&'static str, usize) {
    match *error {
        RecordsError::Truncated { field, at, .. } | RecordsError::Invalid { field, at, .. } => (field, at),
        ref other => panic!("this error is about no field: {other}"),
    }
}

/// A batch around `body`, right but for its checksum.
fn batch(last_delta: i32, count: i32, body: &[u8]) -> Vec<u8> {
    let mut batch = Vec::new();
    batch.put_i64(0);
    batch.put_i32(49 + body.len() as i32);
    batch.put_i32(-1);
    batch.put_i8(2);
    batch.put_u32(0);
    batch.put_i16(0);
    batch.put_i32(last_delta);
    batch.put_bytes(0, 16);
    batch.put_i64(-1);
    batch.put_i16(-1);
    batch.put_i32(-1);
    batch.put_i32(count);
    batch.put_slice(body);
    batch
}

#[test]
fn a_response_cut_anywhere_gives_what_is_whole() {
    for (format, codec) in combinations() {
        let whole = one_record(format, codec);
        for cut in 0..whole.len() {
            assert_eq!(read_unchecked(&whole[..cut]), Ok(0), "{format:?} {codec} cut at {cut}");
        }
    }
}

#[test]
fn a_batch_whose_end_is_missing_although_its_length_agrees_is_an_error() {
    for (format, codec) in combinations() {
        let whole = one_record(format, codec);
        for cut in 17..whole.len() {
            let mut short = whole[..cut].to_vec();
            short[8..12].copy_from_slice(&(cut as i32 - 12).to_be_bytes());
            // An LZ4 frame may lack its end mark and be all there.
            let outcome = read_unchecked(&short);
            assert!(matches!(outcome, Ok(1) | Err(_)), "{format:?} {codec} cut at {cut}: {outcome:?}");
        }
    }
}

#[test]
fn no_byte_that_a_checksum_covers_can_be_changed_unnoticed() {
    for (format, codec) in combinations() {
        let whole = one_record(format, codec);
        let covered_from = if format == Format::V2 { 21 } else { 16 };
        for at in covered_from..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = whole.clone();
                broken[at] ^= flip;
                let outcome = read_records(&Bytes::from(broken));
                assert!(outcome.is_err(), "{format:?} {codec} byte {at} flipped by {flip:#x}");
            }
        }
    }
}

#[test]
fn a_wrong_checksum_names_the_batch() {
    for format in [Format::V0, Format::V1, Format::V2] {
        let mut wire = one_record(format, Codec::None);
        *wire.last_mut().expect("not empty") ^= 1;
        wire[7] = 42;
        let batch = records::batches(&wire).next().expect("one").expect("well-formed");
        assert!(matches!(batch.verify(), Err(RecordsError::Checksum { offset: 42, .. })), "{format:?}");
    }
}

#[test]
fn an_error_ends_the_walk() {
    let mut wire = one_record(Format::V2, Codec::None);
    wire[16] = 3;
    let mut batches = records::batches(&wire);
    let expected = RecordsError::Invalid { at: 16, field: "magic", expected: "0, 1 or 2", found: 3 };
    assert_eq!(batches.next().map(|batch| batch.map(|_| ())), Some(Err(expected)));
    assert!(batches.next().is_none());
    assert_eq!(batches.rest(), wire);
}

#[test]
fn a_header_that_cannot_be_is_refused_where_it_is_wrong() {
    let good = batch(0, 1, &[14, 0, 0, 0, 1, 2, b'v', 0]);
    assert_eq!(read_unchecked(&good), Ok(1));
    let cases: [(&str, usize, &[u8]); 9] = [
        ("batch length", 8, &48_i32.to_be_bytes()),
        ("batch length", 8, &(-1_i32).to_be_bytes()),
        ("batch length", 8, &i32::MIN.to_be_bytes()),
        ("codec", 21, &5_i16.to_be_bytes()),
        ("last offset delta", 23, &(-1_i32).to_be_bytes()),
        ("record count", 57, &(-1_i32).to_be_bytes()),
        ("record count", 57, &2_i32.to_be_bytes()),
        ("record count", 57, &i32::MAX.to_be_bytes()),
        ("record count", 57, &i32::MIN.to_be_bytes()),
    ];
    for (field, at, bytes) in cases {
        let mut broken = good.clone();
        broken[at..at + bytes.len()].copy_from_slice(bytes);
        let error = read_unchecked(&broken).expect_err(field);
        assert_eq!(place(&error), (field, at));
    }
}

#[test]
fn a_base_offset_that_leaves_no_room_for_the_last_one_is_refused() {
    let mut broken = batch(1, 1, &[14, 0, 0, 0, 1, 2, b'v', 0]);
    broken[..8].copy_from_slice(&i64::MAX.to_be_bytes());
    let error = read_unchecked(&broken).expect_err("the last offset is out of range");
    assert_eq!(place(&error), ("last offset delta", 23));
}

#[test]
fn a_record_that_cannot_be_is_refused_where_it_is_wrong() {
    let cases: [(&str, usize, &[u8]); 14] = [
        ("record length", 0, &[13, 0, 0, 0, 1, 2, b'v', 0]),
        ("record", 1, &[16, 0, 0, 0, 1, 2, b'v', 0]),
        ("record length", 0, &[0x80, 0x80, 0x80, 0x80, 0x80, 0, 0]),
        ("timestamp delta", 2, &[14, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("offset delta", 3, &[14, 0, 0, 2, 1, 2, b'v', 0]),
        ("offset delta", 3, &[14, 0, 0, 1, 1, 2, b'v', 0]),
        ("key", 4, &[14, 0, 0, 0, 3, 2, b'v', 0]),
        ("key", 5, &[14, 0, 0, 0, 8, 2, b'v', 0]),
        ("value", 5, &[14, 0, 0, 0, 1, 3, b'v', 0]),
        ("value", 6, &[14, 0, 0, 0, 1, 6, b'v', 0]),
        ("header count", 7, &[14, 0, 0, 0, 1, 2, b'v', 1]),
        ("header count", 7, &[14, 0, 0, 0, 1, 2, b'v', 2]),
        ("header key length", 7, &[16, 0, 0, 0, 1, 0, 2, 1, 1]),
        ("bytes after the record", 7, &[16, 0, 0, 0, 1, 0, 0, 9, 9]),
    ];
    for (field, at, body) in cases {
        let error = read_unchecked(&batch(0, 1, body)).expect_err(field);
        assert_eq!(place(&error), (field, 61 + at), "{body:?}");
    }
}

#[test]
fn offsets_that_do_not_rise_are_refused() {
    let body = [14, 0, 0, 0, 1, 2, b'a', 0, 14, 0, 0, 0, 1, 2, b'b', 0];
    let wire = batch(1, 2, &body);
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    let mut records = batch.records().expect("not compressed");
    assert_eq!(records.next().map(|record| record.map(|record| record.offset())), Some(Ok(0)));
    let error = records.next().expect("an error").expect_err("the offset again");
    assert_eq!(place(&error), ("offset delta", 61 + 8 + 3));
    assert!(records.next().is_none());
}

#[test]
fn bytes_after_the_last_record_are_told_once() {
    let wire = batch(0, 1, &[14, 0, 0, 0, 1, 2, b'v', 0, 1, 2, 3]);
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    let mut records = batch.records().expect("not compressed");
    assert!(records.next().is_some_and(|record| record.is_ok()));
    let error = records.next().expect("an error").expect_err("three bytes too many");
    assert_eq!(place(&error), ("bytes after the last record", 61 + 8));
    assert!(records.next().is_none());
}

#[test]
fn what_compaction_emptied_still_has_its_span() {
    let wire = batch(9, 0, &[]);
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    assert_eq!((batch.header().record_count, batch.header().next_offset()), (Some(0), 10));
    assert_eq!(batch.records().expect("not compressed").count(), 0);
}

#[test]
fn a_compressed_batch_is_not_read_in_place() {
    for (format, codec) in combinations().filter(|&(_, codec)| codec != Codec::None) {
        let wire = one_record(format, codec);
        let batch = records::batches(&wire).next().expect("one").expect("well-formed");
        assert_eq!(batch.records().map(|_| ()).unwrap_err(), RecordsError::Compressed { codec });
    }
}

#[test]
fn decompression_stops_at_the_limit_and_not_before() {
    let zeros = vec![0; 100_000];
    for (format, codec) in combinations().filter(|&(_, codec)| codec != Codec::None) {
        let wire = write(format, codec, &[Plain::new(0, 0, None, Some(&zeros))]);
        let batch = records::batches(&wire).next().expect("one").expect("well-formed");
        let plain = batch.into_owned(&wire, LIMIT).expect("well-formed").len();
        assert!(batch.into_owned(&wire, plain).is_ok(), "{format:?} {codec}");
        for limit in [0, 1, 1000, plain - 1] {
            let outcome = batch.into_owned(&wire, limit).map(|_| ());
            assert_eq!(outcome, Err(RecordsError::TooLarge { limit }), "{format:?} {codec}");
        }
    }
}
