//! Tests of `alertwheel listen`: its output, its answers, the requests it refuses, and that none can end it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, pipe};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use alertwheel::limits::LISTEN_BODY_BYTES;
use alertwheel::threads::{self, CONNECTION_STACK};
use rustix::process::Signal;
use serde_json::json;

use crate::client::{Client, Reply, post};
use crate::process::{Daemon, Ended, Setup};
use crate::samples::{SOON, config, firing, over};
use crate::time::{millis, now, wait_for, wait_until};

/// `alertwheel listen` on a free port.
struct Listen {
    process: Daemon,
    address: SocketAddr,
}

impl Listen {
    fn start(arguments: &[&str]) -> Self {
        let process = setup("127.0.0.1:0").arguments(arguments).spawn();
        let address = wait_for("it says where it listens", || {
            address_in(&(process.output() + &process.log()))
        });
        Listen { process, address }
    }

    fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    fn post(&self, body: &[u8]) -> Reply {
        self.connect().post("/hook", body)
    }

    /// A daemon that tells it of every group soon.
    fn daemon(&self) -> Daemon {
        let webhook = format!("{{url: 'http://{}/hook'}}", self.address);
        Setup::with_config(&config(SOON, &[webhook])).start()
    }

    fn wait_until_shown(&self, text: &str) {
        wait_until(text, || self.process.output().contains(text));
    }

    fn wait_until_complained(&self, text: &str) {
        wait_until(text, || self.process.log().contains(text));
    }
}

fn setup(address: &str) -> Setup {
    Setup::bare().arguments(&["listen", address])
}

fn address_in(text: &str) -> Option<SocketAddr> {
    let (_, rest) = text.split_once("Listening on http://")?;
    rest[..rest.find([',', '\n'])?].parse().ok()
}

/// Sees that it failed, and that one line says why.
fn assert_refused(ended: &Ended, reason: &str) {
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""));
    assert!(ended.log.contains(reason), "{}", ended.log);
    assert_eq!(ended.log.lines().count(), 1, "{}", ended.log);
}

#[test]
fn what_a_daemon_tells_is_shown_for_a_person() {
    let listen = Listen::start(&[]);
    let daemon = listen.daemon();
    let mut alert = firing("Disk", "web1");
    alert["annotations"] = json!({"summary": "The disk of web1 is full"});
    daemon.post(&[alert.clone()]);
    let told = "  POST /hook\n\
                receiver  team\n\
                status    firing, first notification\n\
                group     {alertname=\"Disk\"}\n\
                FIRING    {alertname=\"Disk\", instance=\"web1\"}\n\
                \x20         summary: The disk of web1 is full\n\
                \x20         since ";
    listen.wait_until_shown(told);
    daemon.post(&[over(alert)]);
    listen.wait_until_shown("RESOLVED  {alertname=\"Disk\", instance=\"web1\"}\n");
    let shown = listen.process.output();
    assert!(
        shown.starts_with("Listening on http://127.0.0.1:"),
        "{shown}"
    );
    assert_eq!(listen.process.log(), "");
    wait_until("the daemon knows that it was heard", || {
        daemon
            .scrape()
            .value("alertmanager_notifications_total{integration=\"webhook\"}")
            >= 2.0
    });
}

#[test]
fn raw_bodies_are_alone_on_standard_output() {
    let listen = Listen::start(&["--raw"]);
    let bodies: [&[u8]; 3] = [b"{\"a\": [1,\t2]}", b"\x1b[2J\xff\n", b""];
    for body in bodies {
        assert_eq!(listen.post(body).status, 200);
    }
    let expected = String::from_utf8_lossy(b"{\"a\": [1,\t2]}\n\x1b[2J\xff\n\n");
    wait_until("all are there", || listen.process.output() == expected);
}

#[test]
fn a_failing_receiver_is_played_and_the_daemon_tries_again() {
    let listen = Listen::start(&["--status", "503"]);
    let reply = listen.post(b"{}");
    assert_eq!(
        (reply.status, reply.text().as_str()),
        (503, "Service Unavailable\n")
    );
    let daemon = listen.daemon();
    daemon.post(&[firing("Disk", "a")]);
    wait_until("it is told three times", || {
        listen
            .process
            .output()
            .matches("first notification")
            .count()
            >= 3
    });
    assert!(listen.process.output().contains(", answering 503\n"));
}

#[test]
fn a_slow_receiver_is_played_and_shows_what_it_has_not_answered_yet() {
    let listen = Listen::start(&["--delay=300ms"]);
    let begun = now();
    assert_eq!(listen.post(b"{}").status, 200);
    assert!(now().since(begun) >= millis(300), "it answered too soon");

    // As many as tiny_http has threads for in any case.
    const AT_ONCE: usize = 4;
    let listen = Listen::start(&["--delay=1h"]);
    let mut waiting: Vec<Client> = (0..AT_ONCE).map(|_| listen.connect()).collect();
    for (number, client) in waiting.iter_mut().enumerate() {
        let request = post(&format!("/{number}"), b"{}");
        client.send(&request).expect("it listens");
    }
    for number in 0..AT_ONCE {
        listen.wait_until_shown(&format!("POST /{number}\n"));
    }
    assert!(listen.process.output().contains(", after 1h\n"));
    let ended = listen.process.stop();
    assert_eq!((ended.code, ended.log.as_str()), (Some(0), ""));
}

#[test]
fn an_interrupt_ends_it() {
    let listen = Listen::start(&[]);
    listen.process.signal(Signal::INT);
    assert_eq!(listen.process.wait().code, Some(0));
}

#[test]
fn addresses_that_others_could_reach_are_refused_with_the_reason() {
    for address in [
        "0.0.0.0:0",
        ":0",
        "[::]:0",
        "192.0.2.1:5001",
        "[::ffff:192.0.2.1]:1",
    ] {
        let ended = setup(address).run();
        assert_refused(
            &ended,
            "is no loopback address, and others are refused, since",
        );
    }
    assert_refused(
        &setup("5001").run(),
        "write HOST:PORT such as 127.0.0.1:5001",
    );
}

#[test]
fn a_port_in_use_is_named_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let ended = setup(&address).run();
    assert_refused(&ended, &address);
    assert_refused(
        &ended,
        "name another, as in `alertwheel listen 127.0.0.1:5002`",
    );
}

#[test]
fn a_status_that_is_no_answer_and_a_span_that_is_none_are_refused() {
    for argument in ["--status=100", "--status=600", "--delay=2"] {
        let ended = setup("127.0.0.1:0").argument(argument).run();
        assert_eq!(ended.code, Some(1), "{argument}");
        assert!(ended.log.contains("invalid value"), "{}", ended.log);
    }
}

#[test]
fn it_ends_quietly_when_nobody_reads_any_more() {
    let (reader, writer) = pipe().expect("a pipe");
    let run = move || setup("127.0.0.1:0").run_into(writer);
    let process = threads::spawn("listen", CONNECTION_STACK, run).expect("a thread");
    let mut line = String::new();
    let read = BufReader::new(reader).read_line(&mut line);
    read.expect("a greeting");
    let address = address_in(&line).expect("an address");
    // The answer may or may not come before its end.
    let _ = Client::connect(address).ask(&post("/hook", b"{}"));
    let ended = process.join().expect("it ends");
    assert_eq!((ended.code, ended.log.as_str()), (Some(0), ""));
}

#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let full = File::options().write(true).open("/dev/full");
    let ended = setup("127.0.0.1:0").run_into(full.expect("a full device"));
    assert_refused(&ended, "printing failed: No space left on device");
}

#[test]
fn hostile_bodies_neither_end_it_nor_reach_the_terminal() {
    let listen = Listen::start(&[]);
    let odd: [&[u8]; 4] = [
        b"\x1b]0;title\x07\x1b[2J\r\n\x9b2J",
        b"{\"a\": \"\x7f\xc2\x9b2J\"}",
        br#"{"\u001b[2J": "\u001b"}"#,
        br#"{"version": "4", "receiver": "\u001b[2J", "status": "\u009b", "groupLabels": {"a": "\u0007"},
             "alerts": [{"status": "\u001b", "labels": {}, "annotations": {"\u001b": "\u001b"},
                         "startsAt": "\u001b", "endsAt": ""}]}"#,
    ];
    for body in odd {
        assert_eq!(listen.post(body).status, 200);
    }
    let mut client = listen.connect();
    client.post("/\x1b[2J", &vec![b'['; LISTEN_BODY_BYTES]);
    assert_eq!(listen.post(b"the last one").status, 200);
    listen.wait_until_shown("the last one");
    let output = listen.process.output();
    let steers = |one: char| one.is_control() && one != '\n';
    assert!(!output.contains(steers), "{output:.2000}");
    for shown in ["POST /\\u{1b}[2J\n", "receiver  \\u{1b}[2J\n", "\\u{9b}2J"] {
        assert!(output.contains(shown), "{shown}: {output:.2000}");
    }
}

#[test]
fn bodies_past_the_limit_are_refused_and_it_goes_on() {
    let listen = Listen::start(&[]);
    let large = vec![b'x'; LISTEN_BODY_BYTES + 1];
    assert_eq!(listen.post(&large).status, 413);
    let chunk = format!("{:x}\r\n", large.len());
    let chunked = "POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let request = [
        chunked.as_bytes(),
        chunk.as_bytes(),
        &large,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let reply = listen.connect().ask(&request);
    assert_eq!(reply.expect("an answer").status, 413);
    // Room for this body cannot be had, and tiny_http ends the process when it tries.
    for length in ["99999999999999", "18446744073709551615"] {
        let head = format!("POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        let mut client = listen.connect();
        let reply = client.ask(head.as_bytes());
        assert_eq!(reply.expect("an answer").status, 413);
        drop(client);
    }
    listen.wait_until_complained("POST /hook is not shown: its body has more than 4194304 bytes");
    let mut cut = listen.connect();
    let head = "POST /cut HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nhalf";
    cut.send(head.as_bytes()).expect("it listens");
    drop(cut);
    listen.wait_until_complained("POST /cut is not shown: its body did not come whole");
    assert_eq!(listen.post(b"the last one").status, 200);
    listen.wait_until_shown("the last one");
}

#[test]
fn everyone_in_a_crowd_is_answered() {
    const CROWD: usize = 100;
    let listen = Listen::start(&[]);
    // All are connected before the first says anything, and none leaves before it is answered.
    let crowd: Vec<Client> = (0..CROWD).map(|_| listen.connect()).collect();
    thread::scope(|scope| {
        for mut client in crowd {
            scope.spawn(move || assert_eq!(client.post("/hook", b"{}").status, 200));
        }
    });
    wait_until("all are shown", || {
        listen.process.output().matches("POST /hook").count() == CROWD
    });
}
