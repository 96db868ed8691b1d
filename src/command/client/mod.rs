//! The commands that speak to a daemon, in the grammars of alertwheel and of amtool.
//!
//! Owns what such a command has at hand, and how its errors are printed. One implementation serves both
//! grammars: what differs is the words of errors. Runs on main.

mod alert;
pub mod api;
mod arguments;
mod check;
pub mod commands;
mod dates;
pub mod grammar;
mod render;
mod routes;
mod silence;
mod silence_import;
mod status;
mod tab_writer;
mod user;
mod wire;

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use self::api::{Api, Refusal};
use self::grammar::{
    AlertCommand, ClientFlags, Output, RoutesCommand, SilenceCommand, TemplateCommand,
};
use crate::clock::Clock;
use crate::config::{self, HttpConfig};
use crate::model::ParserMode;
use crate::version;
use crate::webhook::{Requester, go_json};

/// The URL of a daemon on this host with the default port.
const DEFAULT_URL: &str = "http://127.0.0.1:9093";

/// A command and its arguments.
#[derive(Clone, Debug)]
pub enum Command {
    /// For alerts.
    Alert(AlertCommand),
    /// For silences.
    Silence(SilenceCommand),
    /// For routes: those of this file, or else the daemon's.
    Routes(RoutesCommand, Option<PathBuf>),
    /// Shows the cluster.
    Cluster,
    /// Shows the configuration in force.
    Config,
    /// Lists the receivers.
    Receivers,
    /// For templates.
    Template(TemplateCommand),
    /// Checks configuration files.
    CheckConfig(Vec<PathBuf>),
}

/// The grammar of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// alertwheel's own.
    Alertwheel,
    /// That of amtool.
    Amtool {
        /// Whether to warn if the daemon is of another version.
        checks_version: bool,
    },
}

/// What all commands have at hand.
pub struct Session {
    flags: ClientFlags,
    grammar: Grammar,
    mode: ParserMode,
    clock: Clock,
}

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The daemon did not do it.
    Refused(Refusal),
    /// Anything else, in words.
    Said(String),
}

/// The end of a command.
pub type Ended = Result<ExitCode, Failure>;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Failure::Said(words)
    }
}

impl From<&str> for Failure {
    fn from(words: &str) -> Self {
        Failure::Said(words.to_owned())
    }
}

/// Runs `command`.
pub fn run(command: Command, flags: ClientFlags, grammar: Grammar) -> ExitCode {
    let ended = Session::new(flags, grammar).and_then(|session| session.run(command));
    ended.unwrap_or_else(|failure| {
        fail(grammar, &failure.in_words(grammar));
        ExitCode::FAILURE
    })
}

/// Prints an error as this grammar does.
pub fn fail(grammar: Grammar, words: &str) {
    // If standard error is closed, the exit code alone reports the failure.
    let _ = match grammar {
        Grammar::Alertwheel => writeln!(io::stderr(), "alertwheel: error: {words}"),
        Grammar::Amtool { .. } => writeln!(io::stderr(), "amtool: error: {words}\n"),
    };
}

impl Failure {
    /// The words for it in this grammar.
    fn in_words(&self, grammar: Grammar) -> String {
        match (self, grammar) {
            (Failure::Said(words), _) => words.clone(),
            (Failure::Refused(refusal), Grammar::Alertwheel) => refusal.to_string(),
            (Failure::Refused(refusal), Grammar::Amtool { .. }) => refusal.in_words_of_amtool(),
        }
    }
}

impl Session {
    fn new(flags: ClientFlags, grammar: Grammar) -> Result<Self, Failure> {
        let mode = super::serve::parser_mode(&flags.features);
        let mode = mode.map_err(|why| format!("error parsing the feature flag list: {why}"))?;
        Ok(Session {
            flags,
            grammar,
            mode,
            clock: Clock::start(),
        })
    }

    fn run(&self, command: Command) -> Ended {
        match command {
            Command::Alert(command) => alert::run(self, command),
            Command::Silence(command) => silence::run(self, command),
            Command::Routes(command, file) => routes::run(self, command, file.as_deref()),
            Command::Cluster => status::show_cluster(self),
            Command::Config => status::show_config(self),
            Command::Receivers => status::list_receivers(self),
            Command::Template(TemplateCommand::Render(arguments)) => render::run(self, &arguments),
            Command::CheckConfig(files) => check::run(self, &files),
        }
    }

    /// The API of the daemon that the flags name.
    fn api(&self) -> Result<Api, Failure> {
        let url = self.flags.url.as_deref().unwrap_or(DEFAULT_URL);
        let http = match &self.flags.http_config_file {
            None => HttpConfig::default(),
            Some(_) if url.contains('@') => {
                return Err(
                    "basic authentication and http.config.file are mutually exclusive".into(),
                );
            }
            Some(file) => config::load_http(file)
                .map_err(|error| format!("failed to load HTTP config file: {error}"))?,
        };
        let user_agent = format!("alertwheel/{}", version::VERSION);
        let requester = Requester::new(http, user_agent, self.flags.timeout, self.clock);
        let api = Api::new(url, requester);
        if let Grammar::Amtool {
            checks_version: true,
        } = self.grammar
        {
            status::warn_of_other_version(&api);
        }
        Ok(api)
    }

    /// Prints `text`. A closed pipe, as after `| head`, is no failure.
    fn say(&self, text: &str) -> Ended {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(format!("printing failed: {error}").into())
            }
            Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
        }
    }

    /// Prints `value` as JSON in one line.
    fn say_json(&self, value: &impl Serialize) -> Ended {
        let mut line = go_json::to_vec(value, 0);
        line.push(b'\n');
        self.say(&String::from_utf8_lossy(&line))
    }

    /// Prints `value` as JSON, or else `table` of it, whose argument says whether all columns are wanted.
    fn say_in_format(&self, value: &impl Serialize, table: impl FnOnce(bool) -> String) -> Ended {
        match self.flags.output {
            Output::Json => self.say_json(value),
            Output::Simple => self.say(&tab_writer::align(&table(false))),
            Output::Extended => self.say(&tab_writer::align(&table(true))),
        }
    }

    fn date(&self, date: &dates::Date) -> String {
        date.format(&self.flags.date_format)
    }

    fn warn(&self, words: &str) {
        let _ = writeln!(io::stderr(), "Warning: {words}");
    }
}
