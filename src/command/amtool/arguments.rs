//! Reads a command line as amtool does, whose reader has rules of its own: commands that may be left out,
//! flags anywhere, and `--no-` in front of each switch.
//!
//! Owns these rules and the words of their errors. Knows no flag: the names come from the grammar that clap
//! parses afterwards, and what is read is written as clap wants it. Runs on main.

use std::collections::{BTreeMap, VecDeque};

use clap::{Arg, ArgAction, Command};

use crate::model::go_quote;

/// The commands that are meant where no command below theirs is named.
const DEFAULTS: [(&str, &str); 5] = [
    ("alert", "query"),
    ("silence", "query"),
    ("cluster", "show"),
    ("config", "show"),
    ("routes", "show"),
];

/// What a command line asks for.
#[derive(Debug)]
pub enum Read {
    /// To run a command.
    Line(Line),
    /// For help on the command with this path.
    Help(Vec<String>),
    /// For the version.
    Version,
}

/// A command with its flags and arguments.
#[derive(Debug, Default)]
pub struct Line {
    commands: Vec<String>,
    /// The long names of the flags with their values; switches have none.
    flags: Vec<(String, Option<String>)>,
    /// The long names of the switches that are turned off.
    turned_off: Vec<String>,
    arguments: Vec<String>,
}

/// What a flag of the command line stands for.
struct Flag<'g> {
    arg: &'g Arg,
    /// Whether it turns its switch off.
    is_off: bool,
}

/// Reads `arguments` by the names in `grammar`.
pub fn read(grammar: &Command, arguments: Vec<String>) -> Result<Read, String> {
    let mut reading = Reading {
        chain: vec![grammar],
        line: Line::default(),
        rest: arguments.into(),
    };
    if reading.rest.is_empty() {
        return Ok(Read::Help(Vec::new()));
    }
    let mut takes_flags = true;
    while let Some(token) = reading.rest.pop_front() {
        let is_help = |name: &str| matches!(name, "--help" | "-h" | "--help-long" | "--help-man");
        if takes_flags && token == "--" {
            takes_flags = false;
        } else if takes_flags && is_help(&token) {
            return Ok(Read::Help(reading.line.commands));
        } else if takes_flags && token == "--version" {
            return Ok(Read::Version);
        } else if takes_flags && token.starts_with('-') {
            reading.take_flag(token)?;
        } else if reading.chain.len() == 1 && token == "help" {
            return Ok(Read::Help(reading.rest.into()));
        } else {
            reading.take_argument(token)?;
        }
    }
    while reading.enter_default() {}
    if reading.innermost().has_subcommands() {
        return Err(match reading.line.commands.as_slice() {
            [] => "command not specified".to_owned(),
            commands => format!("must select a subcommand of '{}'", commands.join(" ")),
        });
    }
    Ok(Read::Line(reading.line))
}

struct Reading<'g> {
    /// The commands so far, from the root on.
    chain: Vec<&'g Command>,
    line: Line,
    rest: VecDeque<String>,
}

impl<'g> Reading<'g> {
    fn innermost(&self) -> &'g Command {
        self.chain[self.chain.len() - 1]
    }

    fn enter(&mut self, command: &'g Command) {
        self.chain.push(command);
        self.line.commands.push(command.get_name().to_owned());
    }

    /// Enters the command that is meant where none is named, if there is one.
    fn enter_default(&mut self) -> bool {
        let innermost = self.innermost();
        let default = DEFAULTS
            .iter()
            .find(|(command, _)| *command == innermost.get_name());
        match default.and_then(|(_, default)| innermost.find_subcommand(default)) {
            Some(command) => {
                self.enter(command);
                true
            }
            None => false,
        }
    }

    fn take_flag(&mut self, token: String) -> Result<(), String> {
        let (name, value) = name_and_value(&token);
        let Some(flag) = self.find(&name) else {
            if self.enter_default() {
                self.rest.push_front(token);
                return Ok(());
            }
            let is_long = name.starts_with("--");
            let kind = if is_long { "long" } else { "short" };
            return Err(format!("unknown {kind} flag '{name}'"));
        };
        let long = flag.arg.get_long().unwrap_or_default().to_owned();
        if self.line.turned_off.contains(&long) || !is_list(flag.arg) && self.line.has(&long) {
            return Err(format!("flag '{long}' cannot be repeated"));
        }
        if is_switch(flag.arg) {
            // What follows a switch is not its value: `-qs` is two switches, `--quiet=x` has an argument.
            if let Some(rest) = value {
                let is_long = name.starts_with("--");
                let rest = if is_long { rest } else { format!("-{rest}") };
                self.rest.push_front(rest);
            }
            if flag.is_off {
                self.line.turned_off.push(long);
            } else {
                self.line.flags.push((long, None));
            }
            return Ok(());
        }
        let next = || self.rest.pop_front_if(|next| !next.starts_with('-'));
        let value = value.or_else(next);
        let value = value.ok_or_else(|| format!("expected argument for flag '{name}'"))?;
        self.line.flags.push((long, Some(value)));
        Ok(())
    }

    fn find(&self, name: &str) -> Option<Flag<'g>> {
        let commands = self.chain.iter();
        find_flag(commands.flat_map(|command| command.get_arguments()), name)
    }

    fn take_argument(&mut self, token: String) -> Result<(), String> {
        let innermost = self.innermost();
        if innermost.has_subcommands() {
            if let Some(command) = innermost.find_subcommand(&token) {
                self.enter(command);
                return Ok(());
            }
            if self.enter_default() {
                self.rest.push_front(token);
                return Ok(());
            }
            return Err(format!("expected command but got {}", go_quote(&token)));
        }
        let takes_more = innermost
            .get_positionals()
            .any(|positional| is_list(positional) || self.line.arguments.is_empty());
        if !takes_more {
            return Err(format!("unexpected {token}"));
        }
        self.line.arguments.push(token);
        Ok(())
    }
}

/// The name of the flag in `token`, with its dashes, and what stands behind it: `--name=value`, `-nvalue`.
fn name_and_value(token: &str) -> (String, Option<String>) {
    if token.starts_with("--") {
        return match token.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (token.to_owned(), None),
        };
    }
    let letter = token.chars().nth(1).map_or(0, char::len_utf8);
    let (name, rest) = token.split_at(1 + letter);
    let rest = (!rest.is_empty()).then(|| rest.to_owned());
    (name.to_owned(), rest)
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// The flag that `name` stands for: one of that name, or a switch whose name differs by a leading `no-`.
fn find_flag<'g>(mut args: impl Iterator<Item = &'g Arg>, name: &str) -> Option<Flag<'g>> {
    let long = name.strip_prefix("--");
    let short = name
        .strip_prefix('-')
        .and_then(|short| short.chars().next());
    args.find_map(|arg| {
        let Some(wanted) = long else {
            let is_it = arg.get_short().is_some() && arg.get_short() == short;
            return is_it.then_some(Flag { arg, is_off: false });
        };
        let own = arg.get_long()?;
        let aliases = arg.get_all_aliases().unwrap_or_default();
        if own == wanted || aliases.contains(&wanted) {
            return Some(Flag { arg, is_off: false });
        }
        let is_opposite =
            wanted.strip_prefix("no-") == Some(own) || own.strip_prefix("no-") == Some(wanted);
        (is_opposite && is_switch(arg)).then_some(Flag { arg, is_off: true })
    })
}

impl Line {
    fn has(&self, long: &str) -> bool {
        self.flags.iter().any(|(name, _)| name == long)
    }

    /// The command line for clap, with `defaults` for the flags that are not given. A default counts for
    /// flags of every command and for those of the innermost one.
    pub fn with_defaults(
        mut self,
        grammar: &Command,
        defaults: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let mut innermost = grammar;
        for name in &self.commands {
            innermost = innermost.find_subcommand(name).unwrap_or(innermost);
        }
        for (name, value) in defaults {
            let args = grammar.get_arguments().chain(innermost.get_arguments());
            let Some(flag) = find_flag(args, &format!("--{name}")) else {
                continue;
            };
            let long = flag.arg.get_long().unwrap_or_default().to_owned();
            if self.has(&long) || self.turned_off.contains(&long) {
                continue;
            }
            if !is_switch(flag.arg) {
                self.flags.push((long, Some(value.clone())));
            } else if (value == "true") != flag.is_off {
                self.flags.push((long, None));
            }
        }
        let mut line = vec!["amtool".to_owned()];
        line.extend(self.commands);
        line.extend(self.flags.into_iter().map(|(name, value)| match value {
            Some(value) => format!("--{name}={value}"),
            None => format!("--{name}"),
        }));
        line.push("--".to_owned());
        line.extend(self.arguments);
        line
    }
}
