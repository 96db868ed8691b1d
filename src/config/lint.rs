//! Warnings about settings that are allowed and will surprise.
//!
//! Owns what is warned of, and the sections of `etc/warnings.md` that the warnings name. A warning is given
//! only where the file itself proves it: what depends on the alerts that come is not warned of. Changes
//! nothing. Pure; runs on the thread that loads the configuration.

mod implied;
mod placeholder;

use std::time::Duration;

use super::fault::{Findings, shown};
use super::inhibit::InhibitRule;
use super::record::Record;
use super::route::{GroupBy, Route};
use crate::limits::LINT_STEPS;
use crate::model::{MatchOp, Matcher, format_duration};
use implied::{Steps, contradicted, implies};
pub use placeholder::warn_of_placeholders;

/// A kind of warning: the heading of its section in `etc/warnings.md`, as links spell it.
#[derive(Clone, Copy, Debug)]
pub struct Warning(&'static str);

const NEVER_REACHED: Warning = Warning("a-route-is-never-reached");
const NO_EQUAL: Warning = Warning("an-inhibition-rule-without-equal");
const BY_ITSELF: Warning = Warning("an-inhibition-rule-mutes-nothing");
const EMPTY_LABEL: Warning = Warning("group_by-names-a-label-that-is-always-empty");
const LATE_REPEAT: Warning = Warning("repeats-come-later-than-repeat_interval");
/// A placeholder that is not replaced.
pub const LITERAL: Warning = Warning("a-placeholder-stays-as-it-is");
/// A file that is read at each delivery is not there.
pub const NO_FILE: Warning = Warning("a-file-is-not-there-yet");

/// All of them.
#[cfg(test)]
const ALL: [Warning; 7] = [
    NEVER_REACHED,
    NO_EQUAL,
    BY_ITSELF,
    EMPTY_LABEL,
    LATE_REPEAT,
    LITERAL,
    NO_FILE,
];

/// A repeat that comes one group interval late is warned of if the group interval is at least this share of
/// it: from the default settings (4h and 5m) nobody would notice.
const NOTICED_SHARE: u32 = 3;

impl Warning {
    /// The end of a warning's text: where more is said.
    pub fn link(self) -> String {
        format!("see etc/warnings.md#{}", self.0)
    }
}

/// Warns of routes and inhibition rules of a sound file. `route` is the root as it was read from `file`.
pub fn warn(file: &Record, route: &Route, rules: &[InhibitRule], findings: &mut Findings) {
    if let Some(record) = file.record("route") {
        let mut routes = Routes {
            steps: Steps(LINT_STEPS),
            findings: &mut *findings,
        };
        routes.visit(record, route, &mut Vec::new());
    }
    for (record, rule) in file.records("inhibit_rules").iter().zip(rules) {
        if !record.is_null {
            warn_of_rule(record, rule, findings);
        }
    }
}

struct Routes<'f> {
    steps: Steps,
    findings: &'f mut Findings,
}

impl Routes<'_> {
    /// Visits a route that can be reached. `above` has the matchers of its ancestors.
    fn visit<'r>(&mut self, record: &Record, route: &'r Route, above: &mut Vec<&'r Matcher>) {
        let inherited = above.len();
        above.extend(&route.matchers);
        self.warn_of_group_by(record, route, above);
        self.warn_of_repeat(record, route);
        for (index, (child_record, child)) in record
            .records("routes")
            .iter()
            .zip(&route.routes)
            .enumerate()
        {
            let all: Vec<&Matcher> = above.iter().copied().chain(&child.matchers).collect();
            if self.check_reach(child_record, &route.routes[..index], &all) {
                self.visit(child_record, child, above);
            }
        }
        above.truncate(inherited);
    }

    /// Whether alerts can reach a route with these matchers; warns if not. `before` has its earlier
    /// siblings.
    fn check_reach(&mut self, record: &Record, before: &[Route], all: &[&Matcher]) -> bool {
        if let Some((one, other)) = contradicted(all, &mut self.steps) {
            let text = format!(
                "never reached: no alert has both {} and {}, for it or for the routes above it; {}",
                shown(&one.to_string()),
                shown(&other.to_string()),
                NEVER_REACHED.link()
            );
            self.findings.warn(record.place, text);
            return false;
        }
        let taker = before.iter().position(|earlier| {
            !earlier.continues && implies(all, &earlier.matchers, &mut self.steps)
        });
        if let Some(index) = taker {
            let text = format!(
                "never reached: routes[{index}] beside it takes all of its alerts and has no continue; \
                 put the narrower one first; {}",
                NEVER_REACHED.link()
            );
            self.findings.warn(record.place, text);
        }
        taker.is_none()
    }

    fn warn_of_group_by(&mut self, record: &Record, route: &Route, matchers: &[&Matcher]) {
        let GroupBy::Names(_) = &route.group_by else {
            return;
        };
        // Inherited names are warned of where they are written.
        for name in record.texts("group_by") {
            let label = name.value.as_str();
            let is_empty = |matcher: &&&Matcher| {
                matcher.op() == MatchOp::Equal
                    && matcher.name() == label
                    && matcher.value().is_empty()
            };
            let text = if let Some(matcher) = matchers.iter().find(is_empty) {
                format!(
                    "group_by names {}, which is empty in every alert here because of {}; {}",
                    shown(label),
                    shown(&matcher.to_string()),
                    EMPTY_LABEL.link()
                )
            } else if is_misspelt_alertname(label) {
                format!(
                    "group_by names {}, and the name of an alert is in the label alertname; {}",
                    shown(label),
                    EMPTY_LABEL.link()
                )
            } else {
                continue;
            };
            self.findings.warn(name.place, text);
        }
    }

    fn warn_of_repeat(&mut self, record: &Record, route: &Route) {
        let written = ["repeat_interval", "group_interval"];
        let Some(name) = written
            .into_iter()
            .find(|name| record.duration(name).is_some())
        else {
            return;
        };
        let (repeat, group) = (route.repeat_interval, route.group_interval);
        let is_multiple = repeat >= group && is_multiple(repeat, group);
        if is_multiple && repeat <= group.saturating_mul(NOTICED_SHARE) {
            let text = format!(
                "repeats come every {}, not every {}: repeat_interval is a multiple of group_interval {}, \
                 and the flush at that moment comes just too early; {}",
                format_duration(repeat.saturating_add(group)),
                format_duration(repeat),
                format_duration(group),
                LATE_REPEAT.link()
            );
            self.findings.warn(record.place_of(name), text);
        }
    }
}

fn is_multiple(whole: Duration, part: Duration) -> bool {
    part.as_nanos() > 0 && whole.as_nanos().is_multiple_of(part.as_nanos())
}

/// Such as `alertName` and `alert_name`.
fn is_misspelt_alertname(label: &str) -> bool {
    let letters = label.chars().filter(|c| !matches!(c, '_' | '-'));
    label != "alertname"
        && letters
            .map(|c| c.to_ascii_lowercase())
            .eq("alertname".chars())
}

fn warn_of_rule(record: &Record, rule: &InhibitRule, findings: &mut Findings) {
    let mut steps = Steps(LINT_STEPS);
    let (source, target) = (
        rule.source.iter().collect::<Vec<_>>(),
        rule.target.iter().collect::<Vec<_>>(),
    );
    if implies(&source, &rule.target, &mut steps) && implies(&target, &rule.source, &mut steps) {
        let text = format!(
            "mutes nothing: source and target select the same alerts, and of those none mutes another; {}",
            BY_ITSELF.link()
        );
        findings.warn(record.place, text);
    } else if rule.equal.is_empty()
        && !source
            .iter()
            .chain(&target)
            .any(|matcher| names_an_alert(matcher))
    {
        let text = format!(
            "without equal, any one alert that matches source mutes every alert that matches target, of \
             whatever host or service; {}",
            NO_EQUAL.link()
        );
        findings.warn(record.place, text);
    }
}

/// Whether a matcher selects alerts by name: then whoever wrote it had a certain alert in mind, which may
/// well concern everything.
fn names_an_alert(matcher: &Matcher) -> bool {
    matcher.name() == "alertname" && matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex)
}

#[cfg(test)]
mod tests;
