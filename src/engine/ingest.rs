//! The rules for posted and reported alerts: the times they get, which are invalid, and how two reports merge.
//!
//! PURE. Owns the rules of §4.1 and §4.2, and those for the alerts of sources; no state. Runs on the dispatch thread.

use std::time::Duration;

use super::messages::InvalidAlert;
use crate::model::{Alert, PostedAlert, Status, Wall};

/// The status that a posted alert counts as in the metrics, before any check (§4.1 step 4).
pub fn posted_status(posted: &PostedAlert, now: Wall) -> Status {
    match posted.ends_at {
        Some(ends_at) if ends_at <= now => Status::Resolved,
        _ => Status::Firing,
    }
}

/// The alert that `posted` describes, as of `now`, or why it is invalid.
///
/// A missing start time becomes the end time, or `now` if that is missing too. A missing end time becomes
/// `now` plus `resolve_timeout`.
pub fn admit(
    posted: PostedAlert,
    now: Wall,
    resolve_timeout: Duration,
) -> Result<Alert, InvalidAlert> {
    let starts_at = posted.starts_at.or(posted.ends_at).unwrap_or(now);
    let ends_at = posted
        .ends_at
        .unwrap_or_else(|| later(now, resolve_timeout));
    let ends_by_timeout = posted.ends_at.is_none();
    let alert = checked(posted, (starts_at, ends_at), now)?;
    Ok(Alert {
        ends_by_timeout,
        ..alert
    })
}

/// The alert that a source reports as firing until `ends_at`, as of `now`, or why it is invalid.
///
/// Nobody sends it again, so a start in the future of our clock becomes `now` instead of a refusal.
pub fn admit_report(posted: PostedAlert, ends_at: Wall, now: Wall) -> Result<Alert, InvalidAlert> {
    let starts_at = posted.starts_at.unwrap_or(now).min(now);
    checked(posted, (starts_at, ends_at), now)
}

/// The alert with these times, whose end is no timeout, or why it is invalid.
fn checked(
    posted: PostedAlert,
    (starts_at, ends_at): (Wall, Wall),
    now: Wall,
) -> Result<Alert, InvalidAlert> {
    if ends_at < starts_at {
        return Err(InvalidAlert {
            reason: "start time must be before end time".into(),
        });
    }
    if let Some(fault) = posted.fault {
        return Err(InvalidAlert {
            reason: fault.into(),
        });
    }
    let (labels, fingerprint) = posted.labels.into_parts();
    Ok(Alert {
        fingerprint,
        labels,
        annotations: posted.annotations,
        starts_at: starts_at.into(),
        ends_at: ends_at.into(),
        updated_at: now.into(),
        ends_by_timeout: false,
        generator_url: posted.generator_url,
    })
}

/// Merges the report `new` into the alert `old`.
///
/// Reports that do not overlap in time are different incidents: `new` replaces `old`. Otherwise the earliest
/// start time stays, and §4.2 chooses the end time.
pub fn merge(old: &Alert, new: Alert, now: Wall) -> Alert {
    if !overlap(old, &new) {
        return new;
    }
    let keeps_old_end = if new.is_resolved_at(now) {
        old.is_resolved_at(now) && old.ends_at > new.ends_at
    } else {
        !old.ends_by_timeout && old.ends_at > new.ends_at
    };
    Alert {
        starts_at: old.starts_at.min(new.starts_at),
        ends_at: if keeps_old_end {
            old.ends_at
        } else {
            new.ends_at
        },
        ..new
    }
}

/// Merges the report `new` of a source into the alert `old`: the end is that of the report, and the earliest
/// start stays while the alert fires.
pub fn merge_report(old: &Alert, new: Alert, now: Wall) -> Alert {
    if old.is_resolved_at(now) {
        return new;
    }
    Alert {
        starts_at: old.starts_at.min(new.starts_at),
        ..new
    }
}

/// An alert posted over the API as it is while a source holds it until `held_until`: if it fires, it fires until
/// then at least, so that no `resolve_timeout` ends it.
pub fn held(alert: Alert, held_until: Option<Wall>, now: Wall) -> Alert {
    match held_until {
        Some(until) if until >= alert.ends_at.get() && !alert.is_resolved_at(now) => Alert {
            ends_at: until.into(),
            ends_by_timeout: false,
            ..alert
        },
        _ => alert,
    }
}

/// The time at which an alert ends that is reported as resolved: neither before its start nor after `now`.
pub fn end_of(alert: &Alert, ended_at: Wall, now: Wall) -> Wall {
    ended_at.max(alert.starts_at.get()).min(now)
}

/// `time` plus a duration, capped at the largest time.
pub fn later(time: Wall, span: Duration) -> Wall {
    time.checked_add(span).unwrap_or(Wall::MAX)
}

fn overlap(old: &Alert, new: &Alert) -> bool {
    let ends_within = new.ends_at > old.starts_at && new.ends_at < old.ends_at;
    let starts_within = new.starts_at > old.starts_at && new.starts_at < old.ends_at;
    ends_within || starts_within
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;

    const TIMEOUT: Duration = Duration::from_secs(300);
    const NOW: i64 = 1_000;

    fn at(second: i64) -> Wall {
        Wall::from_second(second).expect("a second near the epoch")
    }

    fn posted(starts_at: Option<i64>, ends_at: Option<i64>) -> PostedAlert {
        PostedAlert {
            labels: Labels::from_pairs([("alertname", "a")]).into(),
            starts_at: starts_at.map(at),
            ends_at: ends_at.map(at),
            ..PostedAlert::default()
        }
    }

    fn alert(starts_at: i64, ends_at: i64) -> Alert {
        admit(posted(Some(starts_at), Some(ends_at)), at(NOW), TIMEOUT).expect("a valid alert")
    }

    fn timing_out(starts_at: i64, reported_at: i64) -> Alert {
        admit(posted(Some(starts_at), None), at(reported_at), TIMEOUT).expect("a valid alert")
    }

    fn span(alert: &Alert) -> (i64, i64) {
        (
            alert.starts_at.get().as_second(),
            alert.ends_at.get().as_second(),
        )
    }

    #[test]
    fn missing_times_are_filled_in() {
        let admitted = |starts, ends| {
            span(&admit(posted(starts, ends), at(NOW), TIMEOUT).expect("a valid alert"))
        };
        assert_eq!(admitted(None, None), (1000, 1300));
        assert_eq!(admitted(None, Some(900)), (900, 900));
        assert_eq!(admitted(Some(900), None), (900, 1300));
        assert_eq!(admitted(Some(900), Some(900)), (900, 900));
    }

    #[test]
    fn an_end_before_the_start_is_refused_before_the_labels_are_looked_at() {
        let mut wrong = posted(Some(900), Some(899));
        wrong.fault = Some("at least one label pair required".into());
        let refused = admit(wrong, at(NOW), TIMEOUT).expect_err("the times are wrong");
        assert_eq!(refused.reason, "start time must be before end time");
    }

    #[test]
    fn a_start_in_the_far_future_collides_with_our_own_timeout() {
        assert!(admit(posted(Some(NOW + 301), None), at(NOW), TIMEOUT).is_err());
        assert!(admit(posted(Some(NOW + 300), None), at(NOW), TIMEOUT).is_ok());
    }

    #[test]
    fn what_counts_as_firing_is_known_before_the_check() {
        assert_eq!(posted_status(&posted(None, None), at(NOW)), Status::Firing);
        assert_eq!(
            posted_status(&posted(None, Some(NOW)), at(NOW)),
            Status::Resolved
        );
        assert_eq!(
            posted_status(&posted(None, Some(NOW + 1)), at(NOW)),
            Status::Firing
        );
    }

    #[test]
    fn a_report_of_a_source_never_starts_in_the_future_and_never_ends_before_it_starts() {
        let reported = |starts, ends| {
            admit_report(posted(starts, None), at(ends), at(NOW)).map(|alert| span(&alert))
        };
        assert_eq!(reported(Some(NOW + 60), NOW + 10), Ok((NOW, NOW + 10)));
        assert_eq!(reported(None, NOW + 10), Ok((NOW, NOW + 10)));
        assert_eq!(reported(Some(900), NOW), Ok((900, NOW)));
        assert!(reported(Some(900), 899).is_err());
    }

    #[test]
    fn a_report_of_a_source_sets_the_end_and_keeps_the_start_of_what_fires() {
        let merged = |old, new| span(&merge_report(&old, new, at(NOW)));
        assert_eq!(merged(alert(900, 5000), alert(950, 2000)), (900, 2000));
        assert_eq!(merged(alert(900, 990), alert(995, 2000)), (995, 2000));
    }

    #[test]
    fn what_a_source_holds_is_ended_by_no_timeout() {
        let until = |second, alert: Alert| held(alert, Some(at(second)), at(NOW));
        let kept = until(5000, timing_out(900, NOW));
        assert_eq!(span(&kept), (900, 5000));
        assert!(!kept.ends_by_timeout);
        let longer = until(1100, timing_out(900, NOW));
        assert_eq!(span(&longer), (900, 1300));
        assert!(longer.ends_by_timeout);
        assert_eq!(span(&until(5000, alert(900, NOW))), (900, NOW), "it ended");
    }

    #[test]
    fn a_resolve_ends_neither_before_the_start_nor_after_now() {
        let end = |ended| end_of(&alert(900, 5000), at(ended), at(NOW)).as_second();
        assert_eq!((end(800), end(950), end(NOW + 60)), (900, 950, NOW));
    }

    #[test]
    fn reports_apart_in_time_are_different_incidents() {
        let merged = merge(&alert(100, 200), alert(200, 2000), at(NOW));
        assert_eq!(span(&merged), (200, 2000));
    }

    #[test]
    fn the_earliest_start_stays() {
        let merged = merge(&timing_out(900, 950), timing_out(940, NOW), at(NOW));
        assert_eq!(span(&merged), (900, 1300));
        assert!(merged.ends_by_timeout);
    }

    #[test]
    fn an_explicit_resolve_shortens_what_fires() {
        let merged = merge(&alert(900, 5000), alert(900, 990), at(NOW));
        assert_eq!(span(&merged), (900, 990));
    }

    #[test]
    fn of_two_resolves_the_later_end_stays() {
        let merged = merge(&alert(900, 980), alert(900, 950), at(NOW));
        assert_eq!(span(&merged), (900, 980));
    }

    #[test]
    fn a_firing_report_cannot_shorten_an_explicit_end_but_a_timeout() {
        assert_eq!(
            span(&merge(&alert(900, 5000), alert(900, 2000), at(NOW))),
            (900, 5000)
        );
        assert_eq!(
            span(&merge(&timing_out(900, NOW), alert(900, 1100), at(NOW))),
            (900, 1100)
        );
    }
}
