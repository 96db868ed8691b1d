//! A node of the routing tree as the file says it.
//!
//! Owns the keys of a route and their types (§1.5); inheritance and the rules that need more than
//! one key are `check/route.rs`'s. Pure; runs on whichever thread loads the configuration.

use std::time::Duration;

use super::matching::RawMatching;
use crate::config::fault::Findings;
use crate::config::field::{
    At, Field, Fields, boolean, duration, list, map, named_texts, text, texts,
};
use crate::config::node::{Kind, Node, Place};
use crate::model::ParserMode;

/// A route with its children.
#[derive(Debug)]
pub struct RawRoute {
    /// Where it stands.
    pub place: Place,
    /// The receiver's name.
    pub receiver: Field<String>,
    /// The labels to group by, or `...`.
    pub group_by: Field<Vec<At<String>>>,
    /// Which alerts enter.
    pub matching: RawMatching,
    /// Whether later siblings are tried.
    pub continues: Option<At<bool>>,
    /// How long a new group waits.
    pub group_wait: Field<Duration>,
    /// How long after a flush the next one comes.
    pub group_interval: Field<Duration>,
    /// How long an unchanged notification stays unrepeated.
    pub repeat_interval: Field<Duration>,
    /// The two as they are written.
    pub written: WrittenIntervals,
    /// Names of intervals in which nothing is told.
    pub mute_time_intervals: Vec<At<String>>,
    /// Names of intervals outside of which nothing is told.
    pub active_time_intervals: Vec<At<String>>,
    /// Names and template texts of the route's labels.
    pub labels: Vec<(String, At<String>)>,
    /// Our own: whether what was told firing is told resolved although it is muted by then.
    pub resolve_muted: Field<bool>,
    /// The children that could be read.
    pub routes: Vec<RawRoute>,
}

/// Intervals in the words of the file: whoever wrote 999h does not look for 41d15h.
#[derive(Debug, Default)]
pub struct WrittenIntervals {
    /// Of `group_interval`; nothing if it is not given.
    pub group: Option<String>,
    /// Of `repeat_interval`; nothing if it is not given.
    pub repeat: Option<String>,
}

const KEYS: &[&str] = &[
    "receiver",
    "group_by",
    "match",
    "match_re",
    "matchers",
    "mute_time_intervals",
    "active_time_intervals",
    "continue",
    "routes",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "labels",
    "resolve_muted",
];

/// The keys of a route.
pub fn route_keys() -> Vec<&'static str> {
    KEYS.to_vec()
}

impl RawRoute {
    /// Reads a route; `None` if it is not a map.
    pub fn read(node: &Node, mode: ParserMode, findings: &mut Findings) -> Option<Self> {
        let fields = Fields::read(node, "a route", &[KEYS], findings)?;
        let interval = |key, findings: &mut Findings| {
            Field::read(fields.get(key), |node| duration(node, findings))
        };
        let written = |key| match &fields.get(key)?.kind {
            Kind::Scalar(text) => Some(text.clone()),
            _ => None,
        };
        let names = |key, findings: &mut Findings| {
            let names = fields
                .get(key)
                .and_then(|node| texts(node, "a list of names of time intervals", findings));
            names.unwrap_or_default()
        };
        let keys = ["match", "match_re", "matchers"];
        Some(RawRoute {
            place: node.place,
            receiver: Field::read(fields.get("receiver"), |node| {
                text(node, findings).map(str::to_owned)
            }),
            group_by: Field::read(fields.get("group_by"), |node| {
                texts(node, "a list of label names", findings)
            }),
            matching: RawMatching::read(&fields, keys, mode, findings),
            mute_time_intervals: names("mute_time_intervals", findings),
            active_time_intervals: names("active_time_intervals", findings),
            continues: fields.get("continue").and_then(|node| {
                Some(At {
                    place: node.place,
                    value: boolean(node, findings)?,
                })
            }),
            group_wait: interval("group_wait", findings),
            group_interval: interval("group_interval", findings),
            repeat_interval: interval("repeat_interval", findings),
            written: WrittenIntervals {
                group: written("group_interval"),
                repeat: written("repeat_interval"),
            },
            labels: read_labels(fields.get("labels"), findings),
            resolve_muted: Field::read(fields.get("resolve_muted"), |node| boolean(node, findings)),
            routes: read_routes(fields.get("routes"), mode, findings),
        })
    }
}

fn read_labels(node: Option<&Node>, findings: &mut Findings) -> Vec<(String, At<String>)> {
    let what = "a map of label names and templates";
    let entries = node.and_then(|node| map(node, what, findings));
    named_texts(entries.unwrap_or_default(), findings)
}

fn read_routes(node: Option<&Node>, mode: ParserMode, findings: &mut Findings) -> Vec<RawRoute> {
    let items = node.and_then(|node| list(node, "a list of routes", findings));
    let mut routes = Vec::new();
    for item in items.unwrap_or_default() {
        if item.kind == Kind::Null {
            findings.fault(item.place, "route is null", "write its keys or remove it");
        }
        routes.extend(RawRoute::read(item, mode, findings));
    }
    routes
}
