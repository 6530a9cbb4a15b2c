//! Bytes that Apache's own classes wrote.

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{
    self, BatchBuilder, Codec, ControlKind, ControlRecord, Flags, Format, Header, Identity,
    MessageSetBuilder, NO_TIMESTAMP,
};

use crate::support::{CODECS, FORMATS, Plain, combinations, plain, read};

const WRITTEN: &str = include_str!("../data/records/kafka-clients-3.9.2.txt");
const VALUE: &[u8] = b"a value, a value, a value";
const TIMESTAMP: i64 = 1_700_000_000_000;
const IDENTITY: Identity = Identity { producer_id: 7, producer_epoch: 3, base_sequence: 41 };

/// The bytes behind these two words.
fn written(magic: &str, what: &str) -> Bytes {
    let start = format!("{magic} {what} ");
    let hex = WRITTEN.lines().find_map(|line| line.strip_prefix(&start)).expect("there is such a line");
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hex digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn written_by(format: Format, codec: Codec) -> Bytes {
    written(&format.magic().to_string(), &codec.to_string())
}

fn expected(format: Format) -> [Plain; 2] {
    let time = |at| if format == Format::V0 { NO_TIMESTAMP } else { at };
    let first = Plain::new(1000, time(TIMESTAMP), Some(b"key"), Some(VALUE));
    let second = Plain::new(1001, time(TIMESTAMP + 5), None, None);
    if format == Format::V2 {
        [first, second.header("trace", Some(b"\x01")).header("none", None)]
    } else {
        [first, second]
    }
}

#[test]
fn what_java_writes_reads_as_it_was_meant() {
    assert_eq!(combinations().count(), FORMATS.len() * CODECS.len() - 2);
    for (format, codec) in combinations() {
        let batches = read(&written_by(format, codec)).expect("well-formed");
        assert_eq!(batches.len(), 1, "{format:?} {codec}");
        let header = batches[0].header();
        assert_eq!((header.base_offset, header.last_offset, header.record_count), (1000, 1001, Some(2)));
        assert_eq!((header.format, header.codec), (format, codec));
        let found: Vec<_> = batches[0].records().map(|record| plain(&record.expect("well-formed"))).collect();
        assert_eq!(found, expected(format), "{format:?} {codec}");
    }
}

#[test]
fn identity_and_leader_epoch_are_where_java_writes_them() {
    for codec in CODECS {
        let batches = read(&written_by(Format::V2, codec)).expect("well-formed");
        let header = batches[0].header();
        assert_eq!((header.identity, header.leader_epoch), (Some(IDENTITY), Some(9)), "{codec}");
        assert_eq!((header.base_timestamp, header.max_timestamp), (TIMESTAMP, TIMESTAMP + 5));
    }
}

#[test]
fn a_batch_has_the_bytes_that_java_gives_it_but_for_what_the_broker_sets() {
    let mut builder = BatchBuilder::new(BytesMut::new());
    builder.append(TIMESTAMP, Some(b"key"), Some(VALUE), []).expect("it fits");
    let headers = [Header::new("trace", Some(b"\x01")), Header::new("none", None)];
    builder.append(TIMESTAMP + 5, None, None, headers).expect("it fits");
    let sealed = builder.seal();
    let mut wire = [sealed.header(Some(IDENTITY), Flags::default()), sealed.body().clone()].concat();
    wire[..8].copy_from_slice(&1000_i64.to_be_bytes());
    wire[12..16].copy_from_slice(&9_i32.to_be_bytes());
    assert_eq!(wire, written_by(Format::V2, Codec::None));
}

#[test]
fn a_message_set_has_the_bytes_that_java_gives_it_but_for_the_offsets() {
    for format in [Format::V0, Format::V1] {
        let mut builder = MessageSetBuilder::new(BytesMut::new(), format);
        builder.append(TIMESTAMP, Some(b"key"), Some(VALUE)).expect("it fits");
        let second = builder.len();
        builder.append(TIMESTAMP + 5, None, None).expect("it fits");
        let mut wire = builder.seal().bytes().to_vec();
        wire[..8].copy_from_slice(&1000_i64.to_be_bytes());
        wire[second..second + 8].copy_from_slice(&1001_i64.to_be_bytes());
        assert_eq!(wire, written_by(format, Codec::None), "{format:?}");
    }
}

#[test]
fn the_marker_of_an_aborted_transaction_is_read_and_written_as_java_does() {
    let wire = written("2", "abort");
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    assert_eq!(batch.verify(), Ok(()));
    assert!(batch.header().is_control && batch.header().is_transactional);
    let record = batch.records().expect("not compressed").next().expect("one").expect("well-formed");
    let control = ControlRecord::decode(&record).expect("well-formed");
    assert_eq!(control, ControlRecord { kind: ControlKind::Abort, coordinator_epoch: Some(4) });
    assert_eq!(Some(control.key().as_slice()), record.key());
    assert_eq!(control.value().as_ref().map(<[u8; 6]>::as_slice), record.value());
}
