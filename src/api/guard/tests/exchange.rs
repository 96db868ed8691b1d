//! What goes through a line and what goes past it, over lines with much room and with little.

use super::*;
use crate::api::guard::pool::{Mender, Pool};
use crate::clock::Clock;

const PATIENCE: Duration = Duration::from_secs(20);

/// Answers with as many bytes as the target says after its slash; a panic past a gigabyte.
struct Bytes;

impl Handler for Bytes {
    fn handle(&self, request: Request) -> Answer {
        let count: usize = request.target[1..].parse().expect("a number");
        assert!(count < 1 << 30, "on purpose, in a handler");
        let seen = request.header("content-length").unwrap_or("").to_owned();
        let answer = Answer::empty(200).with_body("x", Body::Bytes(vec![b'x'; count]));
        answer
            .with_header("X-Seen", format!("{seen}={}", request.body.len()))
            .with_header("Location", "y".repeat(8000))
    }
}

fn desk() -> Desk {
    Desk {
        handler: Arc::new(Bytes),
        metrics: Arc::new(Metrics::new("test")),
    }
}

fn close(pool: &Pool, mender: Mender) {
    let clock = Clock::start();
    pool.close(mender, clock, clock.mono() + PATIENCE);
}

/// What came back: status, headers, and the body wherever it went.
type Told = (u16, String, usize);

fn ask(lease: Lease<'_>, target: &str, body: &[u8]) -> io::Result<Told> {
    let mut head = format!("POST /{target} HTTP/1.1\r\nHost: a\r\n").into_bytes();
    let (mut raw, mut relayed) = (Vec::new(), Vec::new());
    let asking = Asking {
        head: &mut head,
        body: &mut body.to_vec(),
        peer: ([127, 0, 0, 1], 9).into(),
        patience: PATIENCE,
    };
    let exchanged = exchange(lease, &desk(), asking, &mut raw, &mut relayed)?;
    let mut answered = raw.split_off(exchanged.body_at);
    if let Some(mut handed) = exchanged.handed {
        handed.reader.read_to_end(&mut answered)?;
    }
    assert_eq!(exchanged.length, Some(answered.len() as u64));
    let headers = String::from_utf8(relayed).expect("ASCII");
    Ok((exchanged.status, headers, answered.len()))
}

fn take(pool: &Pool) -> Lease<'_> {
    pool.take(PATIENCE).expect("a line")
}

#[test]
fn bodies_of_all_sizes_arrive_through_a_line_or_past_it() {
    let (pool, mender) = Pool::open().expect("it opens");
    for sent in [0, 1, LINE_BODY_BYTES, LINE_BODY_BYTES + 1, 1_000_000] {
        for asked in [0, 1, UNCOUNTED_BYTES, UNCOUNTED_BYTES + 1, 1_000_000] {
            let body = vec![b'b'; sent];
            let told = ask(take(&pool), &asked.to_string(), &body).expect("an answer");
            assert_eq!((told.0, told.2), (200, asked));
            let seen = format!("X-Seen: {sent}={sent}\r\n");
            assert!(told.1.contains(&seen), "{}", told.1);
            assert!(told.1.contains("Location: yyy"), "it has room");
        }
    }
    close(&pool, mender);
}

#[test]
fn an_answer_never_fills_the_buffer_that_nobody_reads_meanwhile() {
    let (pool, mender) = Pool::open().expect("it opens");
    // The least that a host gives is a little over a kilobyte.
    for room in [1152, 8400, 9000, 12_000, 20_000] {
        let (response, handed) = response(Bytes.handle(get("/5000")), room);
        let printed = print(response);
        assert!(printed <= room, "{printed} bytes into {room}");
        assert!(handed.is_some() || printed > 5000);
        let mut lease = take(&pool);
        lease.line().room = room;
        let told = ask(lease, "5000", b"").expect("an answer");
        assert_eq!((told.0, told.2), (200, 5000));
    }
    close(&pool, mender);
}

#[test]
fn an_answer_that_takes_all_the_room_is_written_before_anybody_reads() {
    let (pool, mender) = Pool::open().expect("it opens");
    let mut lease = take(&pool);
    let line = lease.line();
    line.stream
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .expect("it is read");
    let parsed = line.server.recv_timeout(PATIENCE).expect("a line");
    // Each header makes a piece of its own, which costs the host the most beside its bytes.
    let piece = "y".repeat(line.room / (ANSWER_HEADERS - 4) - 12);
    let headers = (0..ANSWER_HEADERS).map(|_| ("X-Much", piece.clone()));
    let answer = Answer {
        headers: headers.collect(),
        ..Answer::text(200, "z".repeat(UNCOUNTED_BYTES))
    };
    let (response, handed) = response(answer, line.room);
    assert!(handed.is_some(), "the head takes it all");
    let written = parsed.expect("a request").respond(response);
    written.expect("it is written");
    let (mut raw, mut relayed) = (Vec::new(), Vec::new());
    let answer = read_answer(line, false, &mut raw, &mut relayed).expect("it is there");
    assert_eq!(answer.body_at, raw.len());
    assert!(raw.len() > line.room * 9 / 10, "{}", raw.len());
    lease.give_back();
    close(&pool, mender);
}

#[test]
fn a_broken_line_fails_its_request_and_is_replaced() {
    let (pool, mender) = Pool::open().expect("it opens");
    for _ in 0..10 {
        let mut lease = take(&pool);
        let cut = lease.line().stream.shutdown(std::net::Shutdown::Both);
        cut.expect("a socket");
        assert!(ask(lease, "1", b"").is_err());
    }
    for _ in 0..10 {
        assert_eq!(ask(take(&pool), "1", b"").expect("an answer").0, 200);
    }
    close(&pool, mender);
}

#[test]
fn a_request_that_tiny_http_does_not_take_gives_its_line_up() {
    let (pool, mender) = Pool::open().expect("it opens");
    let lease = take(&pool);
    let mut head = b"NOT A REQUEST LINE\r\n".to_vec();
    let asking = Asking {
        head: &mut head,
        body: &mut Vec::new(),
        peer: ([127, 0, 0, 1], 9).into(),
        patience: Duration::from_millis(50),
    };
    let exchanged = exchange(lease, &desk(), asking, &mut Vec::new(), &mut Vec::new());
    let kind = exchanged.map(|exchanged| exchanged.status);
    assert_eq!(kind.map_err(|error| error.kind()), Err(ErrorKind::TimedOut));
    for _ in 0..10 {
        assert_eq!(ask(take(&pool), "1", b"").expect("an answer").0, 200);
    }
    close(&pool, mender);
}

#[test]
fn a_panic_leaves_the_line_as_it_was() {
    let (pool, mender) = Pool::open().expect("it opens");
    for _ in 0..10 {
        let told = ask(take(&pool), "1073741824", b"").expect("an answer");
        assert_eq!((told.0, told.2), (500, "internal error\n".len()));
    }
    close(&pool, mender);
}

fn get(target: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        target: target.to_owned(),
        ..Request::default()
    }
}

/// How many bytes tiny_http makes of it.
fn print(response: Response<Cursor<Vec<u8>>>) -> usize {
    let mut out = Vec::new();
    let version = tiny_http::HTTPVersion(1, 1);
    let printed = response.raw_print(&mut out, version, &[], false, None);
    printed.expect("memory takes it");
    out.len()
}
