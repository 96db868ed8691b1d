//! The sections of a web configuration that concern requests: headers, the rate limit, users.
//!
//! Owns the list of allowed headers, and the form of a bcrypt hash. Never repeats a hash. Pure; runs on the
//! thread that loads the configuration.

use super::RateLimit;
use crate::config::fault::{Findings, shown};
use crate::config::field::At;
use crate::config::record::Record;
use crate::config::table::Kind::{Bool, Count, GoDuration, NamedTexts};
use crate::config::table::{Section, key};
use crate::limits;
use std::collections::BTreeMap;
use std::fmt;

/// The headers that may be set, with their allowed values; an empty list allows every value.
const HEADERS: &[(&str, &[&str])] = &[
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

/// Bytes of a bcrypt hash: version, cost, salt and digest.
const HASH_BYTES: usize = 60;

/// The least number of bytes at which Go's library looks at the parts of a hash.
const SHORTEST_HASH_BYTES: usize = 59;

/// The section `http_server_config`. `http2` has no effect: the server uses HTTP/1.1, which every HTTP/2
/// client supports.
pub static HTTP_SERVER_CONFIG: Section = Section {
    what: "an http_server_config",
    keys: &[key("http2", Bool), key("headers", NamedTexts("headers"))],
};

/// The section `rate_limit`.
pub static RATE_LIMIT: Section = Section {
    what: "a rate_limit",
    keys: &[key("burst", Count), key("interval", GoDuration)],
};

/// The headers of every response.
pub fn headers(section: &Record, findings: &mut Findings) -> Vec<(&'static str, String)> {
    let headers = section.named("headers").iter();
    let known = headers.filter_map(|(name, value)| header(name, value, findings));
    known.collect()
}

fn header(
    name: &str,
    value: &At<String>,
    findings: &mut Findings,
) -> Option<(&'static str, String)> {
    let Some((known, allowed)) = HEADERS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = HEADERS.iter().map(|(name, _)| *name).collect();
        let wrong = format!("HTTP header {:?} can not be configured", shown(name));
        findings.fault(
            value.place,
            wrong,
            format!("it can be {}", names.join(", ")),
        );
        return None;
    };
    if !allowed.is_empty() && !allowed.contains(&value.value.as_str()) {
        let expected: Vec<String> = allowed.iter().map(|value| format!("{value:?}")).collect();
        let wrong = format!(
            "invalid value for {name}. Expected one of: [{}], but got: {:?}",
            expected.join(" "),
            shown(&value.value)
        );
        findings.fault(value.place, wrong, format!("write {}", allowed[0]));
        return None;
    }
    let is_printable = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
    if !value.value.bytes().all(is_printable) {
        let wrong = format!("the value of {name} has a character that no header may have");
        findings.fault(value.place, wrong, "write printable ASCII on one line");
        return None;
    }
    Some((known, value.value.clone()))
}

/// The rate limit; `None` without an interval.
pub fn rate_limit(section: &Record) -> Option<RateLimit> {
    let (interval, _) = section.duration("interval")?;
    let burst = section.count("burst");
    (!interval.is_zero()).then_some(RateLimit { burst, interval })
}

/// The users that `basic_auth_users` names.
pub fn users(given: &[(String, At<String>)], findings: &mut Findings) -> BTreeMap<String, String> {
    for (_, hash) in given {
        if let Err(wrong) = check_hash(&hash.value) {
            let right = "write what `htpasswd -nBC 10` prints behind the name";
            findings.fault(hash.place, wrong, right);
        }
    }
    let users = given.iter();
    users
        .map(|(name, hash)| (name.clone(), hash.value.clone()))
        .collect()
}

/// Why a text is not a usable bcrypt hash. Most messages are those of Go's library.
enum HashFault {
    TooShort,
    Start(char),
    Version(char),
    CostNotNumber,
    Cost(u32),
    /// A valid hash whose cost is so high that checking a password takes too long.
    Dear(u32),
    Malformed,
}

impl fmt::Display for HashFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("crypto/bcrypt: ")?;
        match self {
            HashFault::TooShort => {
                out.write_str("hashedSecret too short to be a bcrypted password")
            }
            HashFault::Start(start) => write!(
                out,
                "bcrypt hashes must start with '$', but hashedSecret started with '{start}'"
            ),
            HashFault::Version(version) => write!(
                out,
                "bcrypt algorithm version '{version}' requested is newer than current version '2'"
            ),
            HashFault::CostNotNumber => out.write_str("the cost is not a number"),
            HashFault::Cost(cost) => {
                write!(out, "cost {cost} is outside allowed inclusive range 4..31")
            }
            HashFault::Dear(cost) => write!(
                out,
                "cost {cost} is more than {}, so that a single check could take minutes to days",
                limits::PASSWORD_COST
            ),
            HashFault::Malformed => out.write_str("no password can have this hash"),
        }
    }
}

/// Checks the form of a bcrypt hash, in the order of Go's library. Unlike there, a hash that no password can
/// match is a fault.
fn check_hash(hash: &str) -> Result<(), HashFault> {
    let letter = |at: usize| hash.chars().nth(at).unwrap_or_default();
    if hash.len() < SHORTEST_HASH_BYTES {
        return Err(HashFault::TooShort);
    }
    if letter(0) != '$' {
        return Err(HashFault::Start(letter(0)));
    }
    if letter(1) > '2' {
        return Err(HashFault::Version(letter(1)));
    }
    let (version, rest) = hash[1..].split_once('$').ok_or(HashFault::Malformed)?;
    let (cost, digest) = rest.split_once('$').ok_or(HashFault::CostNotNumber)?;
    let cost: u32 = cost.parse().map_err(|_| HashFault::CostNotNumber)?;
    if !(4..=31).contains(&cost) {
        return Err(HashFault::Cost(cost));
    }
    if cost > limits::PASSWORD_COST {
        return Err(HashFault::Dear(cost));
    }
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    let is_sound = hash.len() == HASH_BYTES
        && matches!(version, "2a" | "2b" | "2x" | "2y")
        && digest.bytes().all(is_digit);
    is_sound.then_some(()).ok_or(HashFault::Malformed)
}
