//! The whole client, driven by a script.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| samsa_fuzz::engine::run(data));
