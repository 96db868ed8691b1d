//! Hands what libFuzzer makes up to `alertwheel::fuzz::chunked_body`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::chunked_body(data); });
