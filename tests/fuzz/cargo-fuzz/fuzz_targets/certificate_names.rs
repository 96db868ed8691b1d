//! Hands what libFuzzer makes up to `alertwheel::fuzz::certificate_names`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::certificate_names(data); });
