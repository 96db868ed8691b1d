//! Test fixtures: a folder with a web configuration and its files, and an authority that signs certificates.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::super::Gate;
use super::*;

/// A folder of its own, gone when dropped.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn create() -> Self {
        static CREATED: AtomicUsize = AtomicUsize::new(0);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let name = format!("alertwheel-gate-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Folder { path }
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        // Moved into place, so that the server never reads half of a file.
        let snapshot_writer = self.path.join("snapshot_writer");
        std::fs::write(&snapshot_writer, text).expect("a file");
        std::fs::rename(&snapshot_writer, self.path.join(name)).expect("the same folder");
    }

    pub(super) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path.join(name)).expect("a file");
    }

    /// A gate with this web configuration.
    pub(super) fn gate(&self, web: &str) -> Result<Gate, GateError> {
        self.write("web.yml", web);
        Gate::open(&self.path.join("web.yml"), Clock::start())
    }

    /// An HTTP server with this web configuration.
    pub(super) fn door(&self, web: &str) -> Door {
        let gate = self.gate(web).expect("a sound web configuration");
        Door::open_behind(Some(gate), patient_limits())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Signs certificates.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(super) struct Certified {
    pub(super) certificate: rcgen::Certificate,
    pub(super) key: KeyPair,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A certificate for `name`, valid as long as anyone will run this.
    pub(super) fn sign(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> Certified {
        self.sign_until(name, purpose, 2200)
    }

    /// A certificate for `name` that ends with the year before `year`.
    pub(super) fn sign_until(
        &self,
        name: &str,
        purpose: ExtendedKeyUsagePurpose,
        year: i32,
    ) -> Certified {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Certified { certificate, key }
    }
}

impl Certified {
    pub(super) fn chain(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        (vec![self.certificate.der().clone()], key)
    }
}
