//! Tests of receivers behind a proxy.

use super::super::client::Clients;
use super::super::fake_proxy::FakeProxy;
use super::super::fixtures::{
    Authority, Demand, content_receiver, factory, inline, post_as, post_by, poster, tls_receiver,
    trusting, with_tls,
};
use super::super::post::Poster;
use crate::clock::Clock;
use crate::config::{Header, HttpConfig, Proxy};

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n";

fn by_way_of(url: &str, http: HttpConfig) -> HttpConfig {
    let header = |name: &str, value| Header {
        name: name.to_owned(),
        values: Vec::new(),
        secrets: vec![inline(value)],
    };
    HttpConfig {
        proxy: Proxy::Url {
            url: url.to_owned(),
            no_proxy: String::new(),
            connect_headers: vec![
                header("X-Team", "a\r\nb"),
                header("proxy-authorization", "mine"),
            ],
        },
        ..http
    }
}

#[test]
fn an_https_receiver_is_reached_through_a_tunnel() {
    let authority = Authority::new();
    let receiver = tls_receiver(&authority.issue("hooks.example"), Demand::Nothing);
    let proxy = FakeProxy::start(ESTABLISHED, receiver.port());
    let http = by_way_of(&proxy.url("us:p%40w"), with_tls(trusting(&authority)));
    let poster = poster();
    for _ in 0..3 {
        let answer = post_by(&poster, &http, "https://hooks.example/hook");
        assert_eq!(answer.expect("an answer").status, 200);
    }
    assert_eq!(
        proxy.take_heads(),
        [concat!(
            "CONNECT hooks.example:443 HTTP/1.1\r\nHost: hooks.example:443\r\n",
            "User-Agent: Go-http-client/1.1\r\nX-Team: a  b\r\n",
            "Proxy-Authorization: Basic dXM6cEB3\r\n\r\n",
        )],
        "one tunnel serves all"
    );
    let seen = receiver.take_seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[2].request_line(), "post /hook http/1.1");
    assert!(!seen[2].head.contains("proxy"), "{}", seen[2].head);
    assert!(!seen[2].head.contains("x-team"), "{}", seen[2].head);
}

#[test]
fn without_credentials_of_the_url_those_of_the_headers_hold() {
    let proxy = FakeProxy::start("HTTP/1.1 407 Who\r\n\r\n", 1);
    let http = by_way_of(&proxy.url(""), HttpConfig::default());
    let fault = post_as(&http, "https://hooks.example:8443/secret").expect_err("no tunnel");
    let text = fault.to_string();
    let at = proxy.url("").replace("http://", "");
    assert_eq!(
        text,
        format!(
            "hooks.example:8443 through the proxy {at}: the proxy answered CONNECT with status 407"
        )
    );
    let head = proxy.take_heads().remove(0);
    assert!(head.contains("\r\nproxy-authorization: mine\r\n"), "{head}");
}

#[test]
fn a_proxy_that_makes_no_sense_is_a_fault() {
    for (answer, expected) in [
        ("SSH-2.0\r\n\r\n", "the proxy's answer is not HTTP"),
        ("HTTP/1.1 200", "the proxy's answer broke off"),
    ] {
        // Nobody listens on port 1, so the proxy closes once it has answered.
        let proxy = FakeProxy::start(answer, 1);
        let http = by_way_of(&proxy.url(""), HttpConfig::default());
        let fault = post_as(&http, "https://hooks.example/").expect_err("no tunnel");
        assert!(fault.to_string().contains(expected), "{fault}");
    }
}

#[test]
fn a_request_to_an_http_receiver_is_passed_on_by_the_proxy() {
    let proxy = content_receiver();
    let url = proxy.url("").replace("//", "//us:pw@");
    let http = by_way_of(&url, HttpConfig::default());
    let poster = poster();
    for _ in 0..3 {
        let answer = post_by(&poster, &http, "http://hooks.example/hook?x=1");
        assert_eq!(answer.expect("an answer").status, 200);
    }
    let seen = proxy.take_seen();
    assert_eq!(seen.len(), 3);
    for seen in seen {
        assert_eq!(seen.connection, 0);
        let line = seen.request_line();
        assert_eq!(line, "post http://hooks.example/hook?x=1 http/1.1");
        assert_eq!(seen.header("host"), Some("hooks.example"));
        assert_eq!(seen.values("proxy-authorization"), ["Basic dXM6cHc="]);
        assert_eq!(seen.header("x-team"), None, "which is for tunnels");
        assert_eq!(seen.body, b"{}");
    }
}

#[test]
fn an_https_proxy_is_spoken_to_under_tls() {
    let authority = Authority::new();
    let proxy = tls_receiver(&authority.issue("127.0.0.1"), Demand::Nothing);
    let url = proxy.url("").replace("http://", "https://");
    let http = by_way_of(&url, with_tls(trusting(&authority)));
    let answer = post_as(&http, "http://hooks.example/hook");
    assert_eq!(answer.expect("an answer").status, 200);
    let line = "post http://hooks.example/hook http/1.1";
    assert_eq!(proxy.take_seen()[0].request_line(), line);
}

#[test]
fn a_proxy_of_the_environment_is_used_where_the_configuration_asks_for_it() {
    let mut factory = factory(Clock::start());
    // This port has no listener. The error is enough to see that the proxy is used.
    factory.variable = |name| (name == "HTTP_PROXY").then(|| "127.0.0.1:1".to_owned());
    let clock = factory.clock;
    let poster = Poster::new(Clients::new(factory), clock);
    let http = HttpConfig {
        proxy: Proxy::FromEnvironment {
            connect_headers: Vec::new(),
        },
        ..HttpConfig::default()
    };
    let fault = post_by(&poster, &http, "http://hooks.invalid/").expect_err("nobody listens");
    assert_eq!(
        fault.to_string(),
        "hooks.invalid:80 through the proxy 127.0.0.1:1: connection refused"
    );
    let receiver = content_receiver();
    assert!(post_by(&poster, &http, &receiver.url("/")).is_ok());
    let direct = HttpConfig::default();
    let fault = post_by(&poster, &direct, "http://hooks.invalid/").expect_err("no such host");
    assert!(fault.to_string().starts_with("lookup "), "{fault}");
}
