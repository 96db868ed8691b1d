//! The metrics of the process: memory, processor time, open files, start time.
//!
//! Owns the reading of `/proc`, at each scrape, under the names that Prometheus's libraries share.
//! Numbers that the host does not provide are left out. Runs on connection threads.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use rustix::process::{Resource, getrlimit};

/// The unit of processor times in `/proc`; the kernel's interface fixes it on every architecture
/// that Rust's standard library runs on.
const CLOCK_TICKS_PER_SECOND: f64 = 100.0;

/// The collector; registered once, without state.
#[derive(Debug)]
pub struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let stat = read("/proc/self/stat").and_then(|text| Stat::parse(&text));
        let booted = read("/proc/stat").and_then(|text| boot_time_seconds(&text));
        let network = read("/proc/self/net/netstat").and_then(|text| Network::parse(&text));
        for (name, help, value) in [
            (
                "process_cpu_seconds",
                "Processor time used, in user and system mode.",
                stat.as_ref().map(|stat| stat.cpu_seconds),
            ),
            (
                "process_network_receive_bytes",
                "Bytes that came in over the network, on the host or in its container.",
                network.as_ref().map(|network| network.received_bytes),
            ),
            (
                "process_network_transmit_bytes",
                "Bytes that went out over the network, of the host or of its container.",
                network.as_ref().map(|network| network.sent_bytes),
            ),
        ] {
            if let Some(value) = value {
                encode(&mut encoder, name, help, &ConstCounter::new(value))?;
            }
        }
        let virtual_bytes = stat.as_ref().map(|stat| stat.virtual_bytes);
        let started = stat.and_then(|stat| Some(booted? + stat.started_seconds_after_boot));
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Memory resident.",
                read("/proc/self/status").and_then(|text| resident_bytes(&text)),
            ),
            (
                "process_virtual_memory_bytes",
                "Address space taken.",
                virtual_bytes,
            ),
            (
                "process_virtual_memory_max_bytes",
                "Address space that may be taken; where nothing limits it, as large a number as fits.",
                Some(getrlimit(Resource::As).current.unwrap_or(u64::MAX) as f64),
            ),
            ("process_open_fds", "Open file descriptors.", open_files()),
            (
                "process_max_fds",
                "File descriptors that may be open.",
                getrlimit(Resource::Nofile)
                    .current
                    .map(|limit| limit as f64),
            ),
            (
                "process_start_time_seconds",
                "When the process started, in seconds of Unix time.",
                started,
            ),
        ] {
            if let Some(value) = value {
                encode(&mut encoder, name, help, &ConstGauge::new(value))?;
            }
        }
        Ok(())
    }
}

fn encode(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> Result<(), fmt::Error> {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The used fields of `/proc/self/stat`.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    started_seconds_after_boot: f64,
    virtual_bytes: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the program's name in parentheses, which may contain any character.
        let (_, rest) = text.rsplit_once(')')?;
        let number = |field: usize| rest.split_whitespace().nth(field - 3)?.parse().ok();
        let seconds = |field: usize| number(field).map(|ticks: f64| ticks / CLOCK_TICKS_PER_SECOND);
        Some(Stat {
            cpu_seconds: seconds(14)? + seconds(15)?,
            started_seconds_after_boot: seconds(22)?,
            virtual_bytes: number(23)?,
        })
    }
}

/// The used fields of `/proc/self/net/netstat`: a line of names and a line of numbers for each protocol.
#[derive(Debug, PartialEq)]
struct Network {
    received_bytes: f64,
    sent_bytes: f64,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("IpExt: "));
        let (names, numbers) = (lines.next()?, lines.next()?);
        let number = |wanted: &str| {
            let mut pairs = names.split(' ').zip(numbers.split(' '));
            pairs.find(|(name, _)| *name == wanted)?.1.parse().ok()
        };
        Some(Network {
            received_bytes: number("InOctets")?,
            sent_bytes: number("OutOctets")?,
        })
    }
}

/// Unix time at which the host started, from `/proc/stat`.
fn boot_time_seconds(text: &str) -> Option<f64> {
    let mut lines = text.lines();
    let seconds = lines.find_map(|line| line.strip_prefix("btime "))?;
    seconds.trim().parse().ok()
}

/// The resident set size, from `/proc/self/status`.
fn resident_bytes(text: &str) -> Option<f64> {
    let mut lines = text.lines();
    let size = lines.find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = size.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// The number of open files, not counting the directory that is opened to count them.
fn open_files() -> Option<f64> {
    let listed = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(listed.saturating_sub(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let text = "41 (a) b (c) S 1 41 41 0 -1 4194304 95 0 0 0 250 50 0 0 20 0 3 0 1200 99 7";
        assert_eq!(
            Stat::parse(text),
            Some(Stat {
                cpu_seconds: 3.0,
                started_seconds_after_boot: 12.0,
                virtual_bytes: 99.0,
            })
        );
    }

    #[test]
    fn sizes_and_times_come_in_base_units() {
        let status = "VmPeak:\t  9000 kB\nVmRSS:\t    5524 kB\nRssAnon:\t 1 kB\n";
        assert_eq!(resident_bytes(status), Some(5524.0 * 1024.0));
        let stat = "cpu  1 2 3\nintr 99\nbtime 1767225600\nprocesses 5\n";
        assert_eq!(boot_time_seconds(stat), Some(1_767_225_600.0));
    }

    #[test]
    fn numbers_of_the_network_are_found_by_name() {
        let text = "TcpExt: A InOctets\nTcpExt: 1 2\nIpExt: X InOctets OutOctets\nIpExt: 3 4 5\n";
        let network = Network {
            received_bytes: 4.0,
            sent_bytes: 5.0,
        };
        assert_eq!(Network::parse(text), Some(network));
        assert_eq!(Network::parse("IpExt: InOctets\n"), None);
    }

    #[test]
    fn what_the_host_does_not_tell_is_left_out() {
        assert_eq!(Stat::parse("41 (a) S 1"), None);
        assert_eq!(boot_time_seconds("cpu 1"), None);
        assert_eq!(resident_bytes("VmRSS: many kB"), None);
    }
}
