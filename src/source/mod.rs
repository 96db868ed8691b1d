//! PURE. Sources: what the bodies mean that other programs post.
//!
//! ```text
//! request ─ body ─► value ─ each ─► elements ─ element: templates ─► reports
//! ```
//!
//! Owns the reading of a body and the templates of a source that make reports of it. Never opens a socket or
//! a file and reads no clock. Runs on the connections' threads, and on the thread that loads the configuration.
//!
//! - `body`, `form`: what was posted, as one value, whatever its Content-Type
//! - `element`: the report of one element
//! - `status`: the words for firing and resolved
//! - `presets`: what well-known senders post, and the templates for it
//! - `trial`: all templates on a request, before a page depends on one
//! - `simple`: `/alert/NAME` and `/resolve/NAME`, which need no templates

mod body;
mod element;
mod form;
mod presets;
mod simple;
mod status;
mod trial;

use std::sync::Arc;

use crate::limits;
use crate::model::{ParserMode, ReportedChange, SourceReport, Wall};
#[cfg(doc)]
use crate::template::read_time;
use crate::template::{Received, Receiving, SourceText, Templates, Value};

pub use element::FAULT_ANNOTATION;
pub use presets::{Fixture, Preset, Request};
pub use simple::SimpleCall;
pub use status::{FIRING_WORDS, RESOLVED_WORDS};
pub use trial::FailedTemplate;

/// A request to a source, as far as its meaning goes.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'r> {
    /// The query of the target, percent-encoded as sent; empty if there is none.
    pub query: &'r str,
    /// The headers in the order sent, names in lower case.
    pub headers: &'r [(String, String)],
    /// The whole body, without its content encoding.
    pub body: &'r [u8],
}

/// The yield of a request to a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Yield {
    /// The reports, in the order of the elements.
    pub reports: Vec<SourceReport>,
    /// The elements that make no alert on purpose (`drop`).
    pub dropped: usize,
    /// The elements that cannot be an alert.
    pub refused: Vec<RefusedElement>,
    /// Templates that failed. Their alerts are among the reports, with an annotation that names the fault.
    pub faults: Vec<String>,
}

/// An element that cannot be an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedElement {
    /// Its position in the list, from 0; 0 if the body is one element.
    pub index: usize,
    /// Why, and what would be right.
    pub reason: String,
}

/// The expectations of a sender beside the reading of its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Nothing: any status in the 200s will do.
    #[default]
    Plain,
    /// PagerDuty's Events API v2: the answer 202 with a body.
    PagerDuty,
    /// Netdata Cloud: a GET with a challenge, to be answered with a signature of it.
    NetdataCloud,
    /// CloudEvents: an OPTIONS with the sender's origin, to be allowed.
    CloudEvents,
    /// Amazon SNS: signed messages, and one that asks to confirm the subscription.
    Sns,
}

impl Posted<'_> {
    /// The text at a JSON pointer in the body, for protocols with a secret or an identity of their own in it.
    pub fn text_at(&self, pointer: &str) -> Option<Arc<str>> {
        let query = form::urlencoded(self.query)?;
        let body = body::decode(self, &query).ok()?;
        body.at_pointer(pointer)?.scalar_text()
    }
}

impl Protocol {
    /// The protocols that a configuration can name, with their names.
    pub const NAMED: [(&'static str, Protocol); 4] = [
        ("pagerduty", Protocol::PagerDuty),
        ("netdata-cloud", Protocol::NetdataCloud),
        ("cloudevents", Protocol::CloudEvents),
        ("sns", Protocol::Sns),
    ];
}

/// The checked settings of a source.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The expectations of the sender beside the reading of its body.
    pub protocol: Protocol,
    /// The JSON pointer to the list of elements. Without it the body is one element or, if it is a list, the
    /// list of elements.
    pub each: Option<String>,
    /// Makes no alert of an element where it renders to anything but `false` or nothing.
    pub drop: Option<SourceText>,
    /// The identity of an alert within the source; without it the labels identify it.
    pub key: Option<SourceText>,
    /// Whether the alert fires or has resolved, as one of the words of [`FIRING_WORDS`] or
    /// [`RESOLVED_WORDS`]. Without it every element fires.
    pub status: Option<SourceText>,
    /// The JSON pointers to maps whose members become labels.
    pub labels_from: Vec<String>,
    /// The labels, which replace those of the same name in `labels_from`.
    pub labels: Vec<(Arc<str>, SourceText)>,
    /// The JSON pointers to maps whose members become annotations.
    pub annotations_from: Vec<String>,
    /// The annotations, which replace those of the same name in `annotations_from`.
    pub annotations: Vec<(Arc<str>, SourceText)>,
    /// When the alert began: RFC 3339 or a number, as [`read_time`] takes them; nothing is now.
    pub starts_at: Option<SourceText>,
    /// When the alert ends or ended; nothing is now for one that has resolved, and open for one that fires.
    pub ends_at: Option<SourceText>,
    /// The link to the alert's origin.
    pub generator_url: Option<SourceText>,
    /// How long an alert fires after its last report; nothing and zero are until it is resolved.
    pub ttl: Option<SourceText>,
    /// Whether an element whose templates need a missing field is refused; otherwise a missing field is empty.
    pub is_strict: bool,
    /// The parameter of the query that authorizes requests, which templates do not see.
    pub secret_parameter: Option<String>,
}

/// A source that is ready to read bodies: the checked settings with parsed templates.
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    settings: Settings,
    /// The named templates of the configuration.
    templates: Arc<Templates>,
    mode: ParserMode,
}

impl Source {
    /// A source with these settings. `mode` decides which names labels may have.
    pub fn new(
        name: &str,
        settings: Settings,
        templates: Arc<Templates>,
        mode: ParserMode,
    ) -> Self {
        Source {
            name: name.into(),
            settings,
            templates,
            mode,
        }
    }

    /// The name of the source, the last segment of its path.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The expectations of the sender beside the reading of its body.
    pub fn protocol(&self) -> Protocol {
        self.settings.protocol
    }

    /// Reads a request. An error says why nothing of the body can be used.
    pub fn read(&self, posted: &Posted<'_>, now: Wall) -> Result<Yield, String> {
        let query = self.query(posted)?;
        let body = body::decode(posted, &query)?;
        let received = self.received(posted, &query, body);
        let elements = self.elements(&received.body)?;
        let receiving = Receiving::new(&received, &self.templates, now);
        let mut read = Reading::default();
        for (index, dot) in elements.iter().enumerate() {
            read.take(index, element::read(self, &receiving, dot));
        }
        Ok(read.yielded)
    }

    fn received<'r>(
        &self,
        posted: &Posted<'r>,
        query: &'r [(String, String)],
        body: Value,
    ) -> Received<'r> {
        Received {
            body,
            headers: posted.headers,
            query,
            source: Arc::clone(&self.name),
            is_strict: self.settings.is_strict,
        }
    }

    /// The parameters of the query, without the one that authorizes the request.
    fn query(&self, posted: &Posted<'_>) -> Result<Vec<(String, String)>, String> {
        let Some(mut pairs) = form::urlencoded(posted.query) else {
            return Err("the query has a % that no two hexadecimal digits follow".to_owned());
        };
        let secret = self.settings.secret_parameter.as_deref();
        pairs.retain(|(name, _)| Some(name.as_str()) != secret);
        Ok(pairs)
    }

    /// The elements of a body.
    fn elements(&self, body: &Value) -> Result<Vec<Value>, String> {
        let list = match &self.settings.each {
            None => body.clone(),
            Some(pointer) => match body.at_pointer(pointer) {
                Some(list @ Value::List(_)) => list,
                Some(other) => {
                    let found = kind_of(&other);
                    return Err(format!("at {pointer} the body has {found} and no list"));
                }
                None => return Err(format!("the body has no list at {pointer}")),
            },
        };
        let Value::List(list) = list else {
            return Ok(vec![list]);
        };
        let count = list.items().len();
        if count > limits::SOURCE_ELEMENTS {
            return Err(format!(
                "the body has a list of {count} elements, and a source takes {} at a time",
                limits::SOURCE_ELEMENTS
            ));
        }
        Ok(list.items().to_vec())
    }
}

/// The kind of a JSON value, with its article.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Nil => "null",
        Value::Bool(_) => "a truth value",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        _ => "an object",
    }
}

/// The bytes of a report's texts.
fn text_bytes(report: &SourceReport) -> usize {
    let key = report.key.as_deref().map_or(0, str::len);
    key + match &report.change {
        ReportedChange::Firing { alert, .. } => alert.text_bytes(),
        ReportedChange::Resolved { labels, .. } => labels.text_bytes(),
    }
}

/// The outcome of one element.
struct Outcome {
    /// The report, or what else came of it.
    result: Result<Option<SourceReport>, String>,
    /// The templates that failed.
    faults: Vec<String>,
}

/// The yield of the elements so far.
#[derive(Default)]
struct Reading {
    yielded: Yield,
    text_bytes: usize,
}

impl Reading {
    fn take(&mut self, index: usize, outcome: Outcome) {
        let refuse = |reason| RefusedElement { index, reason };
        match outcome.result {
            Ok(None) => self.yielded.dropped += 1,
            Err(reason) => self.yielded.refused.push(refuse(reason)),
            Ok(Some(report)) => {
                let bytes = self.text_bytes + text_bytes(&report);
                if bytes > limits::SOURCE_REPORT_BYTES {
                    let limit = limits::SOURCE_REPORT_BYTES >> 20;
                    let reason = format!("the alerts of one body may have {limit} MiB of text");
                    self.yielded.refused.push(refuse(reason));
                    return;
                }
                self.text_bytes = bytes;
                self.yielded.reports.push(report);
                self.yielded.faults.extend(outcome.faults);
            }
        }
    }
}

#[cfg(test)]
mod tests;
