//! The section `tls_server_config` of a web configuration.
//!
//! Owns the known names of suites, curves and versions, and the choice of those that are supported. Pure;
//! runs on the thread that loads the configuration.

use std::path::Path;

use super::{ClientAuth, Curve, Pems, ServerTls, TlsVersions, TryPems};
use crate::config::Secret;
use crate::config::fault::{Findings, shown};
use crate::config::record::Record;
use crate::config::table::Kind::{Bool, Parsed, Text, Texts};
use crate::config::table::{Section, key};

/// The section `tls_server_config`.
pub static TLS_SERVER_CONFIG: Section = Section {
    what: "a tls_server_config",
    keys: &[
        key("cert", Text),
        key("cert_file", Text),
        key("key", Text),
        key("key_file", Text),
        key("client_auth_type", Parsed(client_auth_type)),
        key("client_ca", Text),
        key("client_ca_file", Text),
        key("client_allowed_sans", Texts("a list of texts")),
        key("min_version", Parsed(version)).or("TLS12"),
        key("max_version", Parsed(version)).or("TLS13"),
        key("cipher_suites", Texts("a list of names")),
        key("curve_preferences", Texts("a list of names")),
        // Only its type is checked: Go has ignored the value since 1.17, too.
        key("prefer_server_cipher_suites", Bool),
    ],
};

/// Go's cipher suites that are supported here.
const SUITES: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// Go's cipher suites that are not supported: they use CBC mode, with separate encryption and authentication.
const WEAK_SUITES: &[&str] = &[
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
];

/// The location of a section's files, and the function that tries them.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    /// Where relative paths start.
    pub directory: &'o Path,
    /// Tries the certificates and keys in the files.
    pub try_pems: TryPems,
}

/// Checks a section. `None` if no key in it enables TLS, as in Alertmanager, or if there is a fault in
/// `findings`.
pub fn check(section: &Record, origin: Origin<'_>, findings: &mut Findings) -> Option<ServerTls> {
    let cert = pem(section, "cert", "cert_file", origin);
    let key = pem(section, "key", "key_file", origin);
    let client_ca = pem(section, "client_ca", "client_ca_file", origin);
    let client_auth = section.text("client_auth_type").and_then(client_auth);
    try_pems(
        section,
        [&cert, &key, &client_ca],
        client_auth,
        origin,
        findings,
    );
    let versions = versions(section, findings);
    let cipher_suites = names(section, "cipher_suites", findings, suite);
    let curves = names(section, "curve_preferences", findings, curve);
    let names_auth = section.says("client_auth_type");
    if cert.is_none() && key.is_none() && client_ca.is_none() && !names_auth || section.has_broken()
    {
        return None;
    }
    for (pem, what) in [(&cert, "cert"), (&key, "key")] {
        if pem.is_none() {
            let wrong = format!("missing one of {what} or {what}_file");
            let right = "TLS needs a certificate and its key";
            findings.fault(section.place, wrong, right);
        }
    }
    let tls = ServerTls {
        cert: cert?,
        key: key?,
        client_auth: client_auth.unwrap_or_default(),
        client_ca,
        client_allowed_sans: section.get("client_allowed_sans").map(|_| {
            let sans = section.texts("client_allowed_sans").iter();
            sans.map(|at| at.value.clone()).collect()
        }),
        versions: versions?,
        cipher_suites,
        curves,
    };
    check_clients(section, &tls, findings);
    Some(tls)
}

/// PEM of a file or given inline; the file takes precedence.
fn pem(section: &Record, here: &str, file: &str, origin: Origin<'_>) -> Option<Secret> {
    let path = section.text(file);
    let path = path.map(|path| Secret::File(origin.directory.join(path)));
    path.or_else(|| Some(Secret::Inline(section.text(here)?.to_owned())))
}

/// Tries the certificates and keys. The authorities of clients are tried only if clients are verified.
fn try_pems(
    section: &Record,
    [cert, key, client_ca]: [&Option<Secret>; 3],
    client_auth: Option<ClientAuth>,
    origin: Origin<'_>,
    findings: &mut Findings,
) {
    let checks_clients = matches!(
        client_auth,
        Some(ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert)
    );
    let pems = Pems {
        cert: cert.as_ref(),
        key: key.as_ref(),
        client_ca: client_ca.as_ref().filter(|_| checks_clients),
    };
    for fault in (origin.try_pems)(pems) {
        let key = fault.keys.last().copied().unwrap_or_default();
        findings.fault(section.place_of(key), fault.wrong, fault.right);
    }
}

fn client_auth(name: &str) -> Option<ClientAuth> {
    Some(match name {
        "" | "NoClientCert" => ClientAuth::NoClientCert,
        "RequestClientCert" => ClientAuth::RequestClientCert,
        // The second spelling is obsolete.
        "RequireAnyClientCert" | "RequireClientCert" => ClientAuth::RequireAnyClientCert,
        "VerifyClientCertIfGiven" => ClientAuth::VerifyClientCertIfGiven,
        "RequireAndVerifyClientCert" => ClientAuth::RequireAndVerifyClientCert,
        _ => return None,
    })
}

fn client_auth_type(name: &str) -> Result<String, (String, &'static str)> {
    if client_auth(name).is_some() {
        return Ok(name.to_owned());
    }
    let wrong = format!("invalid ClientAuth: {}", shown(name));
    let right = "write NoClientCert, RequestClientCert, RequireAnyClientCert, \
                 VerifyClientCertIfGiven or RequireAndVerifyClientCert";
    Err((wrong, right))
}

/// Refuses settings for client certificates that have no effect. In the second case Alertmanager 0.33 starts
/// and ignores the names, which no user intends; later versions refuse it.
fn check_clients(section: &Record, tls: &ServerTls, findings: &mut Findings) {
    let demands_one = matches!(
        tls.client_auth,
        ClientAuth::RequireAnyClientCert | ClientAuth::RequireAndVerifyClientCert
    );
    let right = "set client_auth_type to RequireAndVerifyClientCert";
    if tls.client_ca.is_some() && tls.client_auth == ClientAuth::NoClientCert {
        let wrong = "client CA's have been configured without a Client Auth Policy";
        findings.fault(section.place, wrong, right);
    } else if tls.client_allowed_sans.is_some() && !demands_one {
        let wrong = "client_allowed_sans requires client_auth_type to be one of \
                     RequireAnyClientCert or RequireAndVerifyClientCert";
        findings.fault(section.place_of("client_allowed_sans"), wrong, right);
    }
}

fn versions(section: &Record, findings: &mut Findings) -> Option<TlsVersions> {
    match (section.text("min_version"), section.text("max_version")) {
        (Some("TLS12"), Some("TLS12")) => Some(TlsVersions::Only12),
        (Some("TLS12"), Some("TLS13")) => Some(TlsVersions::Both),
        (Some("TLS13"), Some("TLS13")) => Some(TlsVersions::Only13),
        (Some(_), Some(_)) => {
            let wrong = "no version is at least min_version and at most max_version";
            findings.fault(section.place, wrong, "leave one of them out");
            None
        }
        _ => None,
    }
}

fn version(version: &str) -> Result<String, (String, &'static str)> {
    let wrong = match version {
        "TLS12" | "TLS13" => return Ok(version.to_owned()),
        "TLS10" | "TLS11" => format!("{version} is not spoken here: it is broken"),
        other => format!("unknown TLS version: {}", shown(other)),
    };
    Err((wrong, "write TLS12 or TLS13"))
}

fn suite(name: &str) -> Result<String, (String, String)> {
    if SUITES.contains(&name) {
        return Ok(name.to_owned());
    }
    let right = format!("it can be {}", SUITES.join(", "));
    let wrong = match WEAK_SUITES.contains(&name) {
        true => format!("cipher {name} is not spoken here: it is weak"),
        false => format!("unknown cipher: {}", shown(name)),
    };
    Err((wrong, right))
}

fn curve(name: &str) -> Result<Curve, (String, String)> {
    let wrong = match name {
        "X25519" => return Ok(Curve::X25519),
        "CurveP256" => return Ok(Curve::P256),
        "CurveP384" => return Ok(Curve::P384),
        "CurveP521" => format!("curve {name} is not spoken here"),
        other => format!("unknown curve: {}", shown(other)),
    };
    Err((wrong, "it can be X25519, CurveP256, CurveP384".to_owned()))
}

/// A list of names that `read` knows; an empty list equals a missing one. `read` returns what is wrong with
/// a name, and what would be right.
fn names<T>(
    section: &Record,
    key: &str,
    findings: &mut Findings,
    read: impl Fn(&str) -> Result<T, (String, String)>,
) -> Option<Vec<T>> {
    let mut known = Vec::new();
    for name in section.texts(key) {
        match read(&name.value) {
            Ok(value) => known.push(value),
            Err((wrong, right)) => findings.fault(name.place, wrong, right),
        }
    }
    (!known.is_empty()).then_some(known)
}
