//! `alertwheel journal inspect DIR`: prints the contents of a journal, and whether it is damaged.
//!
//! Owns the choice of the folder and the exit code: 0 if nothing is damaged, 1 if something is damaged or
//! nothing can be read. Only reads and takes no lock, so that it works beside a running daemon. Runs on main.

mod summary;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::clock::Clock;
use crate::journal::directory::FOLDER;
use crate::journal::listing::Listing;
use crate::journal::recovery;

/// Prints the contents of the journal; `directory` is a state directory or the journal in it.
pub fn inspect(directory: &Path) -> ExitCode {
    let clock = Clock::start();
    let read = folder(directory).and_then(|folder| {
        let read = recovery::recover_beside_a_daemon(&folder);
        let (state, report) = read.map_err(|refusal| format!("failed to {refusal}"))?;
        let text = summary::text(&folder, &state, &report, clock.wall());
        Ok((text, report.is_sound()))
    });
    match read {
        Ok((text, is_sound)) => {
            if let Err(error) = print(&text) {
                eprintln!("alertwheel: error: printing failed: {error}");
                return ExitCode::FAILURE;
            }
            if is_sound {
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

/// Prints `text`. A closed pipe is no error: the reader has seen enough.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// The folder of the journal: the one in `directory`, or `directory` itself.
fn folder(directory: &Path) -> Result<PathBuf, String> {
    let within = directory.join(FOLDER);
    if within.is_dir() {
        return Ok(within);
    }
    let is_named_so = directory.file_name().is_some_and(|name| name == FOLDER);
    let listing = Listing::read(directory)
        .map_err(|error| format!("failed to open {}: {error}", directory.display()))?;
    if is_named_so || !listing.is_empty() {
        return Ok(directory.to_owned());
    }
    Err(format!(
        "{}: there is no journal; name the directory that the daemon has as --storage.path",
        directory.display()
    ))
}
