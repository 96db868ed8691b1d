//! Makes the settings of TLS connections from a `tls_config`.
//!
//! Owns the reading and checking of certificates and keys, and the detection of changes of their files.
//! Opens no connection. Runs on send threads, and on main when a configuration is checked.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

use super::address::split_zone;
use super::key_kind::{CHECKED_RSA_BITS, SIGNING_RSA_BITS, unusable_kind};
use super::secret;
use super::trust::{Anybody, Authorities, Explaining, HostRoots, provider};
use crate::config::{Secret, TlsConfig, TlsVersion};
use crate::files::{self, Stamp};
use crate::limits;

/// The settings of TLS connections, with certificates and keys that have been read and checked.
pub struct TlsSettings {
    trusted: Trusted,
    identity: Option<Arc<CertifiedKey>>,
    versions: Vec<&'static SupportedProtocolVersion>,
    server_name: Option<ServerName<'static>>,
    built: OnceLock<Arc<ClientConfig>>,
}

/// The authorities that the daemon trusts to certify a server.
enum Trusted {
    /// The host's roots, read when the first connection is made.
    Host(Arc<HostRoots>),
    /// Only these authorities.
    Only(Arc<Authorities>),
    /// No certificate is checked (`insecure_skip_verify`).
    Anybody,
}

/// The current stamps of the files that `config` names.
pub fn stamps_of(config: &TlsConfig) -> Vec<Option<Stamp>> {
    let secrets = [&config.ca, &config.cert, &config.key];
    let files = secrets.into_iter().flatten().filter_map(|secret| {
        let Secret::File(path) = secret else {
            return None;
        };
        Some(Stamp::of(path))
    });
    files.collect()
}

impl TlsSettings {
    /// Reads the files that `config` names. The error says which setting is wrong and why.
    pub fn load(config: &TlsConfig, host_roots: &Arc<HostRoots>) -> Result<Self, String> {
        let trusted = match &config.ca {
            _ if config.insecure_skip_verify => Trusted::Anybody,
            None => Trusted::Host(host_roots.clone()),
            Some(ca) => Trusted::Only(Arc::new(authorities(ca)?)),
        };
        let identity = match (&config.cert, &config.key) {
            (Some(cert), Some(key)) => Some(Arc::new(identity(cert, key)?)),
            (None, None) => None,
            _ => return Err("tls_config needs both cert and key, or neither".to_owned()),
        };
        Ok(TlsSettings {
            trusted,
            identity,
            versions: versions(config)?,
            server_name: config.server_name.as_deref().map(named).transpose()?,
            built: OnceLock::new(),
        })
    }

    /// The name that the certificate of `host` must have. `host` has no brackets and may have a zone.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, String> {
        match &self.server_name {
            Some(name) => Ok(name.clone()),
            None => named(split_zone(host).0),
        }
    }

    /// The settings in the form of rustls. Reads the host's roots if they are needed for the first time.
    pub fn client_config(&self) -> Arc<ClientConfig> {
        self.built.get_or_init(|| self.build()).clone()
    }

    fn build(&self) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&self.versions)
            .expect("the provider speaks TLS 1.2 and 1.3, and one of them is asked for");
        let verifier: Arc<dyn ServerCertVerifier> = match &self.trusted {
            Trusted::Host(roots) => roots.verifier(),
            Trusted::Only(authorities) => authorities.clone(),
            Trusted::Anybody => Arc::new(Anybody),
        };
        let config = config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Explaining(verifier)));
        Arc::new(match &self.identity {
            Some(identity) => {
                let always = SingleCertAndKey::from(identity.clone());
                config.with_client_cert_resolver(Arc::new(always))
            }
            None => config.with_no_client_auth(),
        })
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TlsSettings")
    }
}

fn named(host: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| format!("{host:?} is no name that a certificate can have"))
}

/// The supported versions from `min_version` to `max_version`.
fn versions(config: &TlsConfig) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let least = config.min_version.unwrap_or(TlsVersion::Tls12);
    let most = config.max_version.unwrap_or(TlsVersion::Tls13);
    let spoken = [(TlsVersion::Tls12, &TLS12), (TlsVersion::Tls13, &TLS13)];
    let wanted = spoken
        .into_iter()
        .filter(|(version, _)| (least..=most).contains(version));
    let versions: Vec<_> = wanted.map(|(_, version)| version).collect();
    if versions.is_empty() {
        return Err("min_version and max_version leave neither TLS 1.2 nor TLS 1.3, and nothing older is spoken".to_owned());
    }
    Ok(versions)
}

fn authorities(ca: &Secret) -> Result<Authorities, String> {
    let certificates = certificates(ca, "ca")?;
    let mut kinds = certificates
        .iter()
        .map(|certificate| unusable_kind(certificate, &CHECKED_RSA_BITS));
    // If other authorities are usable, this one may not be needed, so it is no fault.
    if let Some(kind) = kinds
        .next()
        .flatten()
        .filter(|_| kinds.all(|kind| kind.is_some()))
    {
        let ca = place("ca", ca);
        return Err(format!("{ca} has {kind}, whose signatures we cannot check"));
    }
    Authorities::new(certificates)
        .ok_or_else(|| format!("{} holds no certificate", place("ca", ca)))
}

fn identity(cert: &Secret, key: &Secret) -> Result<CertifiedKey, String> {
    fitting((cert, chain(cert)?), (key, private_key(key)?))
}

/// The certificates of the client's chain in `cert`.
pub fn chain(cert: &Secret) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain = certificates(cert, "cert")?;
    if chain.is_empty() {
        return Err(format!("{} holds no certificate", place("cert", cert)));
    }
    match unusable_kind(&chain[0], &SIGNING_RSA_BITS) {
        None => Ok(chain),
        Some(kind) => {
            let cert = place("cert", cert);
            Err(format!("{cert} is for {kind}, with which we cannot sign"))
        }
    }
}

/// The private key in `key`.
pub fn private_key(key: &Secret) -> Result<PrivateKeyDer<'static>, String> {
    let text = read_pem(key, "key")?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        let key = place("key", key);
        format!("{key} holds no private key that we can read")
    })
}

/// The chain with its private key; an error if the key does not belong to the first certificate.
pub fn fitting(
    (cert, chain): (&Secret, Vec<CertificateDer<'static>>),
    (key, private): (&Secret, PrivateKeyDer<'static>),
) -> Result<CertifiedKey, String> {
    CertifiedKey::from_der(chain, private, &provider()).map_err(|error| {
        let (cert, key) = (place("cert", cert), place("key", key));
        match error {
            rustls::Error::InconsistentKeys(_) => format!("{key} does not fit {cert}"),
            error => format!("{cert} and {key} cannot be used: {error}"),
        }
    })
}

fn certificates(pem: &Secret, what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read_pem(pem, what)?;
    CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| format!("{} is no sound PEM", place(what, pem)))
}

fn read_pem(pem: &Secret, what: &str) -> Result<String, String> {
    match pem {
        Secret::Inline(text) => Ok(text.clone()),
        Secret::File(path) => files::read_text(path, limits::TLS_FILE)
            .map_err(|error| secret::unreadable(&format!("{what}_file"), path, &error)),
    }
}

/// The name of a setting in a fault: its key, and its file if it has one.
fn place(what: &str, secret: &Secret) -> String {
    match secret {
        Secret::Inline(_) => what.to_owned(),
        Secret::File(path) => format!("{what}_file {}", path.display()),
    }
}
