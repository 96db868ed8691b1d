//! PURE. Finds templates that cannot run, before a notification depends on them.
//!
//! Owns the choice of faults at load time: bad syntax, unknown names and types. Failures that depend on the
//! data (a label that is not a number) are left to the time of sending, because Alertmanager accepts such a
//! configuration. Owns also the warnings about texts of a payload that sometimes render as another type.
//! Called on the thread that loads the configuration.

use std::sync::Arc;

use super::data::{AlertData, Data, SAMPLE_NOW};
use super::functions::FunctionSet;
use super::payload::{Payload, ReadYaml};
use super::{Templates, parse};
use crate::model::Labels;

/// The use of a text, which decides the allowed functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// An inline `url`: Go's own functions only (§1.2).
    Url,
    /// Any other text.
    Other,
}

/// Checks that `text` can run with some data.
pub fn check_text(templates: &Templates, text: &str, kind: TextKind) -> Result<(), String> {
    if kind == TextKind::Url {
        parse::parse(text, FunctionSet::Go).map_err(|fault| {
            format!(
                "invalid template syntax: template: :{}: {}",
                fault.line, fault.reason
            )
        })?;
    }
    for data in samples(&[]) {
        let result = templates.render_text(text, &data, SAMPLE_NOW);
        result.or_else(|fault| {
            if fault.depends_on_data {
                Ok(String::new())
            } else {
                Err(fault.text)
            }
        })?;
    }
    Ok(())
}

/// The type and the rendered form of `text` in a payload, if it seems intended as a text but sometimes
/// renders as another type. The sample alerts are grouped by the labels with these names. A number counts as
/// intended if no sample makes it a text; a text that begins with a bracket counts as an intended list or
/// map.
pub fn changed_type(
    templates: &Templates,
    text: &str,
    group_by: &[&str],
    read_yaml: ReadYaml,
) -> Option<(&'static str, String)> {
    let rendered = samples(group_by)
        .into_iter()
        .filter_map(|data| templates.render_text(text, &data, SAMPLE_NOW).ok());
    let outcomes: Vec<_> = rendered
        .map(|rendered| (kind_of(read_yaml(&rendered)), rendered))
        .collect();
    let becomes = |wanted: &str| outcomes.iter().any(|(kind, _)| *kind == wanted);
    let is_number = (becomes("a number") || becomes("a boolean")) && !becomes("a text");
    let is_structure = outcomes.iter().all(|(kind, rendered)| match *kind {
        "a map" | "a list" => rendered.trim_start().starts_with(['{', '[']),
        kind => kind == "null" && (becomes("a map") || becomes("a list")),
    });
    if is_number || is_structure || !text.contains("{{") && becomes("null") {
        return None;
    }
    let changed = |kind: &str| kind != "a text";
    let mut changed = outcomes.into_iter().filter(|(kind, _)| changed(kind));
    let first = changed.next()?;
    // An empty rendering is the least helpful example, so others are preferred.
    match first.0 {
        "null" => Some(changed.find(|(kind, _)| *kind != "null").unwrap_or(first)),
        _ => Some(first),
    }
}

fn kind_of(value: Option<Payload>) -> &'static str {
    match value {
        None | Some(Payload::Text(_) | Payload::PlainText(_)) => "a text",
        Some(Payload::Null) => "null",
        Some(Payload::Bool(_)) => "a boolean",
        Some(Payload::Integer(_) | Payload::Float(_)) => "a number",
        Some(Payload::List(_)) => "a list",
        Some(Payload::Map(_)) => "a map",
    }
}

/// Four samples: some alerts fire and some have resolved; all have resolved; the alerts share neither labels
/// nor annotations; the annotations contain YAML syntax.
fn samples(group_by: &[&str]) -> [Data; 4] {
    let mut mixed = Data::sample();
    let group_labels = mixed.group_labels.iter();
    mixed.group_labels =
        Labels::from_pairs(group_labels.chain(group_by.iter().map(|name| (*name, "sample"))));
    let resolved: Arc<[_]> = mixed
        .alerts
        .iter()
        .filter(|alert| &*alert.status == "resolved")
        .cloned()
        .collect();
    let over = Data {
        status: "resolved".into(),
        alerts: resolved,
        ..mixed.clone()
    };
    let apart = Data {
        common_labels: mixed.group_labels.clone(),
        common_annotations: Labels::default(),
        ..mixed.clone()
    };
    let odd = Labels::from_pairs([("summary", "95% full: /var"), ("description", "no")]);
    let alerts = mixed.alerts.iter().map(|alert| {
        Arc::new(AlertData {
            annotations: odd.clone(),
            ..AlertData::clone(alert)
        })
    });
    let odd = Data {
        alerts: alerts.collect(),
        common_annotations: odd.clone(),
        ..mixed.clone()
    };
    [mixed, over, apart, odd]
}
