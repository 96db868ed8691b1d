//! The web configuration (`--web.config.file`, §10.5): TLS, passwords, a rate limit and headers of the HTTP
//! server.
//!
//! Owns the way from its file to [`WebConfig`], and all faults of the file. The HTTP server reads the
//! certificates that the file names, and checks through [`TryPems`] whether they can be used. Relative paths
//! start at the directory of the file, as in Alertmanager. Runs on main at start, and on connection threads
//! when the file has changed.

mod http;
mod tls;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::fault::{Faults, Findings, TriedFault};
use super::load::{LoadError, broken_syntax, read_text};
use super::locate::Locator;
use super::record::Record;
use super::table::{Kind, Reading, Section, key};
use super::{Secret, yaml};
use crate::model::ParserMode;
use http::{HTTP_SERVER_CONFIG, RATE_LIMIT};
use tls::TLS_SERVER_CONFIG;

/// The checked web configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebConfig {
    /// TLS; plain HTTP if missing.
    pub tls: Option<ServerTls>,
    /// Headers of every response.
    pub headers: Vec<(&'static str, String)>,
    /// The rate limit of requests; none if missing.
    pub rate_limit: Option<RateLimit>,
    /// The users with the bcrypt hashes of their passwords. If empty, no authentication is required.
    pub users: BTreeMap<String, String>,
}

/// A token bucket: each request takes one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The capacity of the bucket, in tokens.
    pub burst: u64,
    /// The interval at which a token is added; more than zero.
    pub interval: Duration,
}

/// TLS of the HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// PEM of the certificate and its chain.
    pub cert: Secret,
    /// PEM of its key.
    pub key: Secret,
    /// The policy for client certificates.
    pub client_auth: ClientAuth,
    /// PEM of the authorities of client certificates; if missing, the host's.
    pub client_ca: Option<Secret>,
    /// Alternative names of which a client's certificate must have at least one.
    pub client_allowed_sans: Option<Vec<String>>,
    /// The allowed versions.
    pub versions: TlsVersions,
    /// The cipher suites of TLS 1.2, by Go's names; all if missing. The suites of TLS 1.3 are always enabled.
    pub cipher_suites: Option<Vec<String>>,
    /// The curves; all if missing.
    pub curves: Option<Vec<Curve>>,
}

/// The certificates and keys that a section gives and uses.
#[derive(Clone, Copy, Debug)]
pub struct Pems<'p> {
    /// PEM of the certificate.
    pub cert: Option<&'p Secret>,
    /// PEM of its key.
    pub key: Option<&'p Secret>,
    /// PEM of the authorities of client certificates.
    pub client_ca: Option<&'p Secret>,
}

/// Tries whether certificates and keys can be used; returns all faults.
pub type TryPems = fn(Pems<'_>) -> Vec<TriedFault>;

/// The policy for client certificates, by Go's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// Clients need no certificate.
    #[default]
    NoClientCert,
    /// Clients may send a certificate, which is not checked.
    RequestClientCert,
    /// Clients must send a certificate, which is not checked.
    RequireAnyClientCert,
    /// Clients may send a certificate, which must be from a known authority.
    VerifyClientCertIfGiven,
    /// Clients must send a certificate from a known authority.
    RequireAndVerifyClientCert,
}

/// The allowed versions of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersions {
    /// 1.2 alone.
    Only12,
    /// 1.3 alone.
    Only13,
    /// Both.
    Both,
}

/// A curve for the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Curve25519.
    X25519,
    /// NIST's P-256.
    P256,
    /// NIST's P-384.
    P384,
}

static WEB: Section = Section {
    what: "the web configuration",
    keys: &[
        key("tls_server_config", Kind::Section(&TLS_SERVER_CONFIG)),
        key("http_server_config", Kind::Section(&HTTP_SERVER_CONFIG)),
        key("rate_limit", Kind::Section(&RATE_LIMIT)),
        key("basic_auth_users", Kind::NamedTexts("basic_auth_users")),
    ],
};

/// Reads and checks the web configuration at `path`.
pub fn load_web(path: &Path) -> Result<WebConfig, LoadError> {
    load_web_tried(path, |_| Vec::new())
}

/// Does the same as [`load_web`], and also tries the certificates that the file names: all checks that are
/// possible before a start.
pub fn load_web_tried(path: &Path, try_pems: TryPems) -> Result<WebConfig, LoadError> {
    let file = path.display().to_string();
    let directory = path.parent().unwrap_or(Path::new(""));
    match read_text(path) {
        Ok(text) => {
            let place = tls::Origin {
                directory,
                try_pems,
            };
            parse_web(&file, &text, place).map_err(LoadError::Faulty)
        }
        Err(reason) => Err(LoadError::Unreadable { file, reason }),
    }
}

/// Checks `text`, which faults call `name`.
fn parse_web(name: &str, text: &str, origin: tls::Origin<'_>) -> Result<WebConfig, Faults> {
    let document = yaml::parse(text).map_err(|error| broken_syntax(name, error))?;
    let mut root = document.root;
    let mut findings = Findings::default();
    root.settle(&mut findings);
    let reading = Reading {
        mode: ParserMode::default(),
        folder: None,
    };
    let file = Record::read(&root, &WEB, reading, &mut findings);
    let config = file.map(|file| check(&file, origin, &mut findings));
    match config {
        Some(config) if findings.is_sound() => Ok(config),
        _ => Err(Locator::of_one(name, text, root).faults(findings)),
    }
}

fn check(file: &Record, origin: tls::Origin<'_>, findings: &mut Findings) -> WebConfig {
    let tls = file.record("tls_server_config");
    let http = file.record("http_server_config");
    WebConfig {
        tls: tls.and_then(|section| tls::check(section, origin, findings)),
        headers: http.map_or_else(Vec::new, |section| http::headers(section, findings)),
        rate_limit: file.record("rate_limit").and_then(http::rate_limit),
        users: http::users(file.named("basic_auth_users"), findings),
    }
}
