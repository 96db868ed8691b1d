//! Tests of attempts against well-behaved and misbehaving receivers.

use std::net::TcpListener;

use super::super::fake_receiver::{FakeReceiver, Reply, answer};
use super::super::fault::Cause;
use super::super::fixtures::{content_receiver, inline, poster};
use super::*;
use crate::config::Authorization;

const BODY: &[u8] = b"{\"version\":\"4\"}\n";
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(100);

fn address(url: &str) -> Address {
    Address::parse(url).expect("an address")
}

fn post(url: &str, timeout: Duration) -> Result<Answer, Fault> {
    poster().send("POST", &Arc::default(), address(url), BODY, timeout)
}

fn status_of(result: Result<Answer, Fault>) -> u16 {
    result.expect("an answer").status
}

fn cause_of(result: Result<Answer, Fault>) -> Cause {
    match result {
        Err(Fault::Network { cause, .. }) => cause,
        other => panic!("a fault of the network was expected, not {other:?}"),
    }
}

/// How long `work` takes.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let clock = Clock::start();
    let result = work();
    (result, clock.mono().since(crate::model::Mono::START))
}

#[test]
fn a_request_looks_like_alertmanagers() {
    let receiver = FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "fine")));
    let url = receiver.url("/hook?token=1").replace("//", "//us:p%40w@");
    assert_eq!(status_of(post(&url, LONG)), 200);
    let [seen] = &receiver.take_seen()[..] else {
        panic!("one request was expected");
    };
    assert_eq!(seen.request_line(), "post /hook?token=1 http/1.1");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("user-agent"), Some("alertmanager/0.1.0"));
    assert_eq!(seen.header("content-length"), Some("16"));
    assert_eq!(seen.header("authorization"), Some("basic dxm6ceb3"));
    assert_eq!(seen.header("accept-encoding"), None);
    assert_eq!(seen.header("accept"), None);
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.body, BODY);
}

#[test]
fn fifty_posts_take_one_connection() {
    let receiver = FakeReceiver::start(|seen| {
        // Error bodies must not cost the connection either.
        let is_even = seen.body.len() % 2 == 0;
        let status = if is_even { "200 OK" } else { "500 Oh no" };
        Reply::Write(answer(status, "", &"x".repeat(5000)))
    });
    let poster = poster();
    for length in 0..50 {
        let answer = poster.send(
            "POST",
            &Arc::default(),
            address(&receiver.url("/")),
            &vec![b'x'; length],
            LONG,
        );
        assert_eq!(answer.expect("an answer").excerpt.len(), EXCERPT_BYTES);
    }
    let seen = receiver.take_seen();
    assert_eq!(seen.len(), 50);
    assert!(seen.iter().all(|seen| seen.connection == 0));
}

#[test]
fn an_error_comes_with_its_body_and_retry_after() {
    let receiver = FakeReceiver::start(|_| {
        Reply::Write(answer("503 Busy", "Retry-After: 7\r\n", "come back later"))
    });
    let expected = Answer {
        status: 503,
        retry_after: Some("7".to_owned()),
        excerpt: b"come back later".to_vec(),
    };
    assert_eq!(post(&receiver.url("/"), LONG), Ok(expected));
}

#[test]
fn a_receiver_that_hangs_is_cut_at_the_timeout() {
    let receiver = FakeReceiver::start(|_| Reply::WriteAndHang(String::new()));
    let fault = post(&receiver.url("/secret"), SHORT).expect_err("no answer came");
    let port = receiver.port();
    assert_eq!(
        fault.to_string(),
        format!("127.0.0.1:{port}: timeout after 100ms")
    );
}

#[test]
fn a_body_that_never_ends_costs_neither_the_answer_nor_the_worker() {
    let receiver = FakeReceiver::start(|seen| {
        let length = if seen.request_line().contains("/slow") {
            100
        } else {
            10_000_000
        };
        Reply::WriteAndHang(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}",
            "x".repeat(length * 9 / 10)
        ))
    });
    let (result, took) = timed(|| post(&receiver.url("/slow"), LONG));
    assert_eq!(status_of(result), 200);
    assert!(
        took < LONG,
        "an answered worker waits as long as a body may take, and not as an attempt may"
    );
    let (result, took) = timed(|| post(&receiver.url("/large"), LONG));
    assert_eq!(result.expect("an answer").excerpt.len(), EXCERPT_BYTES);
    assert!(took < LONG, "nor does it read on past the size of one");
}

#[test]
fn a_receiver_that_closes_between_requests_is_met_again_on_a_new_connection() {
    let receiver = FakeReceiver::start(|_| Reply::WriteAndClose(answer("200 OK", "", "")));
    let poster = poster();
    for _ in 0..20 {
        // A close that crosses the next request on its way is a fault that the engine retries.
        match poster.send(
            "POST",
            &Arc::default(),
            address(&receiver.url("/")),
            BODY,
            LONG,
        ) {
            Ok(answer) => assert_eq!(answer.status, 200),
            result => assert_eq!(cause_of(result), Cause::Closed),
        }
    }
    assert!(receiver.take_seen().len() >= 10);
}

#[test]
fn a_receiver_that_closes_instead_of_answering_is_a_fault() {
    let receiver = FakeReceiver::start(|seen| match seen.connection {
        0 if seen.request_line().contains("/first") => Reply::Write(answer("200 OK", "", "")),
        _ => Reply::WriteAndClose(String::new()),
    });
    let poster = poster();
    let first = poster.send(
        "POST",
        &Arc::default(),
        address(&receiver.url("/first")),
        BODY,
        LONG,
    );
    assert_eq!(status_of(first), 200);
    let second = poster.send(
        "POST",
        &Arc::default(),
        address(&receiver.url("/second")),
        BODY,
        LONG,
    );
    assert_eq!(cause_of(second), Cause::Closed);
    let seen = receiver.take_seen();
    assert_eq!(seen[1].connection, 0, "it closed upon reuse");
}

#[test]
fn nobody_listening_is_a_refusal() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("http://user:word@127.0.0.1:{port}/secret?token=1");
    let fault = post(&url, LONG).expect_err("nobody listens");
    assert_eq!(
        fault.to_string(),
        format!("127.0.0.1:{port}: connection refused")
    );
}

#[test]
fn a_name_without_an_address_is_a_fault_of_lookup() {
    let fault = post("http://no-such-host.invalid/secret", LONG).expect_err("no such host");
    let text = fault.to_string();
    assert!(text.starts_with("lookup no-such-host.invalid: "), "{text}");
}

#[test]
fn the_timeout_covers_all_hops_of_a_redirect_together() {
    let receiver = FakeReceiver::start(|seen| {
        if seen.request_line().contains("/from") {
            Reply::Write(answer("307 There", "Location: /to\r\n", ""))
        } else {
            Reply::WriteAndHang(String::new())
        }
    });
    let result = post(&receiver.url("/from"), SHORT);
    assert_eq!(cause_of(result), Cause::Timeout(SHORT));
}

#[test]
fn what_is_no_answer_in_http_is_a_fault() {
    let receiver = FakeReceiver::start(|_| Reply::WriteAndClose("SSH-2.0\r\n\r\n".to_owned()));
    let fault = post(&receiver.url("/"), LONG).expect_err("no answer");
    let port = receiver.port();
    assert_eq!(
        fault.to_string(),
        format!("127.0.0.1:{port}: the answer is not HTTP: it begins with \"SSH-2.0\"")
    );
}

#[test]
fn a_request_whose_lines_are_longer_than_a_buffer_is_sent() {
    let receiver = content_receiver();
    let (poster, long) = (poster(), "x".repeat(40_000));
    let with_long_token = HttpConfig {
        authorization: Authorization::Header {
            scheme: "Bearer".to_owned(),
            credentials: Some(inline(&long)),
        },
        ..HttpConfig::default()
    };
    for (http, path) in [
        (HttpConfig::default(), format!("/{long}")),
        (with_long_token, "/".to_owned()),
        (HttpConfig::default(), "/".to_owned()),
    ] {
        let url = receiver.url(&path);
        assert_eq!(
            status_of(poster.send("POST", &Arc::new(http), address(&url), BODY, LONG)),
            200
        );
    }
    let seen = receiver.take_seen();
    assert_eq!(seen[0].request_line(), format!("post /{long} http/1.1"));
    assert_eq!(
        seen[1].header("authorization"),
        Some(format!("bearer {long}").as_str())
    );
    assert!(seen.iter().all(|seen| seen.body == BODY));
}

#[test]
fn to_hang_up_ends_attempts_under_way() {
    let poster = std::sync::Arc::new(poster());
    let interrupted = poster.clone();
    let receiver = FakeReceiver::start(move |_| {
        interrupted.hang_up();
        Reply::WriteAndHang(String::new())
    });
    let (result, took) = timed(|| {
        poster.send(
            "POST",
            &Arc::default(),
            address(&receiver.url("/")),
            BODY,
            LONG,
        )
    });
    assert!(result.is_err());
    assert!(took < LONG, "it went on to its end");
}

#[test]
fn a_document_is_fetched_whole_or_not_at_all() {
    let receiver = FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "a certificate")));
    let fetch = |most| poster().fetch(&receiver.url("/a.pem"), most, LONG);
    assert_eq!(fetch(13), Ok(b"a certificate".to_vec()));
    assert!(fetch(12).is_err(), "it is larger");
    let seen = receiver.take_seen();
    assert_eq!(seen[0].request_line(), "get /a.pem http/1.1");
    assert!(poster().fetch("file:///etc/passwd", 1024, LONG).is_err());
}

#[test]
fn a_fetch_follows_no_redirect() {
    let elsewhere = content_receiver();
    let location = format!("Location: {}\r\n", elsewhere.url("/a.pem"));
    let receiver = FakeReceiver::start(move |_| Reply::Write(answer("302 Found", &location, "")));
    let fetched = poster().fetch(&receiver.url("/a.pem"), 1024, LONG);
    assert_eq!(fetched, Err("the answer is 302 Found".to_owned()));
    assert!(elsewhere.take_seen().is_empty());
}
