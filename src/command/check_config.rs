//! `alertwheel check-config FILE...`: says everything that is wrong with configuration files.
//!
//! Owns the wording. Changes nothing and talks to nobody. Runs on main.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::flags::Flags;
use super::serve;
use crate::config::{self, LoadOptions, Loaded, Route};

/// Checks the files; fails if one of them is wrong.
pub fn run(files: &[PathBuf], flags: &Flags) -> ExitCode {
    let options = match serve::load_options(flags) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("alertwheel: error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let wrong = files.iter().filter(|file| !is_sound(file, options));
    let wrong = wrong.count();
    if wrong == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!("alertwheel: error: failed to validate {wrong} file(s)");
    ExitCode::FAILURE
}

fn is_sound(file: &Path, options: LoadOptions) -> bool {
    match load(file, options) {
        Ok(loaded) => {
            println!("Checking '{}'  SUCCESS", file.display());
            let of_payloads = config::payload_warnings(&loaded.config);
            for warning in loaded.warnings.iter().chain(&of_payloads) {
                println!("  warning: {warning}");
            }
            let (routes, receivers) = (count(&loaded.config.route), loaded.config.receivers.len());
            println!("Found:\n - {routes} routes\n - {receivers} receivers\n");
            true
        }
        Err(error) => {
            println!("Checking '{}'  FAILED:\n{error}\n", file.display());
            false
        }
    }
}

/// With the templates tried, as the daemon tries them.
fn load(file: &Path, options: LoadOptions) -> Result<Loaded, String> {
    let loaded = config::load(file, options).map_err(|error| error.to_string())?;
    config::check_templates(&loaded.config).map_err(|faults| faults.join("\n"))?;
    Ok(loaded)
}

fn count(route: &Route) -> usize {
    1 + route.routes.iter().map(count).sum::<usize>()
}
