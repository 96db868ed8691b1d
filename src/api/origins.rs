//! Which pages may use the API: `--web.cors.origin`, and the names under which this daemon is known.
//!
//! Owns what is refused because of where a page comes from, or because of the name that a browser was
//! led here by (DNS rebinding). Clients other than browsers send no `Origin`, and hear of the second
//! only. Pure; runs on the connections' threads.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::model::{MatchOp, Matcher, MatcherError};

use super::http::Request;

/// Pages that may read answers and change things.
#[derive(Clone, Debug)]
pub enum Pages {
    /// Those of any origin, as in Alertmanager.
    Any,
    /// Those of origins that this matches from end to end, and the daemon's own.
    Matching(Matcher),
    /// The daemon's own.
    Own,
}

impl Pages {
    /// What `--web.cors.origin` asks for; as in Prometheus, `.*` is any origin and no comparison.
    pub fn parse(regex: &str) -> Result<Self, MatcherError> {
        match regex {
            ".*" => Ok(Pages::Any),
            _ => Matcher::new(MatchOp::Regex, "origin", regex).map(Pages::Matching),
        }
    }
}

/// Pages that may use the API, and what makes an origin the daemon's own.
#[derive(Clone, Debug)]
pub struct Origins {
    pages: Pages,
    /// The hosts under which it is known, in lower case.
    hosts: BTreeSet<String>,
    /// The origin of the external URL, in lower case.
    external: String,
}

/// Why a request was refused; the status is 403.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// This is not a name of the daemon's.
    Host(String),
    /// Pages of this origin may not change anything.
    Origin(String),
    /// It comes from a page of another site, and no page of another site may do this.
    Site,
}

impl Origins {
    /// For a daemon that others reach under `external_url`, and that listens on `listening`, each a host
    /// with a port.
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

    /// What `Access-Control-Allow-Origin` says for this request; `None` if its page may not read.
    pub fn allowed_to_read<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let origin = origin_in(request)?;
        match &self.pages {
            Pages::Any => Some("*"),
            Pages::Matching(regex) => regex.matches_value(origin).then_some(origin),
            Pages::Own => None,
        }
    }

    /// Refuses requests under names that are not the daemon's, where origins are restricted: a page whose
    /// own name leads here has an origin that looks like ours.
    pub fn check_host(&self, request: &Request) -> Result<(), Foreign> {
        match (&self.pages, request.header("host")) {
            (Pages::Any, _) | (_, None) => Ok(()),
            (_, Some(host)) if self.is_own_host(host) => Ok(()),
            (_, Some(host)) => Err(Foreign::Host(host_of(host).to_owned())),
        }
    }

    /// Refuses what changes something on behalf of a page that may not.
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

    /// Refuses what no page of another site may do.
    pub fn check_site(&self, request: &Request) -> Result<(), Foreign> {
        if self.is_own_site(request) {
            Ok(())
        } else {
            Err(Foreign::Site)
        }
    }

    /// Whether the request comes from no page, or from one of ours.
    fn is_own_site(&self, request: &Request) -> bool {
        let Some(origin) = origin_in(request) else {
            return request.header("sec-fetch-site") != Some("cross-site");
        };
        let is_here =
            |host| self.is_own_host(host) && authority_of(origin).eq_ignore_ascii_case(host);
        origin.eq_ignore_ascii_case(&self.external) || request.header("host").is_some_and(is_here)
    }

    /// No page can have an address for its name unless it comes from there, and `localhost` is never
    /// asked for.
    fn is_own_host(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let is_address = host.parse::<IpAddr>().is_ok() || address.parse::<Ipv6Addr>().is_ok();
        is_address || host == "localhost" || self.hosts.contains(&host)
    }
}

/// An empty origin is none.
fn origin_in(request: &Request) -> Option<&str> {
    request.header("origin").filter(|origin| !origin.is_empty())
}

/// Scheme and authority of a URL.
fn origin_of(url: &str) -> &str {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let end = url[begin..].find(['/', '?', '#']);
    end.map_or(url, |end| &url[..begin + end])
}

/// What follows the scheme of an origin.
fn authority_of(origin: &str) -> &str {
    origin
        .split_once("://")
        .map_or("", |(_, authority)| authority)
}

/// An authority without its port, and without the dot that may end a name.
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
