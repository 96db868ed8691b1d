//! PURE. Parses the answers of token servers (RFC 6749, 5).
//!
//! Owns the parsing of the JSON, and of the form that some old servers send. A fault quotes the error code of
//! the answer, never anything else of it. Called on send threads.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::printable::printable;
use crate::model::percent_decoded;

/// The most characters of an error code that a fault quotes.
const CODE_CHARACTERS: usize = 64;

/// A granted token.
#[derive(Clone, PartialEq, Eq)]
pub struct Granted {
    scheme: String,
    token: String,
    /// The lifetime of the token; `None` if it does not expire.
    pub life: Option<Duration>,
}

impl Granted {
    /// The value of the header `Authorization`.
    pub fn authorization(&self) -> String {
        format!("{} {}", self.scheme, self.token)
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Granted({}, {:?})", self.scheme, self.life)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    error: Option<String>,
}

/// Parses the token in an answer with this status, content type and body.
pub fn read(status: u16, content_type: &str, body: &[u8]) -> Result<Granted, String> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let wire = match kind.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" | "text/plain" => Some(from_form(body)),
        _ => serde_json::from_slice(body).ok(),
    };
    let is_success = (200..300).contains(&status);
    let Some(wire) = wire else {
        return Err(if is_success {
            "the answer is neither JSON nor a form".to_owned()
        } else {
            format!("status code {status}")
        });
    };
    let error = wire.error.unwrap_or_default();
    if !is_success || !error.is_empty() {
        let code: String = printable(&error).chars().take(CODE_CHARACTERS).collect();
        let blank = if code.is_empty() { "" } else { ": " };
        return Err(format!("status code {status}{blank}{code}"));
    }
    let token = wire.access_token.filter(|token| !token.is_empty());
    Ok(Granted {
        scheme: scheme_of(&wire.token_type.unwrap_or_default()),
        life: wire.expires_in.as_ref().and_then(life_of),
        token: token.ok_or("the answer has no access_token")?,
    })
}

fn from_form(body: &[u8]) -> Wire {
    let text = String::from_utf8_lossy(body);
    let mut wire = Wire::default();
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = unescaped(value);
        match name {
            "access_token" => wire.access_token = Some(value),
            "token_type" => wire.token_type = Some(value),
            "expires_in" => wire.expires_in = Some(value.into()),
            "error" => wire.error = Some(value),
            _ => {}
        }
    }
    wire
}

fn unescaped(text: &str) -> String {
    let spaced = text.replace('+', " ");
    match percent_decoded(&spaced) {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => spaced,
    }
}

/// The scheme of a token, in the usual spelling, whatever case the token server uses.
fn scheme_of(token_type: &str) -> String {
    match token_type.to_ascii_lowercase().as_str() {
        "" | "bearer" => "Bearer".to_owned(),
        "mac" => "MAC".to_owned(),
        "basic" => "Basic".to_owned(),
        _ => token_type.to_owned(),
    }
}

/// Parses a lifetime in seconds, given as a number or as text. A missing or invalid one means no expiry.
fn life_of(value: &serde_json::Value) -> Option<Duration> {
    let seconds = match value {
        serde_json::Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    let life = Duration::try_from_secs_f64(seconds).ok()?;
    (!life.is_zero()).then_some(life)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(kind: &str, body: &str) -> (String, Option<u64>) {
        let granted = read(200, kind, body.as_bytes()).expect("a token");
        let life = granted.life.map(|life| life.as_secs());
        (granted.authorization(), life)
    }

    #[test]
    fn tokens_come_as_json_or_as_a_form() {
        for (kind, body, expected, life) in [
            (
                "application/json",
                r#"{"access_token":"t"}"#,
                "Bearer t",
                None,
            ),
            (
                "",
                r#"{"access_token":"t","token_type":"bearer","expires_in":60}"#,
                "Bearer t",
                Some(60),
            ),
            (
                "x",
                r#"{"access_token":"t","token_type":"MAC","expires_in":"60"}"#,
                "MAC t",
                Some(60),
            ),
            (
                "x",
                r#"{"access_token":"t","token_type":"Own","expires_in":null}"#,
                "Own t",
                None,
            ),
            (
                "x",
                r#"{"access_token":"t","expires_in":0,"scope":"a"}"#,
                "Bearer t",
                None,
            ),
            (
                "text/plain; charset=utf-8",
                "access_token=a%2Bb&expires_in=5",
                "Bearer a+b",
                Some(5),
            ),
        ] {
            assert_eq!(granted(kind, body), (expected.to_owned(), life), "{body}");
        }
    }

    #[test]
    fn a_refusal_is_told_by_its_code_alone() {
        for (status, body, expected) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"secret"}"#,
                "status code 401: invalid_client",
            ),
            (
                200,
                r#"{"error":"slow\ndown"}"#,
                "status code 200: slow down",
            ),
            (500, "<html>secret</html>", "status code 500"),
            (302, "{}", "status code 302"),
            (200, "secret", "the answer is neither JSON nor a form"),
            (
                200,
                r#"{"access_token":""}"#,
                "the answer has no access_token",
            ),
            (
                200,
                r#"{"access_token":7}"#,
                "the answer is neither JSON nor a form",
            ),
        ] {
            let fault = read(status, "application/json", body.as_bytes());
            assert_eq!(fault.expect_err("no token"), expected, "{body}");
        }
    }
}
