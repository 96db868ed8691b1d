//! The bodies of POSTs, as targets for a fuzzer.
//!
//! Owns what must hold of any body; see `crate::fuzz`. Never part of the daemon. Runs on threads of tests.

use super::plain::plain_alerts;
use super::posted::{any_alerts, posted_alerts};
use super::posted_silence::posted_silence;
use super::silence::silence_object;
use crate::model::{ParserMode, PostedAlert, PostedSilence, Silence, SilenceState};

/// A body of alerts: where the short way takes it, both ways read the same; and what is taken has labels or
/// says what is wrong with it.
pub fn alert_body(data: &[u8]) -> bool {
    let mut is_taken = false;
    for mode in ParserMode::ALL {
        if let Some(plain) = plain_alerts(data, mode) {
            assert_eq!(Ok(plain), any_alerts(data, mode), "{mode:?}");
        }
        if let Ok(alerts) = posted_alerts(data, mode) {
            is_taken = true;
            assert_eq!(
                alerts.iter().find(|alert| is_wrong_untold(alert)),
                None,
                "{mode:?}"
            );
        }
    }
    is_taken
}

fn is_wrong_untold(alert: &PostedAlert) -> bool {
    alert.labels.is_empty() && alert.fault.is_none()
}

/// The body of a silence: as it is shown in an answer, it can be posted again and means the same.
pub fn silence_body(data: &[u8]) -> bool {
    let mut is_taken = false;
    for mode in ParserMode::ALL {
        let Ok(posted) = posted_silence(data, mode) else {
            continue;
        };
        is_taken = true;
        if posted.fault.is_some() {
            continue;
        }
        let again = posted_silence(&shown(&posted), mode);
        let again = again.unwrap_or_else(|fault| panic!("{mode:?}: {fault:?} in {posted:?}"));
        // Times are shown in milliseconds.
        let with_its_times = PostedSilence {
            id: posted.id.clone(),
            starts_at: posted.starts_at,
            ends_at: posted.ends_at,
            ..again
        };
        assert_eq!(with_its_times, posted, "{mode:?}");
    }
    is_taken
}

fn shown(posted: &PostedSilence) -> Vec<u8> {
    let silence = Silence {
        id: posted.id.as_deref().unwrap_or_default().into(),
        matchers: posted.matchers.as_slice().into(),
        starts_at: posted.starts_at,
        ends_at: posted.ends_at,
        updated_at: posted.starts_at,
        created_by: posted.created_by.clone(),
        comment: posted.comment.clone(),
        annotations: posted.annotations.clone(),
    };
    silence_object(&silence, SilenceState::Active)
}
