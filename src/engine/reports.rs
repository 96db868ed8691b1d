//! Takes in what sources report: which alerts begin, which end, and which keys hold them.
//!
//! PURE. Owns what a report changes; the index of the keys is in `keyed_alerts.rs`. No source sends its alerts
//! again, so an alert fires until the source resolves it or until its `ttl` is over. A resolved report need not
//! have the labels of the alert: its key says which alert ends.
//!
//! An alert whose end is recorded without that of its key ends all the same, but one whose key is gone could
//! fire for ever. So an end is recorded before its key is forgotten, and a key before the alert that it holds.
//! Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::intake::{Intake, Origin};
use super::messages::{Effect, Full, InvalidAlert};
use super::record::{AlertKey, IdInSource, KeyedAlert, Record};
use super::{Engine, ingest};
use crate::model::{Alert, Fingerprint, Now, PostedAlert, ReportedChange, SourceReport, Wall};

impl Engine {
    /// Takes in a batch: all of its valid reports, or none if the batch would exceed a limit.
    pub(super) fn take_in_reports(
        &mut self,
        reports: Vec<SourceReport>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        if let Some(full) = self.lacks_room_for_reports(&reports) {
            return out.push(Effect::RefuseBatch(full));
        }
        let firing = fired(&reports).count();
        let mut intake = Intake::of(firing, reports.len() - firing);
        for report in reports {
            let taken = self.take_report(report, now, &mut intake, out);
            out.extend(taken.err().map(Effect::Refuse));
        }
        self.conclude(intake, now, out);
    }

    /// The limit that the batch would exceed, if any. There are at most as many keys as alerts.
    pub fn lacks_room_for_reports(&self, reports: &[SourceReport]) -> Option<Full> {
        let limit = self.settings.alerts;
        let keys = || fired(reports).map(|(report, alert)| key_of(report, alert));
        let room = limit.saturating_sub(self.keyed_alerts.len());
        let is_new = |key: &AlertKey| !self.keyed_alerts.contains(key);
        if reports.len() > room && keys().filter(is_new).count() > room {
            return Some(Full::Alerts(limit));
        }
        let given = reports.iter().filter_map(|report| report.key.as_deref());
        let bytes = given.map(str::len).sum();
        self.lacks_room(fired(reports).map(|(_, alert)| alert), bytes)
    }

    fn take_report(
        &mut self,
        report: SourceReport,
        now: Now,
        intake: &mut Intake,
        out: &mut Vec<Effect>,
    ) -> Result<(), InvalidAlert> {
        let SourceReport {
            source,
            key,
            change,
        } = report;
        match (change, key) {
            (ReportedChange::Firing { alert, ttl }, key) => {
                let id = id_of(key, &alert);
                let key = Arc::new(AlertKey { source, id });
                return self.hold(&key, alert, ttl, now, intake, out);
            }
            (ReportedChange::Resolved { ended_at, .. }, Some(key)) => {
                let id = IdInSource::Key(key);
                let ended_at = ended_at.unwrap_or(now.wall);
                self.resolve_key(&AlertKey { source, id }, ended_at, now, intake, out);
            }
            (ReportedChange::Resolved { labels, ended_at }, None) => {
                let alert = labels.fingerprint();
                let forgotten = self.forget_keys(alert, |key| key.source == source);
                self.release(alert, ended_at.unwrap_or(now.wall), now, intake, out);
                out.extend(forgotten.into_iter().map(Effect::Record));
            }
        }
        Ok(())
    }

    /// Lets an alert fire under `key`. If the key held an alert with other labels, that one ends.
    pub(super) fn hold(
        &mut self,
        key: &Arc<AlertKey>,
        posted: PostedAlert,
        ttl: Option<Duration>,
        now: Now,
        intake: &mut Intake,
        out: &mut Vec<Effect>,
    ) -> Result<(), InvalidAlert> {
        let ends_by_ttl = posted.ends_at.is_none() && ttl.is_some();
        let by_ttl = ttl.map(|ttl| ingest::later(now.wall, ttl));
        let ends_at = posted.ends_at.or(by_ttl).unwrap_or(Wall::MAX);
        let alert = ingest::admit_report(posted, ends_at, now.wall)?;
        let held = KeyedAlert {
            alert: alert.fingerprint,
            ends_at,
            ends_by_ttl,
        };
        let before = self.keyed_alerts.set(key, held);
        let until = self.keyed_alerts.held_until(held.alert);
        let alert = Alert {
            ends_at: until.unwrap_or(ends_at).into(),
            ..alert
        };
        let mut kept = Vec::new();
        if !self.keep(alert, Origin::Source, now, intake, &mut kept) {
            // The limit of alerts of this name is reached: nothing has changed.
            match before {
                Some(before) => drop(self.keyed_alerts.set(key, before)),
                None => drop(self.keyed_alerts.forget(key)),
            }
            out.append(&mut kept);
            return Ok(());
        }
        if let Some(before) = before.filter(|before| before.alert != held.alert) {
            self.release(before.alert, now.wall, now, intake, out);
        }
        if before != Some(held) {
            let key = Arc::clone(key);
            out.push(Effect::Record(Record::AlertKey { key, held }));
        }
        out.append(&mut kept);
        if let Some(surplus) = self.keyed_alerts.surplus_of(held.alert) {
            self.keyed_alerts.forget(&surplus);
            out.push(Effect::Record(Record::AlertKeyForgotten(surplus)));
        }
        Ok(())
    }

    /// Removes a key, and ends its alert unless another key still holds it.
    pub(super) fn resolve_key(
        &mut self,
        key: &AlertKey,
        ended_at: Wall,
        now: Now,
        intake: &mut Intake,
        out: &mut Vec<Effect>,
    ) {
        if let Some(before) = self.keyed_alerts.forget(key) {
            self.release(before.alert, ended_at, now, intake, out);
            let forgotten = Record::AlertKeyForgotten(Arc::new(key.clone()));
            out.push(Effect::Record(forgotten));
        }
    }

    /// Ends an alert that a key no longer holds. If other keys hold it, it fires until the last of them ends.
    fn release(
        &mut self,
        alert: Fingerprint,
        ended_at: Wall,
        now: Now,
        intake: &mut Intake,
        out: &mut Vec<Effect>,
    ) {
        let stored = self.alerts.get(alert);
        let Some(known) = stored.filter(|stored| !stored.alert.is_resolved_at(now.wall)) else {
            return;
        };
        let known = &known.alert;
        let ends_at = match self.keyed_alerts.held_until(alert) {
            Some(until) if until > now.wall => until,
            // Another key held it until then.
            Some(until) => ingest::end_of(known, ended_at.max(until), now.wall),
            None => ingest::end_of(known, ended_at, now.wall),
        };
        let ends_at = ends_at.into();
        if ends_at != known.ends_at {
            let changed = Alert {
                starts_at: known.starts_at.min(ends_at),
                ends_at,
                updated_at: now.wall.into(),
                ends_by_timeout: false,
                ..Alert::clone(known)
            };
            self.keep(changed, Origin::Source, now, intake, out);
        }
    }

    /// Removes all keys of an alert that has ended otherwise.
    pub(super) fn forget_keys_of(&mut self, alert: Fingerprint, out: &mut Vec<Effect>) {
        let forgotten = self.forget_keys(alert, |_| true);
        out.extend(forgotten.into_iter().map(Effect::Record));
    }

    /// Removes the keys of an alert that `is_meant` accepts. Returns the records of that.
    fn forget_keys(
        &mut self,
        alert: Fingerprint,
        is_meant: impl Fn(&AlertKey) -> bool,
    ) -> Vec<Record> {
        let keys = self.keyed_alerts.keys_of(alert).map(|(_, key)| key);
        let keys: Vec<Arc<AlertKey>> = keys.filter(|key| is_meant(key)).cloned().collect();
        for key in &keys {
            self.keyed_alerts.forget(key);
        }
        keys.into_iter().map(Record::AlertKeyForgotten).collect()
    }

    /// Removes the keys whose time is over or whose alert was collected.
    pub(super) fn collect_keys(&mut self, now: Wall, out: &mut Vec<Effect>) {
        let alerts = &self.alerts;
        let holds = |held: &KeyedAlert| held.ends_at > now && alerts.contains(held.alert);
        let forgotten = self.keyed_alerts.retain(holds).into_iter();
        out.extend(forgotten.map(|key| Effect::Record(Record::AlertKeyForgotten(key))));
    }
}

/// The reports of alerts that fire.
fn fired(reports: &[SourceReport]) -> impl Iterator<Item = (&SourceReport, &PostedAlert)> + Clone {
    reports.iter().filter_map(|report| match &report.change {
        ReportedChange::Firing { alert, .. } => Some((report, alert)),
        ReportedChange::Resolved { .. } => None,
    })
}

fn key_of(report: &SourceReport, alert: &PostedAlert) -> AlertKey {
    AlertKey {
        source: Arc::clone(&report.source),
        id: id_of(report.key.clone(), alert),
    }
}

fn id_of(key: Option<Box<str>>, alert: &PostedAlert) -> IdInSource {
    match key {
        Some(key) => IdInSource::Key(key),
        None => IdInSource::Labels(alert.labels.fingerprint()),
    }
}

#[cfg(test)]
mod tests;
