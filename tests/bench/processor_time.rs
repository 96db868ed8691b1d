//! How long a process has been on a processor, in itself and in the kernel.
//!
//! The kernel tells it in two ways: for the process as a whole in steps of ten milliseconds, which
//! are more than a small load costs, and for each thread to the nanosecond, which forgets those
//! that have ended. Each makes up for what the other lacks.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// A tick of the kernel's count, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// One reading.
#[derive(Clone, Debug)]
pub struct ProcessorTime {
    ticks: u32,
    threads: BTreeMap<String, Duration>,
}

impl ProcessorTime {
    /// What a process that runs has spent so far.
    pub fn of(process: u32) -> Self {
        let folder = format!("/proc/{process}");
        let stat = fs::read_to_string(format!("{folder}/stat")).expect("it runs");
        // The name of the program ends with the last bracket; user time is the twelfth field on.
        let (_, fields) = stat.rsplit_once(") ").expect("the form of stat");
        let ticks = fields.split(' ').skip(11).take(2);
        let threads = fs::read_dir(format!("{folder}/task")).expect("it runs");
        ProcessorTime {
            ticks: ticks
                .map(|field| field.parse::<u32>().expect("a count"))
                .sum(),
            // A thread that ends while it is looked at is one of those that have ended.
            threads: threads
                .flatten()
                .filter_map(|thread| {
                    let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
                    let spent = stat.split(' ').next()?.parse().ok()?;
                    let name = thread.file_name().to_string_lossy().into_owned();
                    Some((name, Duration::from_nanos(spent)))
                })
                .collect(),
        }
    }

    /// What was spent since an earlier reading.
    pub fn since(&self, earlier: &ProcessorTime) -> Duration {
        let of_threads: Duration = self
            .threads
            .iter()
            .map(|(name, spent)| {
                let before = earlier.threads.get(name).copied().unwrap_or_default();
                spent.saturating_sub(before)
            })
            .sum();
        let in_ticks = TICK * self.ticks.saturating_sub(earlier.ticks);
        // User and kernel time are cut to ticks each, so a difference is off by two at most; what
        // is missing beyond that was spent by threads that have ended.
        if in_ticks > of_threads + 2 * TICK {
            in_ticks
        } else {
            of_threads
        }
    }
}
