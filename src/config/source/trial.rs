//! The trial of a source: its templates on the requests of its preset and on an empty object, and the traps.
//!
//! Owns what is a fault, what a warning, and the line of each. A template that fails on data alone is warned of,
//! since the alert is sent in spite of it. Pure; runs on the thread that loads the configuration.

use std::collections::BTreeSet;

use super::SourceKind;
use crate::config::fault::{Findings, shown};
use crate::config::node::Place;
use crate::config::record::Record;
use crate::model::{ReportedChange, go_quote, parse_duration};
use crate::source::{FIRING_WORDS, FailedTemplate, Fixture, Posted, Preset, Source, Yield};
use crate::template::SAMPLE_NOW;

/// The advice for a template that fails.
const RIGHT: &str = "put the template right";

/// A source on trial.
pub struct Trial<'t> {
    /// How it is posted to.
    pub kind: SourceKind,
    /// The source in the file.
    pub record: &'t Record,
    /// The source with its preset.
    pub whole: &'t Record,
    /// The source, ready to read.
    pub source: &'t Source,
    /// Its preset.
    pub preset: Option<&'static Preset>,
}

impl Trial<'_> {
    /// Adds the faults and warnings.
    pub fn check(&self, findings: &mut Findings) {
        if self.kind == SourceKind::Simple {
            return;
        }
        self.warn_of_no_end(findings);
        self.try_empty_object(findings);
        let fixtures = self.preset.map_or(&[][..], |preset| preset.fixtures);
        let mut told = BTreeSet::new();
        for fixture in fixtures {
            self.try_fixture(fixture, &mut told, findings);
        }
        for fired in fixtures {
            if let Some(ended) = end_of(fired, fixtures) {
                self.warn_of_identity(fired, ended, findings);
            }
        }
    }

    /// Nobody sends an alert again that fires, so one without an end fires for ever.
    fn warn_of_no_end(&self, findings: &mut Findings) {
        let status = self.whole.text("status").unwrap_or_default();
        let always_fires = status.is_empty()
            || FIRING_WORDS
                .iter()
                .any(|word| word.eq_ignore_ascii_case(status.trim()));
        let has_ttl = self.source.settings().ttl.is_some() && !is_zero(self.whole.text("ttl"));
        if always_fires && !has_ttl && self.whole.text("ends_at").is_none() {
            let warning = "nothing resolves the alerts of this source: write a status that says when they have \
                           resolved, or a ttl after which they are over";
            findings.warn(self.record.place, warning);
        }
    }

    /// An empty object has nothing that a strict source needs.
    fn try_empty_object(&self, findings: &mut Findings) {
        let settings = self.source.settings();
        let body = empty_element(settings.each.as_deref());
        let posted = Posted {
            query: "",
            headers: &[],
            body: body.as_bytes(),
        };
        for failed in self.source.try_templates(&posted, SAMPLE_NOW) {
            if !(settings.is_strict && failed.fault.depends_on_data) {
                self.tell(&failed, "an empty object", findings);
            }
        }
    }

    fn try_fixture(
        &self,
        fixture: &Fixture,
        told: &mut BTreeSet<(&'static str, String)>,
        findings: &mut Findings,
    ) {
        let request = fixture.request();
        let what = format!("the request \"{}\" of the preset", fixture.name);
        for failed in self.source.try_templates(&request.posted(), SAMPLE_NOW) {
            if told.insert((failed.key, failed.name.clone())) {
                self.tell(&failed, &what, findings);
            }
        }
        match self.source.read(&request.posted(), SAMPLE_NOW) {
            Err(reason) => findings.warn(self.record.place, format!("refuses {what}: {reason}")),
            Ok(read) => {
                if let Some(refused) = read.refused.first() {
                    let warning = format!("refuses {what}: {}", refused.reason);
                    findings.warn(self.record.place, warning);
                }
            }
        }
    }

    /// A failed template of the source itself. Those of its preset fail on data of another sender alone.
    fn tell(&self, failed: &FailedTemplate, what: &str, findings: &mut Findings) {
        let Some(place) = self.place_of(failed) else {
            return;
        };
        let fault = &failed.fault.text;
        if failed.fault.depends_on_data {
            findings.warn(place, format!("fails on {what}: {fault}"));
        } else if !findings.has_fault_at(place) {
            findings.fault(place, fault, RIGHT);
        }
    }

    /// Where the source has the template; `None` if it comes from the preset.
    fn place_of(&self, failed: &FailedTemplate) -> Option<Place> {
        if failed.name.is_empty() {
            let is_own = self.record.text(failed.key).is_some();
            return is_own.then(|| self.record.place_of(failed.key));
        }
        let mut named = self.record.named(failed.key).iter();
        named
            .find(|(name, _)| *name == failed.name)
            .map(|(_, at)| at.place)
    }

    /// What resolves must name what has fired.
    fn warn_of_identity(&self, fired: &Fixture, ended: &Fixture, findings: &mut Findings) {
        let read = |fixture: &Fixture| {
            let request = fixture.request();
            self.source.read(&request.posted(), SAMPLE_NOW)
        };
        let (Ok(fired), Ok(ended)) = (read(fired), read(ended)) else {
            return;
        };
        let (keys_fired, keys_ended) = (keys(&fired, true), keys(&ended, false));
        if keys_ended.is_empty() {
            let warning = "the status never says resolved for what the preset's sender resolves";
            findings.warn(self.record.place_of("status"), warning);
        } else if keys_fired.iter().flatten().next().is_some() && keys_fired != keys_ended {
            let text = |keys: &BTreeSet<Option<String>>| {
                let keys = keys.iter().map(|key| key.clone().unwrap_or_default());
                shown(&keys.collect::<Vec<_>>().join(", "))
            };
            let warning = format!(
                "the key differs between firing ({}) and resolved ({}), so nothing resolves the alert",
                text(&keys_fired),
                text(&keys_ended)
            );
            findings.warn(self.record.place_of("key"), warning);
        } else if let Some(label) = changed_label(&fired, &ended) {
            let warning = format!(
                "the label {label} differs between firing and resolved, so without a key nothing resolves the alert"
            );
            findings.warn(self.record.place_of("labels"), warning);
        }
    }
}

/// An empty object, as the only element of the list at this pointer.
fn empty_element(each: Option<&str>) -> String {
    let Some(pointer) = each else {
        return "{}".to_owned();
    };
    let Some(steps) = pointer.strip_prefix('/') else {
        return "[{}]".to_owned();
    };
    let steps = steps.rsplit('/');
    steps.fold("[{}]".to_owned(), |inner, step| {
        let name = step.replace("~1", "/").replace("~0", "~");
        format!("{{{}: {inner}}}", go_quote(&name))
    })
}

fn is_zero(ttl: Option<&str>) -> bool {
    let ttl = ttl.and_then(|ttl| parse_duration(ttl).ok());
    ttl.is_some_and(|ttl| ttl.is_zero())
}

/// The request that ends what another began: `resolved-x` for `firing-x`.
fn end_of(fired: &Fixture, fixtures: &'static [Fixture]) -> Option<&'static Fixture> {
    let suffix = fired.name.strip_prefix("firing")?;
    let mut fixtures = fixtures.iter();
    fixtures.find(|other| other.name.strip_prefix("resolved") == Some(suffix))
}

/// The keys of what fires or of what has resolved.
fn keys(read: &Yield, is_firing: bool) -> BTreeSet<Option<String>> {
    let reports = read.reports.iter().filter(|report| {
        let fires = matches!(report.change, ReportedChange::Firing { .. });
        fires == is_firing
    });
    let keys = reports.map(|report| report.key.as_deref().map(str::to_owned));
    keys.collect()
}

/// A label in which what has resolved without a key differs from what fired.
fn changed_label(fired: &Yield, ended: &Yield) -> Option<String> {
    let pairs = fired.reports.iter().zip(&ended.reports);
    pairs
        .filter(|(_, ended)| ended.key.is_none())
        .find_map(|(fired, ended)| match (&fired.change, &ended.change) {
            (ReportedChange::Firing { alert, .. }, ReportedChange::Resolved { labels, .. }) => {
                let names = alert.labels.iter().chain(labels.iter());
                let mut names = names.map(|(name, _)| name);
                names
                    .find(|name| alert.labels.get(name) != labels.get(name))
                    .map(str::to_owned)
            }
            _ => None,
        })
}
