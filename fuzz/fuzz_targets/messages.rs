//! Requests, responses, their frames, and the consumer protocol.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| samsa_fuzz::messages::run(data));
