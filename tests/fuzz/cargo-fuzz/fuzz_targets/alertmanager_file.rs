//! Hands what libFuzzer makes up to `alertwheel::fuzz::alertmanager_file`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::alertmanager_file(data); });
