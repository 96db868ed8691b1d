//! The HTTP client settings of a receiver (§1.7).
//!
//! Owns the keys of an `http_config` and its parts, in the order in which Alertmanager shows them, and the
//! checked types that the daemon uses. Holds only the names of secret files, which are read when they are
//! needed. Pure; runs on the thread that loads the configuration.

pub mod check;
pub mod file;

use std::path::PathBuf;

use super::fault::shown;
use super::table::Kind::{
    self, Any, Bool, File, Files, NamedLists, NamedSections, NamedTexts, Parsed, Text, Texts,
};
use super::table::{Section, Shows, key};
use super::url::check_proxy_url;

/// The section `http_config`.
pub static HTTP_CONFIG: Section = Section {
    what: "an http_config",
    keys: &[
        key("basic_auth", Kind::Section(&BASIC_AUTH)).always(),
        key("authorization", Kind::Section(&AUTHORIZATION)).always(),
        key("oauth2", Kind::Section(&OAUTH2)).always(),
        key("bearer_token", Text).masked(),
        key("bearer_token_file", File),
        key("tls_config", Kind::Section(&TLS_CONFIG)),
        key("follow_redirects", Bool).or("true").always(),
        key("enable_http2", Bool).or("true").always(),
        key("proxy_url", Parsed(proxy_url)).shown(Shows::WithoutPassword),
        key("no_proxy", Text),
        key("proxy_from_environment", Bool),
        key("proxy_connect_header", NamedLists).masked(),
        key("http_headers", NamedSections(&HEADER)).always(),
    ],
};

/// TLS of the connections to a server.
pub static TLS_CONFIG: Section = Section {
    what: "a TLS configuration",
    keys: &[
        key("ca", Text),
        key("cert", Text),
        key("key", Text).masked(),
        key("ca_file", File),
        key("cert_file", File),
        key("key_file", File),
        key("ca_ref", Text),
        key("cert_ref", Text),
        key("key_ref", Text),
        key("server_name", Text),
        key("insecure_skip_verify", Bool).or("false").always(),
        key("min_version", Parsed(tls_version)),
        key("max_version", Parsed(tls_version)),
    ],
};

/// `Authorization: SCHEME CREDENTIALS`.
pub static AUTHORIZATION: Section = Section {
    what: "an authorization",
    keys: &[
        key("type", Text),
        key("credentials", Text).masked(),
        key("credentials_file", File),
        key("credentials_ref", Text),
    ],
};

/// The values of a header.
pub static HEADER: Section = Section {
    what: "a header",
    keys: &[
        key("values", Texts(TEXTS)),
        key("secrets", Texts(TEXTS)).masked(),
        key("files", Files(TEXTS)),
    ],
};

static BASIC_AUTH: Section = Section {
    what: "a basic_auth",
    keys: &[
        key("username", Text),
        key("username_file", File),
        key("username_ref", Text),
        key("password", Text).masked(),
        key("password_file", File),
        key("password_ref", Text),
    ],
};

static OAUTH2: Section = Section {
    what: "an oauth2",
    keys: &[
        key("client_id", Text),
        key("client_secret", Text).masked(),
        key("client_secret_file", File),
        key("client_secret_ref", Text),
        key("client_certificate_key_id", Text),
        key("client_certificate_key", Text).masked(),
        key("client_certificate_key_file", File),
        key("client_certificate_key_ref", Text),
        key("grant_type", Text),
        key("signature_algorithm", Text),
        key("iss", Text),
        key("audience", Text),
        key("claims", Any),
        key("scopes", Texts(TEXTS)),
        key("token_url", Text),
        key("endpoint_params", NamedTexts("a map of names and values")),
        key("tls_config", Kind::Section(&TLS_CONFIG)),
        key("proxy_url", Parsed(proxy_url)).shown(Shows::WithoutPassword),
        key("no_proxy", Text),
        key("proxy_from_environment", Bool),
        key("proxy_connect_header", NamedLists).masked(),
    ],
};

const TEXTS: &str = "a list of texts";

fn proxy_url(url: &str) -> Result<String, (String, &'static str)> {
    match check_proxy_url(url) {
        Ok(()) => Ok(url.to_owned()),
        Err(wrong) => Err((wrong, "write one such as http://proxy:3128")),
    }
}

fn tls_version(version: &str) -> Result<String, (String, &'static str)> {
    match TlsVersion::of(version) {
        Some(_) => Ok(version.to_owned()),
        None => {
            let wrong = format!("unknown TLS version: {}", shown(version));
            Err((wrong, "write TLS12 or TLS13"))
        }
    }
}

/// All HTTP settings but the address. Receivers with equal settings share an agent, and so connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpConfig {
    /// The credentials that requests carry.
    pub authorization: Authorization,
    /// TLS of the connections to the receiver.
    pub tls: TlsConfig,
    /// The proxy to the receiver.
    pub proxy: Proxy,
    /// Headers to add; a check has refused reserved names.
    pub headers: Vec<Header>,
    /// Whether redirects are followed; otherwise a 3xx is the final response.
    pub follow_redirects: bool,
    /// Accepted and shown in the status, without effect: connections use HTTP/1.1.
    pub enable_http2: bool,
}

/// The credentials that requests carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authorization {
    /// No credentials.
    #[default]
    None,
    /// `Authorization: Basic`. The user or the password may be missing.
    Basic {
        /// The user.
        username: Option<Secret>,
        /// The password.
        password: Option<Secret>,
    },
    /// `Authorization: SCHEME CREDENTIALS`.
    Header {
        /// The scheme, such as `Bearer`.
        scheme: String,
        /// The text after the scheme.
        credentials: Option<Secret>,
    },
    /// A token from an OAuth 2 server, obtained with client credentials.
    OAuth2(Box<OAuth2>),
}

/// A text that never appears in logs or responses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secret {
    /// The text, given in the configuration.
    Inline(String),
    /// The path of a file with the text, which is read at each use and trimmed.
    File(PathBuf),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Secret::Inline(_) => out.write_str("<secret>"),
            Secret::File(path) => write!(out, "{}", path.display()),
        }
    }
}

/// The settings of an OAuth 2 token request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OAuth2 {
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// The URL of the token server.
    pub token_url: String,
    /// The requested scopes.
    pub scopes: Vec<String>,
    /// Further parameters of the request.
    pub endpoint_params: Vec<(String, String)>,
    /// TLS of the connections to the token server.
    pub tls: TlsConfig,
    /// The proxy to the token server.
    pub proxy: Proxy,
}

/// TLS of the connections to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsConfig {
    /// PEM of the trusted authorities; if missing, the host's are trusted.
    pub ca: Option<Secret>,
    /// PEM of the client certificate; given together with `key`.
    pub cert: Option<Secret>,
    /// PEM of the key of `cert`.
    pub key: Option<Secret>,
    /// The name that the server's certificate must have; if missing, the host in the address.
    pub server_name: Option<String>,
    /// Whether any certificate of the server is accepted.
    pub insecure_skip_verify: bool,
    /// The oldest allowed version.
    pub min_version: Option<TlsVersion>,
    /// The newest allowed version.
    pub max_version: Option<TlsVersion>,
}

/// Versions of TLS that a configuration can name. Versions below 1.2 are never used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// 1.0
    Tls10,
    /// 1.1
    Tls11,
    /// 1.2
    Tls12,
    /// 1.3
    Tls13,
}

impl TlsVersion {
    fn of(text: &str) -> Option<Self> {
        match text {
            "TLS10" => Some(TlsVersion::Tls10),
            "TLS11" => Some(TlsVersion::Tls11),
            "TLS12" => Some(TlsVersion::Tls12),
            "TLS13" => Some(TlsVersion::Tls13),
            _ => None,
        }
    }
}

/// The proxy to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proxy {
    /// No proxy.
    #[default]
    Direct,
    /// The proxy of the environment variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
    FromEnvironment {
        /// Headers of the CONNECT request.
        connect_headers: Vec<Header>,
    },
    /// A fixed proxy, with exceptions.
    Url {
        /// The URL of the proxy; may contain credentials.
        url: String,
        /// Hosts that are reached without the proxy, in the form of Go's NO_PROXY.
        no_proxy: String,
        /// Headers of the CONNECT request.
        connect_headers: Vec<Header>,
    },
}

/// A header with its values, in the order in which they are sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// The name.
    pub name: String,
    /// Values that are not secret.
    pub values: Vec<String>,
    /// Secret values, which only the host of the URL gets.
    pub secrets: Vec<Secret>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        HttpConfig {
            authorization: Authorization::None,
            tls: TlsConfig::default(),
            proxy: Proxy::Direct,
            headers: Vec::new(),
            follow_redirects: true,
            enable_http2: true,
        }
    }
}
