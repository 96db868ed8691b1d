//! Values of any shape, such as a webhook's `payload` (§6.5).
//!
//! Owns the conversion of a YAML value into a [`Payload`]. Texts stay texts, including those that only YAML
//! 1.1 takes for numbers or booleans: each text is parsed again after rendering, with the same result, unless
//! the file marks it with `!text`. Pure; runs on the thread that loads the configuration.

use super::fault::{Findings, shown};
use super::node::{Kind, Node, Tag};
use crate::template::Payload;

/// Reads a value; `None` if it contains a number that JSON cannot express. Keys that are not texts are
/// dropped with a warning.
pub fn read_payload(node: &Node, findings: &mut Findings) -> Option<Payload> {
    Some(match &node.kind {
        Kind::Null => Payload::Null,
        Kind::Scalar(text) if node.tag == Tag::Other => read_typed(node, text, findings)?,
        Kind::Scalar(text) if node.tag == Tag::Marked => Payload::PlainText(text.clone()),
        Kind::Scalar(text) => Payload::Text(text.clone()),
        Kind::List(items) => {
            let items = items.iter().map(|item| read_payload(item, findings));
            Payload::List(items.collect::<Option<_>>()?)
        }
        Kind::Map(entries) => {
            let mut read = Vec::new();
            for entry in entries {
                if entry.key_tag == Tag::Other {
                    let key = shown(&entry.key);
                    let warning = format!("key {key} is no text and left out; put it in quotes");
                    findings.warn(entry.place, warning);
                } else {
                    read.push((entry.key.clone(), read_payload(&entry.value, findings)?));
                }
            }
            Payload::Map(read)
        }
    })
}

/// Reads a number or a boolean. Whole numbers beyond 64 bits stay texts.
fn read_typed(node: &Node, text: &str, findings: &mut Findings) -> Option<Payload> {
    if let Some(value) = boolean(text) {
        return Some(Payload::Bool(value));
    }
    if let Some(value) = integer(text) {
        return Some(Payload::Integer(value));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Payload::Text(text.to_owned()));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Some(Payload::Float(number)),
        _ => {
            let wrong = format!("{} cannot be written as JSON", shown(text));
            findings.fault(node.place, wrong, "write a number or a text");
            None
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits, 10),
    };
    let number = i128::from_str_radix(&format!("{sign}{digits}"), radix).ok()?;
    let fits = i64::try_from(number).is_ok() || u64::try_from(number).is_ok();
    fits.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn read(text: &str) -> Option<Payload> {
        let root = yaml::parse(text).expect("the text is YAML").root;
        read_payload(&root, &mut Findings::default())
    }

    #[test]
    fn scalars_keep_their_types() {
        let values = [
            ("null", Payload::Null),
            ("true", Payload::Bool(true)),
            ("-12", Payload::Integer(-12)),
            ("0x1F", Payload::Integer(31)),
            ("1.5", Payload::Float(1.5)),
            ("1e3", Payload::Float(1000.0)),
            ("'10'", Payload::Text("10".into())),
            ("yes", Payload::Text("yes".into())),
            ("!text yes", Payload::PlainText("yes".into())),
            ("!text 'a: b'", Payload::PlainText("a: b".into())),
            ("!text 5", Payload::PlainText("5".into())),
            ("!text", Payload::PlainText(String::new())),
            (
                "!text |-\n  a: b\n  c",
                Payload::PlainText("a: b\nc".into()),
            ),
            ("18446744073709551615", Payload::Integer(u64::MAX.into())),
            ("2024-01-01", Payload::Text("2024-01-01".into())),
            (
                "99999999999999999999",
                Payload::Text("99999999999999999999".into()),
            ),
        ];
        for (written, value) in values {
            assert_eq!(read(written), Some(value), "{written}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        assert_eq!(read(".nan"), None);
        assert_eq!(read("[a, -.inf]"), None);
    }

    #[test]
    fn keys_that_are_no_texts_are_dropped() {
        let read = read("{1: a, b: [2], ~: c, '3': d}");
        let list = Payload::List(vec![Payload::Integer(2)]);
        let kept = vec![("b".into(), list), ("3".into(), Payload::Text("d".into()))];
        assert_eq!(read, Some(Payload::Map(kept)));
    }
}
