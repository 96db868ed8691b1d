//! Verifies the certificates of receivers.
//!
//! Owns the trusted roots, the cryptography provider of the connections to receivers, and the verifiers
//! where rustls' own differ from what Alertmanager's users rely on. Reads the host's certificates from disk
//! once, on the first send thread that needs an https receiver whose configuration names no authority.

use std::iter;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::key_kind::{CHECKED_RSA_BITS, unusable_kind};
use super::tls_fault::UnusableKey;

/// The host's trusted roots, or Mozilla's list on hosts that have none. All agents share one store. It is
/// loaded on first use, so that a daemon without https receivers does not pay for it in memory.
#[derive(Debug, Default)]
pub struct HostRoots {
    roots: OnceLock<Arc<RootCertStore>>,
}

impl HostRoots {
    /// The verifier of server certificates against these roots. Reads the roots from disk the first time.
    pub fn verifier(&self) -> Arc<WebPkiServerVerifier> {
        let roots = self.roots.get_or_init(|| Arc::new(read_host_roots()));
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider());
        verifier
            .build()
            .expect("there are roots, and no lists of revocations")
    }
}

/// The cryptography provider of all TLS connections to receivers, proxies and token servers.
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

/// A verifier that trusts the authorities of a `ca` or `ca_file`, and also a server whose certificate is one
/// of these itself.
///
/// Go trusts such a server. `openssl req -x509` makes such a certificate: one that calls itself an authority
/// and is the server's as well. webpki refuses an authority as a server.
#[derive(Debug)]
pub struct Authorities {
    by_chain: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// A verifier with those of `certificates` that can be parsed; `None` if none can.
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let by_chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
        Some(Authorities {
            by_chain: by_chain.build().ok()?,
            certificates,
        })
    }
}

impl ServerCertVerifier for Authorities {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let result =
            self.by_chain
                .verify_server_cert(shown, intermediates, name, ocsp_response, now);
        match result {
            // webpki reports an authority as server by an unnamed fault, and only after it has checked the
            // validity period. A test checks that order.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.certificates.contains(shown) =>
            {
                verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_chain
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_chain
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_chain.supported_verify_schemes()
    }
}

/// A verifier that wraps another one and explains its faults: if a signature fails because of a kind of key
/// that the provider does not support, the error names that kind.
#[derive(Debug)]
pub struct Explaining(pub Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for Explaining {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self
            .0
            .verify_server_cert(shown, intermediates, name, ocsp_response, now);
        verified.map_err(|error| explained(error, iter::once(shown).chain(intermediates)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self
            .0
            .verify_tls12_signature(message, certificate, signature);
        verified.map_err(|error| explained(error, iter::once(certificate)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self
            .0
            .verify_tls13_signature(message, certificate, signature);
        verified.map_err(|error| explained(error, iter::once(certificate)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `error`, or in its place the unsupported kind of key among `certificates` that causes it.
fn explained<'a>(
    error: Error,
    mut certificates: impl Iterator<Item = &'a CertificateDer<'a>>,
) -> Error {
    use CertificateError as E;
    let is_about_signatures = matches!(
        error,
        Error::InvalidCertificate(
            E::BadSignature
                | E::UnsupportedSignatureAlgorithmContext { .. }
                | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
        )
    );
    let kind = certificates.find_map(|shown| unusable_kind(shown, &CHECKED_RSA_BITS));
    match kind.filter(|_| is_about_signatures) {
        Some(kind) => E::Other(OtherError(Arc::new(UnusableKey(kind)))).into(),
        None => error,
    }
}

/// A verifier that accepts any certificate (`insecure_skip_verify`). The server must still prove that it has
/// the certificate's key.
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

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::super::fixtures::certificates::{P521, RSA_1024, SHA512_AUTHORITY, SHA512_LEAF};
    use super::super::tls_fault::text_of;
    use super::*;

    fn certificate(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
    }

    #[test]
    fn a_chain_that_is_signed_in_a_way_that_we_do_not_know_is_told_in_one_line() {
        let authorities = Authorities::new(vec![certificate(SHA512_AUTHORITY)]);
        let verifier = Explaining(Arc::new(authorities.expect("an authority")));
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let shown = certificate(SHA512_LEAF);
        let verified = verifier.verify_server_cert(&shown, &[], &name, &[], UnixTime::now());
        assert_eq!(
            text_of(&verified.expect_err("it cannot be checked")),
            "a certificate of the other end is signed by ECDSA with SHA-512, which we cannot check"
        );
    }

    #[test]
    fn a_signature_of_a_key_that_we_cannot_work_with_is_told_by_the_key() {
        let bad = || Error::InvalidCertificate(CertificateError::BadSignature);
        for (pem, kind) in [
            (P521, "a key on the curve P-521"),
            (RSA_1024, "an RSA key of 1024 bits"),
        ] {
            let error = explained(bad(), iter::once(&certificate(pem)));
            assert_eq!(
                text_of(&error),
                format!(
                    "a certificate of the other end has {kind}, whose signatures we cannot check"
                )
            );
        }
        let known = certificate(SHA512_LEAF);
        assert_eq!(explained(bad(), iter::once(&known)), bad());
        let unknown = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(
            explained(unknown(), iter::once(&certificate(P521))),
            unknown()
        );
    }
}
