//! What stands between a peer and the first answer when there is a web configuration (§10.5): TLS, a
//! rate limit, passwords, and headers of every answer.
//!
//! Owns the file's current contents. The file is looked at again for every request, and those of the
//! certificates for every handshake, which is a stat each; they are read again when they have changed.
//! The rate limit, and whether TLS is spoken at all, are fixed at the start, as in Alertmanager. Runs
//! on connection threads. Its locks are held while a changed file is read, and for a lookup else.

mod bucket;
mod fresh;
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
use crate::config::{LoadError, Secret, ServerTls, WebConfig, load_web, load_web_tried};
use crate::files::Stamp;

use bucket::Bucket;
use fresh::Fresh;
use passwords::{Passwords, Verdict};

/// At most one line of trouble is logged in this time: peers can cause it as often as they like.
const TROUBLE_QUIET: Duration = Duration::from_secs(10);

/// The web configuration at work.
#[derive(Debug)]
pub struct Gate {
    path: PathBuf,
    web: Fresh<Option<Stamp>, WebConfig>,
    /// `None` where plain HTTP is spoken.
    tls: Option<Fresh<TlsSource, ServerConfig>>,
    bucket: Option<Bucket>,
    passwords: Passwords,
    clock: Clock,
    /// Until when further trouble is not worth a log line, in nanoseconds of the monotonic clock.
    quiet_until: AtomicU64,
}

/// What the settings of TLS were made from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TlsSource {
    tls: ServerTls,
    stamps: Vec<Option<Stamp>>,
}

/// Why a web configuration cannot be served with.
#[derive(Debug)]
pub enum GateError {
    /// The file is wrong.
    Config(LoadError),
    /// What it names for TLS is.
    Tls {
        /// The file as it was named to us.
        file: String,
        /// Why.
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
    /// The only fault, or how many there are for whoever tells each apart from this.
    pub fn in_a_line(&self) -> String {
        match self {
            GateError::Config(error) => error.in_a_line(),
            GateError::Tls { .. } => self.to_string(),
        }
    }
}

/// Why a request is not let in.
#[derive(Debug)]
pub(super) enum Denied {
    /// The web configuration cannot be read, or is wrong.
    Misconfigured,
    /// There are too many requests.
    RateLimited,
    /// The peer did not say who it is, or is not believed.
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

    /// The settings for a connection that begins now, or why there are none.
    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, String> {
        let config = self.current()?;
        let (Some(fresh), Some(tls)) = (&self.tls, &config.tls) else {
            return Err("TLS config is not present".into());
        };
        let source = TlsSource {
            tls: tls.clone(),
            stamps: tls_files(tls).map(Stamp::of).collect(),
        };
        fresh.get(source, || tls::server_config(tls, self.clock))
    }

    /// Whether a request from `peer` may come in, by the value of its Authorization header. The
    /// configuration that let it in is returned for its headers.
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

    /// Tells of a handshake that failed.
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
