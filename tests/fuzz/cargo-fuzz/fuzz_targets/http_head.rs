//! Hands what libFuzzer makes up to `alertwheel::fuzz::http_head`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::http_head(data); });
