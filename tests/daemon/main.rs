//! Tests of the real binary as a separate process, between clients and recording receivers on this host.
//!
//! Every process listens on a free port that the host chooses, and is killed when its test ends. Every wait
//! is for a condition, and has a deadline that detects a hang. Figures of memory and time are printed
//! (`-- --nocapture` shows them); those of memory are asserted in release builds (`cargo test --release`).

// What the tests are made with.

/// One clock for all, and waiting for conditions.
mod time;

/// Starts the binary, watches it from outside and sees it end.
mod process;

/// What the host says about a process: memory, threads, descriptors, context switches.
mod vitals;

/// A webhook receiver that records what it is told and misbehaves as asked.
mod receiver;

/// An HTTP client that can also send what no client should.
mod client;

/// The figures of `/metrics`.
mod scrape;

/// Somebody else's client, whose service must not suffer.
mod bystander;

/// Configurations and alerts.
mod samples;

/// File systems that are full or read-only.
mod mounts;
/// Choices from a seed.
#[path = "../peer/random.rs"]
#[expect(dead_code, reason = "tests/peer chooses in more ways")]
mod random;

// The tests by subject.

/// Alerts in, webhooks out: grouping, retries, the options of a webhook.
mod delivery;

/// Receivers that hang, take their time, throttle, go away and change: who is told what all the same.
mod sending;

/// What the command line is answered: exit codes, messages, flags.
mod command_line;

/// The commands that speak to a daemon, and the name amtool.
mod client_commands;

/// The receiver for trying things out.
mod listen;

/// Checking configurations without a start.
mod check_config;

/// Trying a source without a daemon, and presets.
mod source_command;

/// What `check-config` and a start refuse.
mod refusals;

/// Start and stop.
mod lifecycle;

/// What outlives the process, and a disk that does not do as it should.
mod storage;

/// Journals in each version of the format that there was.
mod formats;

/// Coming from an Alertmanager, and going back.
mod succession;

/// Looking into a journal, beside a daemon and after damage.
mod inspect;

/// A start on a large state.
mod restart;

/// New configurations for a daemon that runs.
mod reload;

/// Where a configuration comes from: folders, variables, changes by themselves, the last good one.
mod configuration;

/// The API over the wire, and that everything turned away is counted.
mod api;

/// Webhooks in: what other programs post, and what becomes of it.
mod sources;

/// Hostile clients at the front door.
mod http_server;

/// Pages of other sites, people who guess, and files that somebody else has put in the way.
mod strangers;

/// Hosts that give little.
mod limits;

/// Regexes that would cost all of the processor or of the memory.
mod regexes;

/// Killed under load, over and over.
mod torture;

/// How much at once, how soon, and how little at rest.
mod load;
