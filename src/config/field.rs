//! Reads single values of a tree: texts, booleans, numbers, durations, lists, and maps with known keys.
//!
//! Owns the meaning of null for each type (Go's zero value, §1.1) and the messages about values of the
//! wrong type. Messages never repeat texts that could be secrets. Pure; runs on the thread that loads the
//! configuration.

use std::fmt;
use std::time::Duration;

use super::fault::{Findings, nearest, shown};
use super::node::{Entry, Kind, Node, Place};
use crate::model::{parse_duration, parse_go_duration};

/// A value and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The position in the file.
    pub place: Place,
    /// The value.
    pub value: T,
}

/// The entries of a map with the keys `known`, which faults call `what`. Other keys are faults that suggest
/// the nearest known key; null is a map without keys.
pub fn known_keys<'n>(
    node: &'n Node,
    what: &str,
    known: &[&str],
    findings: &mut Findings,
) -> Option<&'n [Entry]> {
    let entries = map(node, what, findings)?;
    for entry in entries {
        if !known.contains(&entry.key.as_str()) {
            refuse_key(entry, what, known, findings);
        }
    }
    Some(entries)
}

fn refuse_key(entry: &Entry, what: &str, known: &[&str], findings: &mut Findings) {
    let wrong = format!("field {} not found in {what}", shown(&entry.key));
    let right = fmt::from_fn(|out| match nearest(&entry.key, known.iter().copied()) {
        Some(nearest) => write!(out, "did you mean {nearest}?"),
        None if known.len() > 20 => out.write_str("remove it"),
        None => write!(out, "it has {}", known.join(", ")),
    });
    findings.fault(entry.place, wrong, right);
}

/// The entries of a map, which faults call `what`; null is an empty map.
pub fn map<'n>(node: &'n Node, what: &str, findings: &mut Findings) -> Option<&'n [Entry]> {
    match &node.kind {
        Kind::Null => Some(&[]),
        Kind::Map(entries) => Some(entries),
        _ => mismatch(node, what, "write keys and values", findings),
    }
}

/// The items of a list, which faults call `what`; null is an empty list.
pub fn list<'n>(node: &'n Node, what: &str, findings: &mut Findings) -> Option<&'n [Node]> {
    match &node.kind {
        Kind::Null => Some(&[]),
        Kind::List(items) => Some(items),
        _ => mismatch(node, what, "write a list such as [a, b]", findings),
    }
}

/// A text; null is the empty text.
pub fn text<'n>(node: &'n Node, findings: &mut Findings) -> Option<&'n str> {
    match &node.kind {
        Kind::Null => Some(""),
        Kind::Scalar(text) => Some(text),
        _ => mismatch(node, "a string", "write a single text", findings),
    }
}

/// A list of texts with their positions. Items of another type are faults and left out.
pub fn texts(node: &Node, what: &str, findings: &mut Findings) -> Option<Vec<At<String>>> {
    let items = list(node, what, findings)?;
    let read = items.iter().filter_map(|item| {
        Some(At {
            place: item.place,
            value: text(item, findings)?.to_owned(),
        })
    });
    Some(read.collect())
}

/// The names and texts of a map, with positions. Values of another type are faults and left out.
pub fn named_texts(entries: &[Entry], findings: &mut Findings) -> Vec<(String, At<String>)> {
    let read = entries.iter().filter_map(|entry| {
        let at = At {
            place: entry.value.place,
            value: text(&entry.value, findings)?.to_owned(),
        };
        Some((entry.key.clone(), at))
    });
    read.collect()
}

/// A boolean in any spelling of YAML 1.1; null is false.
pub fn boolean(node: &Node, findings: &mut Findings) -> Option<bool> {
    const TRUE: [&str; 11] = [
        "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE",
    ];
    const FALSE: [&str; 11] = [
        "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE",
    ];
    let right = "write true or false";
    let text = match &node.kind {
        Kind::Null => return Some(false),
        Kind::Scalar(text) => text.as_str(),
        _ => return mismatch(node, "bool", right, findings),
    };
    match (TRUE.contains(&text), FALSE.contains(&text)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => {
            let wrong = format!("cannot unmarshal `{}` into bool", shown(text));
            findings.fault(node.place, wrong, right);
            None
        }
    }
}

/// A non-negative whole number in any spelling of YAML 1.1; null is 0.
pub fn count(node: &Node, findings: &mut Findings) -> Option<u64> {
    let right = "write a whole number such as 10, or 0 for no limit";
    let text = match &node.kind {
        Kind::Null => return Some(0),
        Kind::Scalar(text) => text.as_str(),
        _ => return mismatch(node, "uint64", right, findings),
    };
    let parsed = parse_count(text);
    if parsed.is_none() {
        let wrong = format!("cannot unmarshal `{}` into uint64", shown(text));
        findings.fault(node.place, wrong, right);
    }
    parsed
}

fn parse_count(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text).replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        Some(_) if digits.starts_with('0') => (&digits[1..], 8),
        _ => (digits.as_str(), 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// A duration in Prometheus' form; null is 0.
pub fn duration(node: &Node, findings: &mut Findings) -> Option<Duration> {
    let right = "write a number with a unit, such as 30s";
    let text = match &node.kind {
        Kind::Null => return Some(Duration::ZERO),
        Kind::Scalar(text) => text,
        _ => return mismatch(node, "a duration", right, findings),
    };
    match parse_duration(text) {
        Ok(duration) => Some(duration),
        Err(error) => {
            findings.fault(node.place, shown(&error.0), right);
            None
        }
    }
}

/// A duration in Go's form, or a bare number of nanoseconds; null is 0.
pub fn go_duration(node: &Node, findings: &mut Findings) -> Option<Duration> {
    let right = "write a number with a unit, such as 10s";
    let text = match &node.kind {
        Kind::Null => return Some(Duration::ZERO),
        Kind::Scalar(text) => text,
        _ => return mismatch(node, "time.Duration", right, findings),
    };
    if let Ok(nanoseconds) = text.parse() {
        return Some(Duration::from_nanos(nanoseconds));
    }
    match parse_go_duration(text) {
        Ok(duration) => Some(duration),
        Err(error) => {
            let wrong = format!("cannot unmarshal `{}` into time.Duration", shown(text));
            findings.fault(node.place, wrong, format!("{}; {right}", shown(&error.0)));
            None
        }
    }
}

/// Adds a fault about a value of the wrong type. The message names only the type, not the value.
fn mismatch<T>(node: &Node, wanted: &str, right: &str, findings: &mut Findings) -> Option<T> {
    let found = match node.kind {
        Kind::Null => "null",
        Kind::Scalar(_) => "a string",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a map",
    };
    let wrong = format!("cannot unmarshal {found} into {wanted}");
    findings.fault(node.place, wrong, right);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    /// What `read` makes of a YAML value, and what it complains about.
    fn read<T>(value: &str, read: impl Fn(&Node, &mut Findings) -> Option<T>) -> Result<T, String> {
        let mut findings = Findings::default();
        let root = yaml::parse(value).expect("the value is YAML").root;
        match read(&root, &mut findings) {
            Some(value) if findings.is_sound() => Ok(value),
            _ => Err(findings.into_faults().remove(0).1),
        }
    }

    #[test]
    fn booleans_have_the_spellings_of_yaml_1_1() {
        for spelling in ["y", "Yes", "on", "ON", "true", "True"] {
            assert_eq!(read(spelling, boolean), Ok(true), "{spelling}");
        }
        for spelling in ["n", "No", "off", "OFF", "false", "FALSE", "~", "null"] {
            assert_eq!(read(spelling, boolean), Ok(false), "{spelling}");
        }
        assert_eq!(
            read("1", boolean),
            Err("cannot unmarshal `1` into bool; write true or false".into())
        );
        assert!(read("[true]", boolean).is_err());
    }

    #[test]
    fn texts_keep_their_source() {
        for source in [
            "yes",
            "True",
            "017",
            "0x10",
            "1e3",
            "1_000",
            "2024-01-01",
            "09:00",
            "1.50",
            "+5",
            ".inf",
            "18446744073709551616",
        ] {
            let kept = read(source, |node, findings| {
                text(node, findings).map(str::to_owned)
            });
            assert_eq!(kept.as_deref(), Ok(source));
        }
        for null in ["~", "null", "Null", "NULL"] {
            assert_eq!(
                read(null, |node, findings| text(node, findings)
                    .map(str::to_owned)),
                Ok(String::new())
            );
        }
        assert_eq!(
            read("'~'", |node, findings| text(node, findings)
                .map(str::to_owned)),
            Ok("~".into())
        );
    }

    #[test]
    fn counts_have_the_spellings_of_yaml_1_1() {
        let spellings = [
            ("0", 0),
            ("10", 10),
            ("1_000", 1000),
            ("0x1F", 31),
            ("0b11", 3),
            ("017", 15),
            ("0o17", 15),
            ("~", 0),
        ];
        for (spelling, number) in spellings {
            assert_eq!(read(spelling, count), Ok(number), "{spelling}");
        }
        for spelling in ["-1", "x", "++1", "1.5", "99999999999999999999", "é"] {
            assert!(read(spelling, count).is_err(), "{spelling}");
        }
    }

    #[test]
    fn durations_say_what_a_right_one_looks_like() {
        assert_eq!(read("1m30s", duration), Ok(Duration::from_secs(90)));
        assert_eq!(read("0", duration), Ok(Duration::ZERO));
        assert_eq!(read("~", duration), Ok(Duration::ZERO));
        assert_eq!(
            read("30", duration),
            Err(
                "not a valid duration string: \"30\"; write a number with a unit, such as 30s"
                    .into()
            )
        );
        assert_eq!(
            read("''", duration),
            Err("empty duration string; write a number with a unit, such as 30s".into())
        );
        assert!(read("{a: b}", duration).is_err());
    }

    #[test]
    fn go_durations_may_be_bare_nanoseconds() {
        assert_eq!(read("1.5s", go_duration), Ok(Duration::from_millis(1500)));
        assert_eq!(read("5", go_duration), Ok(Duration::from_nanos(5)));
        assert_eq!(read("~", go_duration), Ok(Duration::ZERO));
        let fault = read("abc", go_duration).expect_err("abc is no duration");
        assert!(fault.starts_with("cannot unmarshal `abc` into time.Duration"));
        assert!(read("-1s", go_duration).is_err());
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_repeated() {
        let fault = read("https://secret", |node, findings| {
            list(node, "a list of webhooks", findings).map(<[Node]>::len)
        });
        assert_eq!(
            fault,
            Err(
                "cannot unmarshal a string into a list of webhooks; write a list such as [a, b]"
                    .into()
            )
        );
    }
}
