//! The address of a request, with the URL's credentials kept apart.
//!
//! Owns the parsing of URLs, as lenient as Go's, and the resolution of redirects. An [`Address`] prints only
//! host and port, because paths and queries hold secrets. Does no I/O. Called on send threads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use ureq::http::Uri;

use crate::model::percent_decoded;

/// The most bytes of a URL, which is the limit of the crate `http`.
pub const MOST_BYTES: usize = 65_534;

/// The ASCII characters that are percent-encoded in a request line. Non-ASCII characters always are.
const ESCAPED_IN_TARGETS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// An http or https URL with a host. Its URI has no credentials and no fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    uri: Uri,
    authorization: Option<String>,
}

impl Address {
    /// Parses an absolute URL; `None` if it is no http or https URL with a host.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return None;
        }
        let authority_length = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(authority_length);
        let (authorization, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(basic_authorization(userinfo)?), host),
            None => (None, authority),
        };
        let path_and_query = tail.split('#').next().unwrap_or_default();
        let slash = if path_and_query.starts_with('/') {
            ""
        } else {
            "/"
        };
        let escaped = escape(path_and_query)?;
        let uri: Uri = format!("{scheme}://{host}{slash}{escaped}").parse().ok()?;
        has_sound_host(&uri).then_some(Address { uri, authorization })
    }

    /// The URI to request.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The value of the header `Authorization`, if the URL carried credentials.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// The value of the header `Host` if it differs from the host and port of the URI: without the zone, if
    /// there is one.
    pub fn host_header(&self) -> Option<String> {
        let has_zone = split_zone(host_of(&self.uri)).1.is_some();
        has_zone.then(|| authority_of(&self.uri))
    }

    /// The text `host:port`, safe for messages.
    pub fn endpoint(&self) -> String {
        format!("{}:{}", self.host(), self.port())
    }

    /// The target of a redirect to `location`; `None` if it is no http or https URL. Credentials are kept
    /// only for the same scheme, host and port.
    pub fn redirected_to(&self, location: &str) -> Option<Self> {
        let mut next = Address::parse(&self.absolute(location)?)?;
        if next.authorization.is_none() && next.origin() == self.origin() {
            next.authorization.clone_from(&self.authorization);
        }
        Some(next)
    }

    /// Whether the host is that of `other` or a subdomain of it, whatever the port. A redirect there may
    /// carry credentials for `other`, as in Go.
    pub fn is_at_or_below(&self, other: &Address) -> bool {
        let (host, other) = (
            self.host().to_ascii_lowercase(),
            other.host().to_ascii_lowercase(),
        );
        match host.strip_suffix(&other) {
            Some(below) => below.is_empty() || below.ends_with('.'),
            None => false,
        }
    }

    /// `location` resolved against this address (RFC 3986, 5.2).
    fn absolute(&self, location: &str) -> Option<String> {
        let scheme = self.uri.scheme_str()?;
        let origin = format!("{scheme}://{}", self.uri.authority()?);
        let path = self.uri.path();
        let relative = location.split('#').next().unwrap_or_default();
        let head = relative.split(['/', '?']).next().unwrap_or_default();
        Some(if head.contains(':') {
            location.to_owned()
        } else if relative.is_empty() {
            self.uri.to_string()
        } else if relative.starts_with("//") {
            format!("{scheme}:{relative}")
        } else if relative.starts_with('/') {
            format!("{origin}{}", without_dots(relative))
        } else if relative.starts_with('?') {
            format!("{origin}{path}{relative}")
        } else {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{origin}{}", without_dots(&format!("{folder}/{relative}")))
        })
    }

    fn origin(&self) -> (Option<&str>, String, u16) {
        let scheme = self.uri.scheme_str();
        (scheme, self.host().to_ascii_lowercase(), self.port())
    }

    fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    fn port(&self) -> u16 {
        port_of(&self.uri)
    }
}

/// The port of `uri`, explicit or implied by the scheme.
pub fn port_of(uri: &Uri) -> u16 {
    let implied = if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    uri.port_u16().unwrap_or(implied)
}

/// The host of `uri`. An IPv6 address is without brackets.
pub fn host_of(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host)
}

/// Splits an IPv6 address from its zone (RFC 6874), which has a meaning only on this machine.
pub fn split_zone(host: &str) -> (&str, Option<&str>) {
    match host.split_once("%25") {
        Some((host, zone)) => (host, Some(zone)),
        None => (host, None),
    }
}

/// The host and port of `uri` to send to others: without a zone, as in Go.
pub fn authority_of(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    match (split_zone(authority), authority.rsplit_once(']')) {
        ((host, Some(_)), Some((_, port))) => format!("{host}]{port}"),
        _ => authority.to_owned(),
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Address({})", self.endpoint())
    }
}

/// Whether `uri` has a host, with a well-formed zone if any, and a numeric port if any.
fn has_sound_host(uri: &Uri) -> bool {
    let has_sound_zone = |host: &str| !host.contains('%') || host.contains("%25");
    let authority = uri.authority();
    let authority = authority.filter(|authority| has_sound_zone(authority.host()));
    authority.is_some_and(|authority| {
        let is_bare = authority.host().len() == authority.as_str().len();
        !authority.host().is_empty() && (is_bare || authority.port_u16().is_some())
    })
}

/// The value of `Authorization` for the credentials of a URL, which are percent-encoded there.
fn basic_authorization(userinfo: &str) -> Option<String> {
    let (name, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let mut credentials = percent_decoded(name)?;
    credentials.push(b':');
    credentials.extend(percent_decoded(password)?);
    Some(format!("Basic {}", STANDARD.encode(credentials)))
}

/// Percent-encodes characters that are not allowed in a request line, as Go does for URLs written without
/// encoding; `None` if there are control characters.
fn escape(path_and_query: &str) -> Option<String> {
    let has_controls = path_and_query.bytes().any(|byte| byte.is_ascii_control());
    (!has_controls).then(|| utf8_percent_encode(path_and_query, ESCAPED_IN_TARGETS).to_string())
}

/// The path without `.` and `..` segments (RFC 3986, 5.2.4). A query stays as it is.
fn without_dots(path_and_query: &str) -> String {
    let path_length = path_and_query.find('?').unwrap_or(path_and_query.len());
    let (path, query) = path_and_query.split_at(path_length);
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let names_folder = path.ends_with("/.") || path.ends_with("/..");
    let slash = if names_folder && !kept.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{slash}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|| panic!("{text} is an address"))
    }

    #[test]
    fn credentials_are_taken_out_of_the_url_and_decoded() {
        let address = address("http://us:p%40w@host:8080/hook?x=1#part");
        assert_eq!(address.uri().to_string(), "http://host:8080/hook?x=1");
        assert_eq!(address.authorization(), Some("Basic dXM6cEB3"));
        assert_eq!(
            address.endpoint(),
            "host:8080",
            "all that a message may show"
        );
        assert_eq!(format!("{address:?}"), "Address(host:8080)");
    }

    #[test]
    fn what_people_write_becomes_a_sound_request_line() {
        for (text, expected) in [
            ("http://host", "http://host/"),
            ("HTTPS://host?x", "https://host/?x"),
            ("http://[::1]:9/a", "http://[::1]:9/a"),
            (
                "http://host/a b/{é}|%20",
                "http://host/a%20b/%7B%C3%A9%7D%7C%20",
            ),
        ] {
            assert_eq!(address(text).uri().to_string(), expected);
        }
        assert_eq!(address("https://[::1]/a").endpoint(), "[::1]:443");
    }

    #[test]
    fn what_is_no_http_url_is_no_address() {
        for text in [
            "",
            "host/path",
            "ftp://host/",
            "http://",
            "http:///path",
            "http://host:99999/",
            "http://host:x/",
            "http://u:%zz@host/",
            "http://u:%+1@host/",
            "http://host/a\nb",
            "http://ho st/",
            "http://[::1%lo]/",
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_zone_belongs_to_the_address_and_is_told_nobody() {
        let zoned = address("http://[fe80::1%25eth0]:81/a");
        assert_eq!(host_of(zoned.uri()), "fe80::1%25eth0");
        assert_eq!(split_zone(host_of(zoned.uri())), ("fe80::1", Some("eth0")));
        assert_eq!(zoned.host_header().as_deref(), Some("[fe80::1]:81"));
        let zoned = address("http://[fe80::1%25eth0]/a");
        assert_eq!(zoned.host_header().as_deref(), Some("[fe80::1]"));
        for plain in ["http://[::1]:81/", "http://host:81/"] {
            assert_eq!(
                address(plain).host_header(),
                None,
                "which the URI says itself"
            );
        }
        assert_eq!(authority_of(address("http://[::1]:81/").uri()), "[::1]:81");
    }

    #[test]
    fn redirects_resolve_against_the_address_they_came_from() {
        let base = address("http://host:81/a/b/c?q=1");
        for (location, expected) in [
            ("/x", "http://host:81/x"),
            ("d", "http://host:81/a/b/d"),
            ("../d?e", "http://host:81/a/d?e"),
            ("../..", "http://host:81/"),
            ("./", "http://host:81/a/b/"),
            ("..", "http://host:81/a/"),
            ("?y", "http://host:81/a/b/c?y"),
            ("", "http://host:81/a/b/c?q=1"),
            ("#part", "http://host:81/a/b/c?q=1"),
            ("//other/z", "http://other/z"),
            ("https://other/../z", "https://other/../z"),
        ] {
            let next = base
                .redirected_to(location)
                .map(|next| next.uri.to_string());
            assert_eq!(next.as_deref(), Some(expected), "{location:?}");
        }
        assert_eq!(base.redirected_to("mailto:someone@host"), None);
        assert_eq!(base.redirected_to("ftp://host/x"), None);
    }

    #[test]
    fn hosts_below_are_trusted_with_what_is_meant_for_the_one_above() {
        let base = address("http://example.com/");
        for (text, expected) in [
            ("http://EXAMPLE.com:81/", true),
            ("https://a.example.com/", true),
            ("http://notexample.com/", false),
            ("http://com/", false),
        ] {
            assert_eq!(address(text).is_at_or_below(&base), expected, "{text}");
        }
    }

    #[test]
    fn credentials_do_not_follow_a_redirect_to_another_host() {
        let base = address("http://u:p@host/a");
        let carries = |location| {
            let next = base.redirected_to(location).expect("an address");
            next.authorization().map(str::to_owned)
        };
        let own = base.authorization().map(str::to_owned);
        assert_eq!(carries("/b"), own);
        assert_eq!(carries("http://HOST:80/b"), own);
        assert_eq!(carries("http://host:81/b"), None);
        assert_eq!(carries("https://host/b"), None);
        assert_eq!(carries("http://other/b"), None);
        assert_eq!(carries("http://x:y@other/b").as_deref(), Some("Basic eDp5"));
    }
}
