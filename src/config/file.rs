//! A whole configuration file: its sections, and from what they say to what the daemon uses.
//!
//! Owns the keys at the top and the order of the checks (§1.11), except that all faults are reported and not
//! the first alone. Never reads a file or text. Pure; runs on whichever thread loads the configuration.

use std::sync::Arc;
use std::time::Duration;

use super::fault::{Findings, TryHttp};
use super::global::{GLOBAL, check_global};
use super::ignored::{EVENT_RECORDER, TRACING, check_ignored};
use super::inhibit::{INHIBIT_RULE, InhibitRule};
use super::interval::{Intervals, MUTE_TIME_INTERVAL, TIME_INTERVAL};
use super::receiver::{RECEIVER, Receiver, Unsupported, check_receivers};
use super::record::{Record, Value};
use super::render::render;
use super::route::{ROUTE, Route, Tree};
use super::table::Kind::{self, AsWritten, Files, Sections};
use super::table::{Section, key};
use super::texts::check_texts;
use crate::model::ParserMode;
use crate::template::{TemplateFile, Templates};

/// A file.
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
        key("tracing", AsWritten(&TRACING)).always(),
        key("event_recorder", Kind::Section(&EVENT_RECORDER)).hidden(),
    ],
};

const INTERVALS: &str = "a list of named intervals";

/// A whole configuration that was found sound.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an alert without an end lives after its last report.
    pub resolve_timeout: Duration,
    /// The root of the routing tree. It has no matchers and takes every alert.
    pub route: Route,
    /// All receivers, in the order of the file, used or not.
    pub receivers: Vec<Arc<Receiver>>,
    /// Which alerts mute which, in the order of the file.
    pub inhibit_rules: Vec<InhibitRule>,
    /// The template files, in the order in which their globs name them.
    pub templates: Vec<TemplateFile>,
    /// The effective configuration as `GET /status` shows it, secrets masked (§1.12).
    pub original: String,
    /// The text the configuration was read from; its hash is a metric.
    pub source: String,
}

/// Where a configuration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the user.
    User,
    /// From the binary itself, which may write to the terminal.
    BuiltIn,
}

/// What a file is checked against besides itself.
#[derive(Debug)]
pub struct Terms<'t> {
    /// Where the configuration comes from.
    pub origin: Origin,
    /// Which label names and matchers hold.
    pub mode: ParserMode,
    /// What becomes of integrations that are not built.
    pub unsupported: Unsupported,
    /// How long the ledger is kept, if that is known.
    pub retention: Option<Duration>,
    /// The template files that it names.
    pub template_files: Vec<TemplateFile>,
    /// The templates in them.
    pub templates: Arc<Templates>,
    /// Whether those are all. What a text asks for beside them may stand in a file that is wrong.
    pub has_all_templates: bool,
    /// Tries how receivers are to be spoken to.
    pub try_http: TryHttp,
    /// The text of the file.
    pub source: &'t str,
}

/// Checks a whole file. `None` if `findings` has a fault then.
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
    let intervals = Intervals::check(&file, findings);
    let rules = file.records("inhibit_rules").iter();
    let inhibit_rules = rules
        .map(|rule| InhibitRule::check(rule, terms.mode, findings))
        .collect();
    let tree = Tree {
        receivers: &receivers,
        intervals: &intervals,
        mode: terms.mode,
        retention: terms.retention,
    };
    let route = check_root(&file, tree, findings);
    let route = route.filter(|_| findings.is_sound())?;
    let resolve_timeout = file.record("global")?.duration("resolve_timeout");
    Some(Config {
        resolve_timeout: resolve_timeout.map_or(Duration::ZERO, |(timeout, _)| timeout),
        original: render(file, &receivers.all),
        route,
        receivers: receivers.all,
        inhibit_rules,
        templates: terms.template_files,
        source: terms.source.to_owned(),
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
