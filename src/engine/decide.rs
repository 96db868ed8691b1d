//! Decides whether a webhook is notified about a group, and why.
//!
//! PURE. Owns the decision of §5.4 and nothing else. Runs on the dispatch thread.

use std::time::Duration;

use super::messages::Reason;
use super::notification_log::LogEntry;
use crate::model::{Fingerprint, Wall};

/// The alerts of a group at its flush, after muting. Both lists are sorted.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Alerts that fire.
    pub firing: &'a [Fingerprint],
    /// Alerts that have resolved.
    pub resolved: &'a [Fingerprint],
}

/// The parts of the configuration that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whether the webhook gets resolved alerts.
    pub send_resolved: bool,
    /// After how long an unchanged notification is repeated.
    pub repeat_interval: Duration,
}

/// Why the webhook has to be notified; `None` if it does not. `last` is its notification log entry, and
/// `tick` the nominal time of the flush.
///
/// [`LogEntry::at`] is the time after the receiver answered, `tick` the time at which the flush was due. So
/// with a repeat interval that is a multiple of the group interval, the repeat comes one group interval
/// late, in Alertmanager as here.
pub fn decide(last: Option<&LogEntry>, seen: Seen<'_>, terms: Terms, tick: Wall) -> Option<Reason> {
    let Some(last) = last else {
        return (!seen.firing.is_empty()).then_some(Reason::FirstNotification);
    };
    if !is_subset(seen.firing, &last.firing) {
        let knew_of_none = last.firing.is_empty();
        return Some(if knew_of_none {
            Reason::FirstNotification
        } else {
            Reason::NewAlerts
        });
    }
    let is_owed = |print: &Fingerprint| last.owed.binary_search(print).is_ok();
    let is_end_owed = seen.resolved.iter().any(is_owed);
    if seen.firing.is_empty() {
        let has_news = !last.firing.is_empty() || is_end_owed;
        return has_news.then_some(Reason::AllResolved);
    }
    if terms.send_resolved && (is_end_owed || !is_subset(seen.resolved, &last.resolved)) {
        return Some(Reason::SomeResolved);
    }
    let repeats_after = last.at.checked_add(terms.repeat_interval).ok()?;
    (repeats_after < tick).then_some(Reason::RepeatElapsed)
}

/// Whether each of `these` is among `those`; both are sorted.
fn is_subset(these: &[Fingerprint], those: &[Fingerprint]) -> bool {
    let mut those = those.iter();
    these
        .iter()
        .all(|wanted| those.by_ref().find(|known| *known >= wanted) == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPEAT: Duration = Duration::from_secs(3600);

    fn prints(numbers: &[u64]) -> Vec<Fingerprint> {
        numbers.iter().copied().map(Fingerprint).collect()
    }

    fn at(second: i64) -> Wall {
        Wall::from_second(second).expect("a second near the epoch")
    }

    /// Decides at second 10,000; `last` is (firing, resolved, seconds ago).
    fn decision(
        last: Option<(&[u64], &[u64], i64)>,
        firing: &[u64],
        resolved: &[u64],
        send_resolved: bool,
    ) -> Option<Reason> {
        let last = last.map(|(firing, resolved, ago)| LogEntry {
            at: at(10_000 - ago),
            expires_at: at(20_000),
            firing: prints(firing).into(),
            resolved: prints(resolved).into(),
            owed: prints(firing)
                .into_iter()
                .filter(|print| !resolved.contains(&print.0))
                .collect(),
        });
        let (firing, resolved) = (prints(firing), prints(resolved));
        let seen = Seen {
            firing: &firing,
            resolved: &resolved,
        };
        decide(
            last.as_ref(),
            seen,
            Terms {
                send_resolved,
                repeat_interval: REPEAT,
            },
            at(10_000),
        )
    }

    #[test]
    fn an_unknown_group_is_told_if_something_fires() {
        assert_eq!(
            decision(None, &[1], &[], true),
            Some(Reason::FirstNotification)
        );
        assert_eq!(
            decision(None, &[1], &[2], true),
            Some(Reason::FirstNotification)
        );
        assert_eq!(decision(None, &[], &[2], true), None);
    }

    #[test]
    fn a_new_alert_is_told_at_once() {
        assert_eq!(
            decision(Some((&[1], &[], 1)), &[1, 2], &[], true),
            Some(Reason::NewAlerts)
        );
        assert_eq!(
            decision(Some((&[], &[1], 1)), &[1], &[], true),
            Some(Reason::FirstNotification)
        );
    }

    #[test]
    fn the_end_of_all_is_told_even_without_send_resolved() {
        assert_eq!(
            decision(Some((&[1], &[], 1)), &[], &[1], true),
            Some(Reason::AllResolved)
        );
        assert_eq!(
            decision(Some((&[1], &[], 1)), &[], &[1], false),
            Some(Reason::AllResolved)
        );
        assert_eq!(decision(Some((&[], &[1], 9999)), &[], &[1], true), None);
    }

    #[test]
    fn an_end_that_is_owed_is_told_although_a_later_notification_did_not_carry_the_alert() {
        let last = LogEntry {
            at: at(9_000),
            expires_at: at(20_000),
            firing: prints(&[]).into(),
            resolved: prints(&[1]).into(),
            owed: prints(&[2]).into(),
        };
        let terms = Terms {
            send_resolved: true,
            repeat_interval: REPEAT,
        };
        let decision = |resolved: &[u64]| {
            let resolved = prints(resolved);
            let seen = Seen {
                firing: &[],
                resolved: &resolved,
            };
            decide(Some(&last), seen, terms, at(10_000))
        };
        assert_eq!(decision(&[2]), Some(Reason::AllResolved));
        assert_eq!(decision(&[3]), None);
    }

    #[test]
    fn the_end_of_some_is_told_to_those_who_want_it() {
        assert_eq!(
            decision(Some((&[1, 2], &[], 1)), &[1], &[2], true),
            Some(Reason::SomeResolved)
        );
        assert_eq!(decision(Some((&[1, 2], &[], 1)), &[1], &[2], false), None);
        assert_eq!(decision(Some((&[1, 2], &[2], 1)), &[1], &[2], true), None);
    }

    #[test]
    fn a_firing_alert_that_vanished_is_not_told() {
        assert_eq!(decision(Some((&[1, 2], &[], 1)), &[2], &[], true), None);
    }

    #[test]
    fn a_repeat_comes_strictly_after_the_interval() {
        assert_eq!(decision(Some((&[1], &[], 3600)), &[1], &[], true), None);
        assert_eq!(
            decision(Some((&[1], &[], 3601)), &[1], &[], true),
            Some(Reason::RepeatElapsed)
        );
    }

    #[test]
    fn subsets_of_sorted_lists() {
        let subset = |a: &[u64], b: &[u64]| is_subset(&prints(a), &prints(b));
        assert!(subset(&[], &[]) && subset(&[], &[1]) && subset(&[2, 5], &[1, 2, 3, 5]));
        assert!(!subset(&[1], &[]) && !subset(&[4], &[1, 2, 3, 5]) && !subset(&[2, 6], &[2, 3, 5]));
    }
}
