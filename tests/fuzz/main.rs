//! The readers of bytes from outside, under bytes that nobody would send.
//!
//! - `mutation`: seeded changes to the bytes of seeds
//! - `names`: the names in certificates, beside those that another reader finds
//! - `corpus/TARGET/`: the seeds of each target; those of requests to sources are the presets' own
//! - `cargo-fuzz/`: the same targets for a fuzzer that is led by coverage
//!
//! Each target of `alertwheel::fuzz` gets its seeds and some thousand changed ones. It panics where
//! something does not hold; then the input is printed, and becomes a seed once the fault is mended.

mod mutation;
mod names;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use alertwheel::fuzz;
use mutation::Mutator;

/// What reads bytes, and says whether it took them.
type Target = fn(&[u8]) -> bool;

/// A changed seed is no larger, so that no run takes long.
const INPUT_BYTES: usize = 4096;

/// Times as many runs as usual, for whoever has the time: `FUZZ_TIMES=100 cargo test --test fuzz`.
fn times() -> u64 {
    let times = env::var("FUZZ_TIMES").unwrap_or_else(|_| "1".to_owned());
    times.parse().expect("FUZZ_TIMES is a number")
}

/// The seeds of a target, in the order of their names.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let entries = fs::read_dir(folder.join(name)).expect("a folder of seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a seed").path()).collect();
    paths.sort();
    let seeds = paths.iter().map(fs::read);
    seeds.collect::<Result<_, _>>().expect("readable seeds")
}

/// Whether the target takes this input; if it panics, says which input it was.
fn run(target: Target, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(input))).unwrap_or_else(|panic| {
        eprintln!("the input was b\"{}\"", input.escape_ascii());
        resume_unwind(panic)
    })
}

/// Seeds that are all taken, or all refused, say little of what lies between.
fn fuzz(name: &str, target: Target, runs: u64) {
    fuzz_from(name, &seeds(name), target, runs);
}

fn fuzz_from(name: &str, seeds: &[Vec<u8>], target: Target, runs: u64) {
    let taken = seeds.iter().filter(|seed| run(target, seed)).count();
    assert!(seeds.len() >= 20, "{name} has {} seeds", seeds.len());
    assert!(taken >= 10, "only {taken} seeds of {name} are taken");
    assert!(taken < seeds.len(), "no seed of {name} is refused");
    let mut mutator = Mutator::new(seeds, INPUT_BYTES);
    let mut taken = 0;
    let runs = runs * times();
    for _ in 0..runs {
        taken += u64::from(run(target, &mutator.next_input()));
    }
    assert!(taken > 0, "no changed seed of {name} is taken");
    assert!(taken < runs, "no changed seed of {name} is refused");
}

#[test]
fn heads_of_requests() {
    fuzz("http_head", fuzz::http_head, 50_000);
}

#[test]
fn chunked_bodies() {
    fuzz("chunked_body", fuzz::chunked_body, 50_000);
}

#[test]
fn bodies_of_alerts() {
    fuzz("alert_body", fuzz::alert_body, 50_000);
}

#[test]
fn bodies_of_silences() {
    fuzz("silence_body", fuzz::silence_body, 25_000);
}

#[test]
fn matchers() {
    fuzz("matchers", fuzz::matchers, 50_000);
}

#[test]
fn certificates() {
    fuzz("certificate_names", fuzz::certificate_names, 50_000);
}

#[test]
fn messages_of_protocol_buffers() {
    fuzz("protobuf_message", fuzz::protobuf_message, 50_000);
}

#[test]
fn files_of_alertmanager() {
    fuzz("alertmanager_file", fuzz::alertmanager_file, 50_000);
}

#[test]
fn frames_of_the_journal() {
    fuzz("journal_frames", fuzz::journal_frames, 25_000);
}

#[test]
fn records_of_the_journal() {
    fuzz("journal_records", fuzz::journal_records, 50_000);
}

#[test]
fn configurations() {
    fuzz("configuration", fuzz::configuration, 10_000);
}

#[test]
fn requests_to_sources() {
    let seeds = fuzz::source_request_seeds();
    fuzz_from("source_request", &seeds, fuzz::source_request, 20_000);
}
