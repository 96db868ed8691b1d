//! What a configuration file says, key by key, before it is asked whether it makes sense.
//!
//! Owns the shapes of all sections and which keys are known, built, or not built yet. Every key
//! that Alertmanager knows is known here; one that is not built is refused unless what it says
//! changes nothing. Relations between values are looked at in `check`. Pure; runs on whichever
//! thread loads the configuration.

mod global;
mod http;
mod receiver;
mod route;

pub use global::{IntegrationKey, IntegrationKind, RawGlobal};
pub use receiver::{RawReceiver, RawWebhook};
pub use route::RawRoute;

use super::fault::Findings;
use super::field::{Field, Fields, list};
use super::node::{Kind, Node, Place};
use crate::model::ParserMode;

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
}

const BUILT: &[&str] = &["global", "route", "receivers"];
const NOT_BUILT: &[&str] = &[
    "inhibit_rules",
    "templates",
    "mute_time_intervals",
    "time_intervals",
    "tracing",
    "event_recorder",
];

impl RawConfig {
    /// Reads a file's tree; `None` if the top is not a map.
    pub fn read(root: &Node, mode: ParserMode, findings: &mut Findings) -> Option<Self> {
        let fields = Fields::read(root, "the configuration", &[BUILT, NOT_BUILT], findings)?;
        refuse_unbuilt(&fields, NOT_BUILT, findings);
        let route = Field::read(fields.get("route"), |node| {
            RawRoute::read(node, mode, findings)
        });
        let receivers = fields.get("receivers").map_or(Some(&[][..]), |node| {
            list(node, "a list of receivers", findings)
        });
        let has_list = receivers.is_some();
        let items = receivers.unwrap_or_default();
        let receivers: Vec<_> = items
            .iter()
            .filter_map(|item| RawReceiver::read(item, findings))
            .collect();
        Some(RawConfig {
            place: root.place,
            is_empty: root.kind == Kind::Null,
            global: RawGlobal::read(fields.get("global"), findings),
            route,
            has_all_receivers: has_list && receivers.len() == items.len(),
            receivers,
        })
    }
}

/// Refuses keys that are known but not built, unless nothing is said there.
fn refuse_unbuilt(fields: &Fields<'_>, keys: &[&str], findings: &mut Findings) {
    for key in keys {
        if let Some(node) = fields.get(key).filter(|node| !node.is_empty()) {
            refuse_unbuilt_value(node, findings);
        }
    }
}

/// Refuses a value that asks for something that is not built.
fn refuse_unbuilt_value(node: &Node, findings: &mut Findings) {
    let right = "remove it, or wait for a version of alertwheel that can do it";
    findings.fault(node.place, "not built yet", right);
}
