//! Hands what libFuzzer makes up to `alertwheel::fuzz::configuration`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::configuration(data); });
