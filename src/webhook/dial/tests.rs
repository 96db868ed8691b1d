//! Tests of receivers that are hard to reach: with a dead address, at a new address, in an IPv6 zone.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;
use std::time::Duration;

use super::super::fake_receiver::{Bodies, FakeReceiver, Reply, answer};
use super::super::fault::Fault;
use super::super::fixtures::{
    Hole, content_receiver, post_as, post_by, poster, poster_asking, poster_with,
};
use super::super::post::Poster;
use super::super::verdict::Answer;
use super::*;
use crate::config::{HttpConfig, Proxy};

const LOCALHOST_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const LOCALHOST_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn status(result: Result<Answer, Fault>) -> u16 {
    result.expect("an answer").status
}

fn post(poster: &Poster, url: &str) -> Result<Answer, Fault> {
    // So long that an attempt that waits for it is a hang.
    let hour = Duration::from_secs(3600);
    let address = Address::parse(url).expect("an address");
    poster.send("POST", &Arc::default(), address, b"{}", hour)
}

#[test]
fn a_receiver_whose_first_address_is_a_hole_is_told_and_then_found_at_once() {
    let hole = Hole::at("[::1]:0");
    let port = hole.address.port();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the same port");
    let wrap = |stream| Box::new(stream) as Box<_>;
    let receiver = FakeReceiver::start_at(listener, wrap, Bodies::Read, |_| {
        Reply::WriteAndClose(answer("200 OK", "Connection: close\r\n", ""))
    });
    let clock = Clock::start();
    let resolver = Resolver::asking(clock, |_| Ok(vec![LOCALHOST_V6, LOCALHOST_V4]));
    let resolver = Arc::new(resolver);
    let poster = poster_with(Arc::clone(&resolver), clock);
    let url = format!("http://hooks.example:{port}/");
    assert_eq!(status(post(&poster, &url)), 200);
    let known = resolver
        .find("hooks.example", clock.mono())
        .expect("two addresses");
    assert_eq!(
        known,
        [LOCALHOST_V4, LOCALHOST_V6],
        "the one that worked is tried first"
    );
    // However many come, none of them waits: the hole is not even tried.
    for _ in 0..20 {
        assert_eq!(status(post(&poster, &url)), 200);
    }
    assert_eq!(receiver.take_seen().len(), 21);
}

#[test]
fn a_receiver_that_moved_is_found_at_the_second_attempt() {
    let old = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = old.local_addr().expect("an address").port();
    let here = Arc::new(Mutex::new(LOCALHOST_V4));
    let poster = poster_asking({
        let here = Arc::clone(&here);
        move |_| Ok(vec![*here.lock().expect("no panic")])
    });
    let url = format!("http://hooks.example:{port}/");
    let serve = crate::threads::spawn("old", crate::threads::CONNECTION_STACK, move || {
        use std::io::{Read, Write};
        let (mut stream, _) = old.accept().expect("a connection");
        let read = stream.read(&mut [0; 4096]).expect("a request");
        assert!(read > 0);
        let text = answer("200 OK", "", "");
        stream.write_all(text.as_bytes()).expect("it is open");
    });
    assert_eq!(status(post(&poster, &url)), 200);
    serve.expect("a thread").join().expect("no panic");

    let moved = IpAddr::from([127, 0, 0, 2]);
    let listener = TcpListener::bind((moved, port)).expect("the same port");
    let wrap = |stream| Box::new(stream) as Box<_>;
    let receiver = FakeReceiver::start_at(listener, wrap, Bodies::Read, |_| {
        Reply::Write(answer("204 OK", "", ""))
    });
    *here.lock().expect("no panic") = moved;
    let fault = post(&poster, &url).expect_err("nobody is where it was");
    assert_eq!(
        fault.to_string(),
        format!("hooks.example:{port}: connection refused")
    );
    assert_eq!(status(post(&poster, &url)), 204);
    assert_eq!(receiver.take_seen().len(), 1);
}

#[test]
fn a_lookup_that_hangs_is_left_at_the_deadline_and_named() {
    let (_keep, hangs) = crossbeam_channel::bounded::<()>(0);
    let poster = poster_asking(move |_| {
        hangs.recv().ok();
        Err(io::Error::other("too late"))
    });
    let address = Address::parse("http://hooks.example/secret").expect("an address");
    let short = Duration::from_millis(100);
    let fault = poster.send("POST", &Arc::default(), address, b"{}", short);
    let fault = fault.expect_err("no answer in time");
    assert_eq!(fault.to_string(), "lookup hooks.example: no answer in time");
    let receiver = content_receiver();
    assert_eq!(
        status(post(&poster, &receiver.url("/"))),
        200,
        "an address needs no lookup"
    );
}

#[test]
fn a_zone_is_a_part_of_an_address_that_stays_on_this_host() {
    let listener = TcpListener::bind("[::1]:0").expect("a free port");
    let wrap = |stream| Box::new(stream) as Box<_>;
    let receiver = FakeReceiver::start_at(listener, wrap, Bodies::Read, |_| {
        Reply::Write(answer("200 OK", "", ""))
    });
    let port = receiver.port();
    let poster = poster();
    let proxied = |url: String| HttpConfig {
        proxy: Proxy::Url {
            url,
            no_proxy: String::new(),
            connect_headers: Vec::new(),
        },
        ..HttpConfig::default()
    };
    for zone in ["lo", "1", "%6Co"] {
        let url = format!("http://[::1%25{zone}]:{port}");
        assert_eq!(status(post(&poster, &format!("{url}/hook"))), 200, "{zone}");
        assert_eq!(
            status(post_as(&proxied(url), "http://[fe80::9%25x]:81/a")),
            200,
            "{zone}"
        );
    }
    let seen = receiver.take_seen();
    assert_eq!(
        seen[0].header("host"),
        Some(format!("[::1]:{port}").as_str())
    );
    assert_eq!(seen[0].request_line(), "post /hook http/1.1");
    assert_eq!(
        seen[1].request_line(),
        "post http://[fe80::9]:81/a http/1.1"
    );
    assert_eq!(seen[1].header("host"), Some("[fe80::9]:81"));

    let fault = post_by(
        &poster,
        &HttpConfig::default(),
        "http://[fe80::1%25no-such0]/x",
    );
    let fault = fault.expect_err("no such interface").to_string();
    let expected =
        "[fe80::1%25no-such0]:80: [fe80::1%25no-such0]: no interface \"no-such0\" on this host";
    assert!(fault.starts_with(expected), "{fault}");
}
