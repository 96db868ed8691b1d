//! Hands what libFuzzer makes up to `alertwheel::fuzz::journal_frames`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { alertwheel::fuzz::journal_frames(data); });
