//! Replaces invalid Unicode in JSON text, as Go's decoder does.
//!
//! Owns the replacement alone. Used only for bodies that serde_json has rejected. Pure; runs on the
//! connections' threads.

/// The text with invalid Unicode replaced as in Go: each invalid byte and each unpaired surrogate becomes
/// U+FFFD.
pub fn repair(text: &[u8]) -> Vec<u8> {
    let mut repaired = with_broken_bytes_replaced(text);
    let mut at = 0;
    while at < repaired.len() {
        if repaired[at] != b'\\' {
            at += 1;
            continue;
        }
        match (
            surrogate(&repaired[at..]),
            surrogate(repaired.get(at + 6..).unwrap_or(&[])),
        ) {
            (Some(Half::High), Some(Half::Low)) => at += 12,
            (Some(_), _) => {
                repaired[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            (None, _) => at += 2,
        }
    }
    repaired
}

/// The text with each byte that is part of no character replaced by one U+FFFD.
fn with_broken_bytes_replaced(text: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        replaced.extend_from_slice(chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            replaced.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    replaced
}

enum Half {
    High,
    Low,
}

/// Which half of a surrogate pair the escape at the start of `text` is, if it is one.
fn surrogate(text: &[u8]) -> Option<Half> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    match digits.to_ascii_lowercase().as_slice() {
        [b'd', b'8' | b'9' | b'a' | b'b', ..] => Some(Half::High),
        [b'd', b'c'..=b'f', ..] => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_touches_nothing_but_what_is_broken() {
        let repaired =
            |text: &[u8]| String::from_utf8(repair(text)).expect("repaired text is UTF-8");
        assert_eq!(
            repaired(br"\ud83d\ude00 \\ud800 \u00e9"),
            r"\ud83d\ude00 \\ud800 \u00e9"
        );
        assert_eq!(repaired(br"\ud800 \uDC00\ud800"), r"\ufffd \ufffd\ufffd");
        assert_eq!(repaired(br"\ud800\ud83d\ude00"), r"\ufffd\ud83d\ude00");
        assert_eq!(repaired(br"\ud8zz"), r"\ud8zz", "no escape at all");
        assert_eq!(repaired(b"\xffa\\"), "\u{fffd}a\\");
    }
}
