//! `http_config` and the TLS configurations in it.
//!
//! Owns which of their keys are known (§1.7). None is built: what says the same as the default is
//! taken, anything else is refused. Pure; runs on whichever thread loads the configuration.

use super::{refuse_unbuilt, refuse_unbuilt_value};
use crate::config::fault::Findings;
use crate::config::field::{Fields, boolean};
use crate::config::node::{Kind, Node};

/// What may stand under a key because it changes nothing.
#[derive(Clone, Copy)]
enum Harmless {
    /// This boolean.
    Boolean(bool),
    /// Null, or an empty list or map.
    Empty,
    /// Null or an empty text.
    Blank,
    /// Null. An empty map is not the same: an empty basic_auth sends a header.
    Null,
    /// A TLS configuration that is empty or checks certificates.
    Tls,
}

const KEYS: &[(&str, Harmless)] = &[
    ("follow_redirects", Harmless::Boolean(true)),
    ("enable_http2", Harmless::Boolean(true)),
    ("proxy_from_environment", Harmless::Boolean(false)),
    ("proxy_connect_header", Harmless::Empty),
    ("http_headers", Harmless::Empty),
    ("bearer_token", Harmless::Blank),
    ("bearer_token_file", Harmless::Blank),
    ("proxy_url", Harmless::Blank),
    ("no_proxy", Harmless::Blank),
    ("basic_auth", Harmless::Null),
    ("authorization", Harmless::Null),
    ("oauth2", Harmless::Null),
    ("tls_config", Harmless::Tls),
];

const TLS_NOT_BUILT: &[&str] = &[
    "ca",
    "ca_file",
    "ca_ref",
    "cert",
    "cert_file",
    "cert_ref",
    "key",
    "key_file",
    "key_ref",
    "server_name",
    "min_version",
    "max_version",
];

/// Reads an `http_config`, of which only the default is built.
pub fn read_http_config(node: &Node, findings: &mut Findings) {
    let names: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
    let Some(fields) = Fields::read(node, "an http_config", &[&names], findings) else {
        return;
    };
    for (name, harmless) in KEYS {
        if let Some(node) = fields.get(name) {
            refuse_unless(*harmless, node, findings);
        }
    }
}

/// Reads a TLS configuration, of which only the default is built.
pub fn read_tls_config(node: &Node, findings: &mut Findings) {
    let known = [&["insecure_skip_verify"], TLS_NOT_BUILT];
    let Some(fields) = Fields::read(node, "a TLS configuration", &known, findings) else {
        return;
    };
    refuse_unbuilt(&fields, TLS_NOT_BUILT, findings);
    if let Some(node) = fields.get("insecure_skip_verify") {
        refuse_unless(Harmless::Boolean(false), node, findings);
    }
}

fn refuse_unless(harmless: Harmless, node: &Node, findings: &mut Findings) {
    let changes_something = match harmless {
        Harmless::Boolean(wanted) => boolean(node, findings).is_some_and(|given| given != wanted),
        Harmless::Empty => !node.is_empty(),
        Harmless::Blank => match &node.kind {
            Kind::Null => false,
            Kind::Scalar(text) => !text.is_empty(),
            Kind::List(_) | Kind::Map(_) => true,
        },
        Harmless::Null => node.kind != Kind::Null,
        Harmless::Tls => {
            read_tls_config(node, findings);
            false
        }
    };
    if changes_something {
        refuse_unbuilt_value(node, findings);
    }
}
