//! `alertwheel export [DIR]`: prints the active and pending silences as JSON for `amtool silence import`.
//!
//! Owns the migration back to Alertmanager, or to any other daemon with its API. Only reads and takes no
//! lock, so that it works beside a running daemon. Runs on main.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::api::push_silence;
use crate::clock::Clock;
use crate::engine::Recovered;
use crate::journal::directory::FOLDER;
use crate::journal::recovery::{self, Report};
use crate::model::{Silence, SilenceState, Wall};

/// Prints the silences in the state directory `storage`; fails if some may be missing.
pub fn run(storage: &Path) -> ExitCode {
    let now = Clock::start().wall();
    let printed = read(&storage.join(FOLDER)).and_then(|(state, report)| {
        write_silences(io::stdout().lock(), state.silences.values(), now)
            .map_err(|error| format!("printing the silences failed: {error}"))?;
        // A write in progress has not been acknowledged yet, so its loss is no damage.
        match report.damages.len() {
            0 => Ok(()),
            count => Err(format!(
                "{}: damaged in {count} place(s), so silences may be missing from what was printed; \
                 `alertwheel journal inspect` says more",
                storage.join(FOLDER).display()
            )),
        }
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("alertwheel: error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn read(folder: &Path) -> Result<(Recovered, Report), String> {
    if !folder.is_dir() {
        return Err(format!(
            "{}: there is no journal; name the directory that the daemon has as --storage.path",
            folder.display()
        ));
    }
    recovery::recover_beside_a_daemon(folder).map_err(|refusal| format!("failed to {refusal}"))
}

/// Writes the silences that have not expired at `now`, one per line. An API would refuse expired ones.
fn write_silences<'a>(
    mut out: impl Write,
    silences: impl Iterator<Item = &'a Arc<Silence>>,
    now: Wall,
) -> io::Result<()> {
    let mut line = b"[".to_vec();
    let mut separator = "\n";
    for silence in silences {
        let state = silence.state_at(now);
        if state == SilenceState::Expired {
            continue;
        }
        line.extend_from_slice(separator.as_bytes());
        push_silence(&mut line, silence, state);
        out.write_all(&line)?;
        line.clear();
        separator = ",\n";
    }
    line.extend_from_slice(b"\n]\n");
    out.write_all(&line)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Labels, MatchOp, Matcher};

    fn at(text: &str) -> Wall {
        text.parse().expect("a timestamp")
    }

    fn silence(id: &str, starts_at: &str, ends_at: &str) -> Arc<Silence> {
        let matcher = Matcher::new(MatchOp::NotRegex, "a", "b|c").expect("a sound matcher");
        Arc::new(Silence {
            id: id.into(),
            matchers: [matcher].into(),
            starts_at: at(starts_at),
            ends_at: at(ends_at),
            updated_at: at(starts_at),
            created_by: "me".to_owned(),
            comment: "\"ü\"".to_owned(),
            annotations: Labels::default(),
        })
    }

    fn exported(silences: &[Arc<Silence>]) -> String {
        let mut out = Vec::new();
        write_silences(&mut out, silences.iter(), at("2026-01-01T12:00:00Z"))
            .expect("memory takes every write");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn silences_that_are_not_over_are_lines_of_a_list() {
        let silences = [
            silence("over", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            silence("on", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            silence("later", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"),
        ];
        let exported = exported(&silences);
        let lines: Vec<&str> = exported.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[3]), (4, "[", "]"));
        assert!(lines[1].starts_with(r#"{"id":"on","status":{"state":"active"}"#));
        assert!(lines[2].contains(r#""startsAt":"2026-01-02T00:00:00.000Z""#));
        let read: serde_json::Value = serde_json::from_str(&exported).expect("JSON");
        assert_eq!(read[1]["comment"], "\"ü\"");
    }

    #[test]
    fn no_silence_is_an_empty_list() {
        assert_eq!(exported(&[]), "[\n]\n");
    }
}
