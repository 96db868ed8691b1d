//! Selects the proxy for a target.
//!
//! Owns the rules, which are Go's: for `proxy_url` and `no_proxy`, and for HTTP_PROXY, HTTPS_PROXY and
//! NO_PROXY in the environment. Opens no connection. The environment is read when a client is made; targets
//! are looked up on send threads.

use ureq::http::Uri;

use super::address::{Address, host_of, port_of, split_zone};
use super::no_proxy::NoProxy;
use super::secret::{self, Credentials};
use crate::config::{Header, Proxy};

/// The proxies of one configuration.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// The proxy for http targets.
    http: Option<Address>,
    /// The proxy for https targets.
    https: Option<Address>,
    /// The targets to reach directly; with `None` even this host is reached through the proxy.
    exempt: Option<NoProxy>,
    connect_headers: Vec<Header>,
}

impl Proxies {
    /// The proxies that `proxy` describes; `variable` reads the environment. The error never quotes an
    /// address, because an address may hold credentials.
    pub fn new(
        proxy: &Proxy,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, &'static str> {
        match proxy {
            Proxy::Direct => Ok(Proxies::default()),
            Proxy::FromEnvironment { connect_headers } => {
                let read = |name: &str| either_case(name, &variable).unwrap_or_default();
                Ok(Proxies {
                    http: lenient_address(&read("HTTP_PROXY")),
                    https: lenient_address(&read("HTTPS_PROXY")),
                    exempt: Some(NoProxy::parse(&read("NO_PROXY"))),
                    connect_headers: connect_headers.clone(),
                })
            }
            Proxy::Url {
                url,
                no_proxy,
                connect_headers,
            } => {
                let address = Address::parse(url);
                let address = address
                    .ok_or("proxy_url is no http or https URL; SOCKS and others are not spoken")?;
                Ok(Proxies {
                    http: Some(address.clone()),
                    https: Some(address),
                    exempt: (!no_proxy.is_empty()).then(|| NoProxy::parse(no_proxy)),
                    connect_headers: connect_headers.clone(),
                })
            }
        }
    }

    /// The proxy for `target`; `None` to reach it directly.
    pub fn toward(&self, target: &Uri) -> Option<&Address> {
        let proxy = match target.scheme_str() {
            Some("https") => self.https.as_ref(),
            _ => self.http.as_ref(),
        };
        let (host, _) = split_zone(host_of(target));
        let is_exempt = |exempt: &NoProxy| exempt.covers(host, port_of(target));
        proxy.filter(|_| !self.exempt.as_ref().is_some_and(is_exempt))
    }

    /// The names and values of the configured headers of a CONNECT. Reads values in files.
    pub fn connect_headers(&self) -> Result<Vec<(String, String)>, String> {
        secret::header_lines(&self.connect_headers, Credentials::Allowed)
    }
}

fn either_case(name: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    variable(name)
        .filter(|value| !value.is_empty())
        .or_else(|| variable(&name.to_ascii_lowercase()))
}

/// Parses an address of the environment, where `http://` may be missing. Anything that is no address counts
/// as no proxy, as in Go.
fn lenient_address(text: &str) -> Option<Address> {
    let text = text.trim();
    Address::parse(text).or_else(|| {
        let is_bare = !text.is_empty() && !text.contains("://");
        is_bare.then(|| Address::parse(&format!("http://{text}")))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toward(proxies: &Proxies, target: &str) -> Option<String> {
        let target: Uri = target.parse().expect("a URI");
        proxies.toward(&target).map(Address::endpoint)
    }

    fn from_environment(variables: &[(&str, &str)]) -> Proxies {
        let connect_headers = Vec::new();
        Proxies::new(&Proxy::FromEnvironment { connect_headers }, |name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
        .expect("an environment is never faulty")
    }

    fn at(url: &str, no_proxy: &str) -> Result<Proxies, &'static str> {
        let proxy = Proxy::Url {
            url: url.to_owned(),
            no_proxy: no_proxy.to_owned(),
            connect_headers: Vec::new(),
        };
        Proxies::new(&proxy, |_| panic!("the environment has no say"))
    }

    #[test]
    fn the_environment_has_a_proxy_for_each_scheme() {
        let proxies = from_environment(&[
            ("HTTP_PROXY", "http://plain:3128"),
            ("http_proxy", "http://ignored"),
            ("https_proxy", "us:pw@secure:3129"),
            ("no_proxy", "direct.example, 10.0.0.0/8"),
        ]);
        for (target, expected) in [
            ("http://a.example/", Some("plain:3128")),
            ("https://a.example/", Some("secure:3129")),
            ("https://direct.example/", None),
            ("http://10.9.9.9:8080/", None),
            ("http://localhost/", None),
            ("http://127.0.0.1:9/", None),
        ] {
            assert_eq!(toward(&proxies, target).as_deref(), expected, "{target}");
        }
        let target = "https://a.example/".parse().expect("a URI");
        let secure = proxies.toward(&target).expect("a proxy");
        assert_eq!(secure.authorization(), Some("Basic dXM6cHc="));
    }

    #[test]
    fn an_environment_without_sound_proxies_means_none() {
        for value in ["", "  ", "ftp://proxy:1", "http://", "ho st"] {
            let proxies = from_environment(&[("HTTP_PROXY", value), ("ALL_PROXY", "http://p")]);
            assert_eq!(toward(&proxies, "http://a.example/"), None, "{value:?}");
        }
    }

    #[test]
    fn a_proxy_of_its_own_serves_this_host_too_unless_no_proxy_is_set() {
        let proxies = at("http://proxy:3128", "").expect("a proxy");
        for target in ["http://127.0.0.1/", "https://localhost/", "http://a/"] {
            let proxy = toward(&proxies, target);
            assert_eq!(proxy.as_deref(), Some("proxy:3128"), "{target}");
        }
        let proxies = at("http://proxy:3128", "b").expect("a proxy");
        assert_eq!(toward(&proxies, "http://127.0.0.1/"), None);
        assert_eq!(toward(&proxies, "http://b/"), None);
        assert!(toward(&proxies, "http://a/").is_some());
    }

    #[test]
    fn what_we_cannot_speak_to_is_refused() {
        let fault = at("socks4://us:pw@proxy:1080", "").expect_err("no such proxy");
        assert_eq!(
            fault,
            "proxy_url is no http or https URL; SOCKS and others are not spoken"
        );
    }
}
