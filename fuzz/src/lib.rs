//! The bodies of the fuzz targets: functions that take arbitrary bytes and panic when something does not hold.
//!
//! | target       | is fed                                      | checks                                                   |
//! |--------------|---------------------------------------------|----------------------------------------------------------|
//! | [`messages`] | a message of any API, version and direction | what decodes, encodes and decodes again to the same      |
//! | [`records`]  | batches, compressed bytes, records to write | what reads, builds again to the same; limits hold        |
//! | [`znodes`]   | the data of a znode, for each reader        | what reads, writes and reads again to the same           |
//! | [`kafka07`]  | frames and sets of Kafka 0.7                | what decodes, encodes and decodes again to the same      |
//! | [`engine`]   | a script: what happens to a client          | every ticket and command ends once, nothing after the end |
//!
//! All of them check that nothing panics, and that no more memory is taken than the input pays for.
//!
//! # Run a target
//!
//! With [cargo-fuzz](https://github.com/rust-fuzz/cargo-fuzz) 0.13.2 and a C++ compiler, from the root of the repository:
//!
//! ```text
//! mkdir -p fuzz/corpus/messages
//! cargo fuzz run messages --sanitizer none fuzz/corpus/messages fuzz/seeds/messages -- -max_total_time=600
//! ```
//!
//! That needs no nightly; with one, or with `RUSTC_BOOTSTRAP=1`, leave `--sanitizer none` away. The other targets go
//! likewise. What is found lies in `fuzz/artifacts`, `cargo fuzz tmin` makes it smaller, and in this directory
//!
//! ```text
//! SAMSA_FUZZ_TRACE=1 cargo run --no-default-features --example replay -- engine FILE
//! ```
//!
//! runs it once more and, for `engine`, tells what happens.
//!
//! # Seeds
//!
//! `seeds/<target>/` holds inputs to begin with (`made-*`), and the inputs that found a fault (`found-*`), made small. The
//! tests replay them all, without libFuzzer:
//!
//! ```text
//! cargo test -p samsa-tests --test fuzz_replay
//! ```
//!
//! `cargo run --no-default-features --example seeds` in this directory makes `made-*` anew, after a change of APIs or of
//! what the bytes of an input mean.

#![forbid(unsafe_code)]

pub mod engine;
pub mod kafka07;
pub mod messages;
pub mod records;
mod script;
pub mod znodes;

/// The body of a target.
pub type Run = fn(&[u8]);

/// The targets by name: what `seeds/` has directories for.
pub const TARGETS: [(&str, Run); 5] = [
    ("messages", messages::run),
    ("records", records::run),
    ("znodes", znodes::run),
    ("kafka07", kafka07::run),
    ("engine", engine::run),
];

/// Runs `job`, which may hold `limit` bytes of memory at a time.
fn within_memory<T>(limit: usize, job: impl FnOnce() -> T) -> T {
    let (result, most) = measured(job);
    assert!(most <= limit, "{most} bytes of memory were held at a time, {limit} are allowed");
    result
}

/// Runs `job` and tells the most bytes of memory that it held at a time.
fn measured<T>(job: impl FnOnce() -> T) -> (T, usize) {
    let mut result = None;
    let most = allocation_counter::measure(|| result = Some(job())).bytes_max;
    (result.expect("the job has run"), most as usize)
}
