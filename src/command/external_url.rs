//! The external URL: the URL under which the daemon is reachable from outside.
//!
//! Owns the rules for it (§12.1) and the route prefix that follows from it. Runs on main.

use std::net::SocketAddr;

use ureq::http::Uri;

/// The external URL, checked and without trailing slashes.
///
/// If `given` is empty, the URL consists of the host's name and the port of the first listener.
pub fn external_url(given: &str, hostname: &str, first: SocketAddr) -> Result<String, String> {
    if given.is_empty() {
        return Ok(format!("http://{hostname}:{}", first.port()));
    }
    let uri: Uri = given
        .parse()
        .map_err(|error| format!("{given:?}: {error}"))?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => {
            Ok(given.trim_end_matches('/').to_owned())
        }
        scheme => Err(format!(
            "{given:?}: invalid {:?} scheme, only 'http' and 'https' are supported",
            scheme.unwrap_or_default()
        )),
    }
}

/// The prefix of all paths: `given`, or if that is empty the path of the external URL. Either `/` or a path
/// such as `/x/y`.
pub fn route_prefix(given: &str, external_url: &str) -> String {
    let path = external_url.parse::<Uri>().map(|uri| uri.path().to_owned());
    let prefix = if given.is_empty() {
        path.unwrap_or_default()
    } else {
        given.to_owned()
    };
    format!("/{}", prefix.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(given: &str) -> Result<String, String> {
        external_url(given, "box", ([127, 0, 0, 1], 9093).into())
    }

    #[test]
    fn slashes_at_the_end_go() {
        assert_eq!(url("http://h/////a//").as_deref(), Ok("http://h/////a"));
        assert_eq!(url("https://h:1/").as_deref(), Ok("https://h:1"));
        assert_eq!(url("").as_deref(), Ok("http://box:9093"));
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        let expected =
            "\"ftp://h/\": invalid \"ftp\" scheme, only 'http' and 'https' are supported";
        assert_eq!(url("ftp://h/").unwrap_err(), expected);
    }

    #[test]
    fn the_prefix_follows_the_url_unless_given() {
        assert_eq!(route_prefix("", "http://h/a/b"), "/a/b");
        assert_eq!(route_prefix("", "http://h"), "/");
        assert_eq!(route_prefix("x/", "http://h/a"), "/x");
        assert_eq!(route_prefix("/", "http://h/a"), "/");
    }
}
