//! PURE. Verifies that a request to a source comes from its sender.
//!
//! Owns the ways in which senders prove who they are: tokens, passwords, signatures of the body, names in
//! client certificates. Secrets come in as texts; nothing here reads a file or a clock, and nothing says which
//! part of a proof was wrong. Every comparison with a secret takes the same time wherever the first difference
//! is. Runs on the connections' threads.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::api::params::Params;
use crate::api::wire::pagerduty_event;
use crate::config::HmacScheme;
use crate::model::Wall;

/// The longest id of a message that is remembered against replays, in bytes.
const ID_BYTES: usize = 256;

/// The parts of a request that tell of its sender.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'r> {
    /// The headers, names in lower case.
    pub headers: &'r [(String, String)],
    /// The query, percent-encoded as sent.
    pub query: &'r str,
    /// The whole body.
    pub body: &'r [u8],
    /// The names in the client certificate, if an authority was checked to have issued it.
    pub certificate_names: &'r [String],
}

/// A proof that a source asks of its sender, with the secrets as they are now.
#[derive(Clone, Debug)]
pub enum Proof<'s> {
    /// `Authorization: Bearer` and this token.
    Bearer(String),
    /// `Authorization: Basic` with this user and password.
    Basic {
        /// The user.
        username: &'s str,
        /// The password.
        password: String,
    },
    /// A parameter of the query.
    QueryToken {
        /// The name of the parameter.
        parameter: &'s str,
        /// Its value.
        token: String,
    },
    /// A signature of the body.
    Signature(Signing<'s>),
    /// A client certificate with one of these names.
    CertificateNames(&'s [String]),
    /// The `routing_key` in an event of PagerDuty's.
    RoutingKey(String),
}

/// How a body is signed: HMAC-SHA256 throughout.
#[derive(Clone, Debug)]
pub struct Signing<'s> {
    /// The scheme: the text that is signed, and how the signature is written.
    pub scheme: HmacScheme,
    /// The shared secret.
    pub secret: String,
    /// The header with the signature, in lower case.
    pub header: &'s str,
    /// The header with the time of Grafana's signature, in lower case, if Grafana is set up to send it.
    pub timestamp_header: Option<&'s str>,
    /// How far the time of a signature may be from now.
    pub tolerance: Duration,
}

/// The facts of a request whose proof is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven<'r> {
    /// The id of the message, which is signed too and never sent again with another body.
    pub id: Option<&'r str>,
}

impl<'r> Shown<'r> {
    /// Whether the request has this proof at `now`; `None` says that it has not, without a hint.
    pub fn proves(&self, proof: &Proof<'_>, now: Wall) -> Option<Proven<'r>> {
        let is_right = match proof {
            Proof::Bearer(token) => self
                .authorization("bearer")
                .is_some_and(|given| are_equal(given.as_bytes(), token.as_bytes())),
            Proof::Basic { username, password } => self.has_password(username, password),
            Proof::QueryToken { parameter, token } => Params::parse(self.query)
                .all(parameter)
                .any(|given| are_equal(given.as_bytes(), token.as_bytes())),
            Proof::CertificateNames(allowed) => {
                let is_allowed = |name| allowed.contains(name);
                self.certificate_names.iter().any(is_allowed)
            }
            Proof::RoutingKey(key) => pagerduty_event(self.body)
                .and_then(|event| event.routing_key)
                .is_some_and(|given| are_equal(given.as_bytes(), key.as_bytes())),
            Proof::Signature(signing) => return self.is_signed(signing, now),
        };
        is_right.then_some(Proven { id: None })
    }

    fn header(&self, name: &str) -> Option<&'r str> {
        let mut named = self.headers.iter().filter(|(other, _)| other == name);
        let (_, value) = named.next()?;
        // Of two signatures one could be anybody's.
        named.next().is_none().then_some(value.trim())
    }

    /// The credentials after the scheme, which is in lower case.
    fn authorization(&self, scheme: &str) -> Option<&'r str> {
        let (given, credentials) = self.header("authorization")?.split_once(' ')?;
        let is_scheme = given.eq_ignore_ascii_case(scheme);
        is_scheme.then_some(credentials.trim())
    }

    fn has_password(&self, username: &str, password: &str) -> bool {
        let given = self.authorization("basic");
        let given = given.and_then(|encoded| STANDARD.decode(encoded).ok());
        let expected = format!("{username}:{password}");
        given.is_some_and(|given| are_equal(&given, expected.as_bytes()))
    }

    fn is_signed(&self, signing: &Signing<'_>, now: Wall) -> Option<Proven<'r>> {
        match (signing.scheme, signing.timestamp_header) {
            (HmacScheme::Grafana, Some(header)) => self.is_signed_with_time(signing, header, now),
            (HmacScheme::Grafana | HmacScheme::Sentry, _) => self.has_digits(signing, ""),
            (HmacScheme::GitHub, _) => self.has_digits(signing, "sha256="),
            (HmacScheme::StandardWebhooks, _) => self.is_standard_webhook(signing, now),
        }
    }

    fn has_digits(&self, signing: &Signing<'_>, before: &str) -> Option<Proven<'r>> {
        let given = self.header(signing.header)?;
        let given = from_hex(given.strip_prefix(before)?)?;
        let is_right = is_signature(&given, signing.secret.as_bytes(), &[self.body]);
        is_right.then_some(Proven { id: None })
    }

    fn is_signed_with_time(
        &self,
        signing: &Signing<'_>,
        timestamp_header: &str,
        now: Wall,
    ) -> Option<Proven<'r>> {
        let given = from_hex(self.header(signing.header)?)?;
        let sent_at = self.header(timestamp_header)?;
        let parts = [sent_at.as_bytes(), b":", self.body];
        let is_right = is_signature(&given, signing.secret.as_bytes(), &parts);
        let is_recent = is_recent(sent_at, signing.tolerance, now);
        (is_right && is_recent).then_some(Proven { id: None })
    }

    fn is_standard_webhook(&self, signing: &Signing<'_>, now: Wall) -> Option<Proven<'r>> {
        let id = self.header("webhook-id")?;
        let sent_at = self.header("webhook-timestamp")?;
        let encoded = signing.secret.trim_start_matches("whsec_");
        // Some senders let their users choose a secret, which then is no base64.
        let secret = STANDARD.decode(encoded);
        let secret = secret.unwrap_or_else(|_| signing.secret.as_bytes().to_vec());
        let parts = [id.as_bytes(), b".", sent_at.as_bytes(), b".", self.body];
        let mut given = self
            .header(signing.header)?
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|signature| STANDARD.decode(signature).ok());
        // There are several while the sender changes its secret.
        let is_right = given.any(|given| is_signature(&given, &secret, &parts));
        let is_recent = is_recent(sent_at, signing.tolerance, now);
        (is_right && is_recent && id.len() <= ID_BYTES).then_some(Proven { id: Some(id) })
    }
}

/// Whether `given` is the signature of `parts`, one after the other.
fn is_signature(given: &[u8], secret: &[u8], parts: &[&[u8]]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(part);
    }
    are_equal(given, context.sign().as_ref())
}

/// Whether two texts are equal. What is compared are digests, so neither the place of a difference nor the
/// length of a secret shows in the time.
fn are_equal(given: &[u8], expected: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[]);
    let expected = hmac::sign(&key, expected);
    hmac::verify(&key, given, expected.as_ref()).is_ok()
}

/// Whether a time in seconds since 1970 is within `tolerance` of now, on either side.
fn is_recent(sent_at: &str, tolerance: Duration, now: Wall) -> bool {
    let Ok(sent_at) = sent_at.parse::<i64>() else {
        return false;
    };
    now.as_second().abs_diff(sent_at) <= tolerance.as_secs()
}

/// The bytes of hexadecimal digits in either case.
fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let byte = |[high, low]: &[u8; 2]| u8::try_from(nibble(*high)? << 4 | nibble(*low)?).ok();
    pairs.iter().map(byte).collect()
}

#[cfg(test)]
mod tests;
