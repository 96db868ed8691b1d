//! Tests of redirects: which are followed, how, and which headers are withheld.

use std::sync::Arc;

use super::super::address::Address;
use super::super::fake_receiver::{FakeReceiver, Reply, answer};
use super::super::fault::Fault;
use super::super::fixtures::{LONG, post_as, poster};
use super::super::verdict::Answer;
use crate::config::HttpConfig;
use crate::limits;

fn post(url: &str) -> Result<Answer, Fault> {
    post_as(&HttpConfig::default(), url)
}

fn status_of(result: Result<Answer, Fault>) -> u16 {
    result.expect("an answer").status
}

#[test]
fn a_body_is_posted_again_wherever_a_redirect_leads_but_for_303() {
    for (status, expected) in [
        ("301 Moved", "post /to http/1.1"),
        ("302 Found", "post /to http/1.1"),
        ("303 See", "get /to http/1.1"),
        ("307 Again", "post /to http/1.1"),
        ("308 Again", "post /to http/1.1"),
    ] {
        let receiver = FakeReceiver::start(move |seen| {
            Reply::Write(if seen.request_line().contains("/from") {
                answer(status, "Location: ../to\r\n", "elsewhere")
            } else {
                answer("204 OK", "", "")
            })
        });
        assert_eq!(status_of(post(&receiver.url("/from/here"))), 204);
        let seen = receiver.take_seen();
        assert_eq!(seen.len(), 2, "{status}");
        assert_eq!(seen[1].request_line(), expected);
        assert_eq!(seen[1].connection, 0, "the connection serves again");
        let is_again = expected.starts_with("post");
        assert_eq!(seen[1].body == b"{}", is_again);
        assert_eq!(seen[1].header("content-type").is_some(), is_again);
    }
}

#[test]
fn a_redirect_keeps_the_method() {
    for method in ["PUT", "PATCH"] {
        for status in ["301 Moved", "302 Found", "307 Again", "308 Again"] {
            let receiver = FakeReceiver::start(move |seen| {
                Reply::Write(match seen.request_line().contains("/from") {
                    true => answer(status, "Location: ../to\r\n", "elsewhere"),
                    false => answer("204 OK", "", ""),
                })
            });
            let from = Address::parse(&receiver.url("/from/here")).expect("an address");
            let answer = poster().send(method, &Arc::default(), from, b"{}", LONG);
            assert_eq!(status_of(answer), 204);
            let seen = receiver.take_seen();
            let expected = format!("{} /to http/1.1", method.to_ascii_lowercase());
            assert_eq!(seen[1].request_line(), expected, "{status}");
            assert_eq!(seen[1].body, b"{}");
        }
    }
}

#[test]
fn credentials_stay_behind_when_a_redirect_leaves_the_host() {
    let other = FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "")));
    let location = format!("Location: {}\r\n", other.url("/to"));
    let receiver = FakeReceiver::start(move |_| Reply::Write(answer("307 There", &location, "")));
    let url = receiver.url("/from").replace("//", "//user:word@");
    assert_eq!(status_of(post(&url)), 200);
    assert!(receiver.take_seen()[0].header("authorization").is_some());
    assert!(other.take_seen()[0].header("authorization").is_none());
}

#[test]
fn what_a_303_leads_to_is_judged() {
    for status in ["200 OK", "404 No", "503 Busy"] {
        let receiver = FakeReceiver::start(move |seen| {
            Reply::Write(match seen.request_line() {
                "post / http/1.1" => answer("303 See", "Location: /a\r\n", ""),
                // What follows has no body to post any more.
                "get /a http/1.1" => answer("302 There", "Location: /b\r\n", ""),
                "get /b http/1.1" => answer(status, "", ""),
                other => panic!("{other}"),
            })
        });
        let judged = status_of(post(&receiver.url("/")));
        assert!(
            status.starts_with(&judged.to_string()),
            "{status}: {judged}"
        );
    }
}

#[test]
fn redirects_end_somewhere() {
    let receiver =
        FakeReceiver::start(|_| Reply::Write(answer("307 Round", "Location: /\r\n", "")));
    assert_eq!(post(&receiver.url("/")), Err(Fault::TooManyRedirects));
    assert_eq!(receiver.take_seen().len(), 1 + limits::REDIRECTS);

    let receiver =
        FakeReceiver::start(|_| Reply::Write(answer("302 Off", "Location: ftp://host/x\r\n", "")));
    assert_eq!(post(&receiver.url("/")), Err(Fault::BadRedirect));

    let receiver = FakeReceiver::start(|_| Reply::Write(answer("302 Nowhere", "", "")));
    assert_eq!(status_of(post(&receiver.url("/"))), 302);
}
