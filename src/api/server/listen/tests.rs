//! Tests of listen addresses. The host may have no IPv6; then the tests expect what holds there.

use std::net::{TcpListener, TcpStream};

use super::*;

fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

/// The address that a listener on `address` has, without the port.
fn bound_to(address: &str) -> String {
    let bound = bind(address).unwrap_or_else(|error| panic!("{error}"));
    let bound = bound.local_addr().expect("it is bound");
    assert_ne!(bound.port(), 0, "{address}");
    bound.ip().to_string()
}

fn refusal(address: &str) -> String {
    match bind(address) {
        Ok(listener) => panic!("{address} became {listener:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_address_is_listened_on_as_it_is_spelled() {
    for (address, expected) in [
        ("127.0.0.1:0", "127.0.0.1"),
        ("[127.0.0.1]:0", "127.0.0.1"),
        ("[::ffff:127.0.0.1]:0", "127.0.0.1"),
        ("localhost:0", "127.0.0.1"),
    ] {
        assert_eq!(bound_to(address), expected, "{address}");
    }
    if has_ipv6() {
        for address in ["[::1]:0", "[::1%lo]:0", "[::1%1]:0", "[0:0::1]:0"] {
            assert_eq!(bound_to(address), "::1", "{address}");
        }
    }
}

#[test]
fn every_spelling_of_everywhere_is_answered_by_every_address_of_the_host() {
    for address in [
        ":0",
        "[]:0",
        "0.0.0.0:0",
        "[::]:0",
        "[::ffff:0.0.0.0]:0",
        "[0::0]:0",
    ] {
        let listener = bind(address).unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().expect("it is bound").port();
        let hosts: &[&str] = if has_ipv6() {
            &["127.0.0.1", "::1"]
        } else {
            &["127.0.0.1"]
        };
        for host in hosts {
            let reached = TcpStream::connect((*host, port));
            assert!(reached.is_ok(), "{address} by {host}: {reached:?}");
        }
    }
}

#[test]
fn a_host_without_ipv6_is_told_apart_from_a_port_that_is_taken() {
    let error = |errno: Errno| io::Error::from(errno);
    assert!(says_no_ipv6(&error(Errno::AFNOSUPPORT)));
    assert!(says_no_ipv6(&error(Errno::ADDRNOTAVAIL)));
    assert!(!says_no_ipv6(&error(Errno::ADDRINUSE)));
    assert!(!says_no_ipv6(&error(Errno::ACCESS)));
}

#[test]
fn a_port_that_is_taken_is_not_listened_on_by_half() {
    let taken = bind(":0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    for address in [
        format!(":{port}"),
        format!("0.0.0.0:{port}"),
        format!("[::]:{port}"),
    ] {
        assert!(refusal(&address).contains("in use"), "{address}");
    }
}

#[test]
fn an_error_names_the_address_and_what_is_wrong_with_it() {
    for (wrong, why) in [
        (":x", "the port is not a number up to 65535"),
        (":", "the port is not a number"),
        (":+9093", "the port is not a number"),
        ("host:99999", "the port is not a number up to 65535"),
        ("9093", "the port is missing"),
        ("127.0.0.1", "the port is missing"),
        ("::1:9093", "stands in brackets"),
        ("[::1]", "the port is missing"),
        ("[::1]9093:1", "stands in brackets"),
        (
            "[::1%nosuch0]:0",
            "this host has no network interface called nosuch0",
        ),
        (
            "[fe80::1%an-interface-with-a-long-name]:0",
            "this host has no network interface",
        ),
        ("192.0.2.1:0", "os error"),
    ] {
        let said = refusal(wrong);
        assert!(said.contains(wrong) && said.contains(why), "{said}");
    }
}
