//! What is written reads back the same.

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{
    self, BatchBuilder, Builder, Codec, EncodeError, Flags, Format, Header, Identity, Position,
};
use samsa_proto::records::{NO_TIMESTAMP, TimestampType};

use crate::support::{FORMATS, LIMIT, Plain, combinations, plain, read, read_records, write};

/// Null and empty keys and values, repeats that compress, and a value that needs a length of three bytes.
fn some_records(format: Format) -> Vec<Plain> {
    let long = b"the same again, ".repeat(3000);
    let parts: [[Option<&[u8]>; 2]; 6] = [
        [None, Some(b"first")],
        [Some(b"key"), None],
        [Some(b""), Some(b"")],
        [None, None],
        [Some(b"\x00\xff"), Some(&long)],
        [Some(&long[..70]), Some(b"last")],
    ];
    let timestamp = |index| if format == Format::V0 { NO_TIMESTAMP } else { 1_700_000_000_000 + index * 37 };
    let record =
        |(index, [key, value]): (i64, [Option<&[u8]>; 2])| Plain::new(index, timestamp(index), key, value);
    let mut records: Vec<_> = (0..).zip(parts).map(record).collect();
    if format == Format::V2 {
        let record = records.pop().expect("there are six");
        records.push(record.header("trace", Some(b"7")).header("", None).header("trace", Some(b"")));
    }
    records
}

#[test]
fn every_format_with_every_codec_reads_back_what_was_written() {
    for (format, codec) in combinations() {
        let records = some_records(format);
        let wire = write(format, codec, &records);
        assert_eq!(read_records(&wire).as_ref(), Ok(&records), "{format:?} {codec}");
    }
}

#[test]
fn a_batch_tells_its_span_before_its_records_are_read() {
    for (format, codec) in combinations() {
        let wire = write(format, codec, &some_records(format));
        let batch = records::batches(&wire).next().expect("one batch").expect("well-formed");
        let header = batch.header();
        assert_eq!((header.format, header.codec), (format, codec));
        assert_eq!((header.last_offset, header.next_offset()), (5, 6), "{format:?} {codec}");
        assert_eq!(batch.bytes(), wire);
        let max = if format == Format::V0 { NO_TIMESTAMP } else { 1_700_000_000_000 + 5 * 37 };
        assert_eq!(header.max_timestamp, max);
    }
}

#[test]
fn an_owned_batch_knows_its_first_offset_and_count_in_every_format() {
    for (format, codec) in combinations() {
        let owned = &read(&write(format, codec, &some_records(format))).expect("well-formed")[0];
        assert_eq!(
            (owned.header().base_offset, owned.header().record_count),
            (0, Some(6)),
            "{format:?} {codec}"
        );
    }
}

#[test]
fn the_length_said_before_an_append_is_what_the_append_adds() {
    for format in FORMATS {
        let mut builder = Builder::new(BytesMut::new(), format);
        for record in some_records(format) {
            let headers = record.headers.iter().map(|(key, value)| Header::new(key, value.as_deref()));
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            let said = builder.encoded_len(record.timestamp, key, value, headers.clone());
            let before = builder.len();
            builder.append(record.timestamp, key, value, headers).expect("it fits");
            assert_eq!(builder.len() - before, said);
        }
    }
}

#[test]
fn batches_of_different_formats_follow_one_another() {
    let parts: Vec<_> =
        combinations().map(|(format, codec)| write(format, codec, &some_records(format))).collect();
    let wire = Bytes::from(parts.concat());
    let batches = read(&wire).expect("well-formed");
    let found: Vec<_> = batches.iter().map(|batch| (batch.header().format, batch.header().codec)).collect();
    assert_eq!(found, combinations().collect::<Vec<_>>());
}

#[test]
fn a_batch_that_is_cut_off_at_the_end_is_left_out_and_can_be_seen() {
    for (format, codec) in combinations() {
        let whole = write(format, codec, &some_records(format)[..1]);
        let wire = [whole.clone(), whole.slice(..whole.len() - 1)].concat();
        let mut batches = records::batches(&wire);
        assert_eq!(batches.next().expect("one").expect("well-formed").bytes(), whole);
        assert!(batches.next().is_none());
        assert_eq!(batches.rest(), &whole[..whole.len() - 1]);
    }
}

#[test]
fn reading_can_stop_after_any_record_and_go_on_there() {
    for (format, codec) in combinations() {
        let expected = some_records(format);
        let owned = &read(&write(format, codec, &expected)).expect("well-formed")[0];
        let mut position = Position::START;
        let mut found = Vec::new();
        loop {
            let mut records = owned.records_from(position);
            let Some(record) = records.next() else { break };
            found.push(plain(&record.expect("well-formed")));
            position = records.position();
        }
        assert_eq!(found, expected, "{format:?} {codec}");
    }
}

#[test]
fn parts_of_a_record_can_be_kept_without_a_copy() {
    let wire = write(Format::V2, Codec::None, &[Plain::new(0, 0, None, Some(b"kept"))]);
    let owned = read(&wire).expect("well-formed").remove(0);
    let record = owned.records().next().expect("one").expect("well-formed");
    let kept = owned.share(record.value().expect("not null"));
    assert_eq!(kept, "kept");
    assert!(wire.as_ptr_range().contains(&kept.as_ptr()));
}

#[test]
fn identity_and_flags_come_late_and_leave_the_body_alone() {
    let mut builder = BatchBuilder::new(BytesMut::new());
    builder.append(5, None, Some(b"value"), []).expect("it fits");
    let sealed = builder.seal().compress(Codec::Gzip, Some(9)).expect("gzip has a level 9");
    let first = Identity { producer_id: 7, producer_epoch: 0, base_sequence: 41 };
    let flags = Flags { transactional: true, control: false };
    for identity in [Some(first), Some(Identity { producer_epoch: 1, base_sequence: 0, ..first }), None] {
        let wire = [sealed.header(identity, flags), sealed.body().clone()].concat();
        let batch = records::batches(&wire).next().expect("one").expect("well-formed");
        assert_eq!(batch.verify(), Ok(()));
        assert_eq!(batch.header().identity, identity);
        assert!(batch.header().is_transactional && !batch.header().is_control);
    }
}

#[test]
fn a_buffer_is_used_again_with_its_capacity() {
    let mut buffer = BytesMut::with_capacity(4096);
    buffer.extend_from_slice(b"left from before");
    let address = buffer.as_ptr();
    let mut builder = BatchBuilder::new(buffer);
    builder.append(0, None, Some(&[1; 1000]), []).expect("it fits");
    assert_eq!((builder.capacity(), builder.count()), (4096, 1));
    assert_eq!(builder.seal().body().as_ptr(), address);
}

#[test]
fn log_append_time_of_a_batch_holds_for_all_its_records() {
    let mut wire = write(Format::V2, Codec::None, &some_records(Format::V2)).to_vec();
    wire[22] |= 0x08;
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    for record in batch.records().expect("not compressed") {
        let record = record.expect("well-formed");
        assert_eq!(record.timestamp(), 1_700_000_000_000 + 5 * 37);
        assert_eq!(record.timestamp_type(), TimestampType::LogAppendTime);
    }
}

#[test]
fn the_offsets_of_a_compressed_set_of_format_1_are_counted_from_its_wrapper() {
    let mut wire = write(Format::V1, Codec::Gzip, &some_records(Format::V1)).to_vec();
    wire[..8].copy_from_slice(&1005_i64.to_be_bytes());
    let records = read_records(&Bytes::from(wire)).expect("the checksum does not cover the offset");
    assert_eq!(
        records.iter().map(|record| record.offset).collect::<Vec<_>>(),
        (1000..1006).collect::<Vec<_>>()
    );
}

#[test]
fn a_batch_can_be_decompressed_into_a_buffer_of_the_caller() {
    for (format, codec) in combinations() {
        let wire = write(format, codec, &some_records(format));
        let batch = records::batches(&wire).next().expect("one").expect("well-formed");
        let owned = batch.decompress(LIMIT, BytesMut::with_capacity(1024 * 1024)).expect("well-formed");
        let found: Vec<_> = owned.records().map(|record| plain(&record.expect("well-formed"))).collect();
        assert_eq!(found, some_records(format), "{format:?} {codec}");
    }
}

#[test]
fn a_delete_horizon_stands_in_the_base_timestamp() {
    let mut wire = write(Format::V2, Codec::None, &some_records(Format::V2)).to_vec();
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    assert_eq!(batch.header().delete_horizon, None);
    wire[22] |= 0x40;
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    assert_eq!(batch.header().delete_horizon, Some(1_700_000_000_000));
}

#[test]
fn a_message_set_has_no_room_for_headers() {
    for format in [Format::V0, Format::V1] {
        let mut builder = Builder::new(BytesMut::new(), format);
        let outcome = builder.append(0, None, Some(b"value"), [Header::new("trace", None)]);
        assert_eq!(outcome, Err(EncodeError::HeadersUnsupported { format }));
        assert_eq!((builder.count(), builder.len()), (0, 0));
    }
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_record_beyond_two_gigabytes_is_refused_before_anything_is_written() {
    // Zeros that nobody looks at take no memory.
    let huge = vec![0; i32::MAX as usize];
    for format in FORMATS {
        let mut builder = Builder::new(BytesMut::new(), format);
        let outcome = builder.append(0, None, Some(&huge), []);
        assert!(matches!(outcome, Err(EncodeError::TooLarge { bytes }) if bytes > huge.len()), "{format:?}");
        assert_eq!((builder.len(), builder.capacity()), (0, 0));
    }
}
