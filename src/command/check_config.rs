//! `alertwheel check-config [FILE...]`: reports all errors in configuration files.
//!
//! Owns the wording. Performs the same checks as a start with the same flags, so that the daemon starts on
//! a file that passes. Changes nothing and uses no network. Runs on main.

use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::flags::Flags;
use super::serve;
use crate::api::server::Gate;
use crate::clock::Clock;
use crate::config::{LoadError, LoadOptions, Loaded, Route};
use crate::daemon::{self, ConfigSource};

/// The file name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// How warnings are treated: settings that are allowed but probably not intended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warnings {
    /// They are reported.
    Tell,
    /// They are reported, and their file fails the check.
    Refuse,
}

/// Checks the files, or without any the one that a start would read, and the web configuration if the flags
/// name one. Fails if any of them has errors.
pub fn run(files: &[PathBuf], warnings: Warnings, flags: &Flags) -> ExitCode {
    let asked =
        serve::check_flags(flags).and_then(|options| Ok((options, to_check(files, flags)?)));
    let (options, files) = match asked {
        Ok(asked) => asked,
        Err(error) => return fail(&error),
    };
    let mut report = Report::default();
    for file in &files {
        report.check(file, warnings, options);
    }
    report.check_web(&flags.web_config_file);
    report.print()
}

fn fail(why: &str) -> ExitCode {
    // If standard error is closed, the exit code alone reports the failure.
    let _ = writeln!(io::stderr(), "alertwheel: error: {why}");
    ExitCode::FAILURE
}

fn to_check(files: &[PathBuf], flags: &Flags) -> Result<Vec<PathBuf>, String> {
    match (files, serve::source(flags)) {
        ([], ConfigSource::File(file)) => Ok(vec![file]),
        ([], ConfigSource::BuiltIn | ConfigSource::Demo) => {
            Err("there is no configuration file here; name one, or - for standard input".to_owned())
        }
        (files, _) => Ok(files.to_vec()),
    }
}

/// The output of the check.
#[derive(Default)]
struct Report {
    text: String,
    wrong: usize,
}

impl Report {
    fn check(&mut self, file: &Path, warnings: Warnings, options: LoadOptions) {
        let name = file.display();
        let loaded = match load(file, options) {
            Ok(loaded) => loaded,
            Err(error) => {
                return self.refuse(format_args!("Checking '{name}'  FAILED:\n{error}\n"));
            }
        };
        let is_refused = warnings == Warnings::Refuse && !loaded.warnings.is_empty();
        let verdict = if is_refused {
            "FAILED: warnings are refused (--strict)"
        } else {
            "SUCCESS"
        };
        self.say(format_args!("Checking '{name}'  {verdict}"));
        for warning in &loaded.warnings {
            self.say(format_args!("  warning: {warning}"));
        }
        let (routes, receivers) = (count(&loaded.config.route), loaded.config.receivers.len());
        self.say(format_args!(
            "Found:\n - {routes} routes\n - {receivers} receivers\n"
        ));
        self.wrong += usize::from(is_refused);
    }

    fn check_web(&mut self, file: &str) {
        if file.is_empty() {
            return;
        }
        match Gate::open(Path::new(file), Clock::start()) {
            Ok(_) => self.say(format_args!("Checking '{file}'  SUCCESS\n")),
            Err(error) => self.refuse(format_args!("Checking '{file}'  FAILED:\n{error}\n")),
        }
    }

    fn say(&mut self, line: fmt::Arguments<'_>) {
        self.text.push_str(&line.to_string());
        self.text.push('\n');
    }

    fn refuse(&mut self, line: fmt::Arguments<'_>) {
        self.say(line);
        self.wrong += 1;
    }

    /// Prints the report. A closed pipe, as after `| head`, ends the output; the exit code stays the same.
    fn print(self) -> ExitCode {
        let mut out = io::stdout().lock();
        let printed = out
            .write_all(self.text.as_bytes())
            .and_then(|()| out.flush());
        let trouble = match printed {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                format!("printing what was found failed: {error}")
            }
            Ok(()) if self.wrong > 0 => format!("failed to validate {} file(s)", self.wrong),
            Err(_) if self.wrong > 0 => return ExitCode::FAILURE,
            Ok(()) | Err(_) => return ExitCode::SUCCESS,
        };
        fail(&trouble)
    }
}

fn load(file: &Path, options: LoadOptions) -> Result<Loaded, LoadError> {
    if file == Path::new(STANDARD_INPUT) {
        daemon::read_input("standard input", io::stdin().lock(), options)
    } else {
        daemon::read_file(file, options)
    }
}

fn count(route: &Route) -> usize {
    1 + route.routes.iter().map(count).sum::<usize>()
}
