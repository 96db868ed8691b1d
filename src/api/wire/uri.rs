//! The check that a text is a URI.
//!
//! Owns the rules of Go's `url.ParseRequestURI` without the fragment, which is what the schema's
//! `uri` means (§10.2). Pure; runs on the connections' threads.

use std::net::Ipv6Addr;

/// Whether `text` is an absolute URI, or a path that begins with a slash.
pub fn is_request_uri(text: &str) -> bool {
    let text = text.split('#').next().unwrap_or(text);
    if text.is_empty() || text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let Some((scheme, rest)) = split_scheme(text) else {
        return false;
    };
    let path = rest.split('?').next().unwrap_or(rest);
    if !path.starts_with('/') {
        return !scheme.is_empty();
    }
    match path.strip_prefix("//") {
        Some(authority_and_path) if !scheme.is_empty() => {
            let end = authority_and_path
                .find('/')
                .unwrap_or(authority_and_path.len());
            let (authority, path) = authority_and_path.split_at(end);
            is_authority(authority) && has_sound_escapes(path)
        }
        _ => has_sound_escapes(path),
    }
}

/// Splits off the scheme, which is empty if there is none; `None` if the text starts with a colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
    match end {
        Some(0) if text.starts_with(':') => None,
        Some(end)
            if text[end..].starts_with(':')
                && text.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Some((&text[..end], &text[end + 1..]))
        }
        _ => Some(("", text)),
    }
}

fn is_authority(authority: &str) -> bool {
    match authority.rsplit_once('@') {
        Some((user, host)) => is_user_info(user) && is_host(host),
        None => is_host(authority),
    }
}

fn is_user_info(user: &str) -> bool {
    has_sound_escapes(user)
        && user
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c))
}

fn is_host(host: &str) -> bool {
    match host.rfind('[') {
        Some(0) => is_bracketed(&host[1..]),
        Some(_) => false,
        None => {
            let (name, port) = host.split_at(host.rfind(':').unwrap_or(host.len()));
            is_optional_port(port) && is_host_name(name)
        }
    }
}

/// Whether the text after an opening bracket is an IPv6 address, perhaps with a zone and a port.
fn is_bracketed(host: &str) -> bool {
    let Some((address, port)) = host.rsplit_once(']') else {
        return false;
    };
    let (address, zone) = match address.split_once("%25") {
        Some((address, zone)) => (address, Some(zone)),
        None => (address, None),
    };
    is_optional_port(port)
        && address.parse::<Ipv6Addr>().is_ok()
        && zone.is_none_or(|zone| !zone.is_empty() && has_sound_escapes(zone))
}

fn is_optional_port(port: &str) -> bool {
    port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a host name is valid. In a host only non-ASCII bytes and the percent sign may be escaped.
fn is_host_name(name: &str) -> bool {
    let allowed = |c: char| {
        !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c)
    };
    let escapes_are_allowed = name.split('%').skip(1).all(|tail| {
        tail.starts_with("25") || tail.as_bytes().first().is_some_and(|digit| *digit >= b'8')
    });
    name.chars().all(allowed) && has_sound_escapes(name) && escapes_are_allowed
}

fn has_sound_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|tail| {
        let digits = tail.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_alertmanager_takes_are_links() {
        let links = [
            "http://x/y?z=1#f",
            "/x/y",
            "/x y",
            "///a b",
            "//a:x/",
            "mailto:x@y",
            "a:b",
            "http:",
            "http://",
            "http:?x",
            "http:x%zz",
            "*",
            "http://a?b c",
            "/a?b%zz",
            "http://u:p@q@h/",
            "http://@/",
            "http://é/",
            "http://a%80b/",
            "http://a%25b/",
            "http://a:80:80/",
            "http://:80",
            "http://a:",
            "http://[::1]:80/",
            "http://[::1%25eth0]/",
            "http://[::ffff:1.2.3.4]/",
            "http://h/#%zz",
            "http://a]b/",
            "http://a<b>/",
            "HTTP://X/",
            "http://h/ ",
        ];
        for link in links {
            assert!(is_request_uri(link), "{link}");
        }
    }

    #[test]
    fn what_alertmanager_refuses_is_no_link() {
        let texts = [
            "",
            "x",
            "#x",
            "?x",
            ":x",
            "foo bar",
            "a/b:c",
            "1http://x",
            "h_x://y",
            "/%zz",
            "http://x/%zz",
            "http://a b/",
            "http://a{b}/",
            "http://a|b",
            "http://a\\b/",
            "http://x:port/",
            "http://u p@h/",
            "http://u%zz@h/",
            "http://a%41b/",
            "http://a%20b/",
            "http://[::1",
            "http://[::1]x/",
            "http://[g]/",
            "http://[]/",
            "http://[1.2.3.4]/",
            "http://[::1%eth0]/",
            "http://[::1%25]/",
            "http://a[b]/",
            "http://a/\u{7f}",
            "x:\t",
        ];
        for text in texts {
            assert!(!is_request_uri(text), "{text}");
        }
    }
}
