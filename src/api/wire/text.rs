//! Writes JSON strings into a buffer.
//!
//! Owns the escaping of characters, which is that of `serde_json`. Most texts need no escape; the check for
//! that takes eight bytes at a time. Pure; runs on the connections' threads.

use crate::model::Labels;

/// A word whose eight bytes are all `byte`.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Appends `text` in quotes.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_inner(out, text);
    out.push(b'"');
}

/// Appends a label set as an object.
pub fn push_labels(out: &mut Vec<u8>, labels: &Labels) {
    let mut before: &[u8] = b"{\"";
    for (name, value) in labels.iter() {
        out.extend_from_slice(before);
        push_inner(out, name);
        out.extend_from_slice(b"\":\"");
        push_inner(out, value);
        before = b"\",\"";
    }
    let end: &[u8] = if before.len() == 2 { b"{}" } else { b"\"}" };
    out.extend_from_slice(end);
}

fn push_inner(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        push_escaped(out, text);
    }
}

/// Whether no byte needs an escape.
fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    let mut found = 0;
    for word in words {
        found |= escapes_in(u64::from_le_bytes(*word));
    }
    if let Some(last) = text.last_chunk::<8>() {
        // The last eight bytes overlap the word before. That is cheaper than checking them byte by byte.
        found |= escapes_in(u64::from_le_bytes(*last));
        return found == 0;
    }
    rest.iter().all(|byte| !needs_escape(*byte))
}

/// Not zero if one of the eight bytes needs an escape. The highest bit of the lowest such byte is set;
/// bits of bytes above it may be wrong.
fn escapes_in(word: u64) -> u64 {
    let below_space = word.wrapping_sub(each(b' ')) & !word;
    let quote = zero_bytes_in(word ^ each(b'"'));
    let backslash = zero_bytes_in(word ^ each(b'\\'));
    (below_space | quote | backslash) & each(0x80)
}

fn zero_bytes_in(word: u64) -> u64 {
    word.wrapping_sub(each(1)) & !word
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn push_escaped(out: &mut Vec<u8>, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in text.bytes() {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            0..b' ' => {
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 0xf)]);
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn every_byte_is_escaped_wherever_it_stands_as_serde_json_escapes_it() {
        for byte in 0..=0x7f {
            for before in 0..20 {
                let text = format!("{}{}é", "x".repeat(before), char::from(byte));
                let expected = serde_json::to_string(&text).expect("a text");
                assert_eq!(written(|out| push_text(out, &text)), expected);
            }
        }
    }

    #[test]
    fn a_label_set_is_an_object_of_its_pairs() {
        let object = |pairs: &[(&str, &str)]| {
            let labels = Labels::from_pairs(pairs.iter().copied());
            written(|out| push_labels(out, &labels))
        };
        assert_eq!(object(&[]), "{}");
        assert_eq!(object(&[("a", "")]), r#"{"a":""}"#);
        assert_eq!(
            object(&[("b", "say \"hi\""), ("a\n", "1")]),
            r#"{"a\n":"1","b":"say \"hi\""}"#
        );
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_writes_it(text in any::<String>()) {
            let expected = serde_json::to_string(&text).expect("a text");
            prop_assert_eq!(written(|out| push_text(out, &text)), expected);
        }
    }
}
