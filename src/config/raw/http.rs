//! The tables of `http_config` and its parts (§1.7).
//!
//! Owns which keys there are, in the order in which Alertmanager shows them. Pure; runs on
//! whichever thread loads the configuration.

use super::record::KeyKind::{
    self, Any, Bool, File, Files, FilledSection, Flag, NamedSecrets, NamedSections, NamedTexts,
    Secret, Secrets, Text, Texts, TlsVersion, Url,
};
use super::record::{Key, Section};

/// How a receiver is spoken to over HTTP.
pub static HTTP_CONFIG: Section = Section {
    what: "an http_config",
    keys: &[
        key("basic_auth", KeyKind::Section(&BASIC_AUTH)),
        key("authorization", KeyKind::Section(&AUTHORIZATION)),
        key("oauth2", KeyKind::Section(&OAUTH2)),
        key("bearer_token", Secret),
        key("bearer_token_file", File),
        key("tls_config", FilledSection(&TLS_CONFIG)),
        key("follow_redirects", Bool(true)),
        key("enable_http2", Bool(true)),
        key("proxy_url", Url),
        key("no_proxy", Text),
        key("proxy_from_environment", Flag),
        key("proxy_connect_header", NamedSecrets),
        key("http_headers", NamedSections(&HEADER)),
    ],
};

/// TLS towards a server.
pub static TLS_CONFIG: Section = Section {
    what: "a TLS configuration",
    keys: &[
        key("ca", Text),
        key("cert", Text),
        key("key", Secret),
        key("ca_file", File),
        key("cert_file", File),
        key("key_file", File),
        key("ca_ref", Text),
        key("cert_ref", Text),
        key("key_ref", Text),
        key("server_name", Text),
        key("insecure_skip_verify", Bool(false)),
        key("min_version", TlsVersion),
        key("max_version", TlsVersion),
    ],
};

/// `Authorization: SCHEME CREDENTIALS`.
pub static AUTHORIZATION: Section = Section {
    what: "an authorization",
    keys: &[
        key("type", Text),
        key("credentials", Secret),
        key("credentials_file", File),
        key("credentials_ref", Text),
    ],
};

/// The values of a header.
pub static HEADER: Section = Section {
    what: "a header",
    keys: &[
        key("values", Texts),
        key("secrets", Secrets),
        key("files", Files),
    ],
};

static BASIC_AUTH: Section = Section {
    what: "a basic_auth",
    keys: &[
        key("username", Text),
        key("username_file", File),
        key("username_ref", Text),
        key("password", Secret),
        key("password_file", File),
        key("password_ref", Text),
    ],
};

static OAUTH2: Section = Section {
    what: "an oauth2",
    keys: &[
        key("client_id", Text),
        key("client_secret", Secret),
        key("client_secret_file", File),
        key("client_secret_ref", Text),
        key("client_certificate_key_id", Text),
        key("client_certificate_key", Secret),
        key("client_certificate_key_file", File),
        key("client_certificate_key_ref", Text),
        key("grant_type", Text),
        key("signature_algorithm", Text),
        key("iss", Text),
        key("audience", Text),
        key("claims", Any),
        key("scopes", Texts),
        key("token_url", Text),
        key("endpoint_params", NamedTexts),
        key("tls_config", FilledSection(&TLS_CONFIG)),
        key("proxy_url", Url),
        key("no_proxy", Text),
        key("proxy_from_environment", Flag),
        key("proxy_connect_header", NamedSecrets),
    ],
};

/// An entry of a table.
pub const fn key(name: &'static str, kind: KeyKind) -> Key {
    Key { name, kind }
}
