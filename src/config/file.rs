//! A whole configuration file: its sections, and the checked [`Config`].
//!
//! Owns the top-level keys and the order of the checks (§1.11). Unlike Alertmanager, reports all faults and
//! not only the first. Never reads a file or parses text. Pure; runs on the thread that loads the
//! configuration.

use std::sync::Arc;
use std::time::Duration;

use super::fault::{Findings, TryHttp};
use super::global::{GLOBAL, check_global};
use super::heartbeat::{HEARTBEAT, Heartbeat};
use super::ignored::{EVENT_RECORDER, TRACING, check_ignored};
use super::inhibit::{INHIBIT_RULE, InhibitRule};
use super::inputs::Inputs;
use super::interval::{Intervals, MUTE_TIME_INTERVAL, TIME_INTERVAL};
use super::lint;
use super::receiver::{RECEIVER, Receiver, Unsupported, check_receivers};
use super::record::{Record, Value};
use super::render::render;
use super::route::{ROUTE, Route, Tree};
use super::source::{SOURCE, SourceEntry, check_sources};
use super::table::Kind::{self, AsWritten, Files, Sections};
use super::table::{Section, Shows, key};
use super::texts::check_texts;
use crate::model::ParserMode;
use crate::template::{TemplateFile, Templates};

/// The top-level section.
pub static FILE: Section = Section {
    what: "the configuration",
    keys: &[
        key("global", Kind::Section(&GLOBAL)).or("{}").always(),
        key("route", Kind::Section(&ROUTE)).always(),
        key(
            "inhibit_rules",
            Sections("a list of inhibition rules", &INHIBIT_RULE),
        ),
        key("receivers", Sections("a list of receivers", &RECEIVER)),
        key("templates", Files("a list of files")).or("[]").always(),
        key(
            "mute_time_intervals",
            Sections(INTERVALS, &MUTE_TIME_INTERVAL),
        ),
        key("time_intervals", Sections(INTERVALS, &TIME_INTERVAL)),
        key("heartbeats", Sections("a list of heartbeats", &HEARTBEAT)).hidden(),
        key("tracing", AsWritten(&TRACING)).always(),
        key("event_recorder", Kind::Section(&EVENT_RECORDER)).hidden(),
        key("sources", Sections("a list of sources", &SOURCE)).shown(Shows::Comment),
    ],
};

const INTERVALS: &str = "a list of named intervals";

/// A whole, valid configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The time after its last report when an alert without an end time resolves.
    pub resolve_timeout: Duration,
    /// The root of the routing tree. It has no matchers and accepts every alert.
    pub route: Route,
    /// All receivers, in the order of the file, used or not.
    pub receivers: Vec<Arc<Receiver>>,
    /// The inhibition rules, in the order of the file.
    pub inhibit_rules: Vec<InhibitRule>,
    /// The sources of webhooks, in the order of the file.
    pub sources: Vec<Arc<SourceEntry>>,
    /// The heartbeats, by name.
    pub heartbeats: Vec<Arc<Heartbeat>>,
    /// The template files, in the order in which their globs name them.
    pub templates: Vec<TemplateFile>,
    /// The number of patterns of template files in the file.
    pub template_globs: usize,
    /// The effective configuration as `GET /status` shows it, with secrets masked (§1.12).
    pub original: String,
    /// What it was made from, beside the templates.
    pub inputs: Inputs,
}

/// The origin of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user.
    User,
    /// The binary itself. Only such a configuration may write to the terminal.
    BuiltIn,
    /// The status of a running daemon, which shows secrets masked. Nothing is sent by such a configuration.
    Status,
}

/// The inputs of the checks besides the file's own contents.
#[derive(Debug)]
pub struct Terms<'t> {
    /// The origin of the configuration.
    pub origin: Origin,
    /// The syntax of label names and matchers.
    pub mode: ParserMode,
    /// What happens to integrations that are not supported.
    pub unsupported: Unsupported,
    /// The retention of the notification log, if it is known.
    pub retention: Option<Duration>,
    /// The template files that it names.
    pub template_files: Vec<TemplateFile>,
    /// The templates in them.
    pub templates: Arc<Templates>,
    /// Whether `templates` is complete. If not, a missing template may be defined in a file with faults.
    pub has_all_templates: bool,
    /// Tries the HTTP settings of receivers.
    pub try_http: TryHttp,
    /// What it is made from.
    pub inputs: &'t Inputs,
}

/// Checks a whole file. `None` if `findings` then has a fault.
pub fn check(mut file: Record, terms: Terms<'_>, findings: &mut Findings) -> Option<Config> {
    if file.lacks("global") {
        file.put("global", Value::Record(Record::empty(&GLOBAL)));
    }
    if let Some(global) = file.record("global") {
        check_global(global, findings);
    }
    check_ignored(&mut file, findings);
    let receivers = check_receivers(&file, &terms, findings);
    check_texts(&file, &terms, findings);
    let sources = check_sources(&file, &terms, findings);
    let intervals = Intervals::check(&file, findings);
    let rules = file.records("inhibit_rules").iter();
    let inhibit_rules: Vec<_> = rules
        .map(|rule| InhibitRule::check(rule, terms.mode, findings))
        .collect();
    let heartbeats = Heartbeat::check_all(&file, findings);
    let tree = Tree {
        receivers: &receivers,
        intervals: &intervals,
        mode: terms.mode,
        retention: terms.retention,
    };
    let route = check_root(&file, tree, findings);
    let route = route.filter(|_| findings.is_sound())?;
    lint::warn(&file, &route, &inhibit_rules, findings);
    let resolve_timeout = file.record("global")?.duration("resolve_timeout");
    Some(Config {
        resolve_timeout: resolve_timeout.map_or(Duration::ZERO, |(timeout, _)| timeout),
        template_globs: file.texts("templates").len(),
        original: render(file, &receivers.all),
        route,
        receivers: receivers.all,
        inhibit_rules,
        sources,
        heartbeats,
        templates: terms.template_files,
        inputs: terms.inputs.clone(),
    })
}

fn check_root(file: &Record, tree: Tree<'_>, findings: &mut Findings) -> Option<Route> {
    if file.lacks("route") {
        let wrong = if file.is_null {
            "no route provided in config"
        } else {
            "no routes provided"
        };
        findings.fault(file.place, wrong, "write route with a receiver");
    }
    tree.check(file.record("route")?, findings)
}
