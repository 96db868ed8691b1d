//! What a configuration file says, key by key, before it is asked whether it makes sense.
//!
//! Owns the shapes of all sections and which keys are known: all of Alertmanager's, and one of our
//! own. Integrations that are not built are refused or left out here. Relations between values are
//! looked at in `check`. Pure; runs on whichever thread loads the configuration.

mod global;
mod http;
mod ignored;
mod inhibit;
mod interval;
mod matching;
mod payload;
mod range;
mod receiver;
mod record;
mod route;
mod unsupported;

use std::path::Path;

pub use global::{IntegrationKey, IntegrationKind, RawGlobal, global_keys};
pub use http::{AUTHORIZATION, HTTP_CONFIG};
pub use inhibit::RawInhibitRule;
pub use interval::{RawInterval, RawIntervals, RawNamedInterval};
pub use matching::RawMatching;
pub use range::{range_text, weekday_name};
pub use receiver::{RawReceiver, RawWebhook};
pub use record::{KeyKind, Record, Value};
pub use route::{RawRoute, route_keys};
pub use unsupported::Unsupported;

use super::fault::Findings;
use super::field::{At, Field, Fields, list, texts};
use super::node::{Kind, Node, Place};
use super::paths::resolve;
use crate::model::ParserMode;

/// What is known about a file before it is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'f> {
    /// Which label names and matchers hold.
    pub mode: ParserMode,
    /// What becomes of integrations that are not built.
    pub unsupported: Unsupported,
    /// The folder that relative paths are taken from; `None` leaves them as they are.
    pub folder: Option<&'f Path>,
}

/// A file.
#[derive(Debug)]
pub struct RawConfig {
    /// Where its first key stands.
    pub place: Place,
    /// Whether it says anything at all.
    pub is_empty: bool,
    /// The section `global`.
    pub global: RawGlobal,
    /// The root of the routing tree.
    pub route: Field<RawRoute>,
    /// The receivers that could be read.
    pub receivers: Vec<RawReceiver>,
    /// Whether those are all.
    pub has_all_receivers: bool,
    /// The inhibition rules that could be read.
    pub inhibit_rules: Vec<RawInhibitRule>,
    /// The globs of template files.
    pub templates: Vec<At<String>>,
    /// The deprecated list of time intervals.
    pub mute_time_intervals: RawIntervals,
    /// The list of time intervals.
    pub time_intervals: RawIntervals,
    /// The section `tracing`.
    pub tracing: Option<Record>,
}

/// Whether `key` stands at the top of a file.
pub fn is_top_key(key: &str) -> bool {
    KEYS.contains(&key)
}

const KEYS: &[&str] = &[
    "global",
    "route",
    "inhibit_rules",
    "receivers",
    "templates",
    "mute_time_intervals",
    "time_intervals",
    "tracing",
    "event_recorder",
];

impl RawConfig {
    /// Reads a file's tree; `None` if the top is not a map.
    pub fn read(root: &Node, reading: Reading<'_>, findings: &mut Findings) -> Option<Self> {
        let fields = Fields::read(root, "the configuration", &[KEYS], findings)?;
        let route = Field::read(fields.get("route"), |node| {
            RawRoute::read(node, reading.mode, findings)
        });
        let receivers = fields.get("receivers").map_or(Some(&[][..]), |node| {
            list(node, "a list of receivers", findings)
        });
        let has_list = receivers.is_some();
        let items = receivers.unwrap_or_default();
        let receivers: Vec<_> = items
            .iter()
            .filter_map(|item| RawReceiver::read(item, reading, findings))
            .collect();
        let mut intervals = |key, what| RawIntervals::read(fields.get(key), what, findings);
        let mute_time_intervals = intervals("mute_time_intervals", "mute time interval");
        let time_intervals = intervals("time_intervals", "time interval");
        ignored::read_event_recorder(fields.get("event_recorder"), findings);
        Some(RawConfig {
            place: root.place,
            is_empty: root.kind == Kind::Null,
            global: RawGlobal::read(fields.get("global"), reading.folder, findings),
            route,
            has_all_receivers: has_list && receivers.len() == items.len(),
            receivers,
            inhibit_rules: read_inhibit_rules(&fields, reading.mode, findings),
            templates: read_templates(&fields, reading.folder, findings),
            mute_time_intervals,
            time_intervals,
            tracing: ignored::read_tracing(fields.get("tracing"), findings),
        })
    }
}

fn read_inhibit_rules(
    fields: &Fields<'_>,
    mode: ParserMode,
    findings: &mut Findings,
) -> Vec<RawInhibitRule> {
    let items = fields
        .get("inhibit_rules")
        .and_then(|node| list(node, "a list of inhibition rules", findings));
    let items = items.unwrap_or_default().iter();
    items
        .filter_map(|item| RawInhibitRule::read(item, mode, findings))
        .collect()
}

fn read_templates(
    fields: &Fields<'_>,
    folder: Option<&Path>,
    findings: &mut Findings,
) -> Vec<At<String>> {
    let mut globs = fields
        .get("templates")
        .and_then(|node| texts(node, "a list of files", findings))
        .unwrap_or_default();
    for glob in &mut globs {
        glob.value = resolve(folder, &glob.value);
    }
    globs
}
