//! Pages of other origins, as browsers announce them.

use super::*;

const URL: &str = "https://alerts.example/am";

fn origins(pages: Pages) -> Origins {
    Origins::new(pages, URL, [":9093", "box.lan:9093", "[::]:9093"])
}

fn matching(regex: &str) -> Origins {
    origins(Pages::parse(regex).expect("a regex"))
}

fn request(headers: &[(&str, &str)]) -> Request {
    let headers = headers.iter();
    Request {
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Request::default()
    }
}

fn page(host: &str, origin: &str) -> Request {
    request(&[("host", host), ("origin", origin)])
}

#[test]
fn the_flag_is_an_anchored_regex_as_in_prometheus() {
    let some = matching(r"https?://(one|two)\.example");
    for (origin, may_read) in [
        ("http://one.example", true),
        ("https://two.example", true),
        ("https://two.example.evil.example", false),
        ("https://two.example:8443", false),
        ("null", false),
    ] {
        let request = page("box.lan:9093", origin);
        let expected = may_read.then_some(origin);
        assert_eq!(some.allowed_to_read(&request), expected, "{origin}");
        assert_eq!(some.check_change(&request).is_ok(), may_read, "{origin}");
    }
    let any = page("x", "http://y");
    assert_eq!(matching(".*").allowed_to_read(&any), Some("*"));
    assert!(Pages::parse("(").is_err());
}

#[test]
fn pages_of_the_daemon_itself_may_always_change_things() {
    for origins in [matching("http://x"), origins(Pages::Own)] {
        for (host, origin) in [
            ("127.0.0.1:9093", "http://127.0.0.1:9093"),
            ("Box.Lan:9093", "http://box.lan:9093"),
            // A proxy that ends TLS and names the daemon as it likes.
            ("127.0.0.1:9093", "https://alerts.example"),
        ] {
            let request = page(host, origin);
            assert_eq!(origins.check_change(&request), Ok(()), "{host} {origin}");
            assert_eq!(origins.check_site(&request), Ok(()), "{host} {origin}");
        }
    }
}

#[test]
fn a_page_of_another_origin_may_change_nothing_where_origins_are_restricted() {
    let own = origins(Pages::Own);
    let evil = page("127.0.0.1:9093", "http://evil.example");
    let refused = Foreign::Origin("http://evil.example".into());
    assert_eq!(own.check_change(&evil), Err(refused));
    assert_eq!(own.allowed_to_read(&evil), None);
    let other_port = page("127.0.0.1:9093", "http://127.0.0.1:8080");
    assert!(own.check_change(&other_port).is_err());
    let form = request(&[("host", "localhost:9093"), ("sec-fetch-site", "cross-site")]);
    assert_eq!(own.check_change(&form), Err(Foreign::Site));
    assert_eq!(origins(Pages::Any).check_change(&evil), Ok(()));
}

#[test]
fn clients_that_are_no_browsers_may_do_everything() {
    let curl = request(&[("host", "box.lan:9093")]);
    for origins in [origins(Pages::Own), origins(Pages::Any), matching("x")] {
        assert_eq!(origins.check_host(&curl), Ok(()));
        assert_eq!(origins.check_change(&curl), Ok(()));
        assert_eq!(origins.check_site(&curl), Ok(()));
        assert_eq!(origins.check_host(&request(&[])), Ok(()), "HTTP/1.0");
    }
}

#[test]
fn no_page_of_another_site_may_do_what_is_for_own_pages_whatever_the_flag_says() {
    let evil = page("127.0.0.1:9093", "http://evil.example");
    let form = request(&[("host", "127.0.0.1"), ("sec-fetch-site", "cross-site")]);
    // The name of the page itself leads to the daemon.
    let rebound = page("evil.example:9093", "http://evil.example:9093");
    for origins in [origins(Pages::Any), matching("http://evil.*")] {
        for request in [&evil, &form, &rebound] {
            assert_eq!(origins.check_site(request), Err(Foreign::Site));
        }
    }
}

#[test]
fn names_that_are_not_the_daemons_are_refused_where_origins_are_restricted() {
    let own = origins(Pages::Own);
    for host in [
        "127.0.0.1",
        "10.1.2.3:9093",
        "[::1]:9093",
        "[::1]",
        "localhost",
        "LOCALHOST:9093",
        "alerts.example",
        "alerts.example.:443",
        "box.lan:1",
    ] {
        assert_eq!(
            own.check_host(&request(&[("host", host)])),
            Ok(()),
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "evil.example:9093",
        "127.0.0.1.evil.example",
        "",
        ":9093",
    ] {
        let request = request(&[("host", host)]);
        assert!(own.check_host(&request).is_err(), "{host}");
        assert_eq!(origins(Pages::Any).check_host(&request), Ok(()), "{host}");
    }
}
