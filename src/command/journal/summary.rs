//! The contents of a journal as text.
//!
//! Owns the layout. Reads nothing. Runs on main.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::super::table::{Align, Table};
use crate::engine::Recovered;
use crate::journal::codec::Kind;
use crate::journal::recovery::{FileReport, RecordCounts, Report};
use crate::model::{SilenceState, Status, Wall, format_duration, format_rfc3339_millis};

/// The whole output about the journal in this folder.
pub fn text(folder: &Path, state: &Recovered, report: &Report, now: Wall) -> String {
    let mut text = format!("{}: {}\n", folder.display(), verdict(report));
    if !report.files.is_empty() {
        let record_counts = report.record_counts();
        text.push_str(&format!("\n{}", files(report, now)));
        text.push_str(&format!("\n{}\n", contents(state, &record_counts, now)));
        text.push_str(&liveness(state, &record_counts, now));
        text.push_str(&ages(report, now));
    }
    text.push_str(&asides(report));
    text
}

fn verdict(report: &Report) -> String {
    match report.damages.len() {
        0 if report.files.is_empty() => "sound; nothing is in it yet".to_owned(),
        0 => "sound".to_owned(),
        1 => "damaged in one place".to_owned(),
        count => format!("damaged in {} places", grouped(count as u64)),
    }
}

fn files(report: &Report, now: Wall) -> Table {
    let mut table = Table::new([
        ("FILE", Align::Left),
        ("RECORDS", Align::Right),
        ("BYTES", Align::Right),
        ("WRITTEN", Align::Left),
    ]);
    for file in &report.files {
        table.row([
            file.name.to_string(),
            grouped(file.record_counts.total()),
            size(file.bytes),
            written(file, now),
        ]);
    }
    if report.files.len() > 1 {
        table.row([
            format!("{} files", report.files.len()),
            grouped(report.record_counts().total()),
            size(report.bytes()),
            String::new(),
        ]);
    }
    table
}

fn written(file: &FileReport, now: Wall) -> String {
    match file.written {
        None => "nothing".to_owned(),
        Some((from, to)) if ago(from, now) == ago(to, now) => ago(to, now),
        Some((from, to)) => format!("{} to {}", ago(from, now), ago(to, now)),
    }
}

/// The table of the current state, and of the number of records about each kind of thing.
fn contents(state: &Recovered, record_counts: &RecordCounts, now: Wall) -> Table {
    let mut table = Table::new([
        ("HOLDS", Align::Left),
        ("NOW", Align::Right),
        ("RECORDS", Align::Right),
        ("BYTES", Align::Right),
        ("OF THESE", Align::Left),
    ]);
    let mut now_in_all = 0;
    for (name, count, kinds, detail) in things(state, now) {
        let sum = |numbers: &[u64; Kind::ALL.len()]| -> u64 {
            kinds.iter().map(|kind| numbers[kind.index()]).sum()
        };
        now_in_all += count;
        table.row([
            name.to_owned(),
            grouped(count),
            grouped(sum(&record_counts.records)),
            size(sum(&record_counts.bytes)),
            detail,
        ]);
    }
    table.row([
        "in all".to_owned(),
        grouped(now_in_all),
        grouped(record_counts.total()),
        size(record_counts.bytes.iter().sum()),
        String::new(),
    ]);
    table
}

/// How many records are live, and how many are obsolete: overwritten or removed since.
fn liveness(state: &Recovered, record_counts: &RecordCounts, now: Wall) -> String {
    let live: u64 = things(state, now).iter().map(|thing| thing.1).sum();
    let dead = record_counts.total().saturating_sub(live);
    format!(
        "{} records are live, {} are dead: said anew or forgotten since\n",
        grouped(live),
        grouped(dead)
    )
}

/// Each kind of thing: its name, its number, the kinds of records about it, and details.
fn things(state: &Recovered, now: Wall) -> [(&'static str, u64, &'static [Kind], String); 8] {
    let left = state.alerts.values().map(|known| known.left.len());
    [
        (
            "alerts",
            state.alerts.len() as u64,
            &[Kind::Alert, Kind::AlertExtended, Kind::AlertForgotten],
            alerts(state, now),
        ),
        (
            "alerts out of a group",
            left.sum::<usize>() as u64,
            &[Kind::AlertLeft],
            String::new(),
        ),
        (
            "groups",
            state.groups.len() as u64,
            &[Kind::Group, Kind::GroupRemoved],
            groups(state),
        ),
        (
            "notification log",
            state.notification_log.len() as u64,
            &[Kind::LogEntry, Kind::LogEntryForgotten],
            notification_log(state),
        ),
        (
            "silences",
            state.silences.len() as u64,
            &[Kind::Silence, Kind::SilenceForgotten],
            silences(state, now),
        ),
        (
            "from Alertmanager",
            state.inherited.len() as u64,
            &[Kind::AlertmanagerEntry, Kind::AlertmanagerEntryForgotten],
            String::new(),
        ),
        (
            "keys of sources",
            state.keys.len() as u64,
            &[Kind::AlertKey, Kind::AlertKeyForgotten],
            keys(state, now),
        ),
        (
            "heartbeats",
            state.heartbeats.len() as u64,
            &[Kind::Heartbeat, Kind::HeartbeatForgotten],
            heartbeats(state),
        ),
    ]
}

fn keys(state: &Recovered, now: Wall) -> String {
    let ends = || state.keys.values().map(|held| held.ends_at);
    counted(&[
        (
            ends().filter(|at| *at == Wall::MAX).count(),
            "until resolved",
        ),
        (ends().filter(|at| *at <= now).count(), "over"),
    ])
}

fn heartbeats(state: &Recovered) -> String {
    let missing = state
        .heartbeats
        .values()
        .filter(|counts_from| counts_from.is_none());
    counted(&[(missing.count(), "missing")])
}

fn alerts(state: &Recovered, now: Wall) -> String {
    let statuses = state
        .alerts
        .values()
        .map(|known| known.alert.status_at(now));
    let firing = statuses.filter(|status| *status == Status::Firing).count();
    counted(&[
        (firing, Status::Firing.as_str()),
        (state.alerts.len() - firing, Status::Resolved.as_str()),
    ])
}

fn groups(state: &Recovered) -> String {
    let unsent = state
        .groups
        .values()
        .filter(|timer| !timer.unsent.is_empty());
    let fresh = state.groups.values().filter(|timer| !timer.has_flushed);
    counted(&[
        (fresh.count(), "not told yet"),
        (unsent.count(), "being told"),
    ])
}

fn notification_log(state: &Recovered) -> String {
    let owing = state
        .notification_log
        .values()
        .filter(|told| !told.owed.is_empty());
    counted(&[(owing.count(), "to be told of an end")])
}

fn silences(state: &Recovered, now: Wall) -> String {
    let count = |wanted: SilenceState| {
        let states = state.silences.values().map(|silence| silence.state_at(now));
        (
            states.filter(|state| *state == wanted).count(),
            wanted.as_str(),
        )
    };
    counted(
        &[
            SilenceState::Active,
            SilenceState::Pending,
            SilenceState::Expired,
        ]
        .map(count),
    )
}

/// `3 active, 1 expired`; zero counts are left out.
fn counted(parts: &[(usize, &str)]) -> String {
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts = parts.map(|(count, name)| format!("{} {name}", grouped(*count as u64)));
    parts.collect::<Vec<_>>().join(", ")
}

fn ages(report: &Report, now: Wall) -> String {
    let Some((from, to)) = report.written() else {
        return String::new();
    };
    let line = |name: &str, at: Wall| {
        format!(
            "{name}  {}  ({})\n",
            format_rfc3339_millis(at),
            ago(at, now)
        )
    };
    format!(
        "{}{}",
        line("oldest record", from),
        line("newest record", to)
    )
}

/// The damages, and the files in the folder that do not belong to the journal's state.
fn asides(report: &Report) -> String {
    let mut text = String::new();
    if !report.is_sound() {
        text.push_str("\nDamage:\n");
        for damage in &report.damages {
            let _ = writeln!(text, "  {damage}");
        }
        text.push_str(
            "The daemon starts all the same, without what is damaged. It keeps a damaged file as\n\
             *.damaged once it does not need it any more.\n",
        );
    }
    if let Some(torn) = &report.torn {
        let _ = writeln!(
            text,
            "\nAt the end of {}, from offset {}, {} of a write that is under way or was cut off;\n\
             nothing was promised of it.",
            torn.file,
            torn.offset,
            size(torn.bytes)
        );
    }
    for (names, what) in [
        (
            &report.partials,
            "A snapshot that is under way or was given up",
        ),
        (
            &report.kept_aside,
            "A file that was kept because it was damaged",
        ),
    ] {
        for name in names {
            let _ = writeln!(text, "\n{what}: {name}");
        }
    }
    text
}

/// `3h5m ago`: the two largest units that are not zero.
fn ago(at: Wall, now: Wall) -> String {
    let seconds = now.as_second() - at.as_second();
    match seconds {
        0 => "just now".to_owned(),
        1.. => format!("{} ago", rough(seconds.unsigned_abs())),
        _ => format!("in {}", rough(seconds.unsigned_abs())),
    }
}

fn rough(seconds: u64) -> String {
    let step = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    format_duration(Duration::from_secs(seconds / step * step))
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `812 B`, `1.3 KiB`, `40.1 MiB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        // A value that would be rounded to 1024.0 is shown as 1.0 of the next unit.
        if value >= 1023.95 {
            value /= 1024.0;
            unit = larger;
        }
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests;
