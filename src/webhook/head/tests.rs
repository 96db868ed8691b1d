//! Tests of the parser with valid and invalid heads, as receivers send them.

use proptest::prelude::*;

use super::*;

/// The clean head for ureq of `head`, which is read in one piece.
fn clean(head: &str) -> String {
    let mut read = Head::default();
    let used = read.take(head.as_bytes()).expect("an answer");
    assert_eq!(used, head.len(), "{head:?} was read to its end");
    assert!(read.is_complete(), "{head:?}");
    read.finish();
    String::from_utf8(read.clean().to_vec()).expect("text")
}

/// The same, of a head that breaks off; `None` if that is no answer.
fn clean_of_cut(head: &str) -> Option<String> {
    let mut read = Head::default();
    let used = read.take(head.as_bytes()).ok()?;
    assert!(!read.is_complete(), "{head:?}");
    read.break_off(&head.as_bytes()[used..]).then(|| {
        read.finish();
        String::from_utf8(read.clean().to_vec()).expect("text")
    })
}

#[test]
fn of_a_sound_head_what_counts_is_passed_on() {
    assert_eq!(
        clean(
            "HTTP/1.1 503 Busy\r\nDate: today\r\nretry-after: 7\r\nContent-Length: 12\r\nConnection: Close\r\n\r\n"
        ),
        "HTTP/1.1 503\r\nretry-after: 7\r\ncontent-length: 12\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(
        clean("HTTP/1.0 200 OK\nConnection: x, keep-alive\nContent-Type:text/plain\n\n"),
        "HTTP/1.0 200\r\nContent-Type: text/plain\r\nconnection: keep-alive\r\n\r\n"
    );
    assert_eq!(
        clean("HTTP/1.1 307\r\nLocation: /a b\r\nTransfer-Encoding: Chunked\r\n\r\n"),
        "HTTP/1.1 307\r\nLocation: /a b\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let twice = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\n";
    assert_eq!(clean(twice), "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n");
}

#[test]
fn a_folded_field_that_does_not_count_costs_nothing() {
    assert_eq!(
        clean(
            "HTTP/1.1 200 OK\r\nContent-Security-Policy: default-src 'self';\r\n  img-src *;\r\n\tx\r\nContent-Length: 0\r\n\r\n"
        ),
        "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n"
    );
}

#[test]
fn a_broken_rule_costs_the_connection_and_never_the_answer() {
    for field in [
        "Content-Length : 2",
        "X Y: z",
        "X : y",
        ": y",
        "no colon",
        "Content-Length:",
        "Content-Length: +2",
        "Content-Length: 2, 2",
        "Content-Length: 99999999999999999999",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2\r\n 3",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Transfer-Encoding: gzip, chunked",
        "Retry-After: 7\u{1}",
    ] {
        let clean = clean(&format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n"));
        assert!(clean.starts_with("HTTP/1.1 200\r\n"), "{field:?}: {clean}");
        assert!(
            clean.ends_with("\r\nconnection: close\r\n\r\n"),
            "{field:?}: {clean}"
        );
    }
    for line in [
        "HTTP/2.0 200 OK",
        "HTTP/2 200",
        "HTTP/1.1x 200",
        "\r\nHTTP/1.1 200 OK",
    ] {
        let clean = clean(&format!("{line}\r\n\r\n"));
        assert_eq!(
            clean, "HTTP/1.1 200\r\nconnection: close\r\n\r\n",
            "{line:?}"
        );
    }
}

#[test]
fn interim_answers_are_passed_over() {
    let final_head = "HTTP/1.1 204 OK\r\n\r\n";
    let interim = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Hints\r\nLocation: /x\r\n\r\n";
    assert_eq!(
        clean(&format!("{interim}{final_head}")),
        "HTTP/1.1 204\r\n\r\n"
    );
    assert_eq!(clean("HTTP/1.1 101 Switch\r\n\r\n"), "HTTP/1.1 101\r\n\r\n");
    assert_eq!(clean_of_cut(interim), None);
    assert_eq!(clean_of_cut("HTTP/1.1 100 Continue\r\n"), None);
    let endless = "HTTP/1.1 102 Wait\r\n\r\n".repeat(limits::ANSWER_HEAD);
    assert_eq!(
        Head::default().take(endless.as_bytes()),
        Err(NoAnswer::Endless)
    );
}

#[test]
fn a_head_that_breaks_off_has_said_what_it_has_said() {
    let cut = "content-length: 0\r\nconnection: close\r\n\r\n";
    for (head, expected) in [
        ("HTTP/1.1 200 OK\r\n", "HTTP/1.1 200\r\n"),
        ("HTTP/1.1 200 O", "HTTP/1.1 200\r\n"),
        ("HTTP/1.1 200", "HTTP/1.1 200\r\n"),
        (
            "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Le",
            "HTTP/1.1 429\r\nRetry-After: 7\r\n",
        ),
    ] {
        assert_eq!(
            clean_of_cut(head),
            Some(format!("{expected}{cut}")),
            "{head:?}"
        );
    }
    for nothing in ["", "HT", "HTTP/1.1 20", "HTTP/1.1 ", "\r\n\r\n"] {
        assert_eq!(clean_of_cut(nothing), None, "{nothing:?}");
    }
}

#[test]
fn a_head_past_its_bound_is_judged_by_what_was_read() {
    let field = format!("X-Filler: {}\r\n", "x".repeat(1000));
    let large = field.repeat(20);
    let whole = format!("HTTP/1.1 200 OK\r\n{large}Content-Length: 2\r\n\r\n");
    assert_eq!(clean(&whole), "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n");
    let endless = format!("HTTP/1.1 200 OK\r\n{}", field.repeat(100));
    let mut head = Head::default();
    let used = head.take(endless.as_bytes()).expect("an answer");
    assert!(used < endless.len() && head.is_cut());
}

#[test]
fn what_is_no_answer_is_told_at_once_and_quoted() {
    for (bytes, expected) in [
        (&b"SSH-2.0"[..], "it begins with \"SSH-2.0\""),
        (b"<html>\r\n", "it begins with \"<html>\""),
        (
            b"\x15\x03\x01\x00\x02\x02\xff",
            "it begins with bytes that are no text",
        ),
        (
            b"HTTP/1.1 099 Odd\r\n",
            "it begins with \"HTTP/1.1 099 Odd\"",
        ),
        (b"HTTP/1.1 2000\r\n", "it begins with \"HTTP/1.1 2000\""),
        (b"HTTP/1.1\r\n", "it begins with \"HTTP/1.1\""),
    ] {
        let fault = Head::default().take(bytes).expect_err("no answer");
        assert_eq!(fault.to_string(), expected);
    }
    assert_eq!(Head::default().take(b"HTT"), Ok(0), "more may come");
}

#[test]
fn a_head_may_come_byte_by_byte_and_is_followed_by_another() {
    let text = "\r\nHTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nab";
    let mut head = Head::default();
    let mut input = Vec::new();
    for byte in text.bytes() {
        input.push(byte);
        let used = head.take(&input).expect("an answer");
        input.drain(..used);
    }
    assert!(head.is_complete());
    assert_eq!(input, b"ab", "the body");
    head.finish();
    head.begin();
    assert_eq!((head.status(), head.clean()), (None, &b""[..]));
    assert_eq!(head.take(b"HTTP/1.1 404 No\r\n"), Ok(17));
    assert_eq!(head.status(), Some(404));
}

/// A piece of a head, sound or not.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    const KNOWN: [&str; 15] = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 503 x",
        "HTTP/1.1 100 \r\n",
        "Content-Length: 2\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close, x\r\n",
        "Location: /\u{e9}\r\n",
        "Retry-After:",
        ": ",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\r\n\r\n",
    ];
    let known = prop::sample::select(&KNOWN[..]).prop_map(|text| text.as_bytes().to_vec());
    prop_oneof![4 => known, 1 => prop::collection::vec(any::<u8>(), 0..8)]
}

proptest! {
    #[test]
    fn whatever_comes_is_refused_or_becomes_a_head_that_ureq_takes(
        pieces in prop::collection::vec(piece(), 0..20),
        is_begun in any::<bool>(),
    ) {
        let mut bytes = if is_begun { b"HTTP/1.1 200 OK\r\n".to_vec() } else { Vec::new() };
        bytes.extend(pieces.concat());
        let mut head = Head::default();
        let Ok(used) = head.take(&bytes) else {
            return Ok(());
        };
        prop_assert!(used <= bytes.len());
        if !head.is_complete() && !head.break_off(&bytes[used..]) {
            return Ok(());
        }
        head.finish();
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Response::new(&mut fields);
        let length = head.clean().len();
        prop_assert_eq!(parsed.parse(head.clean()), Ok(httparse::Status::Complete(length)));
        prop_assert_eq!(parsed.code, head.status());
    }
}
