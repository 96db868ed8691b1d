//! The report of one element of a body.
//!
//! Owns the order of a source's templates and what becomes of an element where one fails: an alert that fires
//! is kept with what could be made of it and an annotation that names the fault, since a lost page is worse
//! than an ugly one. What a template yields that breaks a rule refuses the element: a status that is no known
//! word, a time that cannot be read, labels that no alert may have. Pure; runs on the connections' threads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::status::is_firing;
use super::{Outcome, Source};
use crate::limits;
use crate::model::{
    IdentifiedLabels, Labels, ParserMode, PostedAlert, ReportedChange, SourceReport, Wall,
    ZERO_TIME, is_valid_label_name, parse_duration,
};
use crate::template::{Receiving, SourceText, Value, read_time};

/// The names and texts of labels or annotations.
pub type Pairs = BTreeMap<Arc<str>, Arc<str>>;

/// The annotation that names the faults of templates.
pub const FAULT_ANNOTATION: &str = "alertwheel_fault";

/// Reads an element.
pub fn read(source: &Source, receiving: &Receiving<'_>, dot: &Value) -> Outcome {
    let mut element = Element {
        source,
        receiving,
        dot,
        faults: Vec::new(),
    };
    let result = element.report();
    match element.faults.first() {
        Some(fault) if source.settings.is_strict => Outcome {
            result: Err(fault.clone()),
            faults: Vec::new(),
        },
        _ => Outcome {
            result,
            faults: element.faults,
        },
    }
}

struct Element<'s> {
    source: &'s Source,
    receiving: &'s Receiving<'s>,
    dot: &'s Value,
    /// The templates that failed so far.
    faults: Vec<String>,
}

impl<'s> Element<'s> {
    /// The report; nothing if the element is dropped.
    fn report(&mut self) -> Result<Option<SourceReport>, String> {
        let settings = &self.source.settings;
        if self.render_drop() {
            return Ok(None);
        }
        let status = self.render("status", settings.status.as_ref());
        let is_firing = is_firing(&status.unwrap_or_default())?;
        let key = self.key()?;
        let change = if is_firing {
            self.firing()?
        } else {
            self.resolved(key.is_some())?
        };
        Ok(Some(SourceReport {
            source: Arc::clone(&self.source.name),
            key,
            change,
        }))
    }

    /// A drop that fails drops nothing.
    fn render_drop(&mut self) -> bool {
        let rendered = self.render("drop", self.source.settings.drop.as_ref());
        let rendered = rendered.unwrap_or_default();
        !matches!(rendered.trim(), "" | "false")
    }

    fn key(&mut self) -> Result<Option<Box<str>>, String> {
        let key = self.render("key", self.source.settings.key.as_ref());
        checked_key(&key.unwrap_or_default())
    }

    fn firing(&mut self) -> Result<ReportedChange, String> {
        let settings = &self.source.settings;
        let mut labels = self.pairs("labels", &settings.labels_from, &settings.labels);
        if !self.faults.is_empty() && !labels.contains_key("alertname") {
            labels.insert("alertname".into(), Arc::clone(&self.source.name));
        }
        let labels = checked_labels(labels, self.source.mode)?;
        let starts_at = self.time("starts_at", settings.starts_at.as_ref())?;
        let ends_at = self.time("ends_at", settings.ends_at.as_ref())?;
        let url = self.render("generator_url", settings.generator_url.as_ref());
        // A link that is none is not worth an alert.
        let url = url.filter(|url| is_link(url.trim())).unwrap_or_default();
        let ttl = self.render("ttl", settings.ttl.as_ref());
        let ttl = read_ttl(&ttl.unwrap_or_default())?;
        let annotations = self.annotations();
        let alert = PostedAlert {
            labels,
            annotations,
            starts_at,
            ends_at,
            generator_url: url.trim().into(),
            fault: None,
        };
        if let Some(excess) = alert.excess() {
            return Err(excess);
        }
        Ok(ReportedChange::Firing { alert, ttl })
    }

    /// A fault in what says which alert has resolved refuses the element, which has no alert to show it.
    fn resolved(&mut self, has_key: bool) -> Result<ReportedChange, String> {
        let settings = &self.source.settings;
        let labels = if has_key {
            IdentifiedLabels::default()
        } else {
            let pairs = self.pairs("labels", &settings.labels_from, &settings.labels);
            if let Some(fault) = self.faults.first() {
                return Err(fault.clone());
            }
            checked_labels(pairs, self.source.mode)?
        };
        let ended_at = self.time("ends_at", settings.ends_at.as_ref())?;
        Ok(ReportedChange::Resolved { labels, ended_at })
    }

    fn annotations(&mut self) -> Labels {
        let settings = &self.source.settings;
        let from = &settings.annotations_from;
        let mut annotations = self.pairs("annotations", from, &settings.annotations);
        // A name that no annotation may have is not worth an alert.
        annotations.retain(|name, _| is_valid_label_name(name, self.source.mode));
        if !self.faults.is_empty() {
            let faults = self.faults.join("; ");
            let told = shortened(&faults, limits::SOURCE_FAULT_BYTES);
            annotations.insert(FAULT_ANNOTATION.into(), told.into());
        }
        Labels::from_pairs(annotations)
    }

    /// The names and texts of maps in the element, and those of templates, which replace them. What is empty
    /// is left out.
    fn pairs(&mut self, what: &str, from: &[String], texts: &'s [(Arc<str>, SourceText)]) -> Pairs {
        let mut pairs = Pairs::new();
        for pointer in from {
            let Some(Value::Dict(map)) = self.dot.at_pointer(pointer) else {
                continue;
            };
            for (name, value) in map.entries() {
                set(&mut pairs, name, value.scalar_text().unwrap_or_default());
            }
        }
        for (name, text) in texts {
            if let Some(text) = self.render(format_args!("{what}.{name}"), Some(text)) {
                set(&mut pairs, name, text);
            }
        }
        pairs
    }

    /// The time that a template yields. Nothing and Go's zero time are none.
    fn time(&mut self, what: &str, text: Option<&SourceText>) -> Result<Option<Wall>, String> {
        let text = self.render(what, text).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match read_time(text) {
            Some(time) => Ok(Some(time).filter(|time| *time != ZERO_TIME)),
            None => Err(format!(
                "{what} is \"{}\", and no time such as 2026-01-31T12:00:00Z",
                shortened(text, 100)
            )),
        }
    }

    /// The text of a template, if there is one and it does not fail.
    fn render(&mut self, what: impl fmt::Display, text: Option<&SourceText>) -> Option<Arc<str>> {
        match self.receiving.render(text?, self.dot) {
            Ok(text) => Some(text),
            Err(fault) => {
                self.faults.push(format!("{what}: {}", fault.text));
                None
            }
        }
    }
}

/// Sets a text that is not empty: nothing replaces nothing.
fn set(pairs: &mut Pairs, name: &Arc<str>, text: Arc<str>) {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return;
    }
    let text = match trimmed.len() == text.len() {
        true => text,
        false => trimmed.into(),
    };
    pairs.insert(Arc::clone(name), text);
}

/// Labels, unless no alert may have them.
pub fn checked_labels(pairs: Pairs, mode: ParserMode) -> Result<IdentifiedLabels, String> {
    if let Some(name) = pairs.keys().find(|name| !is_valid_label_name(name, mode)) {
        let name = shortened(name, 100);
        return Err(format!("\"{name}\" is no name of a label"));
    }
    if pairs.is_empty() {
        return Err("the element has none of the fields that labels are made of".to_owned());
    }
    Ok(Labels::from_pairs(pairs).into())
}

/// A key without the spaces around it; nothing if it is empty.
pub fn checked_key(key: &str) -> Result<Option<Box<str>>, String> {
    let key = key.trim();
    if key.len() > limits::SOURCE_KEY_BYTES {
        let limit = limits::SOURCE_KEY_BYTES;
        return Err(format!("the key has more than {limit} bytes"));
    }
    Ok((!key.is_empty()).then(|| key.into()))
}

/// How long an alert fires after its last report; nothing and zero are until it is resolved.
pub fn read_ttl(written: &str) -> Result<Option<Duration>, String> {
    let written = written.trim();
    if written.is_empty() {
        return Ok(None);
    }
    match parse_duration(written) {
        Ok(ttl) => Ok(Some(ttl).filter(|ttl| !ttl.is_zero())),
        Err(fault) => Err(format!(
            "{}; write a number with a unit, such as 10m",
            fault.0
        )),
    }
}

/// Whether a text is a link that all who show alerts can follow.
fn is_link(text: &str) -> bool {
    let is_web = ["http://", "https://"]
        .iter()
        .any(|start| text.starts_with(start));
    is_web
        && text
            .chars()
            .all(|letter| !letter.is_whitespace() && !letter.is_control())
}

/// At most so many bytes of a text, and no half of a character.
fn shortened(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
