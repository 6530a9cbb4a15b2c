//! Runs a target once for each file, without libFuzzer: `cargo run --no-default-features --example replay -- engine FILE..`
//!
//! With `SAMSA_FUZZ_TRACE` set, `engine` tells what happens.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some((_, run)) = samsa_fuzz::TARGETS.iter().find(|(target, _)| *target == name) else {
        let known = samsa_fuzz::TARGETS.map(|(target, _)| target).join(", ");
        eprintln!("no target {name:?}, expected one of {known}, and files behind it");
        return ExitCode::FAILURE;
    };
    for file in arguments {
        match std::fs::read(&file) {
            Ok(input) => run(&input),
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::FAILURE;
            }
        }
        println!("{file} holds");
    }
    ExitCode::SUCCESS
}
