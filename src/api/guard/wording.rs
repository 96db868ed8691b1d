//! The head of an answer: status line and headers, in tiny_http's words.
//!
//! Owns what a handler may say in a head. What frames an answer (its length or chunks, what becomes
//! of the connection) is `reply`'s, which knows the peer's version and the body. Runs on a
//! connection's thread.

use std::io;

use tiny_http::{HTTPVersion, Header, Response, StatusCode};

use super::head::Version;

/// Headers of an answer that `reply` sets.
const FRAMING_HEADERS: [&str; 4] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "trailer",
];

/// What tiny_http says on top that is `reply`'s to say, or nobody's business.
const LEFT_OUT: [&[u8]; 3] = [b"Server: ", b"Content-Length: ", b"\r\n"];

/// Appends the status line alone, as in an answer to who may be no HTTP client at all.
pub(super) fn push_status_line(out: &mut Vec<u8>, version: Version, status: u16) {
    let version = spoken(version);
    let reason = StatusCode(status).default_reason_phrase();
    let line = format!("HTTP/{version} {status} {reason}\r\n");
    out.extend_from_slice(line.as_bytes());
}

/// Appends status line, `Date` and the handler's headers to `out`, without the empty line.
pub(super) fn push_head(
    out: &mut Vec<u8>,
    version: Version,
    status: u16,
    headers: &[(&'static str, String)],
) {
    let headers = headers
        .iter()
        .filter_map(|(name, value)| sound(name, value));
    let status = StatusCode(status);
    // With its length known and small it is never put into chunks.
    let response = Response::new(status, headers.collect(), io::empty(), Some(0), None);
    let mut printed = Vec::with_capacity(256);
    let result = response.raw_print(&mut printed, spoken(version), &[], true, None);
    debug_assert!(result.is_ok(), "memory takes it");
    let lines = printed.split_inclusive(|byte| *byte == b'\n');
    for line in lines.filter(|line| !LEFT_OUT.iter().any(|start| line.starts_with(start))) {
        out.extend_from_slice(line);
    }
}

fn spoken(version: Version) -> HTTPVersion {
    match version {
        Version::Http10 => HTTPVersion(1, 0),
        Version::Http11 => HTTPVersion(1, 1),
    }
}

/// The header, if the handler may set it and it is one: a line end in a value would let whoever chose
/// it write headers of its own.
fn sound(name: &str, value: &str) -> Option<Header> {
    if FRAMING_HEADERS
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name))
    {
        return None;
    }
    let is_printable = |byte| byte == b'\t' || (b' '..=b'~').contains(&byte);
    let header = Header::from_bytes(name, value).ok();
    let header = header.filter(|_| value.bytes().all(is_printable));
    if header.is_none() {
        log::error!("left out the header {name} of an answer: its value is not valid");
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(version: Version, status: u16, headers: &[(&'static str, String)]) -> String {
        let mut out = Vec::new();
        push_head(&mut out, version, status, headers);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn a_head_names_the_status_in_words_and_the_date() {
        let headers = [("X-Mine", "yes".to_owned())];
        let told = head(Version::Http10, 404, &headers);
        let lines: Vec<_> = told.split("\r\n").collect();
        assert_eq!(lines[0], "HTTP/1.0 404 Not Found");
        assert!(lines[1].starts_with("Date: ") && lines[1].ends_with(" GMT"));
        assert_eq!(lines[2..], ["X-Mine: yes", ""]);
    }

    #[test]
    fn a_handler_can_neither_frame_an_answer_nor_forge_headers() {
        let told = head(
            Version::Http11,
            200,
            &[
                ("Content-Length", "7".to_owned()),
                ("Connection", "upgrade".to_owned()),
                ("Trailer", "x".to_owned()),
                ("X-Split", "a\r\nX-Injected: 1".to_owned()),
                ("X-Other", "caf\u{e9}".to_owned()),
            ],
        );
        let names: Vec<_> = told.split("\r\n").skip(1).collect();
        assert_eq!(names.len(), 2, "only the date is left: {names:?}");
    }
}
