//! Record batches and message sets, and the four codecs.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| samsa_fuzz::records::run(data));
