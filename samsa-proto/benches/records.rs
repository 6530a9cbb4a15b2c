//! Time per record: `cargo bench -p samsa-proto --bench records`. Each line is one batch of 1,000 records.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use divan::Bencher;
use divan::counter::ItemsCount;
use samsa_proto::records::{self, BatchBuilder, Builder, Codec, Flags, Format, Header, Records};

const RECORDS: usize = 1000;
const BUFFER: usize = 256 * 1024;
const FORMATS: [Format; 3] = [Format::V0, Format::V1, Format::V2];
const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn main() {
    divan::main();
}

/// A hundred bytes that compress about as well as log lines do.
fn value(index: usize) -> Vec<u8> {
    let text =
        format!("{{\"user\":{},\"action\":\"view\",\"page\":\"/item/{}\"}}", index * 7919 % 1000, index % 37);
    text.bytes().chain(std::iter::repeat(b' ')).take(100).collect()
}

fn open(format: Format, buffer: BytesMut, values: &[Vec<u8>]) -> Builder {
    let mut builder = Builder::new(buffer, format);
    for (index, value) in values.iter().enumerate() {
        builder.append(1_700_000_000_000 + index as i64 / 100, None, Some(value), []).expect("it fits");
    }
    builder
}

fn values() -> Vec<Vec<u8>> {
    (0..RECORDS).map(value).collect()
}

fn wire(format: Format, codec: Codec) -> Bytes {
    let sealed = open(format, BytesMut::new(), &values()).seal();
    let sealed = sealed.compress(codec, None).expect("the format has the codec");
    Bytes::from([sealed.header(None, Flags::default()), sealed.body().clone()].concat())
}

fn visit(records: Records<'_>) -> i64 {
    let mut sum = 0;
    for record in records {
        let record = record.expect("well-formed");
        sum += record.offset() + record.timestamp() + record.value().map_or(0, |value| value.len() as i64);
    }
    sum
}

#[divan::bench(args = FORMATS)]
fn append(bencher: Bencher<'_, '_>, format: Format) {
    let values = values();
    let buffer = std::cell::Cell::new(BytesMut::with_capacity(BUFFER));
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        let sealed = black_box(open(format, buffer.take(), black_box(&values))).seal();
        let body = sealed.body().clone();
        drop(sealed);
        buffer.set(body.try_into_mut().expect("nobody else has it"));
    });
}

#[divan::bench]
fn append_with_key_and_header(bencher: Bencher<'_, '_>) {
    let values = values();
    let buffer = std::cell::Cell::new(BytesMut::with_capacity(BUFFER));
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        let mut builder = BatchBuilder::new(buffer.take());
        for value in black_box(&values) {
            let header = Header::new("trace", Some(b"12345678"));
            builder.append(1_700_000_000_000, Some(&value[..8]), Some(value), [header]).expect("it fits");
        }
        let body = builder.seal().body().clone();
        buffer.set(body.try_into_mut().expect("nobody else has it"));
    });
}

#[divan::bench(args = FORMATS)]
fn visit_in_place(bencher: Bencher<'_, '_>, format: Format) {
    let wire = wire(format, Codec::None);
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench(|| visit(black_box(&batch).records().expect("not compressed")));
}

#[divan::bench(args = FORMATS)]
fn verify(bencher: Bencher<'_, '_>, format: Format) {
    let wire = wire(format, Codec::None);
    let batch = records::batches(&wire).next().expect("one").expect("well-formed");
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| black_box(&batch).verify());
}

#[divan::bench]
fn header(bencher: Bencher<'_, '_>) {
    let Builder::Batch(builder) = open(Format::V2, BytesMut::new(), &values()) else { unreachable!() };
    let sealed = builder.seal();
    bencher.bench(|| black_box(&sealed).header(None, Flags::default()));
}

#[divan::bench(args = CODECS)]
fn compress(bencher: Bencher<'_, '_>, codec: Codec) {
    let sealed = open(Format::V2, BytesMut::new(), &values()).seal();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench(|| black_box(&sealed).compress(codec, None).expect("the format has the codec"));
}

#[divan::bench(args = CODECS)]
fn decompress_and_visit(bencher: Bencher<'_, '_>, codec: Codec) {
    let wire = wire(Format::V2, codec);
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let batch = records::batches(black_box(&wire)).next().expect("one").expect("well-formed");
        visit(batch.into_owned(&wire, 1024 * 1024).expect("well-formed").records())
    });
}
