//! Client authentication in TLS: whether a certificate is requested, and whether it is accepted.
//!
//! Owns Go's five modes of client authentication, and the check against the allowed names. webpki checks
//! chains and signatures. Runs on connection threads.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use super::names;
use crate::config::{ClientAuth, Secret, ServerTls};

/// The verifier of client certificates that `tls` describes.
pub(super) fn verifier(
    tls: &ServerTls,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let authorities = match tls.client_auth {
        ClientAuth::NoClientCert => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientAuth::RequestClientCert | ClientAuth::RequireAnyClientCert => None,
        ClientAuth::VerifyClientCertIfGiven => {
            Some(chain_verifier(tls, provider, Demand::Optional)?)
        }
        ClientAuth::RequireAndVerifyClientCert => {
            Some(chain_verifier(tls, provider, Demand::Mandatory)?)
        }
    };
    let demand = match tls.client_auth {
        ClientAuth::RequireAnyClientCert | ClientAuth::RequireAndVerifyClientCert => {
            Demand::Mandatory
        }
        _ => Demand::Optional,
    };
    Ok(Arc::new(Clients {
        authorities,
        demand,
        allowed_names: tls.client_allowed_sans.clone(),
        provider: Arc::clone(provider),
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    Optional,
    Mandatory,
}

fn chain_verifier(
    tls: &ServerTls,
    provider: &Arc<CryptoProvider>,
    demand: Demand,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let roots = Arc::new(roots(tls.client_ca.as_ref())?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let builder = match demand {
        Demand::Optional => builder.allow_unauthenticated(),
        Demand::Mandatory => builder,
    };
    builder.build().map_err(|error| error.to_string())
}

/// The trusted roots of `client_ca`, or the host's roots if there is none, as in Go.
pub(super) fn roots(client_ca: Option<&Secret>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(client_ca) = client_ca else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err("client_ca_file is missing, and the host trusts nobody either".into());
        }
        return Ok(roots);
    };
    let pem = super::read(client_ca, "client_ca_file")?;
    // Anything else in the file is ignored, as in Go.
    let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err("found no certificate in client_ca or client_ca_file".into());
    }
    Ok(roots)
}

#[derive(Debug)]
struct Clients {
    /// Checks certificate chains; `None` accepts any certificate.
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    demand: Demand,
    allowed_names: Option<Vec<String>>,
    provider: Arc<CryptoProvider>,
}

impl Clients {
    fn check_names(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        let Some(allowed) = &self.allowed_names else {
            return Ok(());
        };
        let names = names::alternative_names(end_entity)
            .ok_or_else(|| Error::General("error parsing client certificate".into()))?;
        if names.iter().any(|name| allowed.contains(name)) {
            return Ok(());
        }
        let why = format!("could not find allowed SANs in client cert, found: {names:?}");
        Err(Error::General(why))
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.demand == Demand::Mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authorities
            .as_ref()
            .map_or(&[], |authorities| authorities.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(authorities) = &self.authorities {
            authorities.verify_client_cert(end_entity, intermediates, now)?;
        }
        self.check_names(end_entity)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
