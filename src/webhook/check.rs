//! Checks an `http_config` before it is used.
//!
//! Owns the check at start and reload of certificates, keys and proxies, which Alertmanager loads at that
//! time too. Files with secrets are not checked, because they are read anew for each request and may be
//! written later. Runs on main.

use std::sync::Arc;

use super::address::Address;
use super::proxy::Proxies;
use super::tls::{self, TlsSettings};
use super::trust::HostRoots;
use crate::config::{Authorization, HttpConfig, Proxy, Secret, TlsConfig, TriedFault};

/// All faults that prevent the use of `http`. Reads the files of its TLS settings.
pub fn check_http(http: &HttpConfig) -> Vec<TriedFault> {
    let mut faults = check_way(&http.tls, &http.proxy);
    let Authorization::OAuth2(oauth2) = &http.authorization else {
        return faults;
    };
    let mut of_tokens = check_way(&oauth2.tls, &oauth2.proxy);
    if Address::parse(&oauth2.token_url).is_none() {
        of_tokens.push(TriedFault {
            keys: vec!["token_url"],
            wrong: "token_url is no http or https URL".to_owned(),
            right: "write one such as https://host/token",
        });
    }
    for mut fault in of_tokens {
        fault.keys.insert(0, "oauth2");
        fault.wrong = format!("oauth2: {}", fault.wrong);
        faults.push(fault);
    }
    faults
}

/// The faults of TLS and proxy settings. Loads each part by itself, because loading them together stops at
/// the first fault.
fn check_way(config: &TlsConfig, proxy: &Proxy) -> Vec<TriedFault> {
    let none = TlsConfig::default;
    let ca = TlsConfig {
        ca: config.ca.clone(),
        insecure_skip_verify: config.insecure_skip_verify,
        ..none()
    };
    let server_name = TlsConfig {
        server_name: config.server_name.clone(),
        ..none()
    };
    let versions = TlsConfig {
        min_version: config.min_version,
        max_version: config.max_version,
        ..none()
    };
    let proxies = Proxies::new(proxy, |_| None).map_err(|wrong| TriedFault {
        keys: vec!["proxy_url"],
        wrong: wrong.to_owned(),
        right: "write one such as http://proxy:3128",
    });
    let mut faults = Vec::new();
    faults.extend(check_part(
        &ca,
        key_of(&config.ca, "ca", "ca_file"),
        "name the authorities' certificates, as PEM that this daemon may read",
    ));
    faults.extend(check_identity(config));
    faults.extend(check_part(
        &server_name,
        "server_name",
        "write the name of a host",
    ));
    faults.extend(check_part(&versions, "max_version", "write TLS12 or TLS13"));
    faults.extend(proxies.err());
    faults
}

fn check_part(config: &TlsConfig, key: &'static str, right: &'static str) -> Option<TriedFault> {
    // The host's roots are not part of the configuration, so they are not read here.
    let loaded = TlsSettings::load(config, &Arc::new(HostRoots::default()));
    loaded.err().map(|wrong| of_tls(key, wrong, right))
}

/// The faults of certificate and key. A missing one of the two is reported where the configuration is parsed.
fn check_identity(config: &TlsConfig) -> Vec<TriedFault> {
    let right_cert = "name a certificate, as PEM that this daemon may read";
    let right_key = "name the certificate's key, as PEM that this daemon may read";
    let cert = config.cert.as_ref().map(|cert| (cert, tls::chain(cert)));
    let key = config.key.as_ref().map(|key| (key, tls::private_key(key)));
    let (cert_key, key_key) = (
        key_of(&config.cert, "cert", "cert_file"),
        key_of(&config.key, "key", "key_file"),
    );
    match (cert, key) {
        (Some((cert, Ok(chain))), Some((key, Ok(private)))) => {
            let fitting = tls::fitting((cert, chain), (key, private));
            let fault = fitting.err().map(|wrong| of_tls(key_key, wrong, right_key));
            fault.into_iter().collect()
        }
        (cert, key) => {
            let of_cert = cert.and_then(|(_, chain)| chain.err());
            let of_key = key.and_then(|(_, private)| private.err());
            let of_cert = of_cert.map(|wrong| of_tls(cert_key, wrong, right_cert));
            let of_key = of_key.map(|wrong| of_tls(key_key, wrong, right_key));
            of_cert.into_iter().chain(of_key).collect()
        }
    }
}

fn of_tls(key: &'static str, wrong: String, right: &'static str) -> TriedFault {
    TriedFault {
        keys: vec!["tls_config", key],
        wrong,
        right,
    }
}

fn key_of(secret: &Option<Secret>, inline: &'static str, in_a_file: &'static str) -> &'static str {
    match secret {
        Some(Secret::File(_)) => in_a_file,
        Some(Secret::Inline(_)) | None => inline,
    }
}

#[cfg(test)]
mod tests;
