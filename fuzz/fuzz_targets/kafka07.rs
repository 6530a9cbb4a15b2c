//! Kafka 0.7 on the wire.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| samsa_fuzz::kafka07::run(data));
