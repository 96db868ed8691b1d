//! The calls of API v2.
//!
//! Owns the URLs, the names of the calls, and what went wrong, in the words of alertwheel and in those of
//! Alertmanager's client. Prints nothing. Runs on main.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::webhook::go_json;
use crate::webhook::{Cause, Fault, Request, Requester};

/// What a path or a query may contain as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A call of the API, as its description names it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    method: &'static str,
    /// The path below `/api/v2`; `{silenceID}` stands for an id.
    path: &'static str,
    name: &'static str,
    /// The statuses of failures that the description knows.
    failures: &'static [Failure],
}

/// A failure that the description of a call knows.
#[derive(Clone, Copy, Debug)]
struct Failure {
    status: u16,
    name: &'static str,
    has_text: bool,
}

const BAD_REQUEST: Failure = Failure {
    status: 400,
    name: "BadRequest",
    has_text: true,
};
const NOT_FOUND: Failure = Failure {
    status: 404,
    name: "NotFound",
    has_text: false,
};
const INTERNAL: Failure = Failure {
    status: 500,
    name: "InternalServerError",
    has_text: true,
};

const fn call(
    method: &'static str,
    path: &'static str,
    name: &'static str,
    failures: &'static [Failure],
) -> Call {
    Call {
        method,
        path,
        name,
        failures,
    }
}

/// Lists alerts.
pub const GET_ALERTS: Call = call("GET", "/alerts", "getAlerts", &[BAD_REQUEST, INTERNAL]);
/// Posts alerts.
pub const POST_ALERTS: Call = call("POST", "/alerts", "postAlerts", &[BAD_REQUEST, INTERNAL]);
/// Lists silences.
pub const GET_SILENCES: Call = call("GET", "/silences", "getSilences", &[BAD_REQUEST, INTERNAL]);
/// Sets a silence.
pub const POST_SILENCES: Call = call(
    "POST",
    "/silences",
    "postSilences",
    &[
        BAD_REQUEST,
        Failure {
            has_text: true,
            ..NOT_FOUND
        },
    ],
);
/// Reads one silence.
pub const GET_SILENCE: Call = call(
    "GET",
    "/silence/{silenceID}",
    "getSilence",
    &[NOT_FOUND, INTERNAL],
);
/// Ends a silence.
pub const DELETE_SILENCE: Call = call(
    "DELETE",
    "/silence/{silenceID}",
    "deleteSilence",
    &[NOT_FOUND, INTERNAL],
);
/// Reads the status.
pub const GET_STATUS: Call = call("GET", "/status", "getStatus", &[]);
/// Lists the receivers.
pub const GET_RECEIVERS: Call = call("GET", "/receivers", "getReceivers", &[]);

/// The API of one daemon.
#[derive(Debug)]
pub struct Api {
    base: String,
    requester: Requester,
}

/// Why a call failed.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// There is no answer.
    NoAnswer {
        /// The method and the URL, without credentials.
        request: String,
        /// Why.
        fault: Fault,
    },
    /// The daemon answered that it did not do it.
    Status {
        /// The call.
        call: Call,
        /// The status code.
        status: u16,
        /// The daemon's words, if it has said any.
        text: String,
    },
    /// The answer is not what the API promises.
    Unreadable {
        /// The call.
        call: Call,
        /// What is wrong with it.
        why: String,
    },
}

impl Api {
    /// The API at `url`, which may have a path and no scheme.
    pub fn new(url: &str, requester: Requester) -> Self {
        let url = match url.contains("://") {
            true => url.to_owned(),
            false => format!("http://{url}"),
        };
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let path_at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_at);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((credentials, host)) => (format!("{credentials}@"), host),
            None => (String::new(), authority),
        };
        let host = if host.is_empty() {
            "localhost:9093"
        } else {
            host
        };
        let path = path.trim_end_matches('/');
        Api {
            base: format!("{scheme}://{credentials}{host}{path}/api/v2"),
            requester,
        }
    }

    /// Makes a call that answers JSON. `id` takes the place of `{silenceID}`.
    pub fn get<T: DeserializeOwned>(
        &self,
        call: Call,
        id: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Refusal> {
        let answer = self.make(call, id, query, None)?;
        read(call, &answer)
    }

    /// Makes a call with a body that answers JSON.
    pub fn set<T: DeserializeOwned>(
        &self,
        call: Call,
        body: &impl Serialize,
    ) -> Result<T, Refusal> {
        let answer = self.make(call, "", &[], Some(&go_json::to_vec(body, 0)))?;
        read(call, &answer)
    }

    /// Makes a call whose answer has nothing to say.
    pub fn tell(&self, call: Call, id: &str, body: Option<&[u8]>) -> Result<(), Refusal> {
        self.make(call, id, &[], body).map(drop)
    }

    fn make(
        &self,
        call: Call,
        id: &str,
        query: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Vec<u8>, Refusal> {
        let escaped = |text| utf8_percent_encode(text, ESCAPED);
        let path = call.path.replace("{silenceID}", &escaped(id).to_string());
        let mut url = format!("{}{path}", self.base);
        for (at, (name, value)) in query.iter().enumerate() {
            let separator = if at == 0 { '?' } else { '&' };
            url.push_str(&format!("{separator}{name}={}", escaped(value)));
        }
        let request = Request {
            method: call.method,
            url: &url,
            body,
        };
        let answer = self.requester.send(request);
        let answer = answer.map_err(|fault| Refusal::NoAnswer {
            request: format!(
                "{} \"{}\"",
                in_words(call.method),
                without_credentials(&url)
            ),
            fault,
        })?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        Err(Refusal::Status {
            call,
            status: answer.status,
            text: String::from_utf8_lossy(&answer.body).trim().to_owned(),
        })
    }
}

fn read<T: DeserializeOwned>(call: Call, answer: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(answer).map_err(|error| Refusal::Unreadable {
        call,
        why: error.to_string(),
    })
}

/// `Get`, as Go's client names a method.
fn in_words(method: &str) -> String {
    let (first, rest) = method.split_at(1);
    format!("{first}{}", rest.to_ascii_lowercase())
}

fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let path_at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path_at);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

impl Refusal {
    /// Whether the daemon does not know what it was asked for.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Refusal::Status { status: 404, .. })
    }

    /// The refusal as amtool words it.
    pub fn in_words_of_amtool(&self) -> String {
        match self {
            Refusal::NoAnswer { request, fault } => format!("{request}: {fault}"),
            Refusal::Status { call, status, text } => {
                let (method, path, name) = (call.method, call.path, call.name);
                let known = call.failures.iter().find(|known| known.status == *status);
                match known {
                    None => format!("[{method} {path}] {name} (status {status}): {{}}"),
                    Some(known) => {
                        let text = if known.has_text {
                            format!(" {text}")
                        } else {
                            String::new()
                        };
                        format!("[{method} {path}][{status}] {name}{}{text}", known.name)
                    }
                }
            }
            Refusal::Unreadable { why, .. } => why.clone(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoAnswer { fault, .. } => {
                write!(out, "no answer from the daemon: {fault}")?;
                let is_refused =
                    matches!(fault, Fault::Network { cause, .. } if *cause == Cause::Refused);
                if is_refused {
                    out.write_str("; start it, or name its address with --url")?;
                }
                Ok(())
            }
            Refusal::Status { status: 401, .. } => out.write_str(
                "the daemon wants a password; write it into the URL, or name a file with \
                 --http.config.file",
            ),
            Refusal::Status {
                call, status: 404, ..
            } if call.path.contains("silenceID") => {
                out.write_str("there is no silence with this id")
            }
            Refusal::Status {
                status: 404, text, ..
            } if !text.starts_with('"') => out.write_str(
                "there is no Alertmanager API at this URL (404); a route prefix belongs to it, as \
                 in --url=http://host:9093/prefix",
            ),
            Refusal::Status { status, text, .. } => {
                // The API words a refusal as a JSON text or as an object with a message.
                let words = serde_json::from_str::<serde_json::Value>(text).ok();
                let words = words.as_ref().and_then(|json| match json {
                    serde_json::Value::String(text) => Some(text.as_str()),
                    json => json.get("message")?.as_str(),
                });
                let words = words.unwrap_or(text);
                write!(out, "the daemon refuses this: {words} ({status})")
            }
            Refusal::Unreadable { call, why } => {
                let path = call.path;
                write!(
                    out,
                    "the answer to /api/v2{path} is not that of an Alertmanager: {why}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
