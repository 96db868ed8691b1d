//! What was counted when the file was last written, and what differs from it.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// How far a count may be off, in either direction: compilers and libraries change a little, and a
/// change of ours that matters is larger.
const TOLERANCE_PERCENT: u64 = 2;

const HEAD: &str = "# Written by UPDATE_COUNTS=1 cargo test --test counted: what each piece of work allocates in all,\n\
                    # and how many bytes of it are still held afterwards.\n\
                    # allocations | bytes | kept bytes | work\n";

/// What one piece of work took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Which work.
    pub name: String,
    /// Times that memory was asked for.
    pub allocations: u64,
    /// Bytes that were asked for in all.
    pub bytes: u64,
    /// Bytes that are held after it; less than nothing where it freed what others had.
    pub kept_bytes: i64,
}

/// The recorded counts.
pub fn read() -> Vec<Count> {
    let text = fs::read_to_string(file()).expect("the record is in the repository");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| parse(line).expect("allocations | bytes | kept bytes | work"))
        .collect()
}

/// Records the counts.
pub fn write(counts: &[Count]) {
    let mut text = HEAD.to_owned();
    for count in counts {
        let Count {
            name,
            allocations,
            bytes,
            kept_bytes,
        } = count;
        let _ = writeln!(
            text,
            "{allocations:>8} | {bytes:>9} | {kept_bytes:>9} | {name}"
        );
    }
    fs::write(file(), text).expect("the repository can be written");
}

/// A line for each count that is off.
pub fn faults(recorded: &[Count], counted: &[Count]) -> Vec<String> {
    let mut faults = Vec::new();
    for now in counted {
        let name = &now.name;
        let Some(then) = recorded.iter().find(|then| then.name == *name) else {
            faults.push(format!("{name}: not recorded yet"));
            continue;
        };
        let pairs = [
            ("allocations", now.allocations, then.allocations),
            ("bytes", now.bytes, then.bytes),
            (
                "bytes kept",
                magnitude(now.kept_bytes),
                magnitude(then.kept_bytes),
            ),
        ];
        for (what, now, then) in pairs {
            faults.extend(difference(now, then).map(|how| format!("{name}: {now} {what}, {how}")));
        }
    }
    let gone = recorded
        .iter()
        .filter(|then| counted.iter().all(|now| now.name != then.name));
    faults.extend(gone.map(|then| format!("{}: recorded and not counted any more", then.name)));
    faults
}

fn difference(now: u64, then: u64) -> Option<String> {
    if now.abs_diff(then) * 100 <= then * TOLERANCE_PERCENT {
        None
    } else if now > then {
        Some(format!("worse than the {then} recorded"))
    } else {
        Some(format!("better than the {then} recorded: record it"))
    }
}

/// Work that frees more than it takes is no promise; then nothing is held by it.
fn magnitude(kept: i64) -> u64 {
    u64::try_from(kept).unwrap_or(0)
}

fn parse(line: &str) -> Option<Count> {
    let mut fields = line.split('|').map(str::trim);
    Some(Count {
        allocations: fields.next()?.parse().ok()?,
        bytes: fields.next()?.parse().ok()?,
        kept_bytes: fields.next()?.parse().ok()?,
        name: fields.next()?.to_owned(),
    })
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/counted/recorded.txt")
}
