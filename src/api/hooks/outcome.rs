//! The outcome of a request to a source.
//!
//! Owns the type, and how much of it is kept. The answers to senders, the last bodies, the metrics and the log
//! are all made from it. Pure; runs on the connections' threads.

use crate::limits::RECENT_REPORTS;
use crate::model::{IdentifiedLabels, ReportedChange, SourceReport};
use crate::telemetry::metrics::SourceRefusal;

/// The outcome of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The status of the answer.
    pub status: u16,
    /// The alerts that fire.
    pub alerts: usize,
    /// The alerts that have resolved.
    pub resolved: usize,
    /// The elements that make no alert on purpose.
    pub dropped: usize,
    /// Why elements were refused.
    pub refused: Vec<String>,
    /// Templates that failed. Their alerts are there all the same.
    pub faults: Vec<String>,
    /// Why the whole request was refused, if it was.
    pub refusal: Option<(SourceRefusal, String)>,
    /// Notes on what happened beside that.
    pub note: Option<String>,
    /// The first reports of the request.
    pub reports: Vec<Reported>,
}

/// A report of a request, as it is shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Whether the alert fires.
    pub fires: bool,
    /// The identity of the alert within its source, if it has one of its own.
    pub key: Option<Box<str>>,
    /// The labels of the alert.
    pub labels: IdentifiedLabels,
}

impl Outcome {
    /// A request that was refused as a whole.
    pub fn refused(status: u16, refusal: SourceRefusal, why: impl Into<String>) -> Self {
        Outcome {
            status,
            refusal: Some((refusal, why.into())),
            ..Outcome::default()
        }
    }

    /// Notes what is reported.
    pub fn note_reports(&mut self, reports: &[SourceReport]) {
        for report in reports {
            let (fires, labels) = match &report.change {
                ReportedChange::Firing { alert, .. } => (true, &alert.labels),
                ReportedChange::Resolved { labels, .. } => (false, labels),
            };
            if fires {
                self.alerts += 1;
            } else {
                self.resolved += 1;
            }
            if self.reports.len() < RECENT_REPORTS {
                self.reports.push(Reported {
                    fires,
                    key: report.key.clone(),
                    labels: labels.clone(),
                });
            }
        }
    }

    /// The fault of the source as far as this request shows it: its kind and its text.
    pub fn fault(&self) -> Option<(FaultKind, &str)> {
        if let Some((refusal, why)) = &self.refusal {
            return Some((FaultKind::Refused(*refusal), why));
        }
        let template = self.faults.first();
        let template = template.map(|why| (FaultKind::Template, why.as_str()));
        let element = self.refused.first();
        template.or_else(|| element.map(|why| (FaultKind::Element, why.as_str())))
    }

    /// The bytes of its texts.
    pub fn text_bytes(&self) -> usize {
        let texts = self.refused.iter().chain(&self.faults);
        let texts: usize = texts.map(String::len).sum();
        let refusal = self.refusal.as_ref().map_or(0, |(_, why)| why.len());
        let reports = self.reports.iter().map(|reported| {
            let key = reported.key.as_ref().map_or(0, |key| key.len());
            key + reported.labels.text_bytes()
        });
        texts + refusal + reports.sum::<usize>()
    }
}

/// A kind of fault. The text of a fault may differ from body to body, and then is no news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Whole requests are refused.
    Refused(SourceRefusal),
    /// Elements of bodies are refused.
    Element,
    /// Templates fail.
    Template,
}
