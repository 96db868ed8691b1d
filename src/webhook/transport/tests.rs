//! Receivers behind TLS. Those without are in `post/tests.rs`.

use std::net::TcpListener;
use std::time::Duration as StdDuration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use super::super::address::Address;
use super::super::fake_receiver::{FakeReceiver, Reply, answer};
use super::super::fault::{Cause, Fault};
use super::super::post::Poster;
use super::super::verdict::Answer;
use super::*;
use crate::clock::Clock;

const LONG: StdDuration = StdDuration::from_secs(10);
const SHORT: StdDuration = StdDuration::from_millis(100);

/// A certificate for 127.0.0.1, signed by itself and valid for a century.
const CERTIFICATE: &str = concat!(
    "MIIBVzCB/aADAgECAgEBMAoGCCqGSM49BAMCMBMxETAPBgNVBAMMCHJlY2VpdmVyMCAXDTIwMDEwMTAwMDAwMFoY",
    "DzIxMjAwMTAxMDAwMDAwWjATMREwDwYDVQQDDAhyZWNlaXZlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABG6f",
    "gQsW23YT7Fc3gOS0CvBrImcj6YF3K+D3zLNiFbX0CYUKyd9vQ6WrCO+iJ/InaMxAPX60iM0czac+RxHtsIWjQDA+",
    "MA8GA1UdEQQIMAaHBH8AAAEwDAYDVR0TAQH/BAIwADAdBgNVHQ4EFgQU045hUZcoZwYM7DS8jmZCq1nzNGgwCgYI",
    "KoZIzj0EAwIDSQAwRgIhAPBMmzo8O8bQQo3B8U9lEWOpM05AsdOE535WvOojcfgIAiEA5gJiJWJUkOEAsbb4BmnR",
    "JO3ZhJDo+OqknBikr/vIdxU=",
);

/// Its key. It guards nothing but these tests.
const KEY: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSyN6iBCgJYQpRRCnmJ/L4nIAUNv9avVU2HUqqWo0",
    "atehRANCAARun4ELFtt2E+xXN4DktArwayJnI+mBdyvg98yzYhW19AmFCsnfb0OlqwjvoifyJ2jMQD1+tIjNHM2n",
    "PkcR7bCF",
);

fn der(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

fn certificate() -> CertificateDer<'static> {
    der(CERTIFICATE).into()
}

fn receiver() -> FakeReceiver {
    let key = PrivateKeyDer::Pkcs8(der(KEY).into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .expect("a sound certificate");
    let config = Arc::new(config);
    FakeReceiver::start_over(
        move |stream| {
            let connection = ServerConnection::new(config.clone()).expect("a sound configuration");
            Box::new(StreamOwned::new(connection, stream))
        },
        |_| Reply::Write(answer("200 OK", "", "fine")),
    )
}

fn poster(roots: RootCertStore) -> Poster {
    let clock = Clock::start();
    let trust = Trust::Roots(Arc::new(roots));
    Poster::new(
        agent(
            "test",
            KeptConnections {
                total: 8,
                per_host: 4,
            },
            Resolver::new(clock),
            trust,
        ),
        clock,
    )
}

fn poster_that_trusts_the_receiver() -> Poster {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).expect("a sound certificate");
    poster(roots)
}

fn post(poster: &Poster, url: &str, timeout: StdDuration) -> Result<Answer, Fault> {
    let url = url.replace("http://", "https://");
    let address = Address::parse(&url).expect("an address");
    poster.post(address, b"{}", timeout)
}

fn tls_fault_of(result: Result<Answer, Fault>) -> String {
    match result {
        Err(Fault::Network {
            cause: Cause::Tls(text),
            ..
        }) => text,
        other => panic!("a fault of TLS was expected, not {other:?}"),
    }
}

#[test]
fn a_trusted_receiver_is_posted_to_over_one_connection() {
    let receiver = receiver();
    let poster = poster_that_trusts_the_receiver();
    for _ in 0..5 {
        let answer = post(&poster, &receiver.url("/"), LONG).expect("an answer");
        assert_eq!((answer.status, &answer.excerpt[..]), (200, &b"fine"[..]));
    }
    let seen = receiver.take_seen();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| seen.connection == 0));
}

#[test]
fn a_receiver_that_nobody_vouches_for_is_a_fault() {
    let result = post(&poster(RootCertStore::empty()), &receiver().url("/"), LONG);
    let text = tls_fault_of(result);
    assert_eq!(text, "invalid peer certificate: UnknownIssuer");
}

#[test]
fn a_certificate_for_another_host_is_a_fault() {
    let url = receiver().url("/").replace("127.0.0.1", "localhost");
    let text = tls_fault_of(post(&poster_that_trusts_the_receiver(), &url, LONG));
    assert!(text.starts_with("invalid peer certificate: "), "{text}");
    assert!(text.contains("localhost"), "{text}");
}

#[test]
fn a_handshake_that_hangs_is_cut_at_the_timeout() {
    // The operating system takes the connection, and nobody ever reads from it.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    let clock = Clock::start();
    let result = post(&poster_that_trusts_the_receiver(), &url, SHORT);
    let Err(Fault::Network { cause, .. }) = result else {
        panic!("a fault was expected, not {result:?}");
    };
    assert_eq!(cause, Cause::Timeout(SHORT));
    let took = clock.mono().since(crate::model::Mono::START);
    assert!(took < LONG / 5, "{took:?}");
}
