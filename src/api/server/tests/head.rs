//! Tests of the rules for heads, one request per rule.

use proptest::prelude::*;

use super::*;
use crate::api::server::method::Method;

/// The parsed head, and the request for the handler, a line each.
fn read(text: &str) -> Result<(Head, String), HeadFault> {
    let (head, request) = parse(text.as_bytes(), &Limits::default())?;
    let mut seen = format!("{} {}\n", request.method, request.target);
    for (name, value) in &request.headers {
        seen.push_str(&format!("{name}: {value}\n"));
    }
    Ok((head, seen))
}

fn fault(text: &str) -> Option<HeadFault> {
    read(text).err()
}

#[test]
fn a_handler_does_not_see_what_concerns_the_connection() {
    let (head, seen) = read(concat!(
        "POST /api/v2/alerts?x=%20 HTTP/1.1\r\nHost: a\r\nContent-Type:  application/json \r\n",
        "Content-Length: 12\r\nConnection: keep-alive, X-Hop\r\nx-hop: 1\r\nKeep-Alive: 5\r\n",
        "TE: chunked\r\nUpgrade: h2c\r\nX-Name: caf\u{e9}\r\n\r\nbody",
    ))
    .expect("a good request");
    assert_eq!(
        seen,
        "POST /api/v2/alerts?x=%20\nhost: a\ncontent-type: application/json\n"
    );
    assert_eq!(head.method, Method::Post);
    assert_eq!(head.framing, Framing::Length(12));
    assert_eq!(head.persistence, Persistence::KeepAlive);
}

#[test]
fn ambiguous_lengths_and_codings_are_refused() {
    for headers in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length:\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "X: 1\r\n Transfer-Encoding: chunked\r\n",
        "X: 1\r\n\tfolded\r\n",
        "X: a\rb\r\n",
        "X: a\0b\r\n",
        ": empty\r\n",
        "No colon\r\n",
        "Host: b\r\n",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        let got = fault(&text);
        assert!(
            matches!(got, Some(HeadFault::Malformed(_))),
            "{headers:?}: {got:?}"
        );
    }
}

#[test]
fn codings_but_chunked_are_not_implemented() {
    for coding in [
        "gzip",
        "gzip, chunked",
        "chunked, chunked",
        "xchunked",
        "identity",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n");
        assert!(
            matches!(fault(&text), Some(HeadFault::NotImplemented(_))),
            "{coding}"
        );
    }
    let text = "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n";
    assert_eq!(
        read(text).map(|(head, _)| head.framing),
        Ok(Framing::Chunked)
    );
}

#[test]
fn broken_request_lines_are_refused() {
    for line in [
        "GET / x HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /",
        "GET / ",
        " GET / HTTP/1.1",
        "GET relative HTTP/1.1",
        "GET * HTTP/1.1",
        "CONNECT host:443 HTTP/1.1",
        "GET ftp://host/ HTTP/1.1",
        "GET /caf\u{e9} HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET / HTTX/1.1",
        "GET / HTTP/1.1x",
        "GET / http/1.1",
    ] {
        let got = fault(&format!("{line}\r\nHost: a\r\n\r\n"));
        assert!(
            matches!(got, Some(HeadFault::Malformed(_))),
            "{line:?}: {got:?}"
        );
    }
}

#[test]
fn other_versions_are_named_as_such() {
    for line in [
        "GET / HTTP/2.0",
        "PRI * HTTP/2.0",
        "GET / HTTP/3",
        "GET / HTTP/1.2",
        "GET / HTTP/0.9",
    ] {
        assert_eq!(
            fault(&format!("{line}\r\n\r\n")),
            Some(HeadFault::Version),
            "{line}"
        );
    }
}

#[test]
fn the_limits_hold() {
    let long_url = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(30 * 1024));
    assert_eq!(fault(&long_url), Some(HeadFault::UrlTooLong));
    let headers = "a: b\r\n".repeat(100);
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    assert_eq!(fault(&many), Some(HeadFault::TooLarge));
    let method = "M".repeat(METHOD_BYTES + 1);
    let got = fault(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert!(matches!(got, Some(HeadFault::NotImplemented(_))));
}

#[test]
fn a_length_no_integer_holds_is_past_every_limit_and_not_malformed() {
    for length in [
        "10000000000000",
        "18446744073709551615",
        "99999999999999999999999999",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        let (head, _) = read(&text).expect("a number is well formed");
        assert!(matches!(head.framing, Framing::Length(bytes) if bytes >= 10_000_000_000_000));
    }
}

#[test]
fn targets_of_proxies_become_paths() {
    for (target, path) in [
        ("http://a:9093/x?y=1", "/x?y=1"),
        ("HTTP://a", "/"),
        ("https://a?y", "/?y"),
    ] {
        let (_, seen) = read(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")).expect("good");
        assert!(seen.starts_with(&format!("GET {path}\n")), "{seen}");
    }
    let (_, seen) = read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").expect("good");
    assert!(seen.starts_with("OPTIONS *\n"));
}

#[test]
fn a_connection_lives_on_as_version_and_header_say() {
    for (version, header, expected) in [
        ("1.1", "", Persistence::KeepAlive),
        ("1.1", "Connection: Close\r\n", Persistence::Close),
        (
            "1.1",
            "Connection: keep-alive, close\r\n",
            Persistence::Close,
        ),
        ("1.0", "", Persistence::Close),
        ("1.0", "Connection: Keep-Alive\r\n", Persistence::KeepAlive),
    ] {
        let (head, _) =
            read(&format!("GET / HTTP/{version}\r\nHost: a\r\n{header}\r\n")).expect("good");
        assert_eq!(head.persistence, expected, "{version} {header}");
    }
}

#[test]
fn only_version_one_one_needs_a_host_and_may_expect_or_chunk() {
    assert!(read("GET / HTTP/1.0\r\n\r\n").is_ok());
    assert!(matches!(
        fault("GET / HTTP/1.1\r\n\r\n"),
        Some(HeadFault::Malformed(_))
    ));
    let chunked = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(matches!(fault(chunked), Some(HeadFault::Malformed(_))));
    for (version, expected) in [("1.1", Expectation::Continue), ("1.0", Expectation::None)] {
        let text = format!("POST / HTTP/{version}\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n");
        assert_eq!(read(&text).map(|(head, _)| head.expectation), Ok(expected));
    }
    let odd = "POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n";
    assert_eq!(fault(odd), Some(HeadFault::Expectation));
}

#[test]
fn lines_may_end_in_a_bare_line_feed_and_empty_ones_may_lead() {
    let (head, seen) = read("GET /x HTTP/1.1\nHost: a\n\nrest").expect("good");
    assert_eq!(seen, "GET /x\nhost: a\n");
    assert_eq!(head.bytes, 25);
    assert_eq!(leading_empty_lines(b"\r\n\nGET"), 3);
    assert_eq!(leading_empty_lines(b"\r\n\r\n\r\nGET"), 4);
    assert_eq!(leading_empty_lines(b"\rGET"), 0);
}

#[test]
fn the_end_is_found_however_the_bytes_come() {
    for text in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
    ] {
        for length in 0..text.len() {
            assert!(!has_end(
                &text.as_bytes()[..length],
                length.saturating_sub(1)
            ));
        }
        assert!(has_end(text.as_bytes(), text.len() - 1));
        assert!(has_end(text.as_bytes(), 0));
    }
}

fn heads() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "GET ",
        "POST ",
        "/",
        "/x?y ",
        "HTTP/1.1",
        "HTTP/1.0",
        "HTTP/2.0",
        "\r\n",
        "\n",
        "\r",
        " ",
        "Host: a\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Expect: x\r\n",
        "Connection: close, x\r\n",
        "x: \u{e9}\r\n",
        ":",
        "http://h",
        "\0",
    ];
    let piece = prop_oneof![
        4 => proptest::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_understood_or_refused_without_a_panic(input in heads()) {
        let skipped = leading_empty_lines(&input);
        let input = &input[skipped..];
        if let Ok((head, _)) = parse(input, &Limits::default()) {
            prop_assert!(head.bytes <= input.len());
            prop_assert!(has_end(&input[..head.bytes], 0));
        }
    }

    #[test]
    fn what_a_handler_sees_holds_nothing_that_another_reader_takes_otherwise(input in heads()) {
        let prefix = b"POST /x HTTP/1.1\r\nHost: a\r\n";
        let input = [&prefix[..], &input, b"\r\n\r\n"].concat();
        if let Ok((_, request)) = parse(&input, &Limits::default()) {
            let mut anew = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
            for (name, value) in &request.headers {
                anew.push_str(&format!("{name}: {value}\r\n"));
            }
            anew.push_str("\r\n");
            let (head, again) = parse(anew.as_bytes(), &Limits::default()).expect("sound");
            prop_assert_eq!(head.bytes, anew.len());
            prop_assert_eq!(head.framing, Framing::Length(0));
            prop_assert_eq!(again, request);
        }
    }
}
