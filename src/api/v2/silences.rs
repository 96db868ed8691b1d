//! `GET` and `POST /silences`, `GET` and `DELETE /silence/{silenceID}`.
//!
//! Owns the checks of posted silences before the engine's own (§7.4), the order of the list (§7.5), and
//! the state that the API shows. Decides nothing else about silences. Runs on the connections' threads.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::api::error::ApiError;
use crate::api::filters::filter_matchers;
use crate::api::http::Answer;
use crate::api::params::Params;
use crate::api::router::Api;
use crate::api::stream::array_of;
use crate::api::target::{Plus, percent_decode};
use crate::api::uuid::is_uuid;
use crate::api::wire::{posted_silence, push_silence, silence_id, silence_object};
use crate::engine::{Answered, SilenceFault};
use crate::model::{Matcher, PostedSilence, Silence, SilenceState, Wall, go_quote};

/// Creates or changes a silence. The answer holds its id, which may be a new one.
pub fn post(api: &Api, body: &[u8]) -> Result<Answer, ApiError> {
    let posted = posted_silence(body, api.settings.parser_mode)
        .map_err(|error| ApiError::of_body("silence", error))?;
    check_times(&posted, api.wall())?;
    match api.heard(api.inbox.set_silence(posted))? {
        Ok(id) => Ok(Answer::json(200, silence_id(&id))),
        Err(SilenceFault::NotFound) => Err(ApiError::SilenceNotFound),
        Err(SilenceFault::Refused(why)) => Err(ApiError::Refused(why)),
    }
}

/// Lists the matching silences: first active, then pending, then expired ones.
pub fn list(api: &Api, params: &Params) -> Result<Answer, ApiError> {
    let wanted = filter_matchers(params, api.settings.parser_mode)?;
    let shows = |state: SilenceState| params.is_true_by_default(state.as_str());
    let Answered { at: now, answer } = api.heard(api.inbox.silences())?;
    let mut shown: Vec<Shown> = answer
        .into_iter()
        .map(|silence| Shown {
            state: shown_state(&silence, now),
            silence,
        })
        .filter(|shown| has_matchers(&shown.silence, &wanted) && shows(shown.state))
        .collect();
    shown.sort_by(Shown::compare);
    let body = array_of(shown.into_iter(), |out, Shown { state, silence }| {
        push_silence(out, &silence, state);
    });
    Ok(Answer::empty(200).with_body("application/json", body))
}

/// Answers with the silence whose id is the last segment of `path`, or 404.
pub fn get(api: &Api, path: &str) -> Result<Answer, ApiError> {
    let id = id_of(path)?;
    let Answered { at: now, answer } = api.heard(api.inbox.silences())?;
    let found = answer.iter().find(|silence| *silence.id == *id);
    Ok(match found {
        Some(silence) => Answer::json(200, silence_object(silence, shown_state(silence, now))),
        None => Answer::empty(404),
    })
}

/// Expires the silence whose id is the last segment of `path`.
pub fn expire(api: &Api, path: &str) -> Result<Answer, ApiError> {
    let id = id_of(path)?;
    match api.heard(api.inbox.expire_silence(id))? {
        Ok(_) => Ok(Answer::empty(200)),
        Err(SilenceFault::NotFound) => Ok(Answer::empty(404)),
        Err(SilenceFault::Refused(why)) => Err(ApiError::Refused(why)),
    }
}

fn id_of(path: &str) -> Result<String, ApiError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let sent = path.rsplit('/').next().unwrap_or(path);
    let id = percent_decode(sent, Plus::Literal).unwrap_or_default();
    if is_uuid(&id) {
        return Ok(id);
    }
    Err(ApiError::Invalid {
        code: 601,
        message: format!("silenceID in path must be of type uuid: {}", go_quote(&id)),
    })
}

/// Checks start and end. A start at the zero time means now, and passes the comparison with the end.
fn check_times(posted: &PostedSilence, now: Wall) -> Result<(), ApiError> {
    let why = if posted.starts_at >= posted.ends_at {
        "start time must be before end time"
    } else if posted.ends_at < now {
        "end time can't be in the past"
    } else {
        return Ok(());
    };
    Err(ApiError::Refused(format!(
        "Failed to create silence: {why}"
    )))
}

/// The state that the API shows. Unlike in muting, a silence has expired at the instant of its end (§7.1).
fn shown_state(silence: &Silence, now: Wall) -> SilenceState {
    if now < silence.starts_at {
        SilenceState::Pending
    } else if now < silence.ends_at {
        SilenceState::Active
    } else {
        SilenceState::Expired
    }
}

/// Whether the silence has every matcher of `wanted` literally (§7.5).
fn has_matchers(silence: &Silence, wanted: &[Matcher]) -> bool {
    wanted
        .iter()
        .all(|matcher| silence.matchers.contains(matcher))
}

/// A silence with the state that the API shows.
struct Shown {
    state: SilenceState,
    silence: Arc<Silence>,
}

impl Shown {
    /// Compares by state. Among active silences the next to end comes first, among pending ones the next to
    /// start, among expired ones the last that ended.
    fn compare(&self, other: &Shown) -> Ordering {
        let (ours, theirs) = (&self.silence, &other.silence);
        self.state.cmp(&other.state).then_with(|| match self.state {
            SilenceState::Active => ours.ends_at.cmp(&theirs.ends_at),
            SilenceState::Pending => ours.starts_at.cmp(&theirs.starts_at),
            SilenceState::Expired => theirs.ends_at.cmp(&ours.ends_at),
        })
    }
}
