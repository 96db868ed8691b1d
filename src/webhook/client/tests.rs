//! Tests of the headers of requests, and of how long clients are kept.

use super::super::fake_receiver::{FakeReceiver, Reply, Seen, answer};
use super::super::fixtures::{
    TestFile, content_receiver, factory, inline, post_as, post_by, poster,
};
use super::*;
use crate::clock::Clock;
use crate::config::{Header, Secret};

fn with_authorization(authorization: Authorization) -> HttpConfig {
    HttpConfig {
        authorization,
        ..HttpConfig::default()
    }
}

fn bearer(token: &str) -> HttpConfig {
    with_authorization(Authorization::Header {
        scheme: "Bearer".to_owned(),
        credentials: Some(inline(token)),
    })
}

fn header(name: &str, secrets: Vec<Secret>) -> Header {
    Header {
        name: name.to_owned(),
        values: Vec::new(),
        secrets,
    }
}

fn open_header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        values: vec![value.to_owned()],
        secrets: Vec::new(),
    }
}

/// What a receiver sees of a request with `http`, whose URL carries `userinfo`.
fn seen_with(http: &HttpConfig, userinfo: &str) -> Seen {
    let receiver = content_receiver();
    let url = receiver.url("/").replace("//", &format!("//{userinfo}"));
    post_as(http, &url).expect("an answer");
    receiver.take_seen().remove(0)
}

#[test]
fn each_way_to_say_who_we_are_has_its_header() {
    let basic = |username: Option<&str>, password: Option<&str>| {
        with_authorization(Authorization::Basic {
            username: username.map(inline),
            password: password.map(inline),
        })
    };
    let scheme = with_authorization(Authorization::Header {
        scheme: "Own".to_owned(),
        credentials: None,
    });
    for (http, userinfo, expected) in [
        (basic(Some("us"), Some("p@w")), "", "Basic dXM6cEB3"),
        (basic(Some("cfg"), None), "", "Basic Y2ZnOg=="),
        (basic(None, Some("pw")), "", "Basic OnB3"),
        (bearer("tok"), "", "Bearer tok"),
        (bearer(" tok "), "", "Bearer  tok"),
        (scheme, "", "Own"),
        (basic(Some("cfg"), None), "us:pw@", "Basic dXM6cHc="),
        (HttpConfig::default(), "us:pw@", "Basic dXM6cHc="),
    ] {
        let seen = seen_with(&http, userinfo);
        assert_eq!(seen.values("authorization"), [expected], "{http:?}");
    }
}

#[test]
fn files_are_read_for_each_request() {
    let file = TestFile::new("password", "first\n");
    let http = HttpConfig {
        authorization: Authorization::Header {
            scheme: "Bearer".to_owned(),
            credentials: Some(file.secret()),
        },
        headers: vec![header("x-word", vec![file.secret()])],
        ..HttpConfig::default()
    };
    let (receiver, poster) = (content_receiver(), poster());
    post_by(&poster, &http, &receiver.url("/")).expect("an answer");
    file.write(" second ");
    post_by(&poster, &http, &receiver.url("/")).expect("an answer");
    let seen = receiver.take_seen();
    assert_eq!(seen[0].values("authorization"), ["Bearer first"]);
    assert_eq!(seen[1].values("authorization"), ["Bearer second"]);
    assert_eq!(seen[1].values("x-word"), ["second"]);
    assert_eq!(seen[1].connection, 0);

    std::fs::remove_file(&file.0).expect("the file");
    let fault = post_by(&poster, &http, &receiver.url("/")).expect_err("no file");
    let text = fault.to_string();
    let start = format!("read header x-word: {}: No such file", file.0.display());
    assert!(text.starts_with(&start), "{text}");
    file.write("two\nlines");
    let fault = post_by(&poster, &http, &receiver.url("/")).expect_err("no header");
    assert_eq!(
        fault.to_string(),
        "the value of header x-word has characters that no header may have"
    );
}

#[test]
fn headers_are_added_in_their_order() {
    let file = TestFile::new("header", "d\n");
    let of_foo = Header {
        values: vec!["a".to_owned(), "b".to_owned()],
        ..header("X-Foo", vec![inline("c"), file.secret()])
    };
    let http = HttpConfig {
        headers: vec![of_foo, header("accept", vec![inline("*/*")])],
        ..HttpConfig::default()
    };
    let seen = seen_with(&http, "");
    assert_eq!(seen.values("x-foo"), ["a", "b", "c", "d"]);
    assert_eq!(seen.values("accept"), ["*/*"]);
    assert_eq!(seen.values("content-type"), ["application/json"]);
    assert_eq!(seen.values("user-agent"), ["Alertmanager/0.1.0"]);
}

/// A proxy that plays all hosts: a path such as `/307/http://b/` redirects.
fn all_hosts() -> FakeReceiver {
    FakeReceiver::start(|seen| {
        let line = seen.head_as_sent.lines().next().unwrap_or_default();
        let url = line.split(' ').nth(1).unwrap_or_default();
        match url.split_once("/307/") {
            Some((_, location)) => {
                let location = format!("Location: {location}\r\n");
                Reply::Write(answer("307 There", &location, ""))
            }
            None => Reply::Write(answer("200 OK", "", "")),
        }
    })
}

#[test]
fn credentials_and_secret_headers_stay_behind_when_a_redirect_leaves_the_host() {
    for (url, carries) in [
        ("http://a.test/307/http://a.test/", [true, true].as_slice()),
        ("http://a.test/307/http://A.test:81/", &[true, true]),
        ("http://a.test/307/http://sub.a.test/", &[true, true]),
        ("http://sub.a.test/307/http://a.test/", &[true, false]),
        ("http://a.test/307/http://b.test/", &[true, false]),
        (
            "http://a.test/307/http://b.test/307/http://a.test/",
            &[true, false, false],
        ),
    ] {
        let proxy = all_hosts();
        let http = HttpConfig {
            headers: vec![
                header("x-key", vec![inline("k")]),
                open_header("x-foo", "a"),
                open_header("Cookie", "c"),
            ],
            proxy: crate::config::Proxy::Url {
                url: proxy.url(""),
                no_proxy: String::new(),
                connect_headers: Vec::new(),
            },
            ..bearer("tok")
        };
        assert_eq!(post_as(&http, url).expect("an answer").status, 200);
        let seen = proxy.take_seen();
        for name in ["authorization", "x-key", "cookie"] {
            let carried = seen.iter().map(|seen| !seen.values(name).is_empty());
            assert_eq!(carried.collect::<Vec<bool>>(), carries, "{name}: {url}");
        }
        assert!(
            seen.iter().all(|seen| seen.values("x-foo") == ["a"]),
            "{url}"
        );
    }
}

#[test]
fn a_redirect_that_is_not_followed_is_the_answer() {
    let receiver =
        FakeReceiver::start(|_| Reply::Write(answer("307 There", "Location: /to\r\n", "")));
    let http = HttpConfig {
        follow_redirects: false,
        ..HttpConfig::default()
    };
    let answer = post_as(&http, &receiver.url("/")).expect("an answer");
    assert_eq!(answer.status, 307);
    assert_eq!(receiver.take_seen().len(), 1);
}

fn numbered(number: usize) -> Arc<HttpConfig> {
    Arc::new(bearer(&number.to_string()))
}

#[test]
fn equal_configurations_share_a_client_and_the_one_unused_longest_goes() {
    let clients = Clients::new(factory(Clock::start()));
    let client = |number| clients.client(&numbered(number)).expect("a client");
    let first = client(0);
    assert!(Arc::ptr_eq(&first, &client(0)), "after a reload, say");
    let second = Arc::downgrade(&client(1));
    for number in 2..limits::HTTP_CLIENTS + 10 {
        client(number);
    }
    assert_eq!(clients.table().clients.len(), limits::HTTP_CLIENTS);
    assert!(Arc::ptr_eq(&first, &client(0)), "which is in use");
    assert!(second.upgrade().is_none());
}

#[test]
fn to_hang_up_holds_for_each_later_attempt() {
    let (receiver, poster) = (content_receiver(), poster());
    post_by(&poster, &bearer("a"), &receiver.url("/")).expect("an answer");
    poster.hang_up();
    for token in ["a", "b"] {
        let result = post_by(&poster, &bearer(token), &receiver.url("/"));
        assert_eq!(result, Err(Fault::HungUp));
    }
}
