//! The proofs that a request to a source needs.
//!
//! Owns the keys of a source's `auth` and the checked type; `api` compares requests with it. Holds only the
//! names of secret files, which are read when they are needed. Pure; runs on the thread that loads the
//! configuration.

use std::time::Duration as Span;

use crate::config::Secret;
use crate::config::fault::{Findings, shown};
use crate::config::http::check::secret;
use crate::config::record::Record;
use crate::config::table::Kind::{self, Bool, Duration, File, Parsed, Text, Texts};
use crate::config::table::{Section, key};

/// The section `auth` of a source.
pub static AUTH: Section = Section {
    what: "the auth of a source",
    keys: &[
        key("bearer", Text).masked(),
        key("bearer_file", File),
        key("basic", Kind::Section(&BASIC)),
        key("query", Kind::Section(&QUERY)),
        key("hmac", Kind::Section(&HMAC)),
        key("client_names", Texts("a list of names in certificates")),
        key("routing_key", Text).masked(),
        key("routing_key_file", File),
        key("challenge_secret", Text).masked(),
        key("challenge_secret_file", File),
        key("sns", Kind::Section(&SNS)),
    ],
};

static BASIC: Section = Section {
    what: "a basic auth",
    keys: &[
        key("username", Text),
        key("password", Text).masked(),
        key("password_file", File),
    ],
};

static QUERY: Section = Section {
    what: "a token in the query",
    keys: &[
        key("parameter", Text),
        key("token", Text).masked(),
        key("token_file", File),
    ],
};

static HMAC: Section = Section {
    what: "a signature",
    keys: &[
        key("scheme", Parsed(scheme)),
        key("secret", Text).masked(),
        key("secret_file", File),
        key("header", Text),
        key("timestamp_header", Text),
        key("tolerance", Duration),
    ],
};

static SNS: Section = Section {
    what: "the sns of a source",
    keys: &[
        key("topics", Texts("a list of topics")),
        key("confirm", Bool),
    ],
};

fn scheme(text: &str) -> Result<String, (String, &'static str)> {
    match HmacScheme::of(text) {
        Some(_) => Ok(text.to_owned()),
        None => {
            let wrong = format!("unknown scheme of a signature \"{}\"", shown(text));
            Err((wrong, "write grafana, sentry, github or standard-webhooks"))
        }
    }
}

/// The proofs that a request to a source needs: all that are given here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceAuth {
    /// `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// `Authorization: Basic`: the user and the password.
    pub basic: Option<(String, Secret)>,
    /// A token in the query.
    pub query: Option<QueryToken>,
    /// A signature of the body.
    pub hmac: Option<Hmac>,
    /// The names of client certificates, one of which the connection must have; any if there are none.
    pub client_names: Vec<String>,
    /// The `routing_key` in a body of PagerDuty's.
    pub routing_key: Option<Secret>,
    /// The secret for the answers to Netdata Cloud's challenges.
    pub challenge_secret: Option<Secret>,
    /// The messages of Amazon SNS that are taken.
    pub sns: SnsSettings,
}

/// A token in the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryToken {
    /// The name of the parameter.
    pub parameter: String,
    /// The token.
    pub token: Secret,
}

/// A signature of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hmac {
    /// The scheme: the text that is signed, and how the signature is written.
    pub scheme: HmacScheme,
    /// The key.
    pub secret: Secret,
    /// The header with the signature, in lower case. Standard Webhooks has headers of its own.
    pub header: String,
    /// The header with the time of the signature, in lower case, if the scheme has one and it is used.
    pub timestamp_header: Option<String>,
    /// How far the time of a signature may be from ours.
    pub tolerance: Span,
}

/// The text that is signed, and how the signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacScheme {
    /// The hexadecimal HMAC-SHA256 of the body or, with a header for it, of the time, a colon and the body.
    Grafana,
    /// The hexadecimal HMAC-SHA256 of the body.
    Sentry,
    /// `sha256=` and the hexadecimal HMAC-SHA256 of the body.
    GitHub,
    /// `v1,` and the HMAC-SHA256 of the id, the time and the body in base64 (standardwebhooks.com).
    StandardWebhooks,
}

/// The messages of Amazon SNS that are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnsSettings {
    /// The ARNs of the topics; any if there are none.
    pub topics: Vec<String>,
    /// Whether a subscription is confirmed without a person, at hosts of the service alone.
    pub confirms: bool,
}

impl HmacScheme {
    fn of(text: &str) -> Option<Self> {
        match text {
            "grafana" => Some(HmacScheme::Grafana),
            "sentry" => Some(HmacScheme::Sentry),
            "github" => Some(HmacScheme::GitHub),
            "standard-webhooks" => Some(HmacScheme::StandardWebhooks),
            _ => None,
        }
    }

    /// The header with the signature, unless the configuration names another.
    fn header(self) -> &'static str {
        match self {
            HmacScheme::Grafana => "x-grafana-alerting-signature",
            HmacScheme::Sentry => "sentry-hook-signature",
            HmacScheme::GitHub => "x-hub-signature-256",
            HmacScheme::StandardWebhooks => "webhook-signature",
        }
    }
}

/// How far the time of a signature may be from ours, unless the configuration says it.
const TOLERANCE: Span = Span::from_secs(5 * 60);

/// Checks the auth of a source. The result is meaningless if a fault was found.
pub fn check_auth(source: &Record, findings: &mut Findings) -> SourceAuth {
    let Some(record) = source.record("auth") else {
        return SourceAuth::default();
    };
    for name in ["bearer", "routing_key", "challenge_secret"] {
        refuse_two(record, name, findings);
    }
    let auth = SourceAuth {
        bearer: secret(record, "bearer"),
        basic: record
            .record("basic")
            .and_then(|basic| check_basic(basic, findings)),
        query: record
            .record("query")
            .and_then(|query| check_query(query, findings)),
        hmac: record
            .record("hmac")
            .and_then(|hmac| check_hmac(hmac, findings)),
        client_names: bare(record, "client_names"),
        routing_key: secret(record, "routing_key"),
        challenge_secret: secret(record, "challenge_secret"),
        sns: record
            .record("sns")
            .map_or_else(SnsSettings::default, |sns| SnsSettings {
                topics: bare(sns, "topics"),
                confirms: sns.is("confirm"),
            }),
    };
    if auth.bearer.is_some() && auth.basic.is_some() {
        let wrong = "bearer and basic both take the header Authorization";
        findings.fault(record.place_of("basic"), wrong, "remove one of the two");
    }
    auth
}

fn bare(record: &Record, name: &str) -> Vec<String> {
    let texts = record.texts(name).iter();
    texts.map(|at| at.value.clone()).collect()
}

fn refuse_two(record: &Record, name: &str, findings: &mut Findings) {
    let file = format!("{name}_file");
    if record.text(name).is_some() && record.text(&file).is_some() {
        let wrong = format!("at most one of {name} & {file} must be configured");
        findings.fault(record.place_of(&file), wrong, "remove one of the two");
    }
}

/// The secret `name` of a section, which is a fault if it is missing or given twice.
fn needed(record: &Record, name: &str, findings: &mut Findings) -> Option<Secret> {
    refuse_two(record, name, findings);
    let secret = secret(record, name);
    if secret.is_none() && !record.has_broken() {
        let wrong = format!("{} has no {name}", record.section.what);
        findings.fault(record.place, wrong, format!("write {name} or {name}_file"));
    }
    secret
}

fn check_basic(record: &Record, findings: &mut Findings) -> Option<(String, Secret)> {
    let username = record.text("username").unwrap_or_default().to_owned();
    Some((username, needed(record, "password", findings)?))
}

fn check_query(record: &Record, findings: &mut Findings) -> Option<QueryToken> {
    let parameter = record.text("parameter").unwrap_or("token").to_owned();
    let token = needed(record, "token", findings)?;
    Some(QueryToken { parameter, token })
}

fn check_hmac(record: &Record, findings: &mut Findings) -> Option<Hmac> {
    let secret = needed(record, "secret", findings)?;
    let Some(scheme) = record.text("scheme").and_then(HmacScheme::of) else {
        if record.lacks("scheme") {
            let right = "write grafana, sentry, github or standard-webhooks";
            findings.fault(record.place, "a signature has no scheme", right);
        }
        return None;
    };
    let header = |name| record.text(name).map(str::to_ascii_lowercase);
    let tolerance = record.duration("tolerance").map(|(tolerance, _)| tolerance);
    Some(Hmac {
        scheme,
        secret,
        header: header("header").unwrap_or_else(|| scheme.header().to_owned()),
        timestamp_header: header("timestamp_header"),
        tolerance: tolerance.unwrap_or(TOLERANCE),
    })
}
