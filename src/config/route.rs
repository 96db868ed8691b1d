//! The routing tree: references, rules for the root, and inheritance (§1.5, §1.11).
//!
//! Owns the keys of a route, the checked type that the daemon uses, and the inheritance: a child inherits
//! everything but matchers, `continue` and time intervals. Pure; runs on the thread that loads the
//! configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{Findings, nearest, shown};
use super::field::At;
use super::interval::{Intervals, NamedInterval};
use super::matching::join_matchers;
use super::receiver::{Receiver, Receivers};
use super::record::Record;
use super::table::Kind::{
    Bool, Duration as Span, Labels, Matchers, NamedTexts, Regexes, Sections, Text, Texts,
};
use super::table::{Section, key};
use crate::model::{Matcher, ParserMode, format_duration, is_valid_label_name};

/// The section of a route.
pub static ROUTE: Section = Section {
    what: "a route",
    keys: &[
        key("receiver", Text),
        key("group_by", Texts("a list of label names")),
        key("match", Labels),
        key("match_re", Regexes),
        key("matchers", Matchers),
        key("mute_time_intervals", Texts(INTERVALS)),
        key("active_time_intervals", Texts(INTERVALS)),
        key("continue", Bool).or("false").always(),
        key("routes", Sections("a list of routes", &ROUTE)),
        key("group_wait", Span).always(),
        key("group_interval", Span).always(),
        key("repeat_interval", Span).always(),
        key("labels", NamedTexts("a map of label names and templates")),
        key("resolve_muted", Bool).hidden(),
    ],
};

const INTERVALS: &str = "a list of names of time intervals";

/// The keys of the three ways to select alerts.
const MATCHING: [&str; 3] = ["match", "match_re", "matchers"];

/// A node of the routing tree, with inherited values filled in.
#[derive(Clone, Debug)]
pub struct Route {
    /// The receiver of alerts that this node handles.
    pub receiver: Arc<Receiver>,
    /// The labels that define a group.
    pub group_by: GroupBy,
    /// The matchers that an alert must all satisfy to enter; sorted by name, value, operator.
    pub matchers: Vec<Matcher>,
    /// Whether later siblings are tried even if this node matched (`continue`).
    pub continues: bool,
    /// How long a new group waits for further alerts before its first flush.
    pub group_wait: Duration,
    /// The interval between flushes of a group.
    pub group_interval: Duration,
    /// The time after which an unchanged notification is repeated.
    pub repeat_interval: Duration,
    /// While any of these is active, the route sends no notifications. Not inherited.
    pub mute_time_intervals: Vec<Arc<NamedInterval>>,
    /// Unless one of these is active, the route sends no notifications; empty means no restriction. Not
    /// inherited.
    pub active_time_intervals: Vec<Arc<NamedInterval>>,
    /// The templates of the route's labels, including those of its ancestors.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Whether an alert that was notified as firing is notified as resolved even if it is muted by then.
    /// Inherited.
    pub resolve_muted: bool,
    /// The children, tried in order.
    pub routes: Vec<Route>,
}

/// The labels of an alert that define its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// All labels: each label set is a group of its own (`...`).
    All,
    /// These labels, as far as the alert has them; sorted.
    Names(Vec<String>),
}

impl GroupBy {
    /// Whether the label `name` is part of the group.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            GroupBy::All => true,
            GroupBy::Names(names) => names.iter().any(|other| other == name),
        }
    }
}

/// The values that a route inherits from its parent.
#[derive(Clone)]
struct ParentRoute {
    /// `None` if the parent's receiver has faults, which are already reported.
    receiver: Option<Arc<Receiver>>,
    group_by: GroupBy,
    group_wait: Duration,
    group_interval: Duration,
    repeat_interval: Duration,
    labels: Arc<BTreeMap<String, String>>,
    resolve_muted: bool,
}

/// The context of the routes of a tree: the objects that they refer to.
#[derive(Clone, Copy)]
pub struct Tree<'c> {
    /// The receivers.
    pub receivers: &'c Receivers,
    /// The time intervals.
    pub intervals: &'c Intervals,
    /// The syntax of label names.
    pub mode: ParserMode,
    /// The retention of the notification log, if it is known.
    pub retention: Option<Duration>,
}

impl Tree<'_> {
    /// Checks the tree from its root. `None` if a route has a fault, which is then in `findings`.
    pub fn check(self, root: &Record, findings: &mut Findings) -> Option<Route> {
        check_root_rules(root, findings);
        let defaults = ParentRoute {
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
        route: &Record,
        parent: &ParentRoute,
        findings: &mut Findings,
    ) -> Option<Route> {
        if route.is_null {
            let right = "write its keys or remove it";
            findings.fault(route.place, "route is null", right);
        }
        let interval = |name, inherited| route.duration(name).map_or(inherited, |(given, _)| given);
        let own = ParentRoute {
            receiver: check_receiver(route, parent, self.receivers, findings),
            group_by: check_group_by(route, parent, self.mode, findings),
            group_wait: interval("group_wait", parent.group_wait),
            group_interval: interval("group_interval", parent.group_interval),
            repeat_interval: interval("repeat_interval", parent.repeat_interval),
            labels: check_labels(route.named("labels"), parent, self.mode, findings),
            resolve_muted: route.bool("resolve_muted").unwrap_or(parent.resolve_muted),
        };
        check_intervals(route, &own, self.retention, findings);
        let mut named = |list| self.intervals.find(route.texts(list), findings);
        let active_time_intervals = named("active_time_intervals");
        let mute_time_intervals = named("mute_time_intervals");
        let matchers = join_matchers(route, MATCHING, findings);
        let children = route.records("routes").iter();
        let routes: Vec<_> = children
            .map(|child| self.check_route(child, &own, findings))
            .collect();
        Some(Route {
            receiver: own.receiver?,
            group_by: own.group_by,
            matchers,
            continues: route.is("continue"),
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

fn check_root_rules(root: &Record, findings: &mut Findings) {
    if !root.says("receiver") && !root.is_broken("receiver") {
        let wrong = "root route must specify a default receiver";
        findings.fault(root.place, wrong, "write receiver with a receiver's name");
    }
    let first = |list| root.texts(list).first().map(|name| name.place);
    let said = MATCHING.into_iter().find(|form| root.says(form));
    let forbidden = [
        (said.map(|form| root.place_of(form)), "matchers"),
        (first("mute_time_intervals"), "mute time intervals"),
        (first("active_time_intervals"), "active time intervals"),
    ];
    for (place, what) in forbidden {
        if let Some(place) = place {
            let wrong = format!("root route must not have any {what}");
            findings.fault(place, wrong, "remove them, or move them to a route below");
        }
    }
    if root.is("continue") {
        let wrong = "cannot have continue in root route";
        findings.fault(root.place_of("continue"), wrong, "remove it");
    }
}

fn check_receiver(
    route: &Record,
    parent: &ParentRoute,
    receivers: &Receivers,
    findings: &mut Findings,
) -> Option<Arc<Receiver>> {
    let Some(name) = route.text("receiver") else {
        return parent.receiver.clone();
    };
    if receivers.lacks(name) {
        let wrong = format!("undefined receiver \"{}\" used in route", shown(name));
        let right = fmt::from_fn(|out| match nearest(name, receivers.names()) {
            Some(nearest) => write!(out, "did you mean \"{nearest}\"?"),
            None => out.write_str("add it to receivers or use one that is there"),
        });
        findings.fault(route.place_of("receiver"), wrong, right);
    }
    receivers.get(name)
}

fn check_group_by(
    route: &Record,
    parent: &ParentRoute,
    mode: ParserMode,
    findings: &mut Findings,
) -> GroupBy {
    if route.get("group_by").is_none() {
        return parent.group_by.clone();
    }
    let mut unique = BTreeSet::new();
    let mut takes_all = false;
    for name in route.texts("group_by") {
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
        let place = route.place_of("group_by");
        findings.fault(place, wrong, "keep ... alone or remove it");
    }
    if takes_all {
        GroupBy::All
    } else {
        GroupBy::Names(unique.into_iter().collect())
    }
}

/// The parent's labels and the route's own, which take precedence.
fn check_labels(
    given: &[(String, At<String>)],
    parent: &ParentRoute,
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

/// Refuses explicit zeros. Warns of a repeat interval that the group interval delays, or that is longer than
/// the retention of the notification log.
fn check_intervals(
    route: &Record,
    own: &ParentRoute,
    retention: Option<Duration>,
    findings: &mut Findings,
) {
    let given = |name| {
        route
            .duration(name)
            .map(|(value, _)| (value, route.place_of(name)))
    };
    for name in ["group_interval", "repeat_interval"] {
        if let Some((Duration::ZERO, place)) = given(name) {
            let wrong = format!("{name} cannot be zero");
            findings.fault(place, wrong, "write a longer one");
        }
    }
    // Messages use the spelling of the file. Inherited values are written elsewhere.
    let words = |name, value| match route.duration(name) {
        Some((_, written)) => shown(written),
        None => format_duration(value),
    };
    let repeat = given("repeat_interval");
    if let Some((_, place)) = repeat.or(given("group_interval"))
        && own.repeat_interval < own.group_interval
    {
        let warning = format!(
            "repeat_interval {} is less than group_interval {}: notifications repeat only when \
             the group is flushed",
            words("repeat_interval", own.repeat_interval),
            words("group_interval", own.group_interval)
        );
        findings.warn(place, warning);
    }
    if let (Some((value, place)), Some(retention)) = (repeat, retention)
        && value > retention
    {
        let warning = format!(
            "repeat_interval {} is greater than the data retention period {}: notifications can \
             repeat earlier",
            words("repeat_interval", value),
            format_duration(retention)
        );
        findings.warn(place, warning);
    }
}
