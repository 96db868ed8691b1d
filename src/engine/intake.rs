//! Takes in a batch of posted alerts: puts each into the store and into the groups of its routes.
//!
//! PURE. Owns the order of these steps; the rules for times and merging are in `ingest.rs`. Runs on the
//! dispatch thread.

use std::sync::Arc;

use super::alert_store::Stored;
use super::group::{Group, GroupId};
use super::label_signature::LabelSignature;
use super::members::Members;
use super::messages::{CameEnded, Effect, Full, Note};
use super::recording::Report;
use super::route::RouteIndex;
use super::{Engine, alert_limit, ingest};
use crate::model::{Alert, Labels, Now, PostedAlert, Status, Wall};

/// What a batch has brought so far.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Alerts that came as firing, counted before they are checked.
    firing: usize,
    /// Alerts that came as resolved, counted before they are checked.
    resolved: usize,
    kept: usize,
    came_ended: Option<CameEnded>,
    /// Groups that have to flush at once.
    due_at_once: Vec<GroupId>,
}

/// Who sent an alert, which decides how it merges with what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A sender of the API.
    Api,
    /// A source, or the engine itself. Its times are final.
    Source,
}

impl Intake {
    /// A batch with this many firing and resolved alerts.
    pub fn of(firing: usize, resolved: usize) -> Self {
        Intake {
            firing,
            resolved,
            ..Intake::default()
        }
    }

    /// The groups that have to flush at once.
    pub fn into_due(self) -> Vec<GroupId> {
        self.due_at_once
    }
}

impl Engine {
    /// Takes in a batch: all of its valid alerts, or none if the batch would exceed a limit.
    pub(super) fn take_in(&mut self, posted: Vec<PostedAlert>, now: Now, out: &mut Vec<Effect>) {
        if let Some(full) = self.lacks_room_for(&posted) {
            return out.push(Effect::RefuseBatch(full));
        }
        let is_firing =
            |alert: &&PostedAlert| ingest::posted_status(alert, now.wall) == Status::Firing;
        let firing = posted.iter().filter(is_firing).count();
        let mut intake = Intake::of(firing, posted.len() - firing);
        for alert in posted {
            match ingest::admit(alert, now.wall, self.config.resolve_timeout) {
                Ok(alert) => {
                    let fingerprint = alert.fingerprint;
                    let has_ended = alert.is_resolved_at(now.wall);
                    self.keep(alert, Origin::Api, now, &mut intake, out);
                    if has_ended {
                        self.forget_keys_of(fingerprint, out);
                    }
                }
                Err(invalid) => out.push(Effect::Refuse(invalid)),
            }
        }
        self.conclude(intake, now, out);
    }

    /// Reports what the batch has brought, and flushes the groups that are due at once. They flush after the
    /// whole batch, so that the first notification of a group contains all its alerts.
    pub(super) fn conclude(&mut self, intake: Intake, now: Now, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::Received {
            firing: intake.firing,
            resolved: intake.resolved,
            kept: intake.kept,
        }));
        let came_ended = intake.came_ended;
        out.extend(came_ended.map(|came| Effect::Note(Note::CameEnded(came))));
        self.flush_due(intake.due_at_once, now, out);
    }

    /// Flushes groups that are due at once.
    pub(super) fn flush_due(&mut self, due: Vec<GroupId>, now: Now, out: &mut Vec<Effect>) {
        for id in due {
            self.advance(id, now, out);
        }
    }

    /// The limit that the batch would exceed, if any.
    pub fn lacks_room_for(&self, posted: &[PostedAlert]) -> Option<Full> {
        self.lacks_room(posted.iter(), 0)
    }

    /// The limit that alerts would exceed together with `more_bytes` of other text, if any. Counts new alerts
    /// and replaced texts only when the cheaper upper bound exceeds the limit.
    pub(super) fn lacks_room<'p>(
        &self,
        posted: impl Iterator<Item = &'p PostedAlert> + Clone,
        more_bytes: usize,
    ) -> Option<Full> {
        let limit = self.settings.alerts;
        let room = limit.saturating_sub(self.alerts.len());
        let is_new = |alert: &&PostedAlert| !self.alerts.contains(alert.labels.fingerprint());
        if posted.clone().count() > room && posted.clone().filter(is_new).count() > room {
            return Some(Full::Alerts(limit));
        }
        let limit = self.settings.alert_text_bytes;
        let bytes: usize = posted.clone().map(PostedAlert::text_bytes).sum();
        let kept = self.alerts.text_bytes() + self.keyed_alerts.text_bytes();
        let bytes = kept + bytes + more_bytes;
        let is_past = bytes > limit && bytes > limit + self.replaced_bytes(posted);
        is_past.then_some(Full::TextBytes(limit))
    }

    /// The bytes of the stored texts that a batch would replace.
    fn replaced_bytes<'p>(&self, posted: impl Iterator<Item = &'p PostedAlert>) -> usize {
        let old = posted.filter_map(|alert| self.alerts.get(alert.labels.fingerprint()));
        old.map(|stored| stored.alert.text_bytes()).sum()
    }

    /// Counts an alert in `came` if it is new and has already resolved.
    fn note_ended(&self, alert: &Alert, now: Wall, came: &mut Option<CameEnded>) {
        if !alert.is_resolved_at(now) || self.alerts.contains(alert.fingerprint) {
            return;
        }
        let first = || CameEnded {
            alerts: 0,
            alertname: alert_limit::name_of(alert).into(),
            ago: now.duration_since(alert.ends_at.get()).unsigned_abs(),
        };
        came.get_or_insert_with(first).alerts += 1;
    }

    /// Stores an alert and puts it into its group of each route that matches it. Rejects it if the limit of
    /// firing alerts of its name is reached. Returns whether it was stored.
    pub(super) fn keep(
        &mut self,
        mut alert: Alert,
        origin: Origin,
        now: Now,
        intake: &mut Intake,
        out: &mut Vec<Effect>,
    ) -> bool {
        self.note_ended(&alert, now.wall, &mut intake.came_ended);
        let due = &mut intake.due_at_once;
        // A known alert keeps its routes and its signature: both follow from its labels.
        let (alert, routes, signature, report) = match self.alerts.get(alert.fingerprint) {
            Some(old) => {
                let mut alert = match origin {
                    Origin::Api => {
                        let merged = ingest::merge(&old.alert, alert, now.wall);
                        let held_until = self.keyed_alerts.held_until(merged.fingerprint);
                        ingest::held(merged, held_until, now.wall)
                    }
                    Origin::Source => ingest::merge_report(&old.alert, alert, now.wall),
                };
                alert.share_texts_of(&old.alert);
                if !alert.generator_url.is_same_as(&old.alert.generator_url) {
                    self.interner.share(&mut alert);
                }
                let report = Report::of(&old.alert, &alert);
                (alert, Arc::clone(&old.routes), old.signature, report)
            }
            None => {
                self.interner.share(&mut alert);
                let routes = self.tree.routes_of(&alert.labels);
                let signature = LabelSignature::of(&alert.labels);
                (alert, routes, signature, Report::New)
            }
        };
        if !self.alert_limit.admits(&alert, now.wall) {
            out.push(Effect::Note(Note::AlertLimited {
                alertname: alert_limit::name_of(&alert).into(),
            }));
            return false;
        }
        let alert = Arc::new(alert);
        out.push(Effect::Record(report.record(&alert)));
        self.inhibitor.observe(&alert, report.occurrence());
        self.alerts.insert(Stored {
            alert: Arc::clone(&alert),
            routes: Arc::clone(&routes),
            signature,
        });
        for &route in &routes.routes {
            self.join(route, &alert, now, due, out);
        }
        intake.kept += 1;
        true
    }

    /// Puts an alert into its group of `route`. Creates the group if it does not exist, and appends it to
    /// `due` if it has to flush at once.
    pub(super) fn join(
        &mut self,
        route: RouteIndex,
        alert: &Arc<Alert>,
        now: Now,
        due: &mut Vec<GroupId>,
        out: &mut Vec<Effect>,
    ) {
        if let Some(id) = self.find_group(route, &alert.labels) {
            return self.put_into(id, alert);
        }
        let node = self.tree.node(route);
        let labels = alert.labels.select(|name| node.group_by.contains(name));
        // An alert that is older than `group_wait` has waited long enough.
        let waited = ingest::later(alert.starts_at.get(), node.group_wait) < now.wall;
        let group = self.new_group(route, labels, alert, now, waited);
        out.push(Effect::Note(Note::GroupCreated {
            group_key: Arc::clone(&group.key),
            immediately: waited,
        }));
        let is_due = group.due_at <= now.mono;
        let id = self.groups.insert(group);
        if is_due {
            due.push(id);
        } else {
            self.arm(id, now, out);
        }
    }

    /// The group of `route` that an alert with these labels belongs to, if it exists.
    pub(super) fn find_group(&self, route: RouteIndex, labels: &Labels) -> Option<GroupId> {
        self.groups.find(route, self.name_in(route, labels).labels)
    }

    fn put_into(&mut self, id: GroupId, alert: &Arc<Alert>) {
        let group = self.groups.get_mut(id).expect("an indexed group is alive");
        group.members.insert(Arc::clone(alert));
    }

    pub(super) fn new_group(
        &self,
        route: RouteIndex,
        labels: Labels,
        first: &Arc<Alert>,
        now: Now,
        has_waited: bool,
    ) -> Group {
        let node = self.tree.node(route);
        Group {
            route,
            key: format!("{}:{labels}", node.key).into(),
            fingerprint: labels.fingerprint(),
            labels,
            members: Members::of(Arc::clone(first)),
            due_at: self.not_before_start(if has_waited {
                now.mono
            } else {
                now.mono + node.group_wait
            }),
            armed_for: None,
            has_flushed: false,
            flush: None,
            muted_by: Box::default(),
            unfinished: None,
            resumes_at: None,
            recorded: None,
        }
    }
}

#[cfg(test)]
mod tests;
