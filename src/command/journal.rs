//! `alertwheel journal inspect DIR`: what is in a journal, how much of it still counts, and whether it
//! is sound.
//!
//! Owns the wording. Only reads, and takes no lock, so that it works beside a daemon. Runs on main.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::export;
use crate::clock::Clock;
use crate::engine::Recovered;
use crate::journal::directory::FOLDER;
use crate::journal::recovery::Report;
use crate::model::{Wall, format_rfc3339_millis};
use crate::telemetry::metrics::KINDS_OF_RECORDS;

/// Prints what is in a state directory, or in the journal's own folder; fails if it is damaged or
/// cannot be read.
pub fn inspect(directory: &Path) -> ExitCode {
    let folder = journal_in(directory);
    match export::read(&folder) {
        Ok((state, report)) => {
            print!(
                "{}",
                describe(&folder, &state, &report, Clock::start().wall())
            );
            if report.is_sound() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(why) => {
            eprintln!("alertwheel: error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn journal_in(directory: &Path) -> PathBuf {
    let inner = directory.join(FOLDER);
    if inner.is_dir() {
        inner
    } else {
        directory.to_owned()
    }
}

fn describe(folder: &Path, state: &Recovered, report: &Report, now: Wall) -> String {
    let mut text = format!("Journal {}\n\nFiles\n", folder.display());
    for file in &report.files {
        let (name, bytes, records) = (file.name, file.bytes, file.census.total());
        let _ = writeln!(text, "  {name:<22} {bytes:>12} bytes {records:>10} records");
    }
    let (count, bytes) = (report.files.len(), report.bytes());
    let _ = writeln!(
        text,
        "  {:<22} {bytes:>12} bytes",
        format!("{count} in all")
    );
    if let Some((first, last)) = report.written() {
        let (oldest, newest) = (age(first, now), age(last, now));
        let _ = writeln!(text, "  written from {oldest} to {newest}");
    }
    text.push_str("\nRecords\n");
    let census = report.census();
    let counted = census.records.iter().zip(census.bytes);
    for (name, (count, bytes)) in KINDS_OF_RECORDS.iter().zip(counted) {
        if *count > 0 {
            let _ = writeln!(text, "  {name:<22} {count:>12} {bytes:>16} bytes");
        }
    }
    text.push_str("\nWhat they amount to\n");
    for (name, count) in [
        ("alerts", state.alerts.len()),
        ("groups", state.groups.len()),
        ("notifications told", state.ledger.len()),
        ("silences", state.silences.len()),
        ("from an Alertmanager", state.inherited.len()),
    ] {
        let _ = writeln!(text, "  {name:<22} {count:>12}");
    }
    describe_soundness(&mut text, report);
    text
}

fn describe_soundness(text: &mut String, report: &Report) {
    text.push('\n');
    if let Some(torn) = report.torn {
        let (file, offset, bytes) = (torn.file, torn.offset, torn.bytes);
        let _ = writeln!(
            text,
            "{file} ends in {bytes} bytes of a write that was cut short, or is under way, at offset \
             {offset}; nothing was promised of it."
        );
    }
    if report.is_sound() {
        text.push_str("It is sound.\n");
        return;
    }
    let _ = writeln!(text, "It is damaged; whatever is sound counts:");
    for damage in &report.damages {
        let _ = writeln!(text, "  {damage}");
    }
}

/// `2026-01-02T03:04:05.678Z (90 s ago)`.
fn age(at: Wall, now: Wall) -> String {
    let seconds = now.duration_since(at).as_secs();
    format!("{} ({seconds} s ago)", format_rfc3339_millis(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_journal_is_sound_and_holds_nothing() {
        let text = describe(
            Path::new("data/journal"),
            &Recovered::default(),
            &Report::default(),
            Wall::UNIX_EPOCH,
        );
        assert!(text.starts_with("Journal data/journal\n"), "{text}");
        assert!(
            text.contains("alerts                            0\n"),
            "{text}"
        );
        assert!(text.ends_with("\nIt is sound.\n"), "{text}");
    }
}
