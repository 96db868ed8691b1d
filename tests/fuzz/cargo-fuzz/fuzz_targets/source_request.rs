//! Hands what libFuzzer makes up to `alertwheel::fuzz::source_request`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::source_request(data); });
