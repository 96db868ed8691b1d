//! Webhooks in, by the real binary: every preset with the requests of its sender, bodies of all kinds that cannot
//! be used, senders that prove nothing, heartbeats, and the lines of the README.

mod bad_input;
mod cost;
mod heartbeats;
mod one_liners;
mod presets;
mod senders;

use std::io::Write as _;

use serde_json::Value;

use crate::client::Reply;
use crate::process::{Daemon, Setup};
use crate::receiver::Receiver;
use crate::samples::{config, webhook};

/// Keys of a route that tells each alert by itself, soon, and repeats nothing.
const EACH: &str =
    "group_by: ['...'], group_wait: 50ms, group_interval: 300ms, repeat_interval: 1h";

/// A daemon with these sections beside the route, which tells each alert by itself.
fn start(receiver: &Receiver, sections: &str) -> Daemon {
    let text = format!("{}{sections}", config(EACH, &[webhook(receiver, "")]));
    Setup::with_config(&text).start()
}

/// A request with these headers.
fn request(method: &str, target: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n").into_bytes();
    for (name, value) in headers {
        write!(bytes, "{name}: {value}\r\n").expect("memory");
    }
    write!(bytes, "Content-Length: {}\r\n\r\n", body.len()).expect("memory");
    bytes.extend_from_slice(body);
    bytes
}

/// Posts a body without any header.
fn post(daemon: &Daemon, target: &str, body: &[u8]) -> Reply {
    let request = request("POST", target, &[], body);
    let mut client = daemon.connect();
    // A body that is too large is refused before all of it is sent.
    let _ = client.send(&request);
    client.reply().expect("an answer")
}

/// The alert of a webhook that tells one.
fn told_alert(receiver: &Receiver) -> Value {
    let webhook = receiver.next();
    let body = webhook.body();
    let alerts = body["alerts"].as_array().expect("a list");
    assert_eq!(alerts.len(), 1, "each alert is a group: {body}");
    alerts[0].clone()
}
