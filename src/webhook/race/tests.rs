//! Tests of happy eyeballs with addresses that answer, refuse, or drop packets.

use std::net::TcpListener;
use std::time::Duration;

use super::super::fixtures::Hole;
use super::*;

/// A timeout so long that a race that waits for it counts as a hang.
const HOUR: Duration = Duration::from_secs(3600);

fn won(addresses: &[SocketAddr], time: Duration) -> io::Result<SocketAddr> {
    let clock = Clock::start();
    let (stream, address) = race(addresses, clock.mono() + time, clock)?;
    assert_eq!(stream.peer_addr().expect("it is connected"), address);
    Ok(address)
}

fn listener(at: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(at).expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// An address without a listener.
fn closed() -> SocketAddr {
    listener("127.0.0.1:0").1
}

#[test]
fn an_address_that_swallows_what_is_sent_is_passed_by() {
    let hole = Hole::at("[::1]:0");
    let (_listener, live) = listener("127.0.0.1:0");
    assert_eq!(won(&[hole.address, live], HOUR).expect("a winner"), live);
    let (_listener, live) = listener("[::1]:0");
    let holes = [hole.address, hole.address, live];
    assert_eq!(won(&holes, HOUR).expect("a winner"), live);
}

#[test]
fn the_first_address_wins_if_it_answers() {
    let (_one, first) = listener("127.0.0.1:0");
    let (_other, second) = listener("127.0.0.1:0");
    assert_eq!(won(&[first, second], HOUR).expect("a winner"), first);
}

#[test]
fn a_refusal_lets_the_next_one_join_at_once() {
    let (_listener, live) = listener("[::1]:0");
    assert_eq!(
        won(&[closed(), closed(), live], HOUR).expect("a winner"),
        live
    );
    let error = won(&[closed(), closed()], HOUR).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_race_that_nobody_wins_ends_at_its_deadline() {
    let hole = Hole::at("127.0.0.1:0");
    let error = won(&[closed(), hole.address], Duration::from_millis(300)).expect_err("a hole");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(won(&[], HOUR).is_err());
}
