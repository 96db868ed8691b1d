//! Makes the settings of TLS connections from the web configuration.
//!
//! Owns the server's choice of protocol versions, cipher suites and curves, and the error texts for
//! unusable certificates. Reads the certificate and key files that the configuration names. Runs on main
//! at start, and on connection threads when a file has changed.

mod clients;
mod names;

pub(super) use names::alternative_names;

use std::sync::Arc;

use rustls::crypto::ring::{self, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig, SupportedProtocolVersion};

use crate::clock::Clock;
use crate::config::{ClientAuth, Curve, Pems, Secret, ServerTls, TlsVersions, TriedFault};
use crate::files;
use crate::limits::PEM_BYTES;

/// The protocols offered by ALPN.
const PROTOCOLS: [&[u8]; 2] = [b"http/1.1", b"http/1.0"];

/// The settings that `tls` describes. Reads the certificates; an error says what is wrong with them.
pub(super) fn server_config(tls: &ServerTls, clock: Clock) -> Result<ServerConfig, String> {
    let provider = Arc::new(provider(tls));
    let clients = clients::verifier(tls, &provider)?;
    let certificate = certificate(tls, &provider)?;
    let time = Arc::new(WallTime(clock));
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&versions(tls.versions))
        .map_err(|error| error.to_string())?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(certificate);
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    if tls.client_auth != ClientAuth::NoClientCert {
        // A resumed session would skip the check of the client's certificate, which may have expired.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

/// The daemon's wall clock, against which rustls checks the validity of certificates.
#[derive(Debug)]
struct WallTime(Clock);

impl TimeProvider for WallTime {
    fn current_time(&self) -> Option<UnixTime> {
        let now = self.0.wall().as_duration();
        let since_epoch = std::time::Duration::try_from(now).ok()?;
        Some(UnixTime::since_unix_epoch(since_epoch))
    }
}

fn provider(tls: &ServerTls) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if let Some(wanted) = &tls.cipher_suites {
        provider.cipher_suites.retain(|suite| {
            let name = suite.suite().as_str().unwrap_or_default();
            suite.tls13().is_some() || wanted.iter().any(|wanted| wanted == name)
        });
    }
    if let Some(wanted) = &tls.curves {
        provider.kx_groups = wanted.iter().map(|curve| group(*curve)).collect();
    }
    provider
}

fn group(curve: Curve) -> &'static dyn SupportedKxGroup {
    match curve {
        Curve::X25519 => kx_group::X25519,
        Curve::P256 => kx_group::SECP256R1,
        Curve::P384 => kx_group::SECP384R1,
    }
}

fn versions(versions: TlsVersions) -> Vec<&'static SupportedProtocolVersion> {
    match versions {
        TlsVersions::Only12 => vec![&TLS12],
        TlsVersions::Only13 => vec![&TLS13],
        TlsVersions::Both => vec![&TLS13, &TLS12],
    }
}

/// The certificate chain and its private key. Errors have Go's texts.
fn certificate(
    tls: &ServerTls,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesServerCert>, String> {
    let certified = fitting(chain(&tls.cert)?, private_key(&tls.key)?, provider)?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

/// All faults of the configured certificates and keys.
pub(super) fn check_pems(pems: Pems<'_>) -> Vec<TriedFault> {
    let fault = |(here, file), pem: Option<&Secret>, wrong, right| TriedFault {
        keys: vec![match pem {
            Some(Secret::Inline(_)) => here,
            Some(Secret::File(_)) | None => file,
        }],
        wrong,
        right,
    };
    let of_cert = |wrong| {
        let right = "name a certificate, as PEM that this daemon may read";
        fault(("cert", "cert_file"), pems.cert, wrong, right)
    };
    let of_key = |wrong| {
        let right = "name the certificate's key, as PEM that this daemon may read";
        fault(("key", "key_file"), pems.key, wrong, right)
    };
    let authorities = pems.client_ca.map(|ca| clients::roots(Some(ca)));
    let chain = pems.cert.map(|cert| chain(cert).map_err(of_cert));
    let key = pems.key.map(|key| private_key(key).map_err(of_key));
    let mut faults = Vec::new();
    match (chain, key) {
        (Some(Ok(chain)), Some(Ok(key))) => {
            let fitting = fitting(chain, key, &ring::default_provider());
            faults.extend(fitting.err().map(of_key));
        }
        (chain, key) => {
            faults.extend(chain.and_then(Result::err));
            faults.extend(key.and_then(Result::err));
        }
    }
    faults.extend(authorities.and_then(Result::err).map(|wrong| {
        let right = "name the authorities' certificates, as PEM that this daemon may read";
        fault(
            ("client_ca", "client_ca_file"),
            pems.client_ca,
            wrong,
            right,
        )
    }));
    faults
}

fn fitting(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, String> {
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            no_pair("private key does not match public key")
        }
        other => no_pair(&other.to_string()),
    })
}

fn no_pair(why: &str) -> String {
    format!("failed to load X509KeyPair: tls: {why}")
}

fn private_key(key: &Secret) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&read(key, "key_file")?)
        .map_err(|_| no_pair("failed to find any PEM data in key input"))
}

fn chain(cert: &Secret) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read(cert, "cert_file")?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| no_pair(&error.to_string()))?;
    if !chain.is_empty() {
        return Ok(chain);
    }
    Err(no_pair(match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(_) => {
            "failed to find certificate PEM data in certificate input, \
             but did find a private key; PEM inputs may have been switched"
        }
        Err(_) => "failed to find any PEM data in certificate input",
    }))
}

/// The bytes of a PEM; `key` is the configuration key that names its file.
fn read(pem: &Secret, key: &str) -> Result<Vec<u8>, String> {
    match pem {
        Secret::Inline(text) => Ok(text.clone().into_bytes()),
        Secret::File(path) => files::read(path, PEM_BYTES)
            .map_err(|error| format!("failed to read {key} ({}): {error}", path.display())),
    }
}
