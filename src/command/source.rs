//! `alertwheel source try NAME < BODY` and `alertwheel source preset [NAME]`.
//!
//! Owns the printed form of what a source makes of a body. Uses the configuration that a start with the same
//! flags would use, changes nothing and uses no network. Runs on main.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;

use super::flags::Flags;
use super::serve;
use crate::clock::Clock;
use crate::config::{self, Config, SourceEntry, SourceKind};
use crate::daemon::{self, ConfigSource};
use crate::engine::destinations;
use crate::files;
use crate::limits;
use crate::model::{Labels, ReportedChange, SourceReport, Wall, format_duration, go_quote};
use crate::source::{Posted, Preset, SimpleCall, Yield};

/// The arguments of `source try`.
#[derive(Clone, Debug, Args)]
pub struct TryArguments {
    /// The name of the source.
    #[arg(value_name = "NAME")]
    name: String,
    /// A header of the request, as in curl; may be repeated.
    #[arg(long, short = 'H', value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// The query of the request, encoded.
    #[arg(long, value_name = "QUERY", default_value = "")]
    query: String,
    /// For a source of type simple: the request is one to /alert/ALERTNAME.
    #[arg(long, value_name = "ALERTNAME")]
    alert: Option<String>,
    /// For a source of type simple: the request is one to /resolve/ALERTNAME.
    #[arg(long, value_name = "ALERTNAME", conflicts_with = "alert")]
    resolve: Option<String>,
}

/// Prints what a source makes of standard input. Fails if it refuses any of it or a template fails.
pub fn try_body(arguments: &TryArguments, flags: &Flags) -> ExitCode {
    let tried = read_body().and_then(|body| {
        let config = load(flags)?;
        let read = read(arguments, &config, &body)?;
        Ok((config, read))
    });
    match tried {
        Ok((config, read)) => {
            let is_clean = read.refused.is_empty() && read.faults.is_empty();
            print(&told(&config, &read), is_clean)
        }
        Err(why) => fail(&why),
    }
}

/// Prints a preset, or the names of all.
pub fn preset(name: Option<&str>) -> ExitCode {
    let Some(name) = name else {
        let names = Preset::ALL.iter().map(|preset| preset.name);
        return print(&(names.collect::<Vec<_>>().join("\n") + "\n"), true);
    };
    match Preset::find(name) {
        Some(preset) => print(preset.text, true),
        None => fail(&format!(
            "there is no preset {}; `alertwheel source preset` lists those there are",
            go_quote(name)
        )),
    }
}

fn read_body() -> Result<Vec<u8>, String> {
    let body = files::read_from(io::stdin().lock(), limits::BODY_BYTES as u64);
    body.map_err(|error| format!("standard input cannot be read: {error}"))
}

fn load(flags: &Flags) -> Result<Config, String> {
    let options = serve::check_flags(flags)?;
    match serve::source(flags) {
        ConfigSource::File(path) => {
            let loaded = daemon::read_file(&path, options).map_err(|error| error.to_string())?;
            Ok(loaded.config)
        }
        ConfigSource::BuiltIn | ConfigSource::Demo => Ok(config::built_in()),
    }
}

fn read(arguments: &TryArguments, config: &Config, body: &[u8]) -> Result<Yield, String> {
    let entry = find(config, &arguments.name)?;
    let headers = headers(&arguments.header)?;
    let posted = Posted {
        query: &arguments.query,
        headers: &headers,
        body,
    };
    let call = |alertname, is_resolved| SimpleCall {
        alertname,
        is_resolved,
    };
    match (entry.kind, &arguments.alert, &arguments.resolve) {
        (SourceKind::Webhook, None, None) => entry.source.read(&posted, Clock::start().wall()),
        (SourceKind::Simple, Some(name), _) => entry.source.read_simple(call(name, false), &posted),
        (SourceKind::Simple, _, Some(name)) => entry.source.read_simple(call(name, true), &posted),
        (SourceKind::Webhook, ..) => {
            Err("--alert and --resolve are for a source of type simple".to_owned())
        }
        (SourceKind::Simple, ..) => {
            Err("a source of type simple needs --alert or --resolve".to_owned())
        }
    }
}

fn find<'c>(config: &'c Config, name: &str) -> Result<&'c SourceEntry, String> {
    let mut sources = config.sources.iter();
    let found = sources.find(|entry| **entry.source.name() == *name);
    found.map(AsRef::as_ref).ok_or_else(|| {
        let names = config.sources.iter().map(|entry| &**entry.source.name());
        let names = names.collect::<Vec<_>>().join(", ");
        format!(
            "there is no source {}; the configuration has: {names}",
            go_quote(name)
        )
    })
}

fn headers(given: &[String]) -> Result<Vec<(String, String)>, String> {
    let headers = given.iter().map(|header| {
        let Some((name, value)) = header.split_once(':') else {
            return Err(format!(
                "{} is no header, such as 'Name: value'",
                go_quote(header)
            ));
        };
        Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    });
    headers.collect()
}

/// The yield of a body, for a person.
fn told(config: &Config, read: &Yield) -> String {
    let mut out = String::new();
    for report in &read.reports {
        tell_report(&mut out, config, report);
    }
    for refused in &read.refused {
        writeln_to(
            &mut out,
            format_args!("refused element {}: {}", refused.index, refused.reason),
        );
    }
    if read.dropped > 0 {
        writeln_to(
            &mut out,
            format_args!("dropped on purpose: {}", read.dropped),
        );
    }
    for fault in &read.faults {
        writeln_to(&mut out, format_args!("fault: {fault}"));
    }
    if out.is_empty() {
        out.push_str("no alerts\n");
    }
    out
}

fn tell_report(out: &mut String, config: &Config, report: &SourceReport) {
    let key = report
        .key
        .as_deref()
        .map(|key| format!(" key={}", go_quote(key)));
    let key = key.unwrap_or_default();
    match &report.change {
        ReportedChange::Resolved { labels, ended_at } => {
            let labels = if labels.is_empty() {
                String::new()
            } else {
                format!(" {}", **labels)
            };
            writeln_to(out, format_args!("resolved{key}{labels}"));
            tell_time(out, "ended", *ended_at);
        }
        ReportedChange::Firing { alert, ttl } => {
            writeln_to(out, format_args!("firing{key} {}", *alert.labels));
            for (name, text) in alert.annotations.iter() {
                writeln_to(
                    out,
                    format_args!("  {name}: {}", text.replace('\n', "\n    ")),
                );
            }
            tell_time(out, "began", alert.starts_at);
            tell_time(out, "ends", alert.ends_at);
            if let Some(ttl) = ttl {
                writeln_to(
                    out,
                    format_args!(
                        "  ends without a further report after {}",
                        format_duration(*ttl)
                    ),
                );
            }
            if !alert.generator_url.is_empty() {
                writeln_to(out, format_args!("  link: {}", &*alert.generator_url));
            }
            tell_destinations(out, config, &alert.labels);
        }
    }
}

fn tell_time(out: &mut String, what: &str, time: Option<Wall>) {
    if let Some(time) = time {
        writeln_to(out, format_args!("  {what}: {time}"));
    }
}

fn tell_destinations(out: &mut String, config: &Config, labels: &Labels) {
    for (receiver, group) in destinations(config, labels) {
        writeln_to(
            out,
            format_args!("  to receiver {} in group {group}", receiver.name),
        );
    }
}

fn writeln_to(out: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(out, "{line}").expect("a string takes everything");
}

/// Prints the text. A closed pipe, as after `| head`, is no failure.
fn print(text: &str, is_success: bool) -> ExitCode {
    let mut out = io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&format!("printing failed: {error}"))
        }
        _ if is_success => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn fail(why: &str) -> ExitCode {
    // If standard error is closed, the exit code alone reports the failure.
    let _ = writeln!(io::stderr(), "alertwheel: error: {why}");
    ExitCode::FAILURE
}
