//! Checks the URLs of receivers, and derives their endpoints.
//!
//! Owns the messages about invalid URLs. They never repeat the path, the query, the user or the password of
//! a URL, because these often contain secrets. Pure; runs on the thread that loads the configuration.

use ureq::http::Uri;

use super::Endpoint;

/// The endpoint of `text` if it is an http or https URL with a host. Otherwise what is wrong, in
/// Alertmanager's words if it has any (§1.2).
pub fn check_url(text: &str) -> Result<Endpoint, String> {
    let scheme = scheme_of(text);
    let default_port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return Err(format!("unsupported scheme \"{scheme}\" for URL")),
    };
    let rest = &text[scheme.len() + 1..];
    let Some(authority) = rest.strip_prefix("//").map(until_path) else {
        return Err("missing host for URL".into());
    };
    let host_and_port = authority.rsplit('@').next().unwrap_or(authority);
    if host_and_port.is_empty() || host_and_port.starts_with(':') {
        return Err("missing host for URL".into());
    }
    let uri: Uri = text.parse().map_err(|_| unreadable(text))?;
    let host = uri.host().ok_or("missing host for URL")?;
    if host.contains('%') && !host.contains("%25") {
        return Err("a zone stands behind %25, as in [fe80::1%25eth0]".into());
    }
    let port = match host_and_port.strip_prefix(host) {
        None | Some("") | Some(":") => default_port,
        Some(_) => uri
            .port_u16()
            .ok_or("the port is not a number up to 65535")?,
    };
    let endpoint = format!("{scheme}://{}:{port}", host.to_ascii_lowercase());
    Ok(Endpoint(endpoint.into()))
}

/// Checks that `text` can be the URL of a proxy; the error says what is wrong. Empty means no proxy.
pub fn check_proxy_url(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let scheme = scheme_of(text);
    match scheme.as_str() {
        "" => Err("missing protocol scheme".into()),
        "http" | "https" => check_url(text).map(|_| ()),
        "socks5" | "socks5h" => check_url(&format!("http{}", &text[scheme.len()..])).map(|_| ()),
        _ => Err(format!("unsupported scheme \"{scheme}\" for a proxy")),
    }
}

/// `text` with any password in it masked, in the same way as in Alertmanager.
pub fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let authority = until_path(rest);
    match authority.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let name = user.split(':').next().unwrap_or(user);
            let path = &rest[authority.len()..];
            format!("{scheme}://{name}:xxxxx@{host}{path}")
        }
        _ => text.to_owned(),
    }
}

/// The scheme in lower case; empty if there is none.
fn scheme_of(text: &str) -> String {
    let Some((scheme, _)) = text.split_once(':') else {
        return String::new();
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if is_scheme {
        scheme.to_ascii_lowercase()
    } else {
        String::new()
    }
}

fn until_path(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn unreadable(text: &str) -> String {
    let reason = if text.contains(char::is_whitespace) {
        "it contains white space, which is written as %20"
    } else if !text.is_ascii() {
        "it contains letters that must be percent-encoded"
    } else {
        "it contains a character that is not allowed there"
    };
    reason.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> String {
        let endpoint = check_url(text).expect("the URL is sound");
        endpoint.0.to_string()
    }

    fn fault(text: &str) -> String {
        check_url(text).expect_err("the URL is not sound")
    }

    #[test]
    fn an_endpoint_is_scheme_host_and_port() {
        assert_eq!(endpoint("http://Example.COM/hook"), "http://example.com:80");
        assert_eq!(endpoint("https://a.example?x=y"), "https://a.example:443");
        assert_eq!(endpoint("HTTP://a:8080"), "http://a:8080");
        assert_eq!(endpoint("http://a:/"), "http://a:80");
        assert_eq!(endpoint("http://user:pa:ss@a:81/x"), "http://a:81");
        assert_eq!(endpoint("http://user@a/x"), "http://a:80");
        assert_eq!(endpoint("http://[::1]:9093/x"), "http://[::1]:9093");
        assert_eq!(endpoint("http://[::1]/x"), "http://[::1]:80");
        let zoned = "http://[fe80::1%25eth0]:9093/x";
        assert_eq!(endpoint(zoned), "http://[fe80::1%25eth0]:9093");
    }

    #[test]
    fn urls_that_lead_nowhere_are_refused() {
        assert_eq!(fault("ftp://a/"), "unsupported scheme \"ftp\" for URL");
        assert_eq!(fault("a.example/x"), "unsupported scheme \"\" for URL");
        assert_eq!(
            fault("terminal:"),
            "unsupported scheme \"terminal\" for URL"
        );
        for hostless in [
            "http:///x",
            "http:x",
            "http://",
            "http://user@/x",
            "http://:80/",
        ] {
            assert_eq!(fault(hostless), "missing host for URL", "{hostless}");
        }
        assert_eq!(
            fault("http://a:99999/"),
            "the port is not a number up to 65535"
        );
        assert_eq!(
            fault("http://[fe80::1%eth0]/x"),
            "a zone stands behind %25, as in [fe80::1%25eth0]"
        );
    }

    #[test]
    fn proxies_have_a_scheme_and_a_host() {
        for sound in [
            "",
            "http://proxy:3128",
            "https://u:p@proxy/",
            "socks5://proxy:1080",
        ] {
            assert_eq!(check_proxy_url(sound), Ok(()), "{sound}");
        }
        assert_eq!(
            check_proxy_url("::x"),
            Err("missing protocol scheme".into())
        );
        for wrong in ["proxy:3128", "http://", "ftp://proxy"] {
            assert!(check_proxy_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_password_of_a_proxy_is_not_shown() {
        assert_eq!(
            without_password("http://u:hunter2@proxy:3128/x"),
            "http://u:xxxxx@proxy:3128/x"
        );
        for open in ["http://u@proxy/a:b@c", "http://proxy/", "proxy"] {
            assert_eq!(without_password(open), open);
        }
    }

    #[test]
    fn a_refused_url_keeps_its_secrets() {
        for url in [
            "http://user:hunter2@a b/hunter2",
            "http://a/hunter2 x",
            "http://a/hunter2é\u{7f}",
            "http://a:x/hunter2",
        ] {
            assert!(!fault(url).contains("hunter2"), "{url}");
        }
    }
}
