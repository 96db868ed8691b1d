//! The commands that speak to a daemon, as alertwheel's own command line has them.
//!
//! Owns which commands there are. Their arguments are those of `grammar`. Runs on main.

use std::path::PathBuf;

use clap::Subcommand;

use super::Command;
use super::grammar::{AlertCommand, ClientFlags, RoutesCommand, SilenceCommand, TemplateCommand};

/// The subcommands that speak to a daemon.
#[derive(Clone, Debug, Subcommand)]
pub enum ClientCommand {
    /// Lists or posts alerts.
    Alert {
        /// What to do.
        #[command(subcommand)]
        command: AlertCommand,
        /// The daemon, and how to print.
        #[command(flatten)]
        flags: ClientFlags,
    },
    /// Lists, adds, changes, ends and imports silences.
    Silence {
        /// What to do.
        #[command(subcommand)]
        command: SilenceCommand,
        /// The daemon, and how to print.
        #[command(flatten)]
        flags: ClientFlags,
    },
    /// Shows or tests the routing tree of a file or of a daemon.
    Routes {
        /// What to do.
        #[command(subcommand)]
        command: RoutesCommand,
        /// The configuration file whose routes are meant [default: the configuration of the daemon].
        #[arg(long = "config.file", global = true, value_name = "FILE")]
        config_file: Option<PathBuf>,
        /// The daemon, and how to print.
        #[command(flatten)]
        flags: ClientFlags,
    },
    /// Lists the receivers of a daemon.
    Receivers {
        /// The daemon, and how to print.
        #[command(flatten)]
        flags: ClientFlags,
    },
    /// Shows the cluster of a daemon.
    Cluster {
        /// What to do.
        #[command(subcommand)]
        command: ShowCommand,
        /// The daemon, and how to print.
        #[command(flatten)]
        flags: ClientFlags,
    },
    /// Shows the configuration of a daemon.
    Config {
        /// What to do.
        #[command(subcommand)]
        command: ShowCommand,
        /// The daemon, and how to print.
        #[command(flatten)]
        flags: ClientFlags,
    },
    /// Renders templates, to try them.
    Template {
        /// What to do.
        #[command(subcommand)]
        command: TemplateCommand,
        /// The daemon, and how to print.
        #[command(flatten)]
        flags: ClientFlags,
    },
}

/// The subcommand of what can only be shown.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ShowCommand {
    /// Shows it.
    Show,
}

impl ClientCommand {
    /// The names of these commands.
    pub const NAMES: [&str; 7] = [
        "alert",
        "silence",
        "routes",
        "receivers",
        "cluster",
        "config",
        "template",
    ];

    /// The command and its flags.
    pub fn split(self) -> (Command, ClientFlags) {
        match self {
            ClientCommand::Alert { command, flags } => (Command::Alert(command), flags),
            ClientCommand::Silence { command, flags } => (Command::Silence(command), flags),
            ClientCommand::Routes {
                command,
                config_file,
                flags,
            } => (Command::Routes(command, config_file), flags),
            ClientCommand::Receivers { flags } => (Command::Receivers, flags),
            ClientCommand::Cluster {
                command: ShowCommand::Show,
                flags,
            } => (Command::Cluster, flags),
            ClientCommand::Config {
                command: ShowCommand::Show,
                flags,
            } => (Command::Config, flags),
            ClientCommand::Template { command, flags } => (Command::Template(command), flags),
        }
    }
}
