//! Tests of a socket whose peer the test controls. Bytes written to a local socket are readable at once.

use std::io::Write;
use std::net::TcpListener;

use super::super::resolver::Resolver;
use super::super::transport::OUTPUT_BUFFER;
use super::*;
use crate::clock::Clock;
use crate::threads::{LOOP_STACK, spawn};
use ureq::unversioned::transport::time::{self, Instant};

/// A socket and its peer. Reads of the peer do not block.
fn pair(clock: Clock) -> (Socket, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let stream = TcpStream::connect(address).expect("somebody listens");
    let (peer, _) = listener.accept().expect("somebody has connected");
    peer.set_nonblocking(true).expect("it is open");
    let now = move || Instant::Exact(clock.instant(clock.mono()));
    let socket = Socket::new(
        Arc::new(stream),
        Arc::new(now),
        OUTPUT_BUFFER,
        Trust::default(),
    );
    (socket, peer)
}

fn within(time: u64) -> NextTimeout {
    NextTimeout {
        after: time::Duration::from_millis(time),
        ..NextTimeout::default()
    }
}

fn write(socket: &mut Socket, bytes: &[u8]) {
    socket.buffers().output()[..bytes.len()].copy_from_slice(bytes);
    let written = socket.transmit_output(bytes.len(), within(10_000));
    written.expect("the other end is open");
}

/// What the other end can read at once.
fn arrived(mut peer: &TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 64 * 1024];
    let amount = peer.read(&mut buffer).unwrap_or(0);
    buffer.truncate(amount);
    buffer
}

#[test]
fn a_head_goes_out_with_its_body() {
    let (mut socket, peer) = pair(Clock::start());
    write(&mut socket, b"head ");
    assert_eq!(arrived(&peer), b"");
    write(&mut socket, b"body");
    assert_eq!(arrived(&peer), b"head body");
}

#[test]
fn what_nothing_follows_goes_out_before_the_answer_is_waited_for() {
    let (mut socket, peer) = pair(Clock::start());
    write(&mut socket, b"head");
    let waited = socket.await_input(within(20));
    assert!(matches!(waited, Err(Error::Timeout(_))), "{waited:?}");
    assert_eq!(arrived(&peer), b"head");
}

#[test]
fn a_body_that_takes_many_writes_arrives_whole() {
    let (mut socket, peer) = pair(Clock::start());
    let piece: Vec<u8> = (0..OUTPUT_BUFFER).map(|at| (at % 251) as u8).collect();
    peer.set_nonblocking(false).expect("it is open");
    let reader = spawn("reader", LOOP_STACK, move || {
        let mut all = Vec::new();
        (&peer).read_to_end(&mut all).expect("it is open");
        all
    });
    write(&mut socket, b"head");
    for _ in 0..1000 {
        write(&mut socket, &piece);
    }
    drop(socket);
    let reader = reader.expect("the host allows one more thread");
    let all = reader.join().expect("no panic");
    assert!(all.starts_with(b"head"));
    assert!(all[4..].chunks(OUTPUT_BUFFER).all(|got| got == piece));
    assert_eq!(all.len(), 4 + 1000 * OUTPUT_BUFFER);
}

#[test]
fn a_wait_ends_at_its_time_whatever_the_one_before_was_told() {
    let clock = Clock::start();
    let (mut socket, mut peer) = pair(clock);
    for time in [100, 80, 100] {
        peer.write_all(b"answer").expect("the other end is open");
        assert!(matches!(socket.await_input(within(60_000)), Ok(true)));
        let began = clock.mono();
        let waited = socket.await_input(within(time));
        assert!(matches!(waited, Err(Error::Timeout(_))), "{waited:?}");
        let took = clock.mono().since(began);
        assert!(took >= Duration::from_millis(time), "{took:?} of {time} ms");
        assert!(took < Duration::from_secs(60), "it is told anew");
    }
}

#[test]
fn it_is_told_a_time_only_if_that_is_far_from_what_it_was_told() {
    let mut told = Vec::new();
    let mut timeout = SetTimeout::default();
    let mut set = |timeout: &mut SetTimeout, milliseconds| {
        let left = Duration::from_millis(milliseconds);
        let tell = |time: Option<Duration>| {
            told.extend(time);
            Ok(())
        };
        timeout.set(left, tell).expect("nothing can fail");
    };
    for left in [16_000, 15_999, 16_001, 15_000] {
        set(&mut timeout, left);
    }
    set(&mut timeout, 14_999);
    set(&mut timeout, 16_500);
    timeout.note_early_end();
    set(&mut timeout, 1000);
    set(&mut timeout, 1000);
    let expected = [15_000_000, 14_061_562, 15_468_750, 1_000_000];
    let told: Vec<u128> = told.iter().map(Duration::as_micros).collect();
    assert_eq!(told, expected);
}

#[test]
fn what_was_not_asked_for_ends_a_connection_as_its_other_end_does() {
    let (mut socket, mut peer) = pair(Clock::start());
    assert!(socket.is_open());
    peer.write_all(b"answer").expect("the other end is open");
    assert!(matches!(socket.await_input(within(10_000)), Ok(true)));
    assert!(socket.is_open(), "as it is put away");
    assert!(socket.is_open(), "as it is taken out");
    peer.write_all(b"?").expect("the other end is open");
    assert!(!socket.is_open());
    let (mut socket, peer) = pair(Clock::start());
    drop(peer);
    assert!(!socket.is_open());
}

#[test]
fn a_connection_ends_where_another_one_to_its_host_has_failed_since_it_answered() {
    let resolver = Resolver::new(Clock::start());
    let (mut socket, mut peer) = pair(Clock::start());
    socket.trust = resolver.trust("name");
    resolver.failed("name");
    peer.write_all(b"answer").expect("the other end is open");
    assert!(matches!(socket.await_input(within(10_000)), Ok(true)));
    assert!(socket.is_open(), "as it is put away, having answered");
    assert!(socket.is_open(), "as it is taken out");
    resolver.failed("name");
    assert!(!socket.is_open());
}

#[test]
fn a_write_that_cannot_go_on_takes_in_what_the_other_end_says_and_loses_nothing() {
    let (mut socket, mut peer) = pair(Clock::start());
    let piece = |number: usize| vec![(number % 251) as u8; OUTPUT_BUFFER];
    let mut written = 0;
    peer.write_all(b"wait").expect("the other end is open");
    while socket.buffers().input().is_empty() {
        write(&mut socket, &piece(written));
        written += 1;
    }
    assert_eq!(socket.buffers().input(), b"wait");
    assert!(!socket.held.is_empty(), "the rest is held back");
    socket.has_answered = true;
    assert!(!socket.is_open(), "the request is not whole");
    let total = written * OUTPUT_BUFFER;
    peer.set_nonblocking(false).expect("it is open");
    let reader = spawn("reader", LOOP_STACK, move || {
        let mut all = vec![0; total];
        (&peer).read_exact(&mut all).expect("it is open");
        (&peer).write_all(b"done").expect("it is open");
        all
    });
    socket.buffers().input_consume(4);
    assert!(matches!(socket.await_input(within(60_000)), Ok(true)));
    assert_eq!(socket.buffers().input(), b"done");
    let all = reader.expect("a thread").join().expect("no panic");
    for (number, got) in all.chunks(OUTPUT_BUFFER).enumerate() {
        assert_eq!(got, piece(number), "piece {number}");
    }
}
