//! How a receiver is spoken to over HTTP, after every check (§1.7).
//!
//! Owns the types. Files that hold secrets are named here and read when they are needed.

use std::path::PathBuf;

/// Everything but the address. Receivers with equal ones share an agent, and so connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpConfig {
    /// How we say who we are.
    pub authorization: Authorization,
    /// TLS towards the receiver.
    pub tls: TlsConfig,
    /// What stands between us and the receiver.
    pub proxy: Proxy,
    /// Headers to add; reserved names are refused before.
    pub headers: Vec<Header>,
    /// Whether redirects are followed; else a 3xx is the answer.
    pub follow_redirects: bool,
    /// Accepted and shown in the status; connections are HTTP/1.1.
    pub enable_http2: bool,
}

/// How we say who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authorization {
    /// We do not.
    #[default]
    None,
    /// `Authorization: Basic`. Either part may be missing.
    Basic {
        /// The user.
        username: Option<Secret>,
        /// The password.
        password: Option<Secret>,
    },
    /// `Authorization: SCHEME CREDENTIALS`.
    Header {
        /// Such as `Bearer`.
        scheme: String,
        /// What follows it.
        credentials: Option<Secret>,
    },
    /// A token from an OAuth 2 server, by client credentials.
    OAuth2(Box<OAuth2>),
}

/// Text that is kept out of logs and answers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secret {
    /// Written in the configuration.
    Inline(String),
    /// In a file, read at each use and trimmed.
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

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OAuth2 {
    /// Who asks.
    pub client_id: String,
    /// With what.
    pub client_secret: Secret,
    /// Whom.
    pub token_url: String,
    /// For what.
    pub scopes: Vec<String>,
    /// Further parameters of the request.
    pub endpoint_params: Vec<(String, String)>,
    /// TLS towards the token server.
    pub tls: TlsConfig,
    /// What stands between us and the token server.
    pub proxy: Proxy,
}

/// TLS towards a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsConfig {
    /// PEM of the authorities that are trusted; the host's if missing.
    pub ca: Option<Secret>,
    /// PEM of our certificate; comes with `key`.
    pub cert: Option<Secret>,
    /// PEM of its key.
    pub key: Option<Secret>,
    /// The name that the server's certificate must have, if not the address's.
    pub server_name: Option<String>,
    /// Whether any certificate will do.
    pub insecure_skip_verify: bool,
    /// The oldest version to speak.
    pub min_version: Option<TlsVersion>,
    /// The newest version to speak.
    pub max_version: Option<TlsVersion>,
}

/// Versions of TLS that a configuration can name. Below 1.2 nothing is spoken.
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

/// What stands between us and a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proxy {
    /// Nothing.
    #[default]
    Direct,
    /// What HTTP_PROXY, HTTPS_PROXY and NO_PROXY of our environment say.
    FromEnvironment {
        /// Headers of CONNECT.
        connect_headers: Vec<Header>,
    },
    /// This one, but for some hosts.
    Url {
        /// Where it is; may hold credentials.
        url: String,
        /// Hosts that are reached directly, as Go's NO_PROXY.
        no_proxy: String,
        /// Headers of CONNECT.
        connect_headers: Vec<Header>,
    },
}

/// A header with its values, in the order they are sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// The name.
    pub name: String,
    /// Values that anybody may see.
    pub values: Vec<String>,
    /// Values that are for the host of the URL alone.
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
