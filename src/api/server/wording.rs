//! The head of an answer: status line and headers.
//!
//! Owns which headers a handler may set. `reply` sets the headers that frame an answer (length, chunks,
//! persistence of the connection), because it knows the peer's version and the body. Runs on a
//! connection's thread.

use http::StatusCode;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::head::Version;
use crate::model::Wall;

/// Headers that a handler may not set: `reply` sets them, or (`upgrade`) they ask for another protocol.
const FRAMING_HEADERS: [&str; 5] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "trailer",
    "upgrade",
];

/// Prints `Date` in the form of RFC 9110: that of RFC 2822 with `GMT` for the zone.
static DATES: DateTimePrinter = DateTimePrinter::new();

/// Appends the status line alone. Refusals have no `Date`, because the peer may be no HTTP client at all.
pub(super) fn push_status_line(out: &mut Vec<u8>, version: Version, status: u16) {
    let version = match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    };
    let known = StatusCode::from_u16(status).ok();
    let reason = known.and_then(|status| status.canonical_reason());
    let reason = reason.unwrap_or("Unknown");
    let line = format!("HTTP/{version} {status} {reason}\r\n");
    out.extend_from_slice(line.as_bytes());
}

/// Appends status line, `Date` and the handler's headers to `out`, without the empty line.
pub(super) fn push_head(
    out: &mut Vec<u8>,
    version: Version,
    status: u16,
    headers: &[(&'static str, String)],
    now: Wall,
) {
    push_status_line(out, version, status);
    push_date(out, now);
    for (name, value) in headers {
        if may_be_set(name, value) {
            for part in [name, ": ", value, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
    }
}

/// Appends `Date`. The form has no digits for years before 0. A host whose clock is that far off counts as
/// having no clock, and an origin server without a clock omits the header (RFC 9110, 6.6.1).
fn push_date(out: &mut Vec<u8>, now: Wall) {
    let before = out.len();
    out.extend_from_slice(b"Date: ");
    match DATES.print_timestamp_rfc9110(&now, &mut *out) {
        Ok(()) => out.extend_from_slice(b"\r\n"),
        Err(_) => out.truncate(before),
    }
}

/// Whether the handler may set the header and its value is valid. A line end in a value would allow header
/// injection.
fn may_be_set(name: &str, value: &str) -> bool {
    if FRAMING_HEADERS
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name))
    {
        return false;
    }
    let is_sound = value
        .bytes()
        .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
    if !is_sound {
        log::error!("response header {name} omitted: its value is not valid");
    }
    is_sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ZERO_TIME;

    fn at(text: &str) -> Wall {
        text.parse().expect("a timestamp")
    }

    fn head(
        version: Version,
        status: u16,
        headers: &[(&'static str, String)],
        now: Wall,
    ) -> String {
        let mut out = Vec::new();
        push_head(&mut out, version, status, headers, now);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn a_head_names_the_status_in_words_and_the_date() {
        let headers = [("X-Mine", "yes".to_owned())];
        let told = head(Version::Http10, 404, &headers, at("2026-11-03T04:05:06.9Z"));
        let expected =
            "HTTP/1.0 404 Not Found\r\nDate: Tue, 03 Nov 2026 04:05:06 GMT\r\nX-Mine: yes\r\n";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_status_without_a_name_is_unknown() {
        let mut out = Vec::new();
        push_status_line(&mut out, Version::Http11, 599);
        assert_eq!(out, b"HTTP/1.1 599 Unknown\r\n");
    }

    #[test]
    fn a_clock_that_no_date_can_say_is_left_out() {
        let before_christ = ZERO_TIME - jiff::SignedDuration::from_hours(24 * 700);
        let told = head(Version::Http11, 200, &[], before_christ);
        assert_eq!(told, "HTTP/1.1 200 OK\r\n");
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
            at("2026-11-03T04:05:06Z"),
        );
        let names: Vec<_> = told.split("\r\n").skip(1).collect();
        assert_eq!(names.len(), 2, "only the date is left: {names:?}");
    }
}
