//! The binary under the name `amtool`: amtool's commands and flags.
//!
//! Owns amtool's tree of commands. `arguments` reads a command line as amtool reads it, `defaults` its
//! configuration files; the commands are those of `client`. Runs on main.

mod arguments;
mod defaults;

use std::error::Error as _;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::arguments::Read;
use super::client::grammar::{
    AlertCommand, ClientFlags, RoutesCommand, SilenceCommand, TemplateCommand, existing_file,
};
use super::client::{self, Grammar};
use crate::version::VERSION;

/// The URL of the daemon unless flags or files name another: the default of amtool 0.33 in Debian. Others
/// have none.
const DEFAULT_URL: &str = "http://localhost:9093/";

/// amtool's command line.
#[derive(Debug, Parser)]
#[command(
    name = "amtool",
    about = "Shows and changes the state of a running Alertmanager or alertwheel.",
    version = VERSION,
    disable_version_flag = true,
    after_help = "Defaults of flags are read from ~/.config/amtool/config.yml and \
                  /etc/amtool/config.yml, and from prometheus/amtool.yml in ~/.config and /etc: \
                  lines such as `alertmanager.url: http://host:9093`."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: ClientFlags,
    /// Has no effect.
    #[arg(short, long, global = true, hide = true)]
    verbose: bool,
    /// Do not compare the versions of daemon and amtool.
    #[arg(long = "no-version-check", global = true)]
    skips_version_check: bool,
}

/// amtool's commands.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Lists or adds alerts.
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Lists, adds, changes and ends silences.
    #[command(subcommand)]
    Silence(SilenceCommand),
    /// Checks configuration files.
    CheckConfig {
        /// The files [default: standard input].
        #[arg(value_name = "FILE", value_parser = existing_file)]
        files: Vec<PathBuf>,
    },
    /// Shows the state of the cluster.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Shows the configuration in force, and its routes.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Renders templates.
    #[command(subcommand)]
    Template(TemplateCommand),
}

/// The command below `cluster`.
#[derive(Clone, Debug, Subcommand)]
enum ClusterCommand {
    /// Shows the state of the cluster and its members.
    Show,
}

/// The commands below `config`.
#[derive(Clone, Debug, Subcommand)]
enum ConfigCommand {
    /// Shows the configuration in force.
    Show,
    /// Shows or tests the routing tree.
    Routes {
        #[command(subcommand)]
        command: RoutesCommand,
        /// The configuration file [default: the configuration of the daemon].
        #[arg(long = "config.file", global = true, value_name = "FILE", value_parser = existing_file)]
        config_file: Option<PathBuf>,
    },
}

/// Runs the command of `arguments`, the first of which is the name of the binary.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let grammar = Grammar::Amtool {
        checks_version: false,
    };
    let arguments = arguments
        .skip(1)
        .map(|text| text.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    let line = match read(arguments) {
        Ok(Some(line)) => line,
        Ok(None) => return ExitCode::SUCCESS,
        Err(words) => {
            client::fail(grammar, &words);
            return ExitCode::FAILURE;
        }
    };
    let mut flags = line.flags;
    flags.url.get_or_insert_with(|| DEFAULT_URL.to_owned());
    let grammar = Grammar::Amtool {
        checks_version: !line.skips_version_check,
    };
    client::run(line.command.into(), flags, grammar)
}

/// The parsed command line; `None` if it asked for help or the version, which is printed.
fn read(arguments: Vec<String>) -> Result<Option<CommandLine>, String> {
    let grammar = CommandLine::command();
    let line = match arguments::read(&grammar, arguments)? {
        Read::Line(line) => line,
        Read::Version => {
            // A closed standard output is ignored.
            let _ = writeln!(io::stdout(), "amtool, version {VERSION}");
            return Ok(None);
        }
        Read::Help(path) => {
            print_help(&grammar, &path);
            return Ok(None);
        }
    };
    let defaults = defaults::read(&defaults::files())?;
    let arguments = line.with_defaults(&grammar, &defaults);
    let given = grammar.try_get_matches_from(arguments);
    let given = given.map_err(|error| words_of(&error))?;
    let line = CommandLine::from_arg_matches(&given).map_err(|error| words_of(&error))?;
    Ok(Some(line))
}

fn print_help(grammar: &clap::Command, path: &[String]) {
    let mut grammar = grammar.clone();
    grammar.build();
    let mut command = &mut grammar;
    for name in path {
        if command.find_subcommand(name).is_some() {
            command = command
                .find_subcommand_mut(name)
                .expect("it was just found");
        }
    }
    // A closed standard output is ignored.
    let _ = command.print_long_help();
}

/// What is wrong, in the words of the reader of the value if there is one.
fn words_of(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::ValueValidation
        && let Some(reason) = error.source()
    {
        return reason.to_string();
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    text.lines().next().unwrap_or_default().to_owned()
}

impl From<Command> for client::Command {
    fn from(command: Command) -> Self {
        match command {
            Command::Alert(command) => client::Command::Alert(command),
            Command::Silence(command) => client::Command::Silence(command),
            Command::CheckConfig { files } => client::Command::CheckConfig(files),
            Command::Cluster(ClusterCommand::Show) => client::Command::Cluster,
            Command::Config(ConfigCommand::Show) => client::Command::Config,
            Command::Config(ConfigCommand::Routes {
                command,
                config_file,
            }) => client::Command::Routes(command, config_file),
            Command::Template(command) => client::Command::Template(command),
        }
    }
}

#[cfg(test)]
mod tests;
