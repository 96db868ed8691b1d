//! Tests of receivers with TLS. `post/tests.rs` has those without.

use std::net::TcpListener;
use std::time::Duration as StdDuration;

use super::super::address::Address;
use super::super::fault::{Cause, Fault};
use super::super::fixtures::{
    Authority, Demand, Issued, TestFile, content_receiver, https, inline, post_as, post_by, poster,
    tls_receiver, trusting, with_tls,
};
use super::super::verdict::Answer;
use super::*;
use crate::config::{TlsConfig, TlsVersion};

const HOST: &str = "127.0.0.1";

fn fault_of(result: Result<Answer, Fault>) -> String {
    result.expect_err("no answer was expected").to_string()
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
    let authority = Authority::new();
    let receiver = tls_receiver(&authority.issue(HOST), Demand::Nothing);
    let (poster, http) = (poster(), with_tls(trusting(&authority)));
    for _ in 0..5 {
        let answer = post_by(&poster, &http, &https(&receiver)).expect("an answer");
        assert_eq!((answer.status, &answer.excerpt[..]), (200, &b"fine"[..]));
    }
    let seen = receiver.take_seen();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| seen.connection == 0));
}

#[test]
fn a_receiver_that_nobody_vouches_for_is_refused() {
    let receiver = tls_receiver(&Authority::new().issue(HOST), Demand::Nothing);
    let http = with_tls(trusting(&Authority::new()));
    let text = tls_fault_of(post_as(&http, &https(&receiver)));
    assert_eq!(text, "invalid peer certificate: UnknownIssuer");
    let text = tls_fault_of(post_as(&with_tls(TlsConfig::default()), &https(&receiver)));
    assert_eq!(text, "invalid peer certificate: UnknownIssuer");
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let expired = authority.issue_with(HOST, |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let receiver = tls_receiver(&expired, Demand::Nothing);
    let http = with_tls(trusting(&authority));
    let text = tls_fault_of(post_as(&http, &https(&receiver)));
    assert!(text.contains("certificate expired"), "{text}");
}

#[test]
fn a_certificate_for_another_host_is_refused_unless_that_is_its_server_name() {
    let authority = Authority::new();
    let receiver = tls_receiver(&authority.issue("hooks.example"), Demand::Nothing);
    let mut tls = trusting(&authority);
    let text = tls_fault_of(post_as(&with_tls(tls.clone()), &https(&receiver)));
    assert!(text.contains("hooks.example"), "{text}");
    tls.server_name = Some("hooks.example".to_owned());
    assert!(post_as(&with_tls(tls.clone()), &https(&receiver)).is_ok());
    tls.server_name = Some("other.example".to_owned());
    let text = tls_fault_of(post_as(&with_tls(tls), &https(&receiver)));
    assert!(text.contains("other.example"), "{text}");
}

#[test]
fn a_receiver_may_be_its_own_authority() {
    let own = Authority::self_signed(HOST, |_| ());
    let other = Authority::self_signed("other.example", |_| ());
    let expired = Authority::self_signed(HOST, |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let try_with = |shown: &Issued, ca: String| {
        let receiver = tls_receiver(shown, Demand::Nothing);
        let http = with_tls(TlsConfig {
            ca: Some(inline(&ca)),
            ..TlsConfig::default()
        });
        post_as(&http, &https(&receiver))
    };
    assert!(try_with(&own, own.cert.clone()).is_ok());
    let both = format!("{}{}", other.cert, own.cert);
    assert!(try_with(&own, both).is_ok());
    let text = tls_fault_of(try_with(&own, other.cert.clone()));
    assert!(text.starts_with("invalid peer certificate"), "{text}");
    let text = tls_fault_of(try_with(&other, other.cert.clone()));
    assert!(text.contains("other.example"), "{text}");
    let text = tls_fault_of(try_with(&expired, expired.cert.clone()));
    assert!(text.contains("certificate expired"), "{text}");
}

#[test]
fn any_certificate_will_do_where_the_file_says_so() {
    let authority = Authority::new();
    let expired = authority.issue_with("other.example", |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    for demand in [Demand::Tls12, Demand::Tls13] {
        let receiver = tls_receiver(&expired, demand);
        let http = with_tls(TlsConfig {
            insecure_skip_verify: true,
            ..TlsConfig::default()
        });
        assert!(post_as(&http, &https(&receiver)).is_ok());
    }
}

#[test]
fn a_receiver_that_wants_to_know_us_is_shown_our_certificate() {
    let authority = Authority::new();
    let clients = Authority::new();
    let receiver = tls_receiver(&authority.issue(HOST), Demand::Client(&clients));
    let ours = clients.issue("alertwheel");
    let (cert, key) = (
        TestFile::new("client-cert", &ours.cert),
        TestFile::new("client-key", &ours.key),
    );
    let tls = TlsConfig {
        cert: Some(cert.secret()),
        key: Some(key.secret()),
        ..trusting(&authority)
    };
    assert!(post_as(&with_tls(tls), &https(&receiver)).is_ok());

    let text = fault_of(post_as(&with_tls(trusting(&authority)), &https(&receiver)));
    assert!(text.contains("CertificateRequired"), "{text}");
    let stranger = Authority::new().issue("alertwheel");
    let tls = TlsConfig {
        cert: Some(inline(&stranger.cert)),
        key: Some(inline(&stranger.key)),
        ..trusting(&authority)
    };
    let text = fault_of(post_as(&with_tls(tls), &https(&receiver)));
    assert!(text.contains("received fatal alert"), "{text}");
}

#[test]
fn versions_are_kept_to() {
    let authority = Authority::new();
    let certificate = authority.issue(HOST);
    let (old, new) = (
        tls_receiver(&certificate, Demand::Tls12),
        tls_receiver(&certificate, Demand::Tls13),
    );
    for (least, most, speaks_old, speaks_new) in [
        (None, None, true, true),
        (Some(TlsVersion::Tls10), None, true, true),
        (Some(TlsVersion::Tls13), None, false, true),
        (None, Some(TlsVersion::Tls12), true, false),
    ] {
        let http = with_tls(TlsConfig {
            min_version: least,
            max_version: most,
            ..trusting(&authority)
        });
        let case = format!("{least:?} to {most:?}");
        assert_eq!(post_as(&http, &https(&old)).is_ok(), speaks_old, "{case}");
        assert_eq!(post_as(&http, &https(&new)).is_ok(), speaks_new, "{case}");
    }
    let http = with_tls(TlsConfig {
        min_version: Some(TlsVersion::Tls13),
        ..trusting(&authority)
    });
    let text = tls_fault_of(post_as(&http, &https(&old)));
    assert!(text.contains("ProtocolVersion"), "{text}");
}

#[test]
fn files_that_change_hold_from_the_next_request_on() {
    let (before, after) = (Authority::new(), Authority::new());
    let receiver = tls_receiver(&after.issue(HOST), Demand::Nothing);
    let file = TestFile::new("ca", &before.pem());
    let (poster, url) = (poster(), https(&receiver));
    let http = with_tls(TlsConfig {
        ca: Some(file.secret()),
        ..TlsConfig::default()
    });
    let text = tls_fault_of(post_by(&poster, &http, &url));
    assert_eq!(text, "invalid peer certificate: UnknownIssuer");
    file.write(&after.pem());
    assert!(post_by(&poster, &http, &url).is_ok());
    assert!(post_by(&poster, &http, &url).is_ok());
    let last = receiver.take_seen().last().map(|seen| seen.connection);
    assert_eq!(last, Some(1), "while they stay, so does the connection");
    file.write("nonsense");
    let text = fault_of(post_by(&poster, &http, &url));
    assert_eq!(
        text,
        format!("ca_file {} holds no certificate", file.0.display())
    );
}

#[test]
fn a_receiver_without_tls_is_told_apart() {
    let receiver = content_receiver();
    let http = with_tls(TlsConfig::default());
    let result = post_as(&http, &https(&receiver));
    assert!(result.is_err(), "{result:?}");
}

#[test]
fn a_handshake_that_hangs_is_cut_at_the_timeout() {
    // The operating system accepts the connection, and no thread ever reads from it.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    let short = StdDuration::from_millis(100);
    let address = Address::parse(&url).expect("an address");
    let result = poster().send("POST", &Arc::default(), address, b"{}", short);
    let Err(Fault::Network { cause, .. }) = result else {
        panic!("a fault was expected, not {result:?}");
    };
    assert_eq!(cause, Cause::Timeout(short));
}
