//! Tests with hostile clients: slow, large, broken and greedy ones, each while another client must be
//! served.

use super::*;
use crate::limits::REQUESTS_HANDLED;

#[test]
fn a_head_that_does_not_come_to_an_end_is_cut_at_its_deadline() {
    let door = Door::open(Limits {
        head_timeout: SHORT,
        ..patient_limits()
    });
    let mut slow: Vec<_> = (0..20).map(|_| door.connect()).collect();
    for client in &mut slow {
        client.send(b"GET / HTTP/1.1\r\nHost");
    }
    door.assert_serves_others();
    for client in &mut slow {
        let reply = client.reply();
        assert_eq!(
            (reply.status, reply.header("connection")),
            (408, Some("close"))
        );
    }
    drop(slow);
    door.assert_empties();
    door.stop();
}

#[test]
fn dripping_bytes_does_not_extend_a_deadline() {
    let door = Door::open(Limits {
        body_timeout: SHORT,
        ..patient_limits()
    });
    let mut client = door.connect();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    // The server answers 408 within its deadline and closes after the linger, whatever the client sends.
    let sent = (0..100_000).take_while(|_| {
        pause();
        client.stream.write(b"x").is_ok()
    });
    assert!(sent.count() < 100_000);
    door.assert_empties();
    door.stop();
}

#[test]
fn slow_bodies_hold_neither_places_nor_the_budget_of_others() {
    let door = Door::open(Limits {
        body_timeout: SHORT,
        ..patient_limits()
    });
    let mut slow: Vec<_> = (0..40).map(|_| door.connect()).collect();
    for client in &mut slow {
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\nxxxx");
    }
    door.assert_serves_others();
    assert_eq!(
        door.door.shared.budget.taken(),
        0,
        "announcing takes nothing"
    );
    for client in &mut slow {
        assert_eq!(client.reply().status, 408);
    }
    drop(slow);
    door.assert_empties();
    door.stop();
}

#[test]
fn a_length_past_the_limit_is_refused_before_a_byte_is_read_or_reserved() {
    let door = Door::open(patient_limits());
    for length in [
        "16777217",
        "1000000000",
        "10000000000000",
        "4611686018427387904",
        "18446744073709551615",
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(door.ask(&head).status, 413, "{length}");
    }
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n";
    assert_eq!(door.ask(chunked).status, 413);
    door.assert_serves_others();
    door.stop();
}

#[test]
fn an_endless_header_is_cut_and_its_sender_told() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    client.send(b"GET / HTTP/1.1\r\nX: ");
    let sent = client.send_until_refused(&[b'x'; 64 * 1024], 1000);
    assert!(sent < 60_000_000, "{sent}");
    assert_eq!(client.reply().status, 431);

    let mut client = door.connect();
    client.send(b"GET /");
    client.send_until_refused(&[b'x'; 64 * 1024], 10);
    assert_eq!(client.reply().status, 414);

    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5000));
    assert_eq!(door.ask(&many).status, 431);
    door.assert_serves_others();
    door.stop();
}

#[test]
fn what_is_not_http_one_is_told_so_at_once() {
    let door = Door::open(patient_limits());
    for _ in 0..30 {
        assert_eq!(door.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status, 505);
    }
    let tls_hello = "\u{16}\u{3}\u{1}\u{2}\0\u{1}";
    assert_eq!(door.ask(tls_hello).status, 400);
    assert_eq!(door.ask("\r\n\r\n\r\n\r\n\r\n\r\n").status, 400);
    assert_eq!(door.ask("GET / HTTP/1.1\r\n\r\n").status, 400);
    door.assert_serves_others();
    door.assert_empties();
    door.stop();
}

#[test]
fn what_follows_a_refused_request_is_never_taken_for_a_request() {
    let door = Door::open(patient_limits());
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: +30",
        "Content-Length: 1\r\nContent-Length: 30",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nX: 1",
    ] {
        let mut client = door.connect();
        let smuggled = get("/smuggled");
        client
            .send(format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n{smuggled}").as_bytes());
        let reply = client.reply();
        assert!(
            matches!(reply.status, 400 | 501),
            "{headers}: {}",
            reply.status
        );
        assert!(client.is_ended(), "{headers}");
    }
    door.stop();
}

#[test]
fn a_flood_of_requests_sent_ahead_stays_in_the_socket() {
    let door = Door::open(patient_limits());
    let mut client = door.connect();
    client
        .stream
        .set_write_timeout(Some(SHORT))
        .expect("a socket");
    let flood = get("/").repeat(2000);
    let sent = client.send_until_refused(flood.as_bytes(), 1000);
    assert!(sent < 30_000_000, "{sent}");
    door.assert_serves_others();
    drop(client);
    door.assert_empties();
    door.stop();
}

#[test]
fn resets_at_any_moment_leave_nothing_behind() {
    let door = Door::open(patient_limits());
    for request in [
        "",
        "GET",
        "GET /stream?9000000 HTTP/1.1\r\nHost: a\r\n\r\n",
        &get("/"),
    ] {
        for _ in 0..100 {
            let mut client = door.connect();
            client.send(request.as_bytes());
            client.reset();
        }
    }
    door.assert_serves_others();
    door.assert_empties();
    door.stop();
}

#[test]
fn answers_that_nobody_reads_hold_no_http_thread_and_are_cut() {
    let door = Door::open(Limits {
        // Others write their answers at once, and so in time.
        write_timeout: Duration::from_secs(1),
        ..patient_limits()
    });
    let mut stalled: Vec<_> = (0..20).map(|_| door.connect()).collect();
    for client in &mut stalled {
        client.send(get("/stream?40000000").repeat(5).as_bytes());
    }
    door.assert_serves_others();
    door.assert_empties();
    for client in &mut stalled {
        assert!(client.try_reply("GET").is_err(), "the answer was cut");
    }
    door.stop();
}

#[test]
fn large_bodies_past_the_budget_are_refused_and_small_ones_are_not() {
    let door = Door::open(Limits {
        buffered_bytes: 1_000_000,
        ..patient_limits()
    });
    let mut first = door.connect();
    first.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n");
    first.send(&[b'x'; 899_999]);
    while door.door.shared.budget.taken() < 900_000 {
        pause();
    }
    let mut second = door.connect();
    second.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n");
    second.send_until_refused(&[b'x'; 200_000], 1);
    let reply = second.reply();
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("1"))
    );
    door.assert_serves_others();
    first.send(b"x");
    assert_eq!(first.reply().text(), "900000 bytes");
    door.assert_budget_is_free();

    assert_eq!(
        door.ask(&get("/bytes?2000000")).status,
        503,
        "answers count as well"
    );
    assert_eq!(
        door.ask(&get("/stream?2000000")).status,
        200,
        "streams are not held"
    );
    door.stop();
}

#[test]
fn gets_past_their_limit_are_refused_in_alertmanagers_words_and_posts_are_not() {
    let mut door = Door::open(Limits {
        concurrent_reads: 2,
        ..patient_limits()
    });
    let mut waiting: Vec<_> = (0..2).map(|_| door.connect()).collect();
    for client in &mut waiting {
        client.send(get("/wait").as_bytes());
    }
    while door.door.shared.reads.under_way() < 2 {
        pause();
    }
    let mut client = door.connect();
    client.send(get("/api/v2/status").as_bytes());
    let reply = client.reply();
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(
        reply.text(),
        "Limit of concurrent GET requests reached (2), try again later.\n\n"
    );
    client.post("/", &ALERT);
    assert_eq!(client.reply().text(), "150 bytes", "the connection goes on");
    for probe in ["/-/ready", "/prefix/-/healthy?a=b"] {
        client.send(get(probe).as_bytes());
        assert_eq!(client.reply().status, 200, "{probe}");
    }
    door.let_waiting_go();
    for client in &mut waiting {
        assert_eq!(client.reply().text(), "waited");
    }
    door.assert_serves_others();
    door.stop();
}

#[test]
fn readers_that_stall_hold_up_nobody_who_asks_for_something_else() {
    let door = Door::open(Limits {
        concurrent_reads: 2,
        ..patient_limits()
    });
    let mut stalled = Vec::new();
    for number in 1..=3 {
        let mut client = door.connect();
        client.send(get("/bytes?20000000").as_bytes());
        stalled.push(client);
        // The budget holds those that are being written.
        while door.door.shared.answer_budget.taken() < number * 20_000_000 {
            pause();
        }
    }
    door.assert_serves_others();
    assert_eq!(door.door.shared.reads.under_way(), 0);
    let mut sender = door.connect();
    sender.post("/", &vec![b'a'; 1 << 20]);
    assert_eq!(
        sender.reply().text(),
        "1048576 bytes",
        "bodies have their own"
    );
    drop((stalled, sender));
    door.assert_empties();
    door.stop();
}

#[test]
fn readers_that_stall_while_their_answer_is_made_hold_up_only_their_like() {
    let door = Door::open(Limits {
        concurrent_reads: 2,
        ..patient_limits()
    });
    let mut stalled: Vec<_> = (0..2).map(|_| door.connect()).collect();
    for client in &mut stalled {
        client.send(get("/stream?40000000").as_bytes());
    }
    while door.door.shared.reads.streaming() < 2 {
        pause();
    }
    let mut another = door.connect();
    another.send(get("/stream?1").as_bytes());
    let refused = another.reply();
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.text(),
        "Limit of concurrent GET requests reached (2), try again later.\n\n"
    );
    door.assert_serves_others();
    drop((stalled, another));
    door.assert_empties();
    assert_eq!(door.ask(&get("/stream?1")).status, 200);
    door.stop();
}

#[test]
fn who_waits_too_long_for_a_handler_is_told_so_and_so_is_who_waits_for_a_place() {
    let mut door = Door::open(Limits {
        handling_timeout: Some(Duration::from_secs(1)),
        ..patient_limits()
    });
    let mut waiting: Vec<_> = (0..REQUESTS_HANDLED).map(|_| door.connect()).collect();
    for client in &mut waiting {
        client.send(get("/wait").as_bytes());
    }
    while door.door.shared.read_slots.available() > 0 {
        pause();
    }
    let assert_told = |reply: Reply| {
        assert_eq!(reply.line, "HTTP/1.1 503 Service Unavailable");
        assert_eq!(reply.text(), "Exceeded configured timeout of 1s.\n");
        assert_eq!(reply.header("retry-after"), None);
    };
    let mut late = door.connect();
    for _ in 0..2 {
        late.send(get("/wait").as_bytes());
        assert_told(late.reply());
    }
    // More than twice the time has passed: what the handlers say now is too late.
    door.let_waiting_go();
    for client in &mut waiting {
        assert_told(client.reply());
    }
    for client in waiting.iter_mut().chain([&mut late]) {
        client.send(get("/echo").as_bytes());
        assert_eq!(client.reply().status, 200, "the connection goes on");
    }
    door.assert_serves_others();
    door.stop();
}
