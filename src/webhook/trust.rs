//! Whom we believe to be the receiver they say they are.
//!
//! Owns the trusted roots, the one provider of cryptography, and the verifier that believes
//! everybody. Reads the host's certificates from disk, once, on the first send thread that meets
//! an https receiver whose configuration names no authority of its own.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// The host's own store, or Mozilla's list on hosts that have none. Shared by all agents, since it
/// takes memory that a daemon without https receivers need not have.
#[derive(Debug, Default)]
pub struct HostRoots {
    roots: OnceLock<Arc<RootCertStore>>,
}

impl HostRoots {
    /// The roots; reads files the first time.
    pub fn get(&self) -> Arc<RootCertStore> {
        self.roots
            .get_or_init(|| Arc::new(read_host_roots()))
            .clone()
    }
}

/// The cryptography of all TLS connections.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let provider = PROVIDER.get_or_init(|| Arc::new(ring::default_provider()));
    provider.clone()
}

fn read_host_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        log::warn!(errors = found.errors.len(), ignored; "no trusted roots found on this host, using Mozilla's");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    } else {
        log::debug!(added, ignored; "trusted roots of this host loaded");
    }
    roots
}

/// Takes any certificate, as `insecure_skip_verify` asks. Who holds it must still have its key.
#[derive(Debug)]
pub struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
