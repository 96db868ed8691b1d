//! The filters of GETs for alerts, groups and receivers.
//!
//! Owns the filters of §10.3, whose evaluation differs a little from routing. Pure, except for a log line
//! about ambiguous matchers. Runs on the connections' threads.

use std::sync::Arc;

use crate::config::Receiver;
use crate::engine::Muted;
use crate::limits;
use crate::model::{Alert, Labels, MatchOp, Matcher, ParserMode, Wall, parse_matcher};

use super::error::ApiError;
use super::params::Params;

/// The filters of `GET /alerts` and `GET /alerts/groups`.
#[derive(Clone, Debug)]
pub struct Filters {
    matchers: Vec<Matcher>,
    receiver: Option<Matcher>,
    receiver_matchers: Vec<Matcher>,
    /// Whether unmuted alerts match.
    shows_active: bool,
    shows_silenced: bool,
    shows_inhibited: bool,
    shows_muted: bool,
}

impl Filters {
    /// Parses the filters. The parameter `unprocessed` has no effect, because no alert is in that state.
    pub fn from_params(params: &Params, mode: ParserMode) -> Result<Self, ApiError> {
        let mut budget = Budget::default();
        Ok(Filters {
            matchers: matchers_of_filter(params, mode, &mut budget)?,
            receiver: receiver(params, &mut budget)?,
            receiver_matchers: matchers_of_receivers(params, mode, &mut budget)?,
            shows_active: params.is_true_by_default("active"),
            shows_silenced: params.is_true_by_default("silenced"),
            shows_inhibited: params.is_true_by_default("inhibited"),
            shows_muted: params.is_true_by_default("muted"),
        })
    }

    /// Whether an alert matches by its labels and state. A resolved alert never matches; an alert that ends
    /// at `now` still does.
    pub fn wants_alert(&self, alert: &Alert, muted: Option<&Muted>, now: Wall) -> bool {
        self.wants_state(muted)
            && alert.ends_at.get() >= now
            && self
                .matchers
                .iter()
                .all(|matcher| holds(matcher, &alert.labels))
    }

    /// The matchers for the labels of alerts.
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// Whether groups muted by time intervals match.
    pub fn wants_muted(&self) -> bool {
        self.shows_muted
    }

    /// Whether an alert matches by its state. An alert that is both silenced and inhibited matches only if
    /// both states are asked for.
    fn wants_state(&self, muted: Option<&Muted>) -> bool {
        let Some(muted) = muted else {
            return self.shows_active;
        };
        (self.shows_silenced || muted.silenced_by.is_empty())
            && (self.shows_inhibited || muted.inhibited_by.is_empty())
    }

    /// Whether an alert with these receivers matches. The filters for the name and for the labels may match
    /// different receivers.
    pub fn wants_any(&self, receivers: &[Arc<Receiver>]) -> bool {
        let has_name = self.receiver.as_ref().is_none_or(|pattern| {
            receivers
                .iter()
                .any(|receiver| pattern.matches_value(&receiver.name))
        });
        has_name
            && (self.receiver_matchers.is_empty()
                || receivers
                    .iter()
                    .any(|receiver| satisfies(receiver, &self.receiver_matchers)))
    }

    /// Whether a group of this receiver matches.
    pub fn wants_receiver(&self, receiver: &Arc<Receiver>) -> bool {
        self.wants_any(std::slice::from_ref(receiver))
    }
}

/// Parses the parameters `filter`.
pub fn filter_matchers(params: &Params, mode: ParserMode) -> Result<Vec<Matcher>, ApiError> {
    matchers_of_filter(params, mode, &mut Budget::default())
}

/// Parses the parameters `receiver_matchers`.
pub fn receiver_matchers(params: &Params, mode: ParserMode) -> Result<Vec<Matcher>, ApiError> {
    matchers_of_receivers(params, mode, &mut Budget::default())
}

/// The compiled size of the regexes of one request so far, bounded by `REQUEST_REGEX_BYTES`.
#[derive(Debug, Default)]
struct Budget {
    bytes: usize,
}

impl Budget {
    /// Charges the matcher to the budget; an error if the budget is exceeded.
    fn spend(&mut self, matcher: Matcher) -> Result<Matcher, String> {
        self.bytes += matcher.compiled_bytes();
        if self.bytes <= limits::REQUEST_REGEX_BYTES {
            return Ok(matcher);
        }
        Err(format!(
            "the regular expressions of the request are too large once compiled (limit: {} bytes); ask \
             for less at a time, or by plain lists of names such as a|b|c",
            limits::REQUEST_REGEX_BYTES
        ))
    }
}

fn matchers_of_filter(
    params: &Params,
    mode: ParserMode,
    budget: &mut Budget,
) -> Result<Vec<Matcher>, ApiError> {
    matchers(params, "filter", mode, budget).map_err(ApiError::Refused)
}

fn matchers_of_receivers(
    params: &Params,
    mode: ParserMode,
    budget: &mut Budget,
) -> Result<Vec<Matcher>, ApiError> {
    matchers(params, "receiver_matchers", mode, budget).map_err(|error| {
        ApiError::Refused(format!("failed to parse receiver_matchers param: {error}"))
    })
}

/// Parses the parameter `receiver`.
fn receiver(params: &Params, budget: &mut Budget) -> Result<Option<Matcher>, ApiError> {
    let compile = |pattern| {
        let matcher = Matcher::new(MatchOp::Regex, "receiver", pattern);
        budget.spend(matcher.map_err(|error| error.to_string())?)
    };
    let compiled = params.last("receiver").map(compile).transpose();
    compiled.map_err(|error| ApiError::Refused(format!("failed to parse receiver param: {error}")))
}

/// Whether the receiver's own labels satisfy all matchers. A missing label counts as empty.
pub fn satisfies(receiver: &Receiver, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|matcher| {
        let value = receiver.labels.get(matcher.name());
        matcher.matches_value(value.map_or("", String::as_str))
    })
}

fn matchers(
    params: &Params,
    name: &str,
    mode: ParserMode,
    budget: &mut Budget,
) -> Result<Vec<Matcher>, String> {
    params
        .all(name)
        .map(|text| {
            let parsed = parse_matcher(text, mode).map_err(|error| error.to_string())?;
            if let Some(warning) = parsed.warning {
                log::warn!(parameter = name; "{warning}");
            }
            budget.spend(parsed.value)
        })
        .collect()
}

/// Whether the labels satisfy the matcher. As in routing, except that a matcher with an empty value tests
/// whether the label exists at all.
fn holds(matcher: &Matcher, labels: &Labels) -> bool {
    let value = labels.get(matcher.name());
    match (matcher.op(), matcher.value(), value) {
        (MatchOp::Equal | MatchOp::Regex, "", None) => true,
        (MatchOp::NotEqual | MatchOp::NotRegex, "", Some(_)) => true,
        _ => matcher.matches_value(value.unwrap_or("")),
    }
}

#[cfg(test)]
mod tests;
