//! Instructions per record, counted by valgrind: `cargo bench -p samsa-proto --bench instructions`.
//!
//! Times on shared machines are noisy, counts are not.

mod callgrind;

use std::hint::black_box;
use std::process::ExitCode;

use bytes::{Bytes, BytesMut};
use callgrind::Workload;
use samsa_proto::records::{self, BatchBuilder, Flags, Header};

const RECORDS: usize = 1000;

/// What is counted. Every batch has [`RECORDS`] records.
const WORKLOADS: [Workload; 4] = [
    Workload { name: "append, 100-byte value", run: append },
    Workload { name: "append, key, 100-byte value, header", run: append_with_header },
    Workload { name: "visit, 100-byte value", run: visit },
    Workload { name: "verify, 100-byte value", run: verify },
];

fn main() -> ExitCode {
    callgrind::run(&WORKLOADS, RECORDS)
}

fn fill(buffer: BytesMut, with_header: bool) -> BatchBuilder {
    let value = [b'.'; 100];
    let mut builder = BatchBuilder::new(buffer);
    for index in 0..RECORDS {
        let key = with_header.then_some(&value[..8]);
        let header = with_header.then_some(Header::new("trace", Some(b"12345678")));
        builder.append(index as i64 / 100, black_box(key), Some(black_box(&value)), header).expect("it fits");
    }
    builder
}

fn append(times: usize) {
    fill_again_and_again(times, false);
}

fn append_with_header(times: usize) {
    fill_again_and_again(times, true);
}

fn fill_again_and_again(times: usize, with_header: bool) {
    let mut buffer = BytesMut::with_capacity(256 * 1024);
    for _ in 0..times {
        let body = fill(buffer, with_header).seal().body().clone();
        buffer = body.try_into_mut().expect("nobody else has it");
    }
}

fn wire() -> Bytes {
    let sealed = fill(BytesMut::new(), false).seal();
    Bytes::from([sealed.header(None, Flags::default()), sealed.body().clone()].concat())
}

fn visit(times: usize) {
    let wire = wire();
    for _ in 0..times {
        let batch = records::batches(black_box(&wire)).next().expect("one").expect("well-formed");
        for record in batch.records().expect("not compressed") {
            let record = record.expect("well-formed");
            black_box((record.offset(), record.timestamp(), record.value()));
        }
    }
}

fn verify(times: usize) {
    let wire = wire();
    for _ in 0..times {
        let batch = records::batches(black_box(&wire)).next().expect("one").expect("well-formed");
        batch.verify().expect("the checksum is right");
    }
}
