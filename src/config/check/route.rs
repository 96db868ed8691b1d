//! The routing tree: references, rules of the root, and inheritance (§1.5, §1.11).
//!
//! Owns what a child takes over from its parent: everything but matchers, `continue` and time
//! intervals. Pure; runs on whichever thread loads the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::interval::Intervals;
use super::receiver::Receivers;
use crate::config::fault::{Findings, nearest, shown};
use crate::config::field::{At, Field};
use crate::config::raw::RawRoute;
use crate::config::{GroupBy, Receiver, Route};
use crate::model::{ParserMode, format_duration, is_valid_label_name};

/// What a route takes over from its parent.
#[derive(Clone)]
struct Inherited {
    /// `None` if the parent's is broken, which was told there.
    receiver: Option<Arc<Receiver>>,
    group_by: GroupBy,
    group_wait: Duration,
    group_interval: Duration,
    repeat_interval: Duration,
    labels: Arc<BTreeMap<String, String>>,
    resolve_muted: bool,
}

/// What the routes of a tree refer to.
#[derive(Clone, Copy)]
pub struct Tree<'c> {
    /// The receivers.
    pub receivers: &'c Receivers,
    /// The time intervals.
    pub intervals: &'c Intervals,
    /// Which label names hold.
    pub mode: ParserMode,
    /// How long the ledger is kept, if that is known.
    pub retention: Option<Duration>,
}

impl Tree<'_> {
    /// Checks the tree from its root. `None` if a route is broken, which `findings` then tells.
    pub fn check(self, root: &RawRoute, findings: &mut Findings) -> Option<Route> {
        check_root_rules(root, findings);
        let defaults = Inherited {
            receiver: None,
            group_by: GroupBy::Names(Vec::new()),
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(5 * 60),
            repeat_interval: Duration::from_secs(4 * 60 * 60),
            labels: Arc::default(),
            resolve_muted: true,
        };
        self.check_route(root, &defaults, findings)
    }

    fn check_route(
        self,
        raw: &RawRoute,
        parent: &Inherited,
        findings: &mut Findings,
    ) -> Option<Route> {
        let own = Inherited {
            receiver: check_receiver(&raw.receiver, parent, self.receivers, findings),
            group_by: check_group_by(&raw.group_by, parent, self.mode, findings),
            group_wait: given_or(&raw.group_wait, parent.group_wait),
            group_interval: given_or(&raw.group_interval, parent.group_interval),
            repeat_interval: given_or(&raw.repeat_interval, parent.repeat_interval),
            labels: check_labels(&raw.labels, parent, self.mode, findings),
            resolve_muted: given_or(&raw.resolve_muted, parent.resolve_muted),
        };
        check_intervals(raw, &own, self.retention, findings);
        let active_time_intervals = self.intervals.find(&raw.active_time_intervals, findings);
        let mute_time_intervals = self.intervals.find(&raw.mute_time_intervals, findings);
        let children = raw.routes.iter();
        let routes: Vec<_> = children
            .map(|child| self.check_route(child, &own, findings))
            .collect();
        Some(Route {
            receiver: own.receiver?,
            group_by: own.group_by,
            matchers: raw.matching.all.clone(),
            continues: raw.continues.as_ref().is_some_and(|at| at.value),
            group_wait: own.group_wait,
            group_interval: own.group_interval,
            repeat_interval: own.repeat_interval,
            mute_time_intervals,
            active_time_intervals,
            labels: own.labels,
            resolve_muted: own.resolve_muted,
            routes: routes.into_iter().collect::<Option<_>>()?,
        })
    }
}

fn check_root_rules(raw: &RawRoute, findings: &mut Findings) {
    let names_receiver = match &raw.receiver {
        Field::Given(name) => !name.value.is_empty(),
        Field::Broken => true,
        Field::Absent => false,
    };
    if !names_receiver {
        let wrong = "root route must specify a default receiver";
        findings.fault(raw.place, wrong, "write receiver with a receiver's name");
    }
    let mute = raw.mute_time_intervals.first().map(|name| name.place);
    let active = raw.active_time_intervals.first().map(|name| name.place);
    let forbidden = [
        (raw.matching.places.first().copied(), "matchers"),
        (mute, "mute time intervals"),
        (active, "active time intervals"),
    ];
    for (place, what) in forbidden {
        if let Some(place) = place {
            let wrong = format!("root route must not have any {what}");
            findings.fault(place, wrong, "remove them, or move them to a route below");
        }
    }
    if let Some(continues) = raw.continues.as_ref().filter(|continues| continues.value) {
        let wrong = "cannot have continue in root route";
        findings.fault(continues.place, wrong, "remove it");
    }
}

fn given_or<T: Copy>(field: &Field<T>, inherited: T) -> T {
    field.given().map_or(inherited, |at| at.value)
}

fn check_receiver(
    field: &Field<String>,
    parent: &Inherited,
    receivers: &Receivers,
    findings: &mut Findings,
) -> Option<Arc<Receiver>> {
    let Some(name) = field.given().filter(|name| !name.value.is_empty()) else {
        return parent.receiver.clone();
    };
    if receivers.lacks(&name.value) {
        let wrong = format!(
            "undefined receiver \"{}\" used in route",
            shown(&name.value)
        );
        let right = fmt::from_fn(|out| match nearest(&name.value, receivers.names()) {
            Some(nearest) => write!(out, "did you mean \"{nearest}\"?"),
            None => out.write_str("add it to receivers or use one that is there"),
        });
        findings.fault(name.place, wrong, right);
    }
    receivers.get(&name.value)
}

fn check_group_by(
    field: &Field<Vec<At<String>>>,
    parent: &Inherited,
    mode: ParserMode,
    findings: &mut Findings,
) -> GroupBy {
    let Some(names) = field.given() else {
        return parent.group_by.clone();
    };
    let mut unique = BTreeSet::new();
    let mut takes_all = false;
    for name in &names.value {
        if name.value == "..." {
            takes_all = true;
        } else if !is_valid_label_name(&name.value, mode) {
            let wrong = format!(
                "invalid label name \"{}\" in group_by list",
                shown(&name.value)
            );
            findings.fault(name.place, wrong, "write the name of a label");
        } else if !unique.insert(name.value.clone()) {
            let wrong = format!("duplicated label \"{}\" in group_by", shown(&name.value));
            findings.fault(name.place, wrong, "name it once");
        }
    }
    if takes_all && !unique.is_empty() {
        let wrong = "cannot have wildcard group_by (`...`) and other labels at the same time";
        findings.fault(names.place, wrong, "keep ... alone or remove it");
    }
    if takes_all {
        GroupBy::All
    } else {
        GroupBy::Names(unique.into_iter().collect())
    }
}

/// The parent's labels and the route's own, which win.
fn check_labels(
    given: &[(String, At<String>)],
    parent: &Inherited,
    mode: ParserMode,
    findings: &mut Findings,
) -> Arc<BTreeMap<String, String>> {
    if given.is_empty() {
        return Arc::clone(&parent.labels);
    }
    let mut labels = BTreeMap::clone(&parent.labels);
    for (name, template) in given {
        if name.is_empty() {
            let wrong = "\"\" is not a valid label name";
            findings.fault(template.place, wrong, "write the name of a label");
        } else if !is_valid_label_name(name, mode) {
            let wrong = format!("invalid label name \"{}\" in route labels", shown(name));
            findings.fault(template.place, wrong, "write the name of a label");
        }
        labels.insert(name.clone(), template.value.clone());
    }
    Arc::new(labels)
}

/// Zero is refused where it is written; a repetition that the interval delays, or that the ledger
/// forgets, is worth a warning.
fn check_intervals(
    raw: &RawRoute,
    own: &Inherited,
    retention: Option<Duration>,
    findings: &mut Findings,
) {
    let fields = [
        ("group_interval", &raw.group_interval),
        ("repeat_interval", &raw.repeat_interval),
    ];
    for (key, field) in fields {
        if let Some(zero) = field.given().filter(|at| at.value.is_zero()) {
            findings.fault(
                zero.place,
                format!("{key} cannot be zero"),
                "write a longer one",
            );
        }
    }
    let given = raw.repeat_interval.given().or(raw.group_interval.given());
    if let Some(given) = given
        && own.repeat_interval < own.group_interval
    {
        let warning = format!(
            "repeat_interval {} is less than group_interval {}: notifications repeat only when \
             the group is flushed",
            words(&raw.written.repeat, own.repeat_interval),
            words(&raw.written.group, own.group_interval)
        );
        findings.warn(given.place, warning);
    }
    if let (Some(given), Some(retention)) = (raw.repeat_interval.given(), retention)
        && given.value > retention
    {
        let warning = format!(
            "repeat_interval {} is greater than the data retention period {}: notifications can \
             repeat earlier",
            words(&raw.written.repeat, given.value),
            format_duration(retention)
        );
        findings.warn(given.place, warning);
    }
}

/// What is inherited stands elsewhere.
fn words(written: &Option<String>, value: Duration) -> String {
    written
        .as_deref()
        .map_or_else(|| format_duration(value), shown)
}
