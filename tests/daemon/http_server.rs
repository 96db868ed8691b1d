//! Tests of the HTTP server with hostile clients. In each test another client is served in the meantime, and
//! afterwards the daemon has no more threads and no more descriptors than before.

use std::net::SocketAddr;

use socket2::SockRef;

use alertwheel::threads::{self, CONNECTION_STACK};

use crate::bystander::Bystander;
use crate::client::{Client, get};
use crate::process::{Daemon, Setup, raise_open_files, take_turn};
use crate::receiver::Receiver;
use crate::samples::{firing, told_soon};
use crate::time::{millis, now, pause, wait_for, wait_until};
use crate::vitals::Vitals;

/// Threads and descriptors that may be about for other reasons, such as a connection to a receiver.
const SPARE: usize = 6;

/// A daemon that is attacked while a bystander is served.
struct Siege {
    daemon: Daemon,
    receiver: Receiver,
    before: Vitals,
    bystander: Bystander,
}

impl Siege {
    fn begin(flags: &[&str]) -> Self {
        raise_open_files();
        let receiver = Receiver::healthy();
        let daemon = Setup::with_config(&told_soon(&receiver))
            .arguments(flags)
            .start();
        assert_eq!(daemon.get("/-/ready").status, 200);
        let before = daemon.vitals();
        let bystander = Bystander::watch(daemon.address());
        Siege {
            daemon,
            receiver,
            before,
            bystander,
        }
    }

    fn address(&self) -> SocketAddr {
        self.daemon.address()
    }

    /// So many connections, one after the other.
    fn connections(&self, count: usize) -> Vec<Client> {
        (0..count).map(|_| self.daemon.connect()).collect()
    }

    /// The hostile clients are gone: nothing is left of them, and nobody else has suffered.
    fn lift(self, what: &str, most_memory_mib: u64) {
        let served = self.bystander.ask_how_it_was();
        let after = wait_for("threads and descriptors are back", || {
            let vitals = self.daemon.vitals();
            let has_room = vitals.threads <= self.before.threads + SPARE as u64
                && vitals.descriptors <= self.before.descriptors + SPARE;
            has_room.then_some(vitals)
        });
        println!(
            "{what}: a bystander's worst of {} requests {:?}; peak memory {} KiB; \
             threads {} -> {}, descriptors {} -> {}",
            served.requests,
            served.worst,
            after.peak_kib,
            self.before.threads,
            after.threads,
            self.before.descriptors,
            after.descriptors,
        );
        if cfg!(not(debug_assertions)) {
            assert!(after.peak_kib < most_memory_mib * 1024, "{after:?}");
        }
        self.daemon.post(&[firing("Afterwards", "told")]);
        wait_until("webhooks are told afterwards", || {
            self.receiver.next().summary().contains("told=firing")
        });
    }
}

/// Runs `attack` so many times, each on a thread of its own and all at once.
fn all_at_once(count: usize, attack: fn(SocketAddr), address: SocketAddr) {
    let attackers = (0..count).map(|_| {
        let attack = move || attack(address);
        threads::spawn("attacker", CONNECTION_STACK, attack).expect("a thread")
    });
    let attackers: Vec<_> = attackers.collect();
    for attacker in attackers {
        attacker.join().expect("an attacker saw what it expected");
    }
}

#[test]
fn two_thousand_idle_connections() {
    let _turn = take_turn();
    let siege = Siege::begin(&["--web.max-connections=3000"]);
    let mut idle = siege.connections(2000);
    wait_until("all are in", || siege.daemon.vitals().threads >= 2000);
    siege.bystander.wait_until_served_on();
    let vitals = siege.daemon.vitals();
    println!(
        "2,000 idle connections: {} KiB resident",
        vitals.resident_kib
    );
    for client in [0, 1000, 1999] {
        assert_eq!(idle[client].get("/-/ready").status, 200, "it was only idle");
    }
    drop(idle);
    siege.lift("2,000 idle connections", 80);
}

#[test]
fn idle_connections_make_room_for_new_ones() {
    let _turn = take_turn();
    let siege = Siege::begin(&[]);
    let mut idle = siege.connections(1500);
    let newest = idle.last_mut().expect("they are open");
    assert_eq!(newest.get("/-/ready").status, 200);
    assert!(idle[0].is_closed(), "the oldest made room");
    let scrape = siege.daemon.scrape();
    assert!(scrape.value("alertwheel_http_connections") <= 1024.0);
    assert_eq!(scrape.refused("tooManyConnections"), 0.0);
    siege.bystander.wait_until_served_on();
    drop(idle);
    siege.lift("1,500 idle connections with room for 1,024", 80);
}

#[test]
fn heads_and_bodies_a_byte_at_a_time() {
    let _turn = take_turn();
    let flags = ["--web.header-timeout=1s", "--web.body-timeout=1s"];
    let siege = Siege::begin(&flags);
    let mut heads = siege.connections(100);
    let mut bodies = siege.connections(100);
    for client in &mut bodies {
        let head =
            b"POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n";
        client.send(head).expect("it is open");
    }
    let head =
        b"GET /-/ready HTTP/1.1\r\nHost: localhost\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let begun = now();
    for (number, byte) in head.iter().cycle().take(200).enumerate() {
        for client in heads.iter_mut().chain(&mut bodies) {
            // Those that were cut already show in their answers.
            let _ = client.send(&[*byte]);
        }
        if number == 0 {
            siege.bystander.wait_until_served_on();
        }
        pause(millis(20));
        if now().since(begun) > millis(1500) {
            break;
        }
    }
    for client in heads.iter_mut().chain(&mut bodies) {
        assert_eq!(client.reply().expect("an answer").status, 408);
    }
    assert_eq!(siege.daemon.scrape().refused("tooSlow"), 200.0);
    drop((heads, bodies));
    siege.lift("200 clients that send a byte at a time", 40);
}

#[test]
fn an_endless_body_is_refused_before_it_comes() {
    let _turn = take_turn();
    let siege = Siege::begin(&[]);
    let attack = |address| {
        let mut client = Client::connect(address);
        let head =
            b"POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000000000\r\n\r\n";
        assert_eq!(client.ask(head).expect("an answer").status, 413);
    };
    all_at_once(50, attack, siege.address());
    assert_eq!(siege.daemon.scrape().refused("bodyTooLarge"), 50.0);
    siege.lift("a body of ten terabytes, fifty times", 40);
}

#[test]
fn a_header_of_two_hundred_megabytes() {
    let _turn = take_turn();
    let siege = Siege::begin(&[]);
    let attack = |address| {
        let mut client = Client::connect(address);
        let head = b"GET / HTTP/1.1
Host: localhost
X-Long: ";
        client.send(head).expect("it is open");
        let piece = vec![b'a'; 1 << 20];
        let sent = (0..200).take_while(|_| client.send(&piece).is_ok());
        assert!(sent.count() < 200, "it was read to its end");
    };
    all_at_once(20, attack, siege.address());
    assert_eq!(siege.daemon.scrape().refused("headTooLarge"), 20.0);
    siege.lift("a header of 200 MiB, twenty times", 40);
}

#[test]
fn http_2_is_spoken_to_it_a_hundred_times() {
    let _turn = take_turn();
    let siege = Siege::begin(&[]);
    let attack = |address| {
        let mut client = Client::connect(address);
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0";
        assert_eq!(client.ask(preface).expect("an answer").status, 505);
        assert!(client.is_closed());
    };
    all_at_once(100, attack, siege.address());
    assert_eq!(siege.daemon.scrape().refused("badHead"), 100.0);
    siege.lift("a hundred prefaces of HTTP/2", 40);
}

/// Bytes that a client sends ahead.
const FLOOD: usize = 56 << 20;

#[test]
fn requests_sent_ahead_by_a_client_that_reads_nothing() {
    let _turn = take_turn();
    let siege = Siege::begin(&["--web.write-timeout=1s"]);
    let mut client = siege.daemon.connect();
    let piece = get("/-/healthy").repeat(2000);
    let mut sent = 0;
    while sent < FLOOD && client.send(&piece).is_ok() {
        sent += piece.len();
    }
    assert!(sent < FLOOD, "all of it was taken in");
    println!("{sent} bytes of requests went into buffers");
    assert_eq!(siege.daemon.scrape().refused("readerTooSlow"), 1.0);
    drop(client);
    siege.lift("GETs sent ahead, answers unread", 40);
}

#[test]
fn fifty_six_megabytes_of_requests_sent_ahead() {
    let _turn = take_turn();
    let siege = Siege::begin(&[]);
    let mut reader = siege.daemon.connect();
    let writer = reader.stream().try_clone().expect("a second handle");
    let request = get(&format!("/-/healthy?{}", "a".repeat(8000)));
    let count = FLOOD.div_ceil(request.len());
    let send = move || {
        let piece = request.repeat(16);
        for _ in 0..count.div_ceil(16) {
            std::io::Write::write_all(&mut &writer, &piece).expect("it is read on");
        }
    };
    let sender = threads::spawn("attacker", CONNECTION_STACK, send).expect("a thread");
    for _ in 0..count {
        assert_eq!(reader.reply().expect("an answer").status, 200);
    }
    sender.join().expect("all was sent");
    drop(reader);
    siege.lift("56 MiB of GETs sent ahead", 40);
}

#[test]
fn three_thousand_connections_are_reset_at_once() {
    let _turn = take_turn();
    let siege = Siege::begin(&["--web.max-connections=4000"]);
    let mut clients = siege.connections(3000);
    for client in &mut clients {
        client
            .send(b"GET /-/ready HTTP/1.1\r\nHo")
            .expect("it is open");
        let socket = SockRef::from(client.stream());
        socket.set_linger(Some(millis(0))).expect("a socket");
    }
    wait_until("all are in", || siege.daemon.vitals().threads >= 3000);
    siege.bystander.wait_until_served_on();
    drop(clients);
    siege.lift("3,000 connections reset at once", 120);
}
