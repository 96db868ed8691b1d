//! Hands what libFuzzer makes up to `alertwheel::fuzz::protobuf_message`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::protobuf_message(data); });
