//! The section `tls_server_config` of a web configuration.
//!
//! Owns which names of suites, curves and versions are known, and which of them are spoken here. Pure;
//! runs on whichever thread loads the configuration.

use std::path::Path;

use super::{ClientAuth, Curve, Pems, ServerTls, TlsVersions, TryPems};
use crate::config::checked::Secret;
use crate::config::fault::{Findings, shown};
use crate::config::field::{Fields, boolean, text, texts};
use crate::config::node::{Kind, Node, Place};

const KEYS: &[&str] = &[
    "cert",
    "cert_file",
    "key",
    "key_file",
    "client_auth_type",
    "client_ca",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "curve_preferences",
    "prefer_server_cipher_suites",
];

/// Go's suites that are spoken here.
const SUITES: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// Go's suites that are not: they encrypt before they authenticate.
const WEAK_SUITES: &[&str] = &[
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
];

/// Where the files of a section are, and who can tell whether they are of use.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    /// Where relative paths start.
    pub directory: &'o Path,
    /// Tries what stands in them.
    pub try_pems: TryPems,
}

/// Reads a section; `Some(None)` if nothing in it asks for TLS, as in Alertmanager.
pub fn read(node: &Node, origin: Origin<'_>, findings: &mut Findings) -> Option<Option<ServerTls>> {
    let fields = Fields::read(node, "a tls_server_config", &[KEYS], findings)?;
    let section = Section {
        fields,
        place: node.place,
        origin,
    };
    // Each of them is read, so that the faults of all are told at once.
    let cert = section.pem("cert", "cert_file", findings);
    let key = section.pem("key", "key_file", findings);
    let client_ca = section.pem("client_ca", "client_ca_file", findings);
    let client_auth = section.client_auth(findings);
    section.try_pems([&cert, &key, &client_ca], client_auth, findings);
    let sans = section.texts("client_allowed_sans", findings);
    let versions = section.versions(findings);
    let cipher_suites = section.suites(findings);
    let curves = section.curves(findings);
    if let Some(node) = fields.get("prefer_server_cipher_suites") {
        // Read for its type alone: Go has not heeded it since 1.17 either.
        boolean(node, findings)?;
    }
    let (cert, key, client_ca) = (cert?, key?, client_ca?);
    let names_auth = !section.text("client_auth_type", findings)?.is_empty();
    if cert.is_none() && key.is_none() && client_ca.is_none() && !names_auth {
        return Some(None);
    }
    let cert = section.required(cert, "cert", findings);
    let key = section.required(key, "key", findings);
    let tls = ServerTls {
        cert: cert?,
        key: key?,
        client_auth: client_auth?,
        client_ca,
        client_allowed_sans: sans?,
        versions: versions?,
        cipher_suites: cipher_suites?,
        curves: curves?,
    };
    section.check_clients(&tls, findings)?;
    Some(Some(tls))
}

struct Section<'n> {
    fields: Fields<'n>,
    place: Place,
    origin: Origin<'n>,
}

impl<'n> Section<'n> {
    fn place_of(&self, key: &str) -> Place {
        self.fields.get(key).map_or(self.place, |node| node.place)
    }

    fn text(&self, key: &str, findings: &mut Findings) -> Option<&'n str> {
        self.fields
            .get(key)
            .map_or(Some(""), |node| text(node, findings))
    }

    /// PEM that stands in a file or here; the file comes first. `Some(None)` if neither is given.
    fn pem(&self, here: &str, file: &str, findings: &mut Findings) -> Option<Option<Secret>> {
        let inline = self.text(here, findings);
        let path = self.text(file, findings);
        Some(match (path?, inline?) {
            ("", "") => None,
            ("", inline) => Some(Secret::Inline(inline.to_owned())),
            (path, _) => Some(Secret::File(self.origin.directory.join(path))),
        })
    }

    /// What clients are to be checked by is looked at only if they are.
    fn try_pems(
        &self,
        pems: [&Option<Option<Secret>>; 3],
        client_auth: Option<ClientAuth>,
        findings: &mut Findings,
    ) {
        let checks_clients = matches!(
            client_auth,
            Some(ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert)
        );
        let [cert, key, client_ca] = pems.map(|pem| pem.as_ref().and_then(Option::as_ref));
        let pems = Pems {
            cert,
            key,
            client_ca: client_ca.filter(|_| checks_clients),
        };
        for fault in (self.origin.try_pems)(pems) {
            let key = fault.keys.last().copied().unwrap_or_default();
            findings.fault(self.place_of(key), fault.wrong, fault.right);
        }
    }

    fn required(&self, pem: Option<Secret>, what: &str, findings: &mut Findings) -> Option<Secret> {
        if pem.is_none() {
            let wrong = format!("missing one of {what} or {what}_file");
            findings.fault(self.place, wrong, "TLS needs a certificate and its key");
        }
        pem
    }

    fn client_auth(&self, findings: &mut Findings) -> Option<ClientAuth> {
        let named = self.text("client_auth_type", findings)?;
        Some(match named {
            "" | "NoClientCert" => ClientAuth::NoClientCert,
            "RequestClientCert" => ClientAuth::RequestClientCert,
            // The second spelling is an old one.
            "RequireAnyClientCert" | "RequireClientCert" => ClientAuth::RequireAnyClientCert,
            "VerifyClientCertIfGiven" => ClientAuth::VerifyClientCertIfGiven,
            "RequireAndVerifyClientCert" => ClientAuth::RequireAndVerifyClientCert,
            other => {
                let wrong = format!("invalid ClientAuth: {}", shown(other));
                let right = "write NoClientCert, RequestClientCert, RequireAnyClientCert, \
                             VerifyClientCertIfGiven or RequireAndVerifyClientCert";
                findings.fault(self.place_of("client_auth_type"), wrong, right);
                return None;
            }
        })
    }

    /// Alertmanager 0.33 serves in the second case without looking at the names, which nobody who
    /// wrote them down wants; later versions refuse it.
    fn check_clients(&self, tls: &ServerTls, findings: &mut Findings) -> Option<()> {
        if tls.client_ca.is_some() && tls.client_auth == ClientAuth::NoClientCert {
            let wrong = "client CA's have been configured without a Client Auth Policy";
            let right = "set client_auth_type to RequireAndVerifyClientCert";
            findings.fault(self.place, wrong, right);
            return None;
        }
        let demands_one = matches!(
            tls.client_auth,
            ClientAuth::RequireAnyClientCert | ClientAuth::RequireAndVerifyClientCert
        );
        if tls.client_allowed_sans.is_some() && !demands_one {
            let wrong = "client_allowed_sans requires client_auth_type to be one of \
                         RequireAnyClientCert or RequireAndVerifyClientCert";
            let right = "set client_auth_type to RequireAndVerifyClientCert";
            findings.fault(self.place_of("client_allowed_sans"), wrong, right);
            return None;
        }
        Some(())
    }

    /// A list of texts; `Some(None)` if the key is missing or null.
    fn texts(&self, key: &str, findings: &mut Findings) -> Option<Option<Vec<String>>> {
        let Some(node) = self.fields.get(key).filter(|node| node.kind != Kind::Null) else {
            return Some(None);
        };
        let texts = texts(node, "a list of texts", findings)?;
        Some(Some(texts.into_iter().map(|at| at.value).collect()))
    }

    fn versions(&self, findings: &mut Findings) -> Option<TlsVersions> {
        let least = self.version("min_version", "TLS12", findings);
        let most = self.version("max_version", "TLS13", findings);
        match (least?, most?) {
            ("TLS12", "TLS12") => Some(TlsVersions::Only12),
            ("TLS12", _) => Some(TlsVersions::Both),
            (_, "TLS13") => Some(TlsVersions::Only13),
            _ => {
                let wrong = "no version is at least min_version and at most max_version";
                findings.fault(self.place, wrong, "leave one of them out");
                None
            }
        }
    }

    fn version(
        &self,
        key: &str,
        default: &'static str,
        findings: &mut Findings,
    ) -> Option<&'n str> {
        let Some(node) = self.fields.get(key) else {
            return Some(default);
        };
        let version = text(node, findings)?;
        let wrong = match version {
            "TLS12" | "TLS13" => return Some(version),
            "TLS10" | "TLS11" => format!("{version} is not spoken here: it is broken"),
            other => format!("unknown TLS version: {}", shown(other)),
        };
        findings.fault(node.place, wrong, "write TLS12 or TLS13");
        None
    }

    fn suites(&self, findings: &mut Findings) -> Option<Option<Vec<String>>> {
        self.names("cipher_suites", findings, |name| {
            if SUITES.contains(&name) {
                return Ok(name.to_owned());
            }
            let right = format!("it can be {}", SUITES.join(", "));
            Err(match WEAK_SUITES.contains(&name) {
                true => (
                    format!("cipher {name} is not spoken here: it is weak"),
                    right,
                ),
                false => (format!("unknown cipher: {}", shown(name)), right),
            })
        })
    }

    fn curves(&self, findings: &mut Findings) -> Option<Option<Vec<Curve>>> {
        self.names("curve_preferences", findings, |name| {
            let right = "it can be X25519, CurveP256, CurveP384".to_owned();
            match name {
                "X25519" => Ok(Curve::X25519),
                "CurveP256" => Ok(Curve::P256),
                "CurveP384" => Ok(Curve::P384),
                "CurveP521" => Err((format!("curve {name} is not spoken here"), right)),
                other => Err((format!("unknown curve: {}", shown(other)), right)),
            }
        })
    }

    /// A list of names that `read` knows; an empty one is the same as none. `read` says what is
    /// wrong with a name, and what would be right.
    fn names<T>(
        &self,
        key: &str,
        findings: &mut Findings,
        read: impl Fn(&str) -> Result<T, (String, String)>,
    ) -> Option<Option<Vec<T>>> {
        let Some(node) = self.fields.get(key) else {
            return Some(None);
        };
        let mut known = Vec::new();
        for name in texts(node, "a list of names", findings)? {
            match read(&name.value) {
                Ok(value) => known.push(value),
                Err((wrong, right)) => findings.fault(name.place, wrong, right),
            }
        }
        Some((!known.is_empty()).then_some(known))
    }
}
