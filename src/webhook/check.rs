//! What can be known of an `http_config` before it is used.
//!
//! Owns the check at start and reload: certificates, keys and proxies, as Alertmanager loads them
//! then. Files with secrets are left alone, since they are read anew for each request and may come
//! later. Runs on main.

use std::sync::Arc;

use super::address::Address;
use super::proxy::Proxies;
use super::tls::TlsSettings;
use super::trust::HostRoots;
use crate::config::{Authorization, HttpConfig, Proxy, TlsConfig};

/// Whether receivers can be spoken to as `http` says. Reads the files of its TLS settings. The
/// error says what is wrong, and quotes no secret.
pub fn check_http(http: &HttpConfig) -> Result<(), String> {
    check_way(&http.tls, &http.proxy)?;
    let Authorization::OAuth2(oauth2) = &http.authorization else {
        return Ok(());
    };
    if Address::parse(&oauth2.token_url).is_none() {
        return Err("oauth2: token_url is no http or https URL".to_owned());
    }
    check_way(&oauth2.tls, &oauth2.proxy).map_err(|why| format!("oauth2: {why}"))
}

fn check_way(tls: &TlsConfig, proxy: &Proxy) -> Result<(), String> {
    // The host's roots are no part of the configuration, and are not read here.
    TlsSettings::load(tls, &Arc::new(HostRoots::default()))?;
    Proxies::new(proxy, |_| None)?;
    Ok(())
}

#[cfg(test)]
mod tests;
