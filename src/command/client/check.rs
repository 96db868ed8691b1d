//! `check-config` in the grammar of amtool.
//!
//! Owns its texts, which are amtool's. The faults are those that alertwheel's own check finds. Runs on main.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Ended, Session};
use crate::config::{LoadOptions, Loaded};
use crate::daemon;

/// The name of standard input.
const STANDARD_INPUT: &str = "/dev/stdin";

/// Checks the files, or standard input without any.
pub fn run(session: &Session, files: &[PathBuf]) -> Ended {
    let input = [PathBuf::from(STANDARD_INPUT)];
    let files = if files.is_empty() { &input } else { files };
    let options = LoadOptions::from(session.mode);
    let mut failed = 0;
    for file in files {
        let name = file.display();
        let loaded = if file == Path::new(STANDARD_INPUT) {
            daemon::read_input(STANDARD_INPUT, io::stdin().lock(), options)
        } else {
            daemon::read_file(file, options)
        };
        session.say(&match loaded {
            Ok(loaded) => format!("Checking '{name}'  SUCCESS\n{}\n", found(&loaded)),
            Err(error) => {
                failed += 1;
                format!("Checking '{name}'  FAILED: {error}\n\n")
            }
        })?;
    }
    if failed > 0 {
        return Err(format!("failed to validate {failed} file(s)").into());
    }
    Ok(ExitCode::SUCCESS)
}

fn found(loaded: &Loaded) -> String {
    let config = &loaded.config;
    let (rules, receivers) = (config.inhibit_rules.len(), config.receivers.len());
    let templates = config.template_globs;
    let verdict = if templates > 0 { "  SUCCESS\n" } else { "" };
    format!(
        "Found:\n - global config\n - route\n - {rules} inhibit rules\n - {receivers} receivers\n \
         - {templates} templates\n{verdict}"
    )
}
