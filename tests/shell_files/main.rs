//! Writes the completions of bash, zsh and fish, and the manual page, for packages:
//! `cargo run --example shell-files -- DIR`.
//!
//! Owns the names of the files, which are those that the shells look for.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap_complete::{Generator, generate, shells};

const PROGRAM: &str = "alertwheel";

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("name the directory for the files");
        return ExitCode::FAILURE;
    };
    match write_all(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    write_completions(shells::Bash, folder)?;
    write_completions(shells::Zsh, folder)?;
    write_completions(shells::Fish, folder)?;
    let page = clap_mangen::Man::new(alertwheel::command::grammar());
    page.render(&mut File::create(folder.join("alertwheel.1"))?)
}

fn write_completions(shell: impl Generator, folder: &Path) -> std::io::Result<()> {
    let mut file = File::create(folder.join(shell.file_name(PROGRAM)))?;
    generate(
        shell,
        &mut alertwheel::command::grammar(),
        PROGRAM,
        &mut file,
    );
    Ok(())
}
