//! Tests of answers that break rules, come early, or are truncated. `head/tests.rs` tests heads alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::super::address::Address;
use super::super::fake_receiver::{Bodies, FakeReceiver, Reply, answer};
use super::super::fault::Fault;
use super::super::fixtures::{
    Authority, Demand, LONG, content_receiver, https, poster, tls_receiver, trusting, under_tls,
    with_tls,
};
use super::super::verdict::Answer;
use crate::config::HttpConfig;
use crate::threads::{CONNECTION_STACK, spawn};

/// Longer than all that the buffers of two sockets can hold.
const LARGE: usize = 12 << 20;

fn post(url: &str, http: &HttpConfig, body: &[u8]) -> Result<Answer, Fault> {
    let address = Address::parse(url).expect("an address");
    poster().send("POST", &Arc::new(http.clone()), address, body, LONG)
}

/// Posts three times to a receiver that answers with `text`: the status of each answer, and how many
/// connections it took.
fn answers_to(text: &str) -> (Vec<u16>, usize) {
    let text = text.to_owned();
    let receiver = FakeReceiver::start(move |_| Reply::Write(text.clone()));
    let (poster, http) = (poster(), Arc::default());
    let post = |_| {
        let address = Address::parse(&receiver.url("/")).expect("an address");
        poster
            .send("POST", &http, address, b"{}", LONG)
            .expect("an answer")
            .status
    };
    let statuses = (0..3).map(post).collect();
    let seen = receiver.take_seen();
    assert_eq!(seen.len(), 3, "one request each");
    (statuses, seen[2].connection + 1)
}

#[test]
fn an_odd_answer_is_an_answer_and_costs_the_connection_at_most() {
    let folded = "Content-Security-Policy: default-src 'self';\r\n  img-src *;\r\n  x";
    let large = format!("X-Filler: {}", "x".repeat(1000));
    let large = [large.as_str(); 20].join("\r\n");
    let length = "Content-Length: 2\r\n\r\nok";
    for (text, connections) in [
        (format!("HTTP/1.1 200 OK\r\n{folded}\r\n{length}"), 1),
        (format!("HTTP/1.1 200 OK\r\n{large}\r\n{length}"), 1),
        (format!("HTTP/1.1 200 OK\r\nX : y\r\n{length}"), 3),
        (format!("HTTP/1.1 200 OK\r\nX Y: z\r\n{length}"), 3),
        (format!("HTTP/2.0 200 OK\r\n{length}"), 3),
        ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n".to_owned(), 3),
        (
            format!("HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n{length}"),
            1,
        ),
        // Bytes after the announced body are an answer to no request.
        (format!("HTTP/1.1 200 OK\r\n{length} and more"), 3),
    ] {
        assert_eq!(answers_to(&text), (vec![200; 3], connections), "{text:?}");
    }
    let busy = format!("HTTP/1.1 503 Busy\r\nX : y\r\nRetry-After: 7\r\n{length}");
    assert_eq!(answers_to(&busy), (vec![503; 3], 3));
}

#[test]
fn an_odd_answer_comes_with_its_body_and_retry_after() {
    let receiver = FakeReceiver::start(|_| {
        Reply::Write(
            "HTTP/1.1 429 Slow\r\nX : y\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nlazy".into(),
        )
    });
    let expected = Answer {
        status: 429,
        retry_after: Some("7".to_owned()),
        excerpt: b"lazy".to_vec(),
    };
    assert_eq!(
        post(&receiver.url("/"), &HttpConfig::default(), b"{}"),
        Ok(expected)
    );
}

#[test]
fn a_status_line_is_an_answer_whatever_becomes_of_the_rest() {
    let status_of = |reply: fn() -> Reply| {
        let receiver = FakeReceiver::start(move |_| reply());
        let result = post(&receiver.url("/"), &HttpConfig::default(), b"{}");
        result.map(|answer| answer.status)
    };
    for reply in [
        (|| Reply::WriteAndClose("HTTP/1.1 200 OK\r\n".to_owned())) as fn() -> Reply,
        || Reply::WriteAndHang("HTTP/1.1 200 OK\r\n".to_owned()),
        || Reply::WriteAndClose("HTTP/1.1 200 OK\r\nContent-Le".to_owned()),
        || Reply::WriteAndClose("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".to_owned()),
    ] {
        assert_eq!(status_of(reply), Ok(200));
    }
    let interim = status_of(|| Reply::WriteAndClose("HTTP/1.1 100 Go on\r\n\r\n".to_owned()));
    assert!(matches!(interim, Err(Fault::Network { .. })), "{interim:?}");
}

#[test]
fn an_answer_that_comes_before_the_body_was_taken_is_that_answer() {
    let authority = Authority::new();
    let shown = authority.issue("127.0.0.1");
    let body = vec![b'x'; LARGE];
    for status in ["413 Too much", "401 Who", "429 Slow", "200 OK"] {
        for hangs in [false, true] {
            let script = move |_: &_| match hangs {
                false => Reply::WriteAndClose(answer(status, "Retry-After: 7\r\n", "no")),
                true => Reply::WriteAndHang(answer(status, "Retry-After: 7\r\n", "no")),
            };
            let plain = FakeReceiver::start_over(|stream| Box::new(stream), Bodies::Left, script);
            let over_tls = under_tls(&shown, Demand::Nothing);
            let secure = FakeReceiver::start_over(over_tls, Bodies::Left, script);
            let http = with_tls(trusting(&authority));
            for url in [plain.url("/"), https(&secure)] {
                let answer = post(&url, &http, &body)
                    .unwrap_or_else(|fault| panic!("{url} {status}: {fault}"));
                assert!(
                    status.starts_with(&answer.status.to_string()),
                    "{url} {status}: {answer:?}"
                );
                assert_eq!(answer.retry_after.as_deref(), Some("7"));
            }
            assert_eq!(plain.take_seen().len() + secure.take_seen().len(), 2);
        }
    }
}

#[test]
fn a_large_body_arrives_whole_although_the_other_end_has_something_to_say_meanwhile() {
    // Under TLS 1.3 the server sends tickets; in the clear, an interim answer.
    let authority = Authority::new();
    let http = with_tls(trusting(&authority));
    let receiver = tls_receiver(&authority.issue("127.0.0.1"), Demand::Tls13);
    let body = vec![b'x'; LARGE];
    let answer = post(&https(&receiver), &http, &body).expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(receiver.take_seen()[0].body.len(), LARGE);

    let (answer, read) = post_to(|stream| {
        let mut reader = read_head(stream);
        let mut read = 0;
        while read < LARGE {
            say(stream, "HTTP/1.1 102 Processing\r\n\r\n");
            read += read_megabyte(&mut reader);
        }
        say(stream, "HTTP/1.1 204 OK\r\n\r\n");
        read
    });
    assert_eq!((answer.status, read), (204, LARGE));
}

#[test]
fn a_receiver_that_says_200_before_it_reads_gets_the_whole_body() {
    let (answer, read) = post_to(|stream| {
        let mut reader = read_head(stream);
        say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let mut read = 0;
        while read < LARGE {
            read += read_megabyte(&mut reader);
        }
        read
    });
    assert_eq!((answer.status, read), (200, LARGE));
}

/// Posts a large body to a receiver that serves one connection; gives back how much that has read.
fn post_to(serve: fn(&TcpStream) -> usize) -> (Answer, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let server = spawn("server", CONNECTION_STACK, move || {
        let (stream, _) = listener.accept().expect("a connection");
        serve(&stream)
    });
    let result = post(&url, &HttpConfig::default(), &vec![b'x'; LARGE]);
    let read = server.expect("a thread").join().expect("no panic");
    (result.expect("an answer"), read)
}

fn say(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("it is open");
}

fn read_head(stream: &TcpStream) -> BufReader<&TcpStream> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).expect("a line");
    }
    reader
}

fn read_megabyte(reader: &mut impl Read) -> usize {
    let mut piece = vec![0; 1 << 20];
    reader.read_exact(&mut piece).expect("it is open");
    piece.len()
}

#[test]
fn a_body_that_nobody_reads_is_a_timeout() {
    let receiver = FakeReceiver::start_over(
        |stream| Box::new(stream),
        Bodies::Left,
        |_| Reply::WriteAndHang("HTTP/1.1 102 Processing\r\n\r\n".to_owned()),
    );
    let address = Address::parse(&receiver.url("/")).expect("an address");
    let short = Duration::from_millis(300);
    let result = poster().send("POST", &Arc::default(), address, &vec![b'x'; LARGE], short);
    let fault = result.expect_err("nobody reads").to_string();
    assert!(fault.ends_with(": timeout after 300ms"), "{fault}");
}

#[test]
fn a_receiver_that_closes_without_a_word_under_a_write_is_a_fault() {
    let receiver = FakeReceiver::start_over(
        |stream| Box::new(stream),
        Bodies::Left,
        |_| Reply::WriteAndClose(String::new()),
    );
    let result = post(
        &receiver.url("/"),
        &HttpConfig::default(),
        &vec![b'x'; LARGE],
    );
    let fault = result.expect_err("no answer").to_string();
    assert!(
        fault.ends_with("connection closed before the answer was complete"),
        "{fault}"
    );
    assert_eq!(
        post(&content_receiver().url("/"), &HttpConfig::default(), b"{}")
            .map(|answer| answer.status),
        Ok(200)
    );
}
