//! PURE. The verdict on an attempt: delivered, retry or give up.
//!
//! Owns the rule which answers are final and which are retried (§5.6, and D3 for the difference from
//! Alertmanager), the kind of a failure (§5.5) and its text. Never decides when the next attempt is made.
//! Called on send threads.

use std::fmt;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;

use super::printable::printable;
use crate::engine::{Failure, FailureKind, Verdict};
use crate::model::Wall;

/// The most bytes of an answer's body that the text of a failure quotes.
pub const EXCERPT_BYTES: usize = 1024;

/// The text for a receiver that answers 410. The daemon goes on notifying it, because a lost page is worse
/// than a needless request.
const GONE: &str =
    ", THE RECEIVER IS GONE FOR GOOD, it says: take this webhook out of the configuration";

/// The parts of a receiver's answer that the verdict depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header `Retry-After`, as sent.
    pub retry_after: Option<String>,
    /// The beginning of the body.
    pub excerpt: Vec<u8>,
}

/// The verdict on an answered attempt. A date in `Retry-After` counts from `now`.
pub fn of_answer(answer: &Answer, now: Wall) -> Verdict {
    if (200..300).contains(&answer.status) {
        return Verdict::Delivered;
    }
    let failure = Failure {
        kind: kind_of_status(answer.status),
        text: text_of_answer(answer),
    };
    match answer.status {
        408 | 425 | 429 | 500..=599 => Verdict::Retry {
            failure,
            after: answer
                .retry_after
                .as_deref()
                .and_then(|header| parse_retry_after(header, now)),
        },
        _ => Verdict::GiveUp(failure),
    }
}

/// The verdict on an attempt without an answer: retry, because faults of the network pass. The text has
/// Alertmanager's form, with the method as Go writes it there. `cause` must name no secret.
pub fn of_transport_error(method: &str, cause: &dyn fmt::Display) -> Verdict {
    let (first, rest) = method.split_at(1);
    let operation = format!("{first}{}", rest.to_ascii_lowercase());
    retry(format!("{operation} \"<redacted>\": {cause}"))
}

/// A retryable failure at the engine's backoff.
pub fn retry(text: String) -> Verdict {
    Verdict::Retry {
        failure: Failure {
            kind: FailureKind::Other,
            text,
        },
        after: None,
    }
}

/// A failure that is not retried in this flush, because only an operator can fix it.
pub fn give_up(text: String) -> Verdict {
    Verdict::GiveUp(Failure {
        kind: FailureKind::Other,
        text,
    })
}

fn kind_of_status(status: u16) -> FailureKind {
    match status {
        401 | 403 => FailureKind::AuthError,
        429 => FailureKind::RateLimited,
        400..=499 => FailureKind::ClientError,
        500..=599 => FailureKind::ServerError,
        _ => FailureKind::Other,
    }
}

fn text_of_answer(answer: &Answer) -> String {
    let excerpt = &answer.excerpt[..answer.excerpt.len().min(EXCERPT_BYTES)];
    let body = printable(&String::from_utf8_lossy(excerpt));
    let status = answer.status;
    let meaning = if status == 410 { GONE } else { "" };
    let colon = if body.is_empty() { "" } else { ": " };
    format!("unexpected status code {status}{meaning}{colon}{body}")
}

/// Parses seconds or a date (RFC 9110, 10.2.3); `None` if the header is neither. The engine bounds the value.
fn parse_retry_after(header: &str, now: Wall) -> Option<Duration> {
    let header = header.trim();
    let is_number = !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        // A number with too many digits still asks for a long wait.
        return Some(header.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let until = DateTimeParser::new().parse_timestamp(header).ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-01-01T12:00:00Z";

    fn judge(status: u16, retry_after: Option<&str>, body: &str) -> Verdict {
        let answer = Answer {
            status,
            retry_after: retry_after.map(str::to_owned),
            excerpt: body.as_bytes().to_vec(),
        };
        of_answer(&answer, NOON.parse().expect("a timestamp"))
    }

    fn asked_to_wait(header: &str) -> Option<Duration> {
        match judge(503, Some(header), "") {
            Verdict::Retry { after, .. } => after,
            other => panic!("a 503 must be retried, not {other:?}"),
        }
    }

    #[test]
    fn each_status_has_its_branch_and_its_class() {
        use FailureKind::{AuthError, ClientError, Other, RateLimited, ServerError};
        let retried = [
            (408, ClientError),
            (425, ClientError),
            (429, RateLimited),
            (500, ServerError),
            (503, ServerError),
            (599, ServerError),
        ];
        for (status, kind) in retried {
            let verdict = judge(status, None, "");
            let text = format!("unexpected status code {status}");
            let failure = Failure { kind, text };
            let after = None;
            assert_eq!(verdict, Verdict::Retry { failure, after }, "{status}");
        }
        let is_final = [
            (101, Other),
            (301, Other),
            (400, ClientError),
            (401, AuthError),
            (403, AuthError),
            (404, ClientError),
            (410, ClientError),
            (600, Other),
        ];
        for (status, kind) in is_final {
            let meaning = if status == 410 { GONE } else { "" };
            let text = format!("unexpected status code {status}{meaning}");
            let failure = Failure { kind, text };
            assert_eq!(judge(status, None, ""), Verdict::GiveUp(failure));
        }
        for status in [200, 201, 204, 299] {
            assert_eq!(judge(status, Some("5"), "x"), Verdict::Delivered);
        }
    }

    #[test]
    fn the_text_quotes_the_body_in_one_printable_line_of_bounded_length() {
        let text = |body: &str| match judge(400, None, body) {
            Verdict::GiveUp(failure) => failure.text,
            other => panic!("a 400 must be final, not {other:?}"),
        };
        assert_eq!(
            text("no such\nteam\u{1b}[31m\n"),
            "unexpected status code 400: no such team [31m"
        );
        assert_eq!(text(" \n"), "unexpected status code 400");
        assert!(text(&"ü".repeat(5000)).len() <= 40 + EXCERPT_BYTES);
    }

    #[test]
    fn a_receiver_that_is_gone_for_good_is_said_to_be_so() {
        let Verdict::GiveUp(failure) = judge(410, None, "moved out") else {
            panic!("a 410 must be final");
        };
        assert_eq!(
            failure.text,
            "unexpected status code 410, THE RECEIVER IS GONE FOR GOOD, it says: \
             take this webhook out of the configuration: moved out"
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(asked_to_wait("120"), seconds(120));
        assert_eq!(asked_to_wait(" 7 "), seconds(7));
        assert_eq!(asked_to_wait("0"), seconds(0));
        assert_eq!(
            asked_to_wait("99999999999999999999999"),
            Some(Duration::MAX)
        );
        assert_eq!(
            asked_to_wait("Thu, 01 Jan 2026 12:01:30 GMT"),
            seconds(90),
            "a date ahead"
        );
        assert_eq!(
            asked_to_wait("Thu, 01 Jan 2026 11:00:00 GMT"),
            seconds(0),
            "a date past"
        );
        assert_eq!(
            asked_to_wait("Mon, 01 Jan 2035 00:00:00 GMT"),
            seconds(283_953_600)
        );
        for nonsense in ["", "-5", "1.5", "soon", "Thu, 99 Jan 2026 12:00:00 GMT"] {
            assert_eq!(asked_to_wait(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn a_transport_error_is_retried_and_names_no_url() {
        for (method, operation) in [("POST", "Post"), ("PUT", "Put"), ("PATCH", "Patch")] {
            let failure = Failure {
                kind: FailureKind::Other,
                text: format!("{operation} \"<redacted>\": timeout after 10s"),
            };
            let after = None;
            assert_eq!(
                of_transport_error(method, &"timeout after 10s"),
                Verdict::Retry { failure, after }
            );
        }
    }
}
