//! Hands what libFuzzer makes up to `alertwheel::fuzz::journal_records`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::journal_records(data); });
