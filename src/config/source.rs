//! Sources of webhooks: the section `sources`.
//!
//! Owns their keys, the checks between them, what of a preset a source overrides, and the checked type that
//! the daemon uses. Presets are texts of the same form in `source::presets`. A fault never repeats a secret.
//! Pure; runs on the thread that loads the configuration.

mod auth;
mod trial;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fault::{Findings, nearest, shown};
use super::field::At;
use super::file::Terms;
use super::node::Place;
use super::record::{Record, Value};
use super::table::Kind::{self, Bool, NamedTexts, Parsed, Text, Texts};
use super::table::{Reading, Section, key};
use super::yaml;
use crate::model::{is_valid_label_name, parse_duration};
use crate::source::{Preset, Protocol, Settings, Source};
use crate::template::SourceText;

use trial::Trial;

pub use auth::{Hmac, HmacScheme, QueryToken, SnsSettings, SourceAuth};

/// The section of a source, and the form of a preset.
pub static SOURCE: Section = Section {
    what: "a source",
    keys: &[
        key("name", Text),
        key("type", Parsed(kind)),
        key("preset", Text),
        key("protocol", Parsed(protocol)),
        key("each", Text),
        key("drop", Text),
        key("key", Text),
        key("status", Text),
        key("labels_from", Texts(POINTERS)),
        key("labels", NamedTexts(TEMPLATES)),
        key("annotations_from", Texts(POINTERS)),
        key("annotations", NamedTexts(TEMPLATES)),
        key("starts_at", Text),
        key("ends_at", Text),
        key("generator_url", Text),
        key("ttl", Parsed(ttl)),
        key("strict", Bool),
        key("auth", Kind::Section(&auth::AUTH)),
    ],
};

const POINTERS: &str = "a list of JSON pointers";
const TEMPLATES: &str = "a map of names and templates";

/// The keys that a source of type simple may have: it has no templates.
const SIMPLE_KEYS: [&str; 4] = ["name", "type", "ttl", "auth"];

/// The name of a simple source that has none.
const SIMPLE_NAME: &str = "simple";

/// The most characters of a name, which is a part of a path and of each record of an alert.
const NAME_LETTERS: usize = 100;

/// The advice for a template that cannot be parsed.
const RIGHT: &str = "put the template right";

fn kind(text: &str) -> Result<String, (String, &'static str)> {
    match text {
        "webhook" | "simple" => Ok(text.to_owned()),
        _ => {
            let wrong = format!("unknown type of a source \"{}\"", shown(text));
            Err((wrong, "write webhook or simple"))
        }
    }
}

fn protocol(text: &str) -> Result<String, (String, &'static str)> {
    match protocol_of(text) {
        Some(_) => Ok(text.to_owned()),
        None => {
            let wrong = format!("unknown protocol \"{}\"", shown(text));
            Err((wrong, "write pagerduty, netdata-cloud, cloudevents or sns"))
        }
    }
}

fn protocol_of(text: &str) -> Option<Protocol> {
    let mut named = Protocol::NAMED.iter();
    named
        .find(|(name, _)| *name == text)
        .map(|(_, protocol)| *protocol)
}

/// A duration, or a template that yields one.
fn ttl(text: &str) -> Result<String, (String, &'static str)> {
    let right = "write a number with a unit, such as 12h, or 0s for no bound";
    match parse_duration(text) {
        _ if text.contains("{{") => Ok(text.to_owned()),
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err((shown(&error.0), right)),
    }
}

/// How a source is posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// At `/hooks/NAME`, with bodies that its templates read.
    Webhook,
    /// At `/alert/ALERTNAME` and `/resolve/ALERTNAME`, without templates. There is at most one.
    Simple,
}

/// A source in the configuration.
#[derive(Debug)]
pub struct SourceEntry {
    /// How it is posted to.
    pub kind: SourceKind,
    /// The reader of the bodies.
    pub source: Source,
    /// The proofs that a request needs.
    pub auth: SourceAuth,
}

/// Checks the sources of a file.
pub fn check_sources(
    file: &Record,
    terms: &Terms<'_>,
    findings: &mut Findings,
) -> Vec<Arc<SourceEntry>> {
    let mut names = BTreeSet::new();
    let mut has_simple = false;
    let mut sources = Vec::new();
    for record in file.records("sources") {
        let kind = match record.text("type") {
            Some("simple") => SourceKind::Simple,
            _ => SourceKind::Webhook,
        };
        let name = check_name(record, kind, findings);
        if name.is_some_and(|name| !names.insert(name.to_owned())) {
            let wrong = format!("source name \"{}\" is not unique", name.unwrap_or_default());
            findings.fault(record.place_of("name"), wrong, "give it a name of its own");
        }
        if kind == SourceKind::Simple {
            if has_simple {
                let wrong = "there is more than one source of type simple";
                findings.fault(record.place_of("type"), wrong, "keep one of them");
            }
            has_simple = true;
            refuse_templates(record, findings);
        }
        let entry = check_source(name.unwrap_or_default(), kind, record, terms, findings);
        sources.push(Arc::new(entry));
    }
    sources
}

/// Checks a source and, if it has no fault, tries it.
fn check_source(
    name: &str,
    kind: SourceKind,
    record: &Record,
    terms: &Terms<'_>,
    findings: &mut Findings,
) -> SourceEntry {
    let faults = findings.count();
    let auth = auth::check_auth(record, findings);
    let preset = find_preset(record, findings);
    let whole = preset.map_or_else(
        || record.clone(),
        |preset| with_preset(record, preset, terms),
    );
    let settings = check_settings(&whole, &auth, terms, findings);
    let source = Source::new(name, settings, Arc::clone(&terms.templates), terms.mode);
    if findings.count() == faults && terms.has_all_templates {
        let trial = Trial {
            kind,
            record,
            whole: &whole,
            source: &source,
            preset,
        };
        trial.check(findings);
    }
    SourceEntry { kind, source, auth }
}

fn check_name<'r>(
    record: &'r Record,
    kind: SourceKind,
    findings: &mut Findings,
) -> Option<&'r str> {
    let right = "write a name of letters, digits, dots, dashes and underscores, such as grafana";
    let name = match record.text("name") {
        Some(name) => name,
        None if kind == SourceKind::Simple => return Some(SIMPLE_NAME),
        None => {
            if !record.is_broken("name") {
                findings.fault(record.place, "missing name in source", right);
            }
            return None;
        }
    };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_sound = name.bytes().all(is_allowed) && !name.starts_with('.');
    if !is_sound || name.len() > NAME_LETTERS {
        let wrong = format!("source name \"{}\" cannot be a part of a path", shown(name));
        findings.fault(record.place_of("name"), wrong, right);
        return None;
    }
    Some(name)
}

/// Refuses what a source of type simple has no use for.
fn refuse_templates(record: &Record, findings: &mut Findings) {
    if record.text("ttl").is_some_and(|ttl| ttl.contains("{{")) {
        let wrong = "the ttl of a source of type simple is no template";
        findings.fault(record.place_of("ttl"), wrong, "write one such as 12h");
    }
    for key in record.section.keys {
        if !SIMPLE_KEYS.contains(&key.name) && record.says(key.name) {
            let wrong = format!("a source of type simple has no {}", key.name);
            let right = "remove it, or make it a source of type webhook";
            findings.fault(record.place_of(key.name), wrong, right);
        }
    }
}

fn find_preset(record: &Record, findings: &mut Findings) -> Option<&'static Preset> {
    let name = record.text("preset")?;
    let found = Preset::find(name);
    if found.is_none() {
        let known = Preset::ALL.iter().map(|preset| preset.name);
        let right = match nearest(name, known.clone()) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
        };
        let wrong = format!("unknown preset \"{}\"", shown(name));
        findings.fault(record.place_of("preset"), wrong, right);
    }
    found
}

/// The source with what its preset says where the source itself says nothing.
fn with_preset(record: &Record, preset: &Preset, terms: &Terms<'_>) -> Record {
    let mut whole = record.clone();
    let place = record.place_of("preset");
    let mut preset = read_preset(preset, terms);
    for key in SOURCE.keys {
        let Some(value) = preset.take(key.name) else {
            continue;
        };
        match value {
            Value::Named(mut pairs) => {
                pairs.iter_mut().for_each(|(_, at)| at.place = place);
                let own = record.named(key.name);
                pairs.retain(|(name, _)| own.iter().all(|(other, _)| other != name));
                pairs.extend(own.iter().cloned());
                whole.put(key.name, Value::Named(pairs));
            }
            value if record.lacks(key.name) => whole.put(key.name, value),
            _ => {}
        }
    }
    whole
}

/// The record of a preset, which is part of the program.
fn read_preset(preset: &Preset, terms: &Terms<'_>) -> Record {
    let mut findings = Findings::default();
    let reading = Reading {
        mode: terms.mode,
        folder: None,
    };
    let document = yaml::parse(preset.text).map_err(|error| error.message);
    let root = document.expect("presets are YAML, as a test shows").root;
    Record::read(&root, &SOURCE, reading, &mut findings)
        .filter(|_| findings.is_sound())
        .expect("presets are sound, as a test shows")
}

fn check_settings(
    record: &Record,
    auth: &SourceAuth,
    terms: &Terms<'_>,
    findings: &mut Findings,
) -> Settings {
    let mut text = |name: &str| {
        let text = record.text(name)?;
        parse(record.place_of(name), text, findings)
    };
    let settings = Settings {
        drop: text("drop"),
        key: text("key"),
        status: text("status"),
        starts_at: text("starts_at"),
        ends_at: text("ends_at"),
        generator_url: text("generator_url"),
        ttl: text("ttl"),
        is_strict: record.is("strict"),
        protocol: record
            .text("protocol")
            .and_then(protocol_of)
            .unwrap_or_default(),
        secret_parameter: auth.query.as_ref().map(|query| query.parameter.clone()),
        ..Settings::default()
    };
    Settings {
        each: record
            .text("each")
            .filter(|each| is_pointer(record.place_of("each"), each, findings))
            .map(str::to_owned),
        labels_from: pointers(record, "labels_from", findings),
        labels: named(record, "labels", terms, findings),
        annotations_from: pointers(record, "annotations_from", findings),
        annotations: named(record, "annotations", terms, findings),
        ..settings
    }
}

fn parse(place: Place, text: &str, findings: &mut Findings) -> Option<SourceText> {
    SourceText::parse(text)
        .map_err(|wrong| findings.fault(place, wrong, RIGHT))
        .ok()
}

/// The templates of labels or annotations. An empty text removes the preset's.
fn named(
    record: &Record,
    what: &str,
    terms: &Terms<'_>,
    findings: &mut Findings,
) -> Vec<(Arc<str>, SourceText)> {
    let mut named = Vec::new();
    for (name, At { place, value }) in record.named(what) {
        if !is_valid_label_name(name, terms.mode) {
            let wrong = format!("invalid name \"{}\" in {what}", shown(name));
            findings.fault(*place, wrong, "use letters, digits and _");
        }
        if !value.is_empty() {
            let text = parse(*place, value, findings);
            named.extend(text.map(|text| (name.as_str().into(), text)));
        }
    }
    named
}

fn pointers(record: &Record, what: &str, findings: &mut Findings) -> Vec<String> {
    let texts = record.texts(what).iter();
    let sound = texts.filter(|at| is_pointer(at.place, &at.value, findings));
    sound.map(|at| at.value.clone()).collect()
}

fn is_pointer(place: Place, text: &str, findings: &mut Findings) -> bool {
    let is_sound = text.is_empty() || text.starts_with('/');
    if !is_sound {
        let wrong = format!("\"{}\" is no JSON pointer", shown(text));
        findings.fault(place, wrong, "write one such as /alerts or /data/items");
    }
    is_sound
}

#[cfg(test)]
mod tests;
