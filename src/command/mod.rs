//! The commands of the binary, one per file.
//!
//! Owns the dispatch from arguments to a command and its exit code. Runs on main.

mod amtool;
mod check_config;
mod client;
mod demo;
mod export;
mod external_url;
mod flags;
mod health;
mod journal;
mod listen;
mod migrate;
mod serve;
mod source;
mod table;

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::FromArgMatches;

use check_config::Warnings;
use client::Grammar;
use flags::{Command, CommandLine, JournalCommand, SourceCommand, command_line};

/// Runs the command that this process's arguments name.
pub fn run() -> ExitCode {
    if is_called("amtool") {
        return amtool::run(env::args_os());
    }
    let given = match command_line().try_get_matches() {
        Ok(given) => given,
        Err(error) => {
            // `--help` and `--version` are not failures. A closed standard output is ignored.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let unused = flags::unused_flags(&given);
    let line = CommandLine::from_arg_matches(&given).expect("the arguments that were just matched");
    let code = match line.command {
        None if line.asks_for_health => health::run(&line.flags),
        None => serve::run(line.flags, &unused),
        Some(Command::Client(command)) => {
            let (command, flags) = command.split();
            client::run(command, flags, Grammar::Alertwheel)
        }
        Some(Command::Demo) => demo::run(line.flags, &unused),
        Some(Command::Listen(arguments)) => listen::run(&arguments),
        Some(Command::CheckConfig { files, strict }) => {
            let warnings = if strict {
                Warnings::Refuse
            } else {
                Warnings::Tell
            };
            check_config::run(&files, warnings, &line.flags)
        }
        Some(Command::Migrate { file, output }) => {
            migrate::run(&file, output.as_deref(), &line.flags)
        }
        Some(Command::Journal(JournalCommand::Inspect { directory })) => {
            journal::inspect(&directory)
        }
        Some(Command::Source(SourceCommand::Try(arguments))) => {
            source::try_body(&arguments, &line.flags)
        }
        Some(Command::Source(SourceCommand::Preset { name })) => source::preset(name.as_deref()),
        Some(Command::Export { directory }) => {
            export::run(&directory.unwrap_or(line.flags.storage_path))
        }
    };
    // The log thread is not joined at the end of main, so its queue is flushed here.
    log::logger().flush();
    code
}

/// The grammar of the command line, for completions and the manual page.
pub fn grammar() -> clap::Command {
    command_line()
}

/// Whether the binary is called by this name, as through a link.
fn is_called(name: &str) -> bool {
    let called = env::args_os().next().unwrap_or_default();
    Path::new(&called).file_name() == Some(OsStr::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command_line().debug_assert();
    }

    #[test]
    fn flags_without_a_meaning_are_named() {
        let arguments = [
            "alertwheel",
            "--cluster.peer=a:1",
            "--dispatch.maintenance-interval=30s",
            "--log.silences",
        ];
        let given = command_line()
            .try_get_matches_from(arguments)
            .expect("known flags");
        assert_eq!(
            flags::unused_flags(&given),
            ["--dispatch.maintenance-interval", "--cluster.peer"]
        );
    }

    #[test]
    fn flags_that_change_what_is_accepted_may_stand_behind_the_command() {
        let arguments = [
            "alertwheel",
            "check-config",
            "--config.skip-unsupported",
            "--enable-feature=classic-mode",
            "--strict",
            "-",
        ];
        let given = command_line().try_get_matches_from(arguments);
        let line = CommandLine::from_arg_matches(&given.expect("known flags")).expect("its own");
        assert!(line.flags.skips_unsupported);
        assert_eq!(line.flags.features, ["classic-mode"]);
        let demo = ["alertwheel", "demo", "--web.listen-address=:1"];
        let given = command_line().try_get_matches_from(demo);
        let line = CommandLine::from_arg_matches(&given.expect("known flags")).expect("its own");
        assert_eq!(line.flags.listen_addresses, [":1"]);
    }

    #[test]
    fn commands_that_speak_to_a_daemon_hide_the_flags_of_the_daemon() {
        let arguments = [
            "alertwheel",
            "routes",
            "show",
            "--config.file=x",
            "--web.config.file=y",
        ];
        let given = command_line().try_get_matches_from(arguments);
        let line = CommandLine::from_arg_matches(&given.expect("known flags")).expect("its own");
        let Some(Command::Client(command)) = line.command else {
            panic!("a command that speaks to a daemon");
        };
        let (command, _) = command.split();
        let file = match command {
            client::Command::Routes(_, file) => file,
            _ => None,
        };
        assert_eq!(file.as_deref(), Some(Path::new("x")));
        let help = command_line().try_get_matches_from(["alertwheel", "alert", "add", "-h"]);
        let help = help.expect_err("help").to_string();
        assert!(help.contains("--http.config.file"), "{help}");
        assert!(!help.contains("--web.config.file"), "{help}");
    }

    #[test]
    fn an_old_unit_file_is_understood() {
        let arguments = [
            "alertwheel",
            "--config.file",
            "x.yml",
            "--storage.path=/var/lib/alertmanager",
            "--data.retention=240h",
            "--web.listen-address",
            ":9093",
            "--web.external-url=http://a/",
            "--cluster.listen-address=",
            "--cluster.settle-timeout",
            "0s",
            "--no-log.silences",
            "--alerts.gc-interval=30m",
            "--web.get-concurrency=0",
            "--log.format=json",
        ];
        let given = command_line().try_get_matches_from(arguments);
        assert!(given.is_ok(), "{given:?}");
    }
}
