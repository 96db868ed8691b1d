//! Applies the web configuration (§10.5): TLS, the rate limit, passwords, and headers of every answer.
//!
//! Owns the current contents of the web configuration file. Each request stats the file, and each
//! handshake stats the certificate files; a changed file is read again. The rate limit, and whether TLS is
//! used at all, are fixed at the start, as in Alertmanager. Runs on connection threads. Its locks are held
//! while a changed file is read, and otherwise only for a lookup.

mod bucket;
mod fresh;
mod guesses;
mod passwords;
mod semaphore;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::ServerConfig;

use super::tls;
use crate::clock::Clock;
use crate::config::{
    ClientAuth, LoadError, Secret, ServerTls, WebConfig, load_web, load_web_tried,
};
use crate::files::Stamp;

use bucket::Bucket;
use fresh::Fresh;
pub(super) use guesses::Guesses;
use passwords::{Passwords, Verdict};

/// At most one error is logged in this time, because peers can cause errors as often as they like.
const TROUBLE_QUIET: Duration = Duration::from_secs(10);

/// The web configuration in force, with the state of the rate limit and of the password checks.
#[derive(Debug)]
pub struct Gate {
    path: PathBuf,
    web: Fresh<Option<Stamp>, WebConfig>,
    /// The settings of TLS; `None` for plain HTTP.
    tls: Option<Fresh<TlsSource, ServerConfig>>,
    bucket: Option<Bucket>,
    passwords: Passwords,
    clock: Clock,
    /// Until when further errors are not logged, in nanoseconds of the monotonic clock.
    quiet_until: AtomicU64,
}

/// The sources of the TLS settings: the configuration and the stamps of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TlsSource {
    tls: ServerTls,
    stamps: Vec<Option<Stamp>>,
}

/// Why a web configuration cannot be used.
#[derive(Debug)]
pub enum GateError {
    /// The web configuration file is wrong.
    Config(LoadError),
    /// The certificates or keys that it names are wrong.
    Tls {
        /// The path of the web configuration file, as given on the command line.
        file: String,
        /// The fault, as text.
        reason: String,
    },
}

impl fmt::Display for GateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GateError::Config(error) => error.fmt(out),
            GateError::Tls { file, reason } => write!(out, "{file}: tls_server_config: {reason}"),
        }
    }
}

impl std::error::Error for GateError {}

impl GateError {
    /// The error in one line: the fault if there is only one, else the number of faults, for callers that
    /// print each fault separately.
    pub fn in_a_line(&self) -> String {
        match self {
            GateError::Config(error) => error.in_a_line(),
            GateError::Tls { .. } => self.to_string(),
        }
    }
}

/// Why the gate refuses a request.
#[derive(Debug)]
pub(super) enum Denied {
    /// The web configuration cannot be read, or is wrong.
    Misconfigured,
    /// The rate limit is used up.
    RateLimited,
    /// The request has no credentials, or wrong ones.
    Unauthorized(Arc<WebConfig>),
    /// Too many passwords wait to be checked.
    Busy(Arc<WebConfig>),
}

impl Gate {
    /// Reads the web configuration at `path`, and the certificates it names.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, GateError> {
        let config = load_web_tried(path, tls::check_pems).map_err(GateError::Config)?;
        let gate = Gate {
            path: path.to_owned(),
            web: Fresh::default(),
            tls: config.tls.is_some().then(Fresh::default),
            bucket: config.rate_limit.map(|limit| Bucket::new(limit, clock)),
            passwords: Passwords::new(),
            clock,
            quiet_until: AtomicU64::new(0),
        };
        if let Some(limit) = config.rate_limit {
            log::info!(burst = limit.burst, interval:? = limit.interval; "Rate Limiter is enabled.");
        }
        if config.tls.is_some() {
            let file = path.display().to_string();
            gate.server_config()
                .map_err(|reason| GateError::Tls { file, reason })?;
        }
        Ok(gate)
    }

    /// Whether peers are expected to speak TLS.
    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The TLS settings for a new connection, and whether they check who has issued the certificate of a
    /// client; an error says why there are none.
    pub(super) fn server_config(&self) -> Result<(Arc<ServerConfig>, bool), String> {
        let config = self.current()?;
        let (Some(fresh), Some(tls)) = (&self.tls, &config.tls) else {
            return Err("TLS config is not present".into());
        };
        let source = TlsSource {
            tls: tls.clone(),
            stamps: tls_files(tls).map(Stamp::of).collect(),
        };
        let checks_issuers = matches!(
            tls.client_auth,
            ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert
        );
        let settings = fresh.get(source, || tls::server_config(tls, self.clock))?;
        Ok((settings, checks_issuers))
    }

    /// Checks the rate limit and the credentials of a request from `peer`; `authorization` is the value of
    /// its Authorization header. Returns the configuration, whose headers the answer gets.
    pub(super) fn admit(
        &self,
        authorization: Option<&str>,
        peer: IpAddr,
    ) -> Result<Arc<WebConfig>, Denied> {
        let config = self.current().map_err(|reason| {
            self.note_trouble(|| log::error!("Unable to parse configuration: {reason}"));
            Denied::Misconfigured
        })?;
        if self.bucket.as_ref().is_some_and(|bucket| !bucket.take()) {
            return Err(Denied::RateLimited);
        }
        match self.verdict(&config.users, authorization, peer) {
            Verdict::Right => Ok(config),
            Verdict::Wrong => Err(Denied::Unauthorized(config)),
            Verdict::Busy => Err(Denied::Busy(config)),
        }
    }

    /// Logs a failed handshake.
    pub(super) fn note_handshake(&self, peer: SocketAddr, reason: &str) {
        self.note_trouble(|| log::warn!("TLS handshake error from {peer}: {reason}"));
    }

    fn verdict(
        &self,
        users: &BTreeMap<String, String>,
        authorization: Option<&str>,
        peer: IpAddr,
    ) -> Verdict {
        if users.is_empty() {
            return Verdict::Right;
        }
        let credentials = authorization.and_then(passwords::Credentials::parse);
        credentials.map_or(Verdict::Wrong, |credentials| {
            self.passwords.check(users, &credentials, peer)
        })
    }

    fn current(&self) -> Result<Arc<WebConfig>, String> {
        self.web.get(Stamp::of(&self.path), || {
            load_web(&self.path).map_err(|error| error.to_string())
        })
    }

    fn note_trouble(&self, log: impl FnOnce()) {
        let now = self.clock.mono();
        let quiet_until = (now + TROUBLE_QUIET).as_nanos();
        let is_loud = |until: u64| (now.as_nanos() >= until).then_some(quiet_until);
        let noted = self
            .quiet_until
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_loud);
        if noted.is_ok() {
            log();
        }
    }
}

fn tls_files(tls: &ServerTls) -> impl Iterator<Item = &Path> {
    let pems = [Some(&tls.cert), Some(&tls.key), tls.client_ca.as_ref()];
    pems.into_iter().flatten().filter_map(|pem| match pem {
        Secret::File(path) => Some(path.as_path()),
        Secret::Inline(_) => None,
    })
}
