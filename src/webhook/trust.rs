//! Whom we believe to be the receiver they say they are.
//!
//! Owns the choice of trusted roots and of the one provider of cryptography. Reads the host's
//! certificates from disk, once. Runs on the first send thread that meets an https receiver.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// Where the trusted roots come from.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The host's own store, or Mozilla's list on hosts that have none.
    Host,
    /// These and no others.
    #[cfg(test)]
    Roots(Arc<RootCertStore>),
}

impl Trust {
    /// The settings of TLS connections. Reads files if the host is trusted.
    pub fn client_config(&self) -> Arc<ClientConfig> {
        let roots = match self {
            Trust::Host => Arc::new(host_roots()),
            #[cfg(test)]
            Trust::Roots(roots) => roots.clone(),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring offers the default versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

fn host_roots() -> RootCertStore {
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
