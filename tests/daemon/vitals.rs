//! The memory, threads, descriptors and context switches of a process, read from `/proc`.

use std::fs;
use std::path::{Path, PathBuf};

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Memory in use, in KiB.
    pub resident_kib: u64,
    /// What of that is in no file: its own data, without its program and libraries. In KiB.
    pub own_kib: u64,
    /// The most memory that was ever in use, in KiB.
    pub peak_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Times that any of its present threads was switched away from, of its own will or not.
    pub context_switches: u64,
    /// The time that its present threads have run, in nanoseconds.
    pub processor_ns: u64,
}

impl Vitals {
    /// The vitals of a process that runs.
    pub fn of(process: u32) -> Self {
        let folder = PathBuf::from(format!("/proc/{process}"));
        let status = fs::read_to_string(folder.join("status")).expect("it runs");
        Vitals {
            resident_kib: field(&status, "VmRSS"),
            own_kib: field(&status, "RssAnon"),
            peak_kib: field(&status, "VmHWM"),
            threads: field(&status, "Threads"),
            descriptors: entries(&folder.join("fd")).len(),
            context_switches: entries(&folder.join("task"))
                .iter()
                .map(|thread| context_switches(thread))
                .sum(),
            processor_ns: entries(&folder.join("task"))
                .iter()
                .map(|thread| processor_ns(thread))
                .sum(),
        }
    }
}

/// A thread may end while it is looked at; then it counts for nothing.
fn context_switches(thread: &Path) -> u64 {
    let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
    if status.is_empty() {
        return 0;
    }
    field(&status, "voluntary_ctxt_switches") + field(&status, "nonvoluntary_ctxt_switches")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it runs");
    entries.flatten().map(|entry| entry.path()).collect()
}

/// The number behind `name:` in the form of `/proc/PID/status`.
fn field(status: &str, name: &str) -> u64 {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no number of {name} in:\n{status}"))
}

/// The time that a thread has run; 0 for one that has ended.
fn processor_ns(thread: &Path) -> u64 {
    let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let first = text.split(' ').next().and_then(|time| time.parse().ok());
    first.unwrap_or(0)
}
