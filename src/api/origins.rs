//! Which web pages may use the API: `--web.cors.origin`, and the host names of this daemon.
//!
//! Owns the refusals by the origin of a page, and by the host name that the request uses (against DNS
//! rebinding). Clients other than browsers send no `Origin`, so only the check of the host name can refuse
//! them. Pure; runs on the connections' threads.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::model::{MatchOp, Matcher, MatcherError};

use super::http::Request;

/// The pages that may read answers and make changes.
#[derive(Clone, Debug)]
pub enum Pages {
    /// Pages of any origin, as in Alertmanager.
    Any,
    /// Pages of origins that this regex matches from end to end, and the daemon's own pages.
    Matching(Matcher),
    /// The daemon's own pages only.
    Own,
}

impl Pages {
    /// Parses `--web.cors.origin`. As in Prometheus, `.*` allows any origin without a comparison.
    pub fn parse(regex: &str) -> Result<Self, MatcherError> {
        match regex {
            ".*" => Ok(Pages::Any),
            _ => Matcher::new(MatchOp::Regex, "origin", regex).map(Pages::Matching),
        }
    }
}

/// The pages that may use the API, and the daemon's own hosts and origin.
#[derive(Clone, Debug)]
pub struct Origins {
    pages: Pages,
    /// The host names of the daemon, in lower case.
    hosts: BTreeSet<String>,
    /// The origin of the external URL, in lower case.
    external: String,
}

/// Why a request was refused; the status is 403.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The request names this host, which is not the daemon's.
    Host(String),
    /// Pages of this origin may not make changes.
    Origin(String),
    /// The request comes from a page of another site, and no such page may make it.
    Site,
}

impl Origins {
    /// The origins of a daemon with the external URL `external_url` and the listen addresses `listening`,
    /// each a host with a port.
    pub fn new<'a>(
        pages: Pages,
        external_url: &'a str,
        listening: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let external = origin_of(external_url);
        let authorities = listening.into_iter().chain([authority_of(external)]);
        let hosts = authorities.map(|authority| host_of(authority).to_ascii_lowercase());
        Origins {
            pages,
            hosts: hosts.filter(|host| !host.is_empty()).collect(),
            external: external.to_ascii_lowercase(),
        }
    }

    /// The value of `Access-Control-Allow-Origin` for this request; `None` if its page may not read answers.
    pub fn allowed_to_read<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let origin = origin_in(request)?;
        match &self.pages {
            Pages::Any => Some("*"),
            Pages::Matching(regex) => regex.matches_value(origin).then_some(origin),
            Pages::Own => None,
        }
    }

    /// Refuses requests whose `Host` is not the daemon's, if origins are restricted. A page whose host name
    /// resolves to this daemon (DNS rebinding) would otherwise count as one of the daemon's own pages.
    pub fn check_host(&self, request: &Request) -> Result<(), Foreign> {
        match (&self.pages, request.header("host")) {
            (Pages::Any, _) | (_, None) => Ok(()),
            (_, Some(host)) if self.is_own_host(host) => Ok(()),
            (_, Some(host)) => Err(Foreign::Host(host_of(host).to_owned())),
        }
    }

    /// Refuses a change for a page that may not make changes.
    pub fn check_change(&self, request: &Request) -> Result<(), Foreign> {
        let is_allowed = match &self.pages {
            Pages::Any => true,
            _ => self.allowed_to_read(request).is_some() || self.is_own_site(request),
        };
        if is_allowed {
            return Ok(());
        }
        Err(origin_in(request).map_or(Foreign::Site, |origin| Foreign::Origin(origin.to_owned())))
    }

    /// Refuses a request that no page of another site may make.
    pub fn check_site(&self, request: &Request) -> Result<(), Foreign> {
        if self.is_own_site(request) {
            Ok(())
        } else {
            Err(Foreign::Site)
        }
    }

    /// Whether the request comes from no page or from one of the daemon's own.
    fn is_own_site(&self, request: &Request) -> bool {
        let Some(origin) = origin_in(request) else {
            return request.header("sec-fetch-site") != Some("cross-site");
        };
        let is_here =
            |host| self.is_own_host(host) && authority_of(origin).eq_ignore_ascii_case(host);
        origin.eq_ignore_ascii_case(&self.external) || request.header("host").is_some_and(is_here)
    }

    /// Whether a host is the daemon's own. IP addresses and `localhost` are safe: a page can have an address
    /// as its host only if it comes from there, and `localhost` is never looked up in DNS.
    fn is_own_host(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let is_address = host.parse::<IpAddr>().is_ok() || address.parse::<Ipv6Addr>().is_ok();
        is_address || host == "localhost" || self.hosts.contains(&host)
    }
}

/// The `Origin` header; an empty one counts as missing.
fn origin_in(request: &Request) -> Option<&str> {
    request.header("origin").filter(|origin| !origin.is_empty())
}

/// The scheme and authority of a URL.
fn origin_of(url: &str) -> &str {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let end = url[begin..].find(['/', '?', '#']);
    end.map_or(url, |end| &url[..begin + end])
}

/// The authority of an origin, which follows its scheme.
fn authority_of(origin: &str) -> &str {
    origin
        .split_once("://")
        .map_or("", |(_, authority)| authority)
}

/// The host of an authority, without port and without a trailing dot.
fn host_of(authority: &str) -> &str {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host.strip_suffix('.').unwrap_or(host)
}

impl fmt::Display for Foreign {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Foreign::Host(host) => write!(
                out,
                "this daemon is not known as {host:?}: name the host in --web.external-url or \
                 --web.listen-address, use an address, or allow any origin by --web.cors.origin"
            ),
            Foreign::Origin(origin) => write!(
                out,
                "pages of {origin:?} may not change anything here: --web.cors.origin does not allow it"
            ),
            Foreign::Site => out.write_str("pages of other sites may not do this"),
        }
    }
}

#[cfg(test)]
mod tests;
