//! The errors of API v2, with their status codes and texts.
//!
//! Owns the two shapes of an error: the API framework's object with code and message, and the handlers'
//! bare JSON string (§10.2). Pure; runs on the connections' threads.

use std::fmt;
use std::time::Duration;

use crate::dispatch::inbox::Unanswered;
use crate::dispatch::pending_ack::NotStored;
use crate::model::{format_go_duration, go_quote};

use super::http::{Answer, Request};
use super::wire;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// No endpoint has this path.
    NotFound {
        /// The path as sent, without the prefix.
        path: String,
    },
    /// The path does not support the method.
    MethodNotAllowed {
        /// The method as sent.
        method: String,
        /// The methods that the path supports.
        allowed: &'static [&'static str],
    },
    /// The body has this media type, which is not JSON.
    UnsupportedMediaType(String),
    /// The body has this content coding, which is not supported.
    UnsupportedCoding(String),
    /// The `Content-Type` header is malformed and has this value.
    BadContentType(String),
    /// The `Accept` header excludes JSON.
    NotAcceptable,
    /// The body is not JSON, or not of the right shape.
    MalformedBody {
        /// The name of the body in the schema.
        body: &'static str,
        /// The fault, as text.
        because: String,
    },
    /// A field breaks a rule of the schema.
    Invalid {
        /// The framework's number for the rule. The status is 422 whatever the number.
        code: u16,
        /// The field and the rule, as text.
        message: String,
    },
    /// A parameter, an alert or a silence was refused by the handler itself.
    Refused(String),
    /// The silence to be changed does not exist.
    SilenceNotFound,
    /// A limit of the daemon is reached; the text names it.
    Overloaded(String),
    /// The dispatcher took longer than `--web.timeout` allows.
    TimedOut(Duration),
    /// The daemon is stopping.
    Stopping,
}

impl ApiError {
    /// The error for a rejected body; `body` is its name in the schema.
    pub fn of_body(body: &'static str, error: wire::BodyError) -> Self {
        match error {
            wire::BodyError::Malformed(because) | wire::BodyError::Notification(because) => {
                ApiError::MalformedBody { body, because }
            }
            wire::BodyError::Invalid { code, message } => ApiError::Invalid { code, message },
        }
    }

    /// This error, except that a malformed body becomes [`ApiError::UnsupportedCoding`] if `request` has a
    /// content coding that is not supported.
    pub fn in_coding_of(self, request: &Request) -> Self {
        let mut codings = request.headers_named("content-encoding");
        let is_coded =
            |coding: &&str| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
        match (&self, codings.find(is_coded)) {
            (ApiError::MalformedBody { .. }, Some(coding)) => {
                ApiError::UnsupportedCoding(coding.to_owned())
            }
            _ => self,
        }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        match self {
            ApiError::NotFound { .. } | ApiError::SilenceNotFound => 404,
            ApiError::MethodNotAllowed { .. } => 405,
            ApiError::UnsupportedMediaType(_) | ApiError::UnsupportedCoding(_) => 415,
            ApiError::NotAcceptable => 406,
            ApiError::BadContentType(_) | ApiError::MalformedBody { .. } | ApiError::Refused(_) => {
                400
            }
            ApiError::Invalid { .. } => 422,
            ApiError::Overloaded(_) | ApiError::TimedOut(_) | ApiError::Stopping => 503,
        }
    }

    /// The answer with this error, in its shape.
    pub fn into_answer(self) -> Answer {
        let status = self.status();
        let message = self.to_string();
        match self {
            // In Alertmanager the timeout is answered outside the API, as plain text.
            ApiError::TimedOut(_) => Answer::text(status, format!("{message}\n")),
            ApiError::Refused(_) | ApiError::SilenceNotFound => {
                Answer::json(status, wire::error_string(&message))
            }
            ApiError::Invalid { code, .. } => {
                Answer::json(status, wire::error_object(code, &message))
            }
            ApiError::MethodNotAllowed { allowed, .. } => {
                Answer::json(status, wire::error_object(status, &message))
                    .with_header("Allow", allowed.join(","))
            }
            ApiError::UnsupportedCoding(_) => {
                Answer::json(status, wire::error_object(status, &message))
                    .with_header("Accept-Encoding", "gzip")
            }
            ApiError::Overloaded(_) => Answer::json(status, wire::error_object(status, &message))
                .with_header("Retry-After", "1"),
            _ => Answer::json(status, wire::error_object(status, &message)),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiError::NotFound { path } => write!(out, "path {path} was not found"),
            ApiError::MethodNotAllowed { method, allowed } => {
                let allowed = allowed.join(",");
                write!(out, "method {method} is not allowed, but [{allowed}] are")
            }
            ApiError::UnsupportedMediaType(given) => write!(
                out,
                "unsupported media type {}, only [application/json] are allowed",
                go_quote(given)
            ),
            ApiError::UnsupportedCoding(given) => write!(
                out,
                "unsupported content encoding {}, only gzip is understood, once",
                go_quote(given)
            ),
            ApiError::BadContentType(given) => write!(
                out,
                "parsing Content-Type header from {} failed, because it is no media type",
                go_quote(given)
            ),
            ApiError::NotAcceptable => out.write_str(
                "unsupported media type requested, only [application/json] are available",
            ),
            ApiError::MalformedBody { body, because } => write!(
                out,
                "parsing {body} body from \"\" failed, because {because}"
            ),
            ApiError::Invalid { message, .. } => out.write_str(message),
            ApiError::Refused(text) | ApiError::Overloaded(text) => out.write_str(text),
            ApiError::TimedOut(limit) => {
                let limit = format_go_duration(*limit);
                write!(out, "Exceeded configured timeout of {limit}.")
            }
            ApiError::Stopping => out.write_str("the daemon is stopping"),
            ApiError::SilenceNotFound => out.write_str("silence not found"),
        }
    }
}

impl std::error::Error for ApiError {}

impl From<Unanswered> for ApiError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Full => {
                ApiError::Overloaded("the dispatcher's inbox is full, try again later".to_owned())
            }
            Unanswered::NotStored(NotStored(why)) => {
                ApiError::Overloaded(format!("not written to disk, try again later: {why}"))
            }
            Unanswered::TimedOut(limit) => ApiError::TimedOut(limit),
            Unanswered::Stopped => ApiError::Stopping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::http::Body;

    fn told(error: ApiError) -> (u16, String, Vec<(&'static str, String)>) {
        let answer = error.into_answer();
        let Body::Bytes(body) = answer.body else {
            panic!("an error has a body");
        };
        let body = String::from_utf8(body).expect("JSON is UTF-8");
        (answer.status, body, answer.headers)
    }

    #[test]
    fn framework_errors_are_objects_without_a_newline() {
        let (status, body, headers) = told(ApiError::MethodNotAllowed {
            method: "PUT".to_owned(),
            allowed: &["GET", "POST"],
        });
        assert_eq!(status, 405);
        assert_eq!(
            body,
            r#"{"code":405,"message":"method PUT is not allowed, but [GET,POST] are"}"#
        );
        assert!(headers.contains(&("Allow", "GET,POST".to_owned())));
    }

    #[test]
    fn the_code_of_a_broken_rule_is_not_the_status() {
        let (status, body, _) = told(ApiError::Invalid {
            code: 602,
            message: "alerts in body is required".to_owned(),
        });
        assert_eq!(status, 422);
        assert_eq!(
            body,
            r#"{"code":602,"message":"alerts in body is required"}"#
        );
    }

    #[test]
    fn headers_are_quoted_as_in_go() {
        let (_, body, _) = told(ApiError::BadContentType("a/b;c=\"d".to_owned()));
        let expected = r#"{"code":400,"message":"parsing Content-Type header from \"a/b;c=\\\"d\" failed, because it is no media type"}"#;
        assert_eq!(body, expected);
    }

    #[test]
    fn handler_errors_are_strings_with_a_newline() {
        let (status, body, _) = told(ApiError::Refused("bad matcher format: <foo>".to_owned()));
        assert_eq!(
            (status, body.as_str()),
            (400, "\"bad matcher format: <foo>\"\n")
        );
    }

    #[test]
    fn a_dispatcher_that_takes_too_long_is_told_in_plain_text() {
        let (status, body, headers) = told(Unanswered::TimedOut(Duration::from_secs(5)).into());
        let expected = (503, "Exceeded configured timeout of 5s.\n");
        assert_eq!((status, body.as_str()), expected);
        assert!(headers.contains(&("Content-Type", "text/plain; charset=utf-8".to_owned())));
    }

    #[test]
    fn a_sender_turned_away_hears_when_to_come_back() {
        let (status, _, headers) = told(Unanswered::Full.into());
        assert_eq!(status, 503);
        assert!(headers.contains(&("Retry-After", "1".to_owned())));
        let (status, _, headers) = told(Unanswered::Stopped.into());
        assert_eq!((status, headers.len()), (503, 1));
    }
}
