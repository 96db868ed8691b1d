//! The checks of HTTP client settings (§1.7).
//!
//! Owns the rules between the keys of an `http_config`. A fault never repeats a secret. Pure; runs on the
//! thread that loads the configuration.

use std::path::PathBuf;

use super::{Authorization, Header, HttpConfig, OAuth2, Proxy, Secret, TlsConfig, TlsVersion};
use crate::config::fault::{Findings, shown};
use crate::config::field::At;
use crate::config::record::Record;

/// Checks an `http_config` and converts it into the type that the daemon uses. The result is meaningless if
/// a fault was found.
pub fn check_http(record: &Record, findings: &mut Findings) -> HttpConfig {
    refuse_references(record, findings);
    check_kinds_of_authorization(record, findings);
    HttpConfig {
        authorization: check_authorization(record, findings),
        tls: check_tls_of(record, findings),
        proxy: check_proxy(record, findings),
        headers: check_headers(record, findings),
        follow_redirects: record.is("follow_redirects"),
        enable_http2: record.is("enable_http2"),
    }
}

fn check_tls_of(record: &Record, findings: &mut Findings) -> TlsConfig {
    let tls = record.record("tls_config");
    tls.map_or_else(TlsConfig::default, |tls| check_tls(tls, findings))
}

/// Checks a TLS configuration.
pub fn check_tls(record: &Record, findings: &mut Findings) -> TlsConfig {
    let exclusive = [
        (
            "ca",
            "at most one of ca, ca_file & ca_ref must be configured",
        ),
        (
            "cert",
            "at most one of cert, cert_file & cert_ref must be configured",
        ),
        ("key", "at most one of key and key_file must be configured"),
    ];
    for (name, wrong) in exclusive {
        refuse_several_ways(record, name, wrong, findings);
    }
    let is_given = |name| count_of(record, name) > 0;
    if is_given("cert") && !is_given("key") {
        let wrong = "exactly one of key or key_file must be configured when a client certificate \
                     is configured";
        findings.fault(record.place, wrong, "write key or key_file");
    }
    if is_given("key") && !is_given("cert") {
        let wrong = "exactly one of cert or cert_file must be configured when a client key is \
                     configured";
        findings.fault(record.place, wrong, "write cert or cert_file");
    }
    let version = |name| record.text(name).and_then(TlsVersion::of);
    let (min_version, max_version) = (version("min_version"), version("max_version"));
    if let (Some(min), Some(max)) = (min_version, max_version)
        && max < min
    {
        let wrong = "tls_config.max_version must be greater than or equal to \
                     tls_config.min_version if both are specified";
        findings.fault(record.place_of("max_version"), wrong, "swap them");
    }
    TlsConfig {
        ca: secret(record, "ca"),
        cert: secret(record, "cert"),
        key: secret(record, "key"),
        server_name: record.text("server_name").map(str::to_owned),
        insecure_skip_verify: record.is("insecure_skip_verify"),
        min_version,
        max_version,
    }
}

/// Refuses references to a store of secrets, which neither alertwheel nor Alertmanager has.
fn refuse_references(record: &Record, findings: &mut Findings) {
    for key in record.section.keys {
        if key.name.ends_with("_ref") && record.text(key.name).is_some() {
            let wrong = "cannot use secret ref without manager";
            let right = "write the secret itself or the file it is in";
            findings.fault(record.place_of(key.name), wrong, right);
        }
        if let Some(section) = record.record(key.name) {
            refuse_references(section, findings);
        }
    }
}

/// Refuses more than one kind of credentials.
fn check_kinds_of_authorization(record: &Record, findings: &mut Findings) {
    let is_given = |name| record.record(name).is_some();
    let (basic, oauth2) = (is_given("basic_auth"), is_given("oauth2"));
    let bearer = record.text("bearer_token").is_some();
    let bearer_file = record.text("bearer_token_file").is_some();
    let mut refuse = |applies: bool, wrong: &str| {
        if applies {
            findings.fault(record.place, wrong, "remove all but one");
        }
    };
    refuse(
        bearer && bearer_file,
        "at most one of bearer_token & bearer_token_file must be configured",
    );
    refuse(
        (basic || oauth2) && (bearer || bearer_file),
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
    );
    let authorization = is_given("authorization");
    refuse(
        authorization && (bearer || bearer_file),
        "authorization is not compatible with bearer_token & bearer_token_file",
    );
    refuse(
        [basic, oauth2, authorization]
            .iter()
            .filter(|given| **given)
            .count()
            > 1,
        "at most one of basic_auth, oauth2 & authorization must be configured",
    );
}

fn check_authorization(record: &Record, findings: &mut Findings) -> Authorization {
    if let Some(basic) = record.record("basic_auth") {
        return check_basic(basic, findings);
    }
    if let Some(given) = record.record("authorization") {
        return check_scheme(given, findings);
    }
    if let Some(oauth2) = record.record("oauth2") {
        return Authorization::OAuth2(Box::new(check_oauth2(oauth2, findings)));
    }
    match secret(record, "bearer_token") {
        None => Authorization::None,
        credentials => Authorization::Header {
            scheme: "Bearer".into(),
            credentials,
        },
    }
}

fn check_basic(basic: &Record, findings: &mut Findings) -> Authorization {
    for name in ["username", "password"] {
        let wrong = format!(
            "at most one of basic_auth {name}, {name}_file & {name}_ref must be configured"
        );
        refuse_several_ways(basic, name, &wrong, findings);
    }
    Authorization::Basic {
        username: secret(basic, "username"),
        password: secret(basic, "password"),
    }
}

fn check_scheme(given: &Record, findings: &mut Findings) -> Authorization {
    let wrong = "at most one of authorization credentials & credentials_file must be configured";
    refuse_several_ways(given, "credentials", wrong, findings);
    let scheme = authorization_scheme(given);
    if scheme.eq_ignore_ascii_case("basic") {
        let wrong = "authorization type cannot be set to \"basic\", use \"basic_auth\" instead";
        findings.fault(given.place_of("type"), wrong, "write basic_auth");
    }
    Authorization::Header {
        scheme: scheme.into(),
        credentials: secret(given, "credentials"),
    }
}

/// The scheme of an authorization; the default is `Bearer`.
pub fn authorization_scheme(given: &Record) -> &str {
    match given.text("type").unwrap_or_default().trim() {
        "" => "Bearer",
        scheme => scheme,
    }
}

fn check_oauth2(oauth2: &Record, findings: &mut Findings) -> OAuth2 {
    for name in ["client_id", "token_url"] {
        if oauth2.text(name).is_none() {
            let wrong = format!("oauth2 {name} must be configured");
            findings.fault(oauth2.place, wrong, format!("write {name}"));
        }
    }
    let wrong = "at most one of oauth2 client_secret, client_secret_file & client_secret_ref \
                 must be configured using grant-type=client_credentials";
    refuse_several_ways(oauth2, "client_secret", wrong, findings);
    if oauth2.text("grant_type") == Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        let right = "use client_credentials with a client_secret";
        let place = oauth2.place_of("grant_type");
        findings.fault(place, "signed tokens of the client are not built", right);
    }
    let text = |name| oauth2.text(name).unwrap_or_default().to_owned();
    OAuth2 {
        client_id: text("client_id"),
        client_secret: secret(oauth2, "client_secret").unwrap_or(Secret::Inline(String::new())),
        token_url: text("token_url"),
        scopes: bare(oauth2.texts("scopes")),
        endpoint_params: oauth2
            .named("endpoint_params")
            .iter()
            .map(|(name, at)| (name.clone(), at.value.clone()))
            .collect(),
        tls: check_tls_of(oauth2, findings),
        proxy: check_proxy(oauth2, findings),
    }
}

fn bare(texts: &[At<String>]) -> Vec<String> {
    texts.iter().map(|at| at.value.clone()).collect()
}

fn check_proxy(record: &Record, findings: &mut Findings) -> Proxy {
    let url = record.text("proxy_url");
    let no_proxy = record.text("no_proxy");
    let from_environment = record.is("proxy_from_environment");
    let headers = record.lists("proxy_connect_header");
    let mut refuse = |applies: bool, name: &str, wrong: &str| {
        if applies {
            findings.fault(record.place_of(name), wrong, "remove one or add the other");
        }
    };
    refuse(
        !headers.is_empty() && url.is_none() && !from_environment,
        "proxy_connect_header",
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be \
         configured",
    );
    refuse(
        from_environment && url.is_some(),
        "proxy_url",
        "if proxy_from_environment is configured, proxy_url must not be configured",
    );
    refuse(
        from_environment && no_proxy.is_some(),
        "no_proxy",
        "if proxy_from_environment is configured, no_proxy must not be configured",
    );
    refuse(
        !from_environment && url.is_none() && no_proxy.is_some(),
        "no_proxy",
        "if no_proxy is configured, proxy_url must also be configured",
    );
    let connect_headers = headers.iter().map(|(name, values)| Header {
        name: name.clone(),
        values: Vec::new(),
        secrets: bare(values).into_iter().map(Secret::Inline).collect(),
    });
    let connect_headers = connect_headers.collect();
    match url {
        Some(url) => Proxy::Url {
            url: url.into(),
            no_proxy: no_proxy.unwrap_or_default().into(),
            connect_headers,
        },
        None if from_environment => Proxy::FromEnvironment { connect_headers },
        None => Proxy::Direct,
    }
}

/// Headers that only the daemon may set, in lower case.
const RESERVED: &[&str] = &[
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-prometheus-scrape-timeout-seconds",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

fn check_headers(record: &Record, findings: &mut Findings) -> Vec<Header> {
    let mut headers = Vec::new();
    for (name, given) in record.named_records("http_headers") {
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            let name = shown(&canonical(name));
            let wrong = format!("setting header \"{name}\" is not allowed");
            findings.fault(given.place, wrong, "remove it");
        }
        let secrets = bare(given.texts("secrets")).into_iter();
        let files = given.texts("files").iter();
        let files = files.map(|file| Secret::File(PathBuf::from(&file.value)));
        headers.push(Header {
            name: name.clone(),
            values: bare(given.texts("values")),
            secrets: secrets.map(Secret::Inline).chain(files).collect(),
        });
    }
    headers
}

/// The name of a header with each word capitalized, as Go writes it.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        format!(
            "{}{}",
            first.to_ascii_uppercase(),
            rest.to_ascii_lowercase()
        )
    });
    words.collect::<Vec<_>>().join("-")
}

/// The number of ways in which a secret is given: inline, as a file, by reference.
fn count_of(record: &Record, name: &str) -> usize {
    let ways = [
        name.to_owned(),
        format!("{name}_file"),
        format!("{name}_ref"),
    ];
    ways.iter().filter(|way| record.text(way).is_some()).count()
}

fn refuse_several_ways(record: &Record, name: &str, wrong: &str, findings: &mut Findings) {
    if count_of(record, name) > 1 {
        findings.fault(record.place, wrong, "remove all but one");
    }
}

/// The secret `name`, inline or in a file.
pub fn secret(record: &Record, name: &str) -> Option<Secret> {
    let file = || record.text(&format!("{name}_file"));
    match record.text(name) {
        Some(text) => Some(Secret::Inline(text.to_owned())),
        None => file().map(|path| Secret::File(path.into())),
    }
}
