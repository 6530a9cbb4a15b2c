//! Instructions per record, counted by valgrind: `cargo bench -p samsa-proto --bench instructions`.
//!
//! Times on shared machines are noisy, counts are not. The program runs itself under callgrind, once with a little
//! work and once with more of it; the difference is the work. Without valgrind it says so and ends.

use std::hint::black_box;
use std::process::{Command, ExitCode};

use bytes::{Bytes, BytesMut};
use samsa_proto::records::{self, BatchBuilder, Flags, Header};

const RECORDS: usize = 1000;
const FEW: usize = 2;
const MANY: usize = 12;

/// What is counted. Every batch has [`RECORDS`] records.
const WORKLOADS: [Workload; 4] = [
    Workload { name: "append, 100-byte value", run: append },
    Workload { name: "append, key, 100-byte value, header", run: append_with_header },
    Workload { name: "visit, 100-byte value", run: visit },
    Workload { name: "verify, 100-byte value", run: verify },
];

struct Workload {
    name: &'static str,
    /// Does the work for this many batches.
    run: fn(usize),
}

#[expect(clippy::disallowed_methods, reason = "this program runs itself, with what to do as arguments")]
fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, flag, workload, times] = arguments.as_slice()
        && flag == "--workload"
    {
        let index: usize = workload.parse().expect("the number of a workload");
        (WORKLOADS[index].run)(times.parse().expect("a number of batches"));
        return ExitCode::SUCCESS;
    }
    for (index, Workload { name, .. }) in WORKLOADS.iter().enumerate() {
        let (Some(few), Some(many)) = (count(index, FEW), count(index, MANY)) else {
            println!("valgrind is not installed: no instruction counts");
            return ExitCode::SUCCESS;
        };
        let per_record = (many - few) / ((MANY - FEW) * RECORDS) as u64;
        println!("{per_record:>4} instructions a record: {name}");
    }
    ExitCode::SUCCESS
}

/// Runs this program under callgrind and gives the instructions that it took.
fn count(workload: usize, times: usize) -> Option<u64> {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--workload", &workload.to_string(), &times.to_string()])
        .output()
        .ok()?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : "))?.1;
    Some(collected.trim().parse().expect("callgrind prints a number"))
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
