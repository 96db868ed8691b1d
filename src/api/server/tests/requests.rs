//! Tests with well-behaved clients, in all the forms of requests that HTTP has.

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

#[test]
fn a_handler_sees_the_whole_request_and_nothing_of_the_connection() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    client.send(
        b"POST /echo?a=%20 HTTP/1.1\r\nHost: a:1\r\nContent-Type: text/x\r\n\
          Connection: keep-alive, x-hop\r\nX-Hop: 1\r\nContent-Length: 5\r\n\r\nhello",
    );
    let reply = client.reply();
    assert_eq!(
        reply.text(),
        "POST /echo?a=%20\nhost=a:1\ncontent-type=text/x\n\
         peer is known: true\nhello"
    );
    assert_eq!(reply.line, "HTTP/1.1 200 OK");
    assert!(reply.header("date").is_some());
    assert_eq!(reply.header("server"), None);
    door.stop();
}

#[test]
fn requests_sent_ahead_are_answered_in_order_on_one_connection() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    let mut ahead = Vec::new();
    for size in 0..50 {
        let head =
            format!("POST /echo?{size} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
        ahead.extend_from_slice(head.as_bytes());
        ahead.extend_from_slice(&vec![b'z'; size]);
    }
    client.send(&ahead);
    for size in 0..50 {
        let reply = client.reply();
        assert!(reply.text().starts_with(&format!("POST /echo?{size}\n")));
        assert_eq!(reply.text().matches('z').count(), size);
    }
    door.stop();
}

#[test]
fn a_request_sent_a_byte_at_a_time_is_served() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    for byte in b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" {
        client.send(&[*byte]);
    }
    assert_eq!(client.reply().text(), "4 bytes");
    for byte in b"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n2\r\nab\r\n0\r\n\r\n" {
        client.send(&[*byte]);
    }
    assert_eq!(client.reply().text(), "2 bytes");
    door.stop();
}

#[test]
fn a_large_body_arrives_whole_by_length_and_by_chunks() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    let body = vec![b'b'; 3_000_000];
    client.post("/", &body);
    assert_eq!(client.reply().text(), "3000000 bytes");
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in body.chunks(100_000) {
        client.send(format!("{:x}\r\n", chunk.len()).as_bytes());
        client.send(chunk);
        client.send(b"\r\n");
    }
    client.send(b"0\r\nX-Trailer: 1\r\n\r\n");
    assert_eq!(client.reply().text(), "3000000 bytes");
    door.assert_budget_is_free();
    client.post("/", b"small");
    assert_eq!(client.reply().text(), "5 bytes");
    door.stop();
}

/// A POST of `text` in gzip.
fn packed(text: &[u8]) -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
    packing.write_all(text).expect("memory takes it");
    let body = packing.finish().expect("memory takes it");
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

#[test]
fn a_body_in_gzip_is_inflated_before_the_handler_sees_it() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    for text in ["one".to_owned(), "many".repeat(100_000)] {
        client.send(&packed(text.as_bytes()));
        let told = format!("POST /echo\nhost=a\npeer is known: true\n{text}");
        assert!(client.reply().text() == told);
    }
    door.assert_budget_is_free();
    door.stop();
}

#[test]
fn a_body_in_gzip_that_cannot_be_inflated_is_refused_and_the_connection_goes_on() {
    let door = Door::open(Limits {
        body_bytes: 1_000_000,
        ..patient_limits()
    });
    let mut client = door.connect();
    client.send(&packed(&vec![b'x'; 1_000_001]));
    assert_eq!(client.reply().status, 413);
    let mut damaged = packed(b"text");
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    client.send(&damaged);
    let reply = client.reply();
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("gzip"), "{}", reply.text());
    client.send(&packed(&vec![b'x'; 1_000_000]));
    assert!(client.reply().body.ends_with(b"xxxx"));
    door.stop();
}

#[test]
fn a_client_that_waits_to_be_asked_for_its_body_is_asked() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    let reply = client.reply();
    assert_eq!((reply.status, reply.headers.len()), (100, 0));
    client.send(b"ok");
    assert_eq!(client.reply().text(), "2 bytes");

    let head =
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n";
    assert_eq!(
        door.ask(head).status,
        413,
        "a body too large is not asked for"
    );
    door.stop();
}

#[test]
fn version_one_zero_closes_unless_asked_not_to() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let reply = client.reply();
    assert_eq!(reply.line, "HTTP/1.0 200 OK");
    assert_eq!(reply.header("connection"), Some("keep-alive"));
    client.send(b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.reply().header("connection"), Some("close"));
    assert!(client.is_ended());
    door.stop();
}

#[test]
fn close_is_honoured_and_confirmed() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.reply().header("connection"), Some("close"));
    assert!(client.is_ended());
    door.assert_empties();
    door.stop();
}

#[test]
fn a_client_that_finishes_sending_still_gets_its_answer() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    client.post("/", &ALERT);
    client.finish_sending();
    assert_eq!(client.reply().text(), "150 bytes");
    assert!(client.is_ended());
    door.stop();
}

#[test]
fn large_answers_arrive_whole_with_their_length_or_in_chunks() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    for size in [0, 1, 16 * 1024, 16 * 1024 + 1, 5_000_000] {
        client.send(get(&format!("/bytes?{size}")).as_bytes());
        let reply = client.reply();
        assert_eq!(
            reply.header("content-length"),
            Some(size.to_string().as_str())
        );
        assert_eq!(reply.body.len(), size);

        client.send(get(&format!("/stream?{size}")).as_bytes());
        let reply = client.reply();
        assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
        assert_eq!(reply.body.len(), size);
    }
    door.assert_budget_is_free();
    door.stop();
}

#[test]
fn a_stream_to_version_one_zero_ends_with_the_connection() {
    let door = Door::open(patient_limits());
    let reply = door.ask("GET /stream?70000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(reply.header("transfer-encoding"), None);
    assert_eq!(reply.header("connection"), Some("close"));
    assert_eq!(reply.body.len(), 70_000);
    door.stop();
}

#[test]
fn head_and_no_content_have_no_body() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    for (target, length) in [
        ("/bytes?7", Some("7")),
        ("/bytes?70000", Some("70000")),
        ("/stream?9", None),
    ] {
        client.send(format!("HEAD {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        let reply = client.try_reply("HEAD").expect("an answer");
        assert_eq!(reply.header("content-length"), length, "{target}");
    }
    client.send(get("/nothing").as_bytes());
    let reply = client.reply();
    assert_eq!((reply.status, reply.header("content-length")), (204, None));
    client.send(get("/").as_bytes());
    assert_eq!(
        client.reply().text(),
        "0 bytes",
        "nothing was left in between"
    );
    door.stop();
}

#[test]
fn a_handler_cannot_break_the_framing_or_split_its_headers() {
    let door = Door::open(patient_limits());
    let reply = door.ask(&get("/forge"));
    assert_eq!(reply.header("x-good"), Some("yes"));
    for absent in ["x-split", "x-injected", "transfer-encoding", "connection"] {
        assert_eq!(reply.header(absent), None, "{absent}");
    }
    assert_eq!(reply.text(), "body");
    door.stop();
}

#[test]
fn a_panic_in_a_handler_is_a_500_and_the_connection_goes_on() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    for _ in 0..6 {
        client.send(get("/panic").as_bytes());
        assert_eq!(client.reply().status, 500);
    }
    client.send(get("/").as_bytes());
    assert_eq!(client.reply().status, 200);
    door.stop();
}

#[test]
fn a_stream_that_fails_cuts_its_connection_so_that_nobody_takes_it_for_whole() {
    let door = Door::open(patient_limits());
    for target in ["/stream-panic", "/stream-error"] {
        let mut client = door.connect();
        client.send(get(target).as_bytes());
        assert!(client.try_reply("GET").is_err(), "{target}");
    }
    door.assert_serves_others();
    door.assert_empties();
    door.stop();
}
