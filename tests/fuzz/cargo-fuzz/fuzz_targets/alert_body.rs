//! Hands what libFuzzer makes up to `alertwheel::fuzz::alert_body`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::alert_body(data); });
