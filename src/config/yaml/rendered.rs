//! What a template rendered, read as YAML 1.1 (§6.5).
//!
//! Owns which plain words and numbers YAML 1.1 knows and the library does not: it reads YAML 1.2.
//! Pure; runs on send threads and on whichever thread loads the configuration.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::{guard, without_mark};
use crate::limits::{CONFIG_EXPANDED_BYTES, CONFIG_NODE_BYTES};
use crate::template::Payload;

const TRUE: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
const FALSE: [&str; 10] = [
    "n", "N", "no", "No", "NO", "off", "Off", "OFF", "False", "FALSE",
];

/// The first document of `text`; `None` if it is no YAML, or more than we take of a file.
pub fn parse_rendered(text: &str) -> Option<Payload> {
    guard(text).ok()?;
    let text = without_mark(text);
    let Some(first) = serde_yaml::Deserializer::from_str(text).next() else {
        return Some(Payload::Null);
    };
    let mut budget = CONFIG_EXPANDED_BYTES;
    let value = ReadValue {
        text,
        budget: &mut budget,
    };
    value.deserialize(first).ok()
}

/// Reads a value with all that is in it. The budget bounds what aliases stand for.
struct ReadValue<'t, 'b> {
    text: &'t str,
    budget: &'b mut usize,
}

impl ReadValue<'_, '_> {
    fn spend<E: Error>(&mut self, bytes: usize) -> Result<(), E> {
        let left = self.budget.checked_sub(CONFIG_NODE_BYTES + bytes);
        *self.budget = left.ok_or_else(|| E::custom("too large"))?;
        Ok(())
    }

    fn again(&mut self) -> ReadValue<'_, '_> {
        ReadValue {
            text: self.text,
            budget: self.budget,
        }
    }

    /// The library does not say whether a word stood in quotes. Where the text has it in quotes
    /// anywhere, it is taken for a text.
    fn is_quoted(&self, word: &str) -> bool {
        self.text.contains(&format!("\"{word}\"")) || self.text.contains(&format!("'{word}'"))
    }
}

impl<'de> DeserializeSeed<'de> for ReadValue<'_, '_> {
    type Value = Payload;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Payload, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ReadValue<'_, '_> {
    type Value = Payload;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("YAML")
    }

    fn visit_unit<E: Error>(mut self) -> Result<Payload, E> {
        self.spend(0)?;
        Ok(Payload::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Payload, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(mut self, truth: bool) -> Result<Payload, E> {
        self.spend(0)?;
        Ok(Payload::Bool(truth))
    }

    fn visit_i64<E: Error>(mut self, number: i64) -> Result<Payload, E> {
        self.spend(0)?;
        Ok(Payload::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Payload, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E: Error>(mut self, number: f64) -> Result<Payload, E> {
        self.spend(0)?;
        Ok(Payload::Float(number))
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<Payload, E> {
        self.spend(text.len())?;
        match plain_scalar(text) {
            Some(scalar) if !self.is_quoted(text) => Ok(scalar),
            _ => Ok(Payload::Text(text.to_owned())),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Payload, A::Error> {
        self.spend(0)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.again())? {
            list.push(item);
        }
        Ok(Payload::List(list))
    }

    /// Keys that are no texts are dropped with what they stand for. A merge key acts where it
    /// stands; of equal keys the last one will hold.
    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Payload, A::Error> {
        self.spend(0)?;
        let mut map = Vec::new();
        while let Some(key) = entries.next_key_seed(self.again())? {
            let value = entries.next_value_seed(self.again())?;
            match (key, value) {
                (Payload::Text(key), Payload::Map(merged)) if key == "<<" => map.extend(merged),
                (Payload::Text(key), value) => map.push((key, value)),
                _ => {}
            }
        }
        Ok(Payload::Map(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Payload, A::Error> {
        Err(A::Error::custom("tags are not understood"))
    }
}

/// What YAML 1.1 takes a plain text for that the library leaves a text.
fn plain_scalar(text: &str) -> Option<Payload> {
    if TRUE.contains(&text) {
        return Some(Payload::Bool(true));
    }
    if FALSE.contains(&text) {
        return Some(Payload::Bool(false));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let digits = text.replace('_', "");
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    let is_octal = unsigned.len() > 1 && unsigned.starts_with('0');
    let number = match unsigned.strip_prefix("0b") {
        Some(binary) => i64::from_str_radix(binary, 2).ok(),
        None => match unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X")) {
            Some(digits) => i64::from_str_radix(digits, 16).ok(),
            None if is_octal => i64::from_str_radix(unsigned.trim_start_matches("0o"), 8).ok(),
            None => unsigned.parse().ok(),
        },
    };
    if let Some(number) = number {
        let is_negative = digits.starts_with('-');
        return Some(Payload::Integer(if is_negative { -number } else { number }));
    }
    let is_decimal = unsigned
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let number = digits
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite());
    number.filter(|_| is_decimal).map(Payload::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_and_numbers_are_read_as_yaml_1_1_has_them() {
        for (text, expected) in [
            ("", Payload::Null),
            ("~", Payload::Null),
            ("null", Payload::Null),
            ("yes", Payload::Bool(true)),
            ("Off", Payload::Bool(false)),
            ("true", Payload::Bool(true)),
            ("123", Payload::Integer(123)),
            ("0x1F", Payload::Integer(31)),
            ("010", Payload::Integer(8)),
            ("089", Payload::Float(89.0)),
            ("1_000", Payload::Integer(1000)),
            ("-0b11", Payload::Integer(-3)),
            ("-0b11", Payload::Integer(-3)),
            ("+0x1F", Payload::Integer(31)),
            ("0o17", Payload::Integer(15)),
            ("0777", Payload::Integer(0o777)),
            (" 5 ", Payload::Integer(5)),
            ("1.5", Payload::Float(1.5)),
            ("1_0.5", Payload::Float(10.5)),
            ("1.", Payload::Float(1.0)),
            (".5", Payload::Float(0.5)),
            ("+.5", Payload::Float(0.5)),
            ("1E3", Payload::Float(1000.0)),
            ("# comment", Payload::Null),
            ("-", Payload::List(vec![Payload::Null])),
            (
                "<<: {a: 1}\nb: 2",
                Payload::Map(vec![
                    ("a".into(), Payload::Integer(1)),
                    ("b".into(), Payload::Integer(2)),
                ]),
            ),
        ] {
            assert_eq!(parse_rendered(text), Some(expected), "{text:?}");
        }
        for text in [
            "\"yes\"",
            "'on'",
            "2024-01-01",
            "hello",
            "1.2.3",
            "12:30",
            "0x",
            "0b2",
            "1e400",
            "tRUE",
            "~x",
            "_1",
            "a # comment",
            "a\n---\nb: 1",
            "=",
        ] {
            let parsed = parse_rendered(text);
            assert!(
                matches!(parsed, Some(Payload::Text(_))),
                "{text:?}: {parsed:?}"
            );
        }
    }

    #[test]
    fn lists_and_maps_are_read_and_keys_that_are_no_texts_dropped() {
        assert_eq!(
            parse_rendered("a: [1, yes, x]\n2: dropped\non: dropped"),
            Some(Payload::Map(vec![(
                "a".into(),
                Payload::List(vec![
                    Payload::Integer(1),
                    Payload::Bool(true),
                    Payload::Text("x".into()),
                ]),
            )]))
        );
    }

    #[test]
    fn what_is_no_yaml_or_too_much_is_nothing() {
        for text in ["a: b: c", "[1", "\"open", "!tag x", "{{ x }}: ]"] {
            assert_eq!(parse_rendered(text), None, "{text:?}");
        }
        assert_eq!(parse_rendered(&"[".repeat(10_000)), None);
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (name, inner) in ('b'..='k').zip('a'..='j') {
            let items = vec![format!("*{inner}"); 10].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{items}]\n"));
        }
        assert_eq!(parse_rendered(&bomb), None);
    }
}
