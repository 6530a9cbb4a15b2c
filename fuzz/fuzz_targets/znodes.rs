//! What Kafka and its consumers keep in ZooKeeper.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| samsa_fuzz::znodes::run(data));
