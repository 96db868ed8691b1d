//! Reads the text that a template rendered as YAML 1.1 (§6.5).
//!
//! Owns the plain words and numbers of YAML 1.1 that the library, a reader of YAML 1.2, does not know. Owns
//! also the rule that a text stays a text if reading it would lose a part of it: `[FIRING:3] web1` is a list
//! with trailing characters, `#ff0000` a comment. Pure; runs on send threads and on the thread that loads
//! the configuration.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::{server, without_mark};
use crate::limits::{CONFIG_EXPANDED_BYTES, CONFIG_NODE_BYTES};
use crate::template::Payload;

const TRUE: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
const FALSE: [&str; 10] = [
    "n", "N", "no", "No", "NO", "off", "Off", "OFF", "False", "FALSE",
];

/// The spellings of null. Other texts without a value, such as a lone comment, are not null.
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];

/// The value of `text`. `None` if `text` stays a text: because it is not YAML, is the YAML of a text, exceeds
/// the limits of a file, or would lose a part.
pub fn parse_rendered(text: &str) -> Option<Payload> {
    server(text).ok()?;
    let text = without_mark(text);
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let value = match documents.next() {
        None => Payload::Null,
        Some(first) => {
            let mut budget = CONFIG_EXPANDED_BYTES;
            let reading = ReadValue {
                text,
                budget: &mut budget,
            };
            reading.deserialize(first).ok()?
        }
    };
    let is_whole = match &value {
        Payload::Text(_) | Payload::PlainText(_) => false,
        Payload::Null => NULL.contains(&text.trim()),
        // A list or a map may have comments, which are then intended.
        Payload::List(_) | Payload::Map(_) => documents.next().is_none(),
        _ => documents.next().is_none() && !text.contains('#'),
    };
    is_whole.then_some(value)
}

/// Reads a value with all its contents. The budget bounds the expansion of aliases.
struct ReadValue<'t, 'b> {
    text: &'t str,
    budget: &'b mut usize,
}

impl<'t> ReadValue<'t, '_> {
    fn spend<E: Error>(&mut self, bytes: usize) -> Result<(), E> {
        let left = self.budget.checked_sub(CONFIG_NODE_BYTES + bytes);
        *self.budget = left.ok_or_else(|| E::custom("too large"))?;
        Ok(())
    }

    fn again(&mut self) -> ReadValue<'t, '_> {
        ReadValue {
            text: self.text,
            budget: self.budget,
        }
    }

    /// Whether `word`, which is a slice of the text, is quoted there.
    fn is_quoted(&self, word: &str) -> bool {
        let start = (word.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let before = self.text.as_bytes().get(start.wrapping_sub(1));
        matches!(before, Some(b'"' | b'\''))
    }

    /// Whether the text is meant to be a list or a map, such as JSON, and not a text that looks like one.
    fn is_structure(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
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
        Ok(Payload::Integer(number.into()))
    }

    fn visit_u64<E: Error>(mut self, number: u64) -> Result<Payload, E> {
        self.spend(0)?;
        Ok(Payload::Integer(number.into()))
    }

    fn visit_f64<E: Error>(mut self, number: f64) -> Result<Payload, E> {
        self.spend(0)?;
        if number.is_finite() {
            Ok(Payload::Float(number))
        } else {
            Err(E::custom("JSON has no such number"))
        }
    }

    /// Reads a plain or quoted text that appears unchanged in the source.
    fn visit_borrowed_str<E: Error>(mut self, text: &'de str) -> Result<Payload, E> {
        if self.is_quoted(text) {
            return self.visit_str(text);
        }
        self.spend(text.len())?;
        match plain_scalar(text) {
            Plain::Text => Ok(Payload::Text(text.to_owned())),
            Plain::Value(value) => Ok(value),
            Plain::TooLarge => Err(E::custom("more digits than a number has")),
        }
    }

    /// Reads a text with escapes or several lines, which can only be a text.
    fn visit_str<E: Error>(mut self, text: &str) -> Result<Payload, E> {
        self.spend(text.len())?;
        Ok(Payload::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Payload, A::Error> {
        self.spend(0)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.again())? {
            list.push(item);
        }
        Ok(Payload::List(list))
    }

    /// Reads a map. The position of a merge key matters. Of equal keys the last one wins, if the whole text
    /// is meant to be a map.
    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Payload, A::Error> {
        self.spend(0)?;
        let mut map = Vec::new();
        let mut given = BTreeSet::new();
        while let Some(key) = entries.next_key_seed(self.again())? {
            let value = entries.next_value_seed(self.again())?;
            match (key, value) {
                (Payload::Text(key), Payload::Map(merged)) if key == "<<" => map.extend(merged),
                (Payload::Text(key), value) => {
                    if !given.insert(key.clone()) && !self.is_structure() {
                        return Err(A::Error::custom("a key is given twice"));
                    }
                    map.push((key, value));
                }
                _ => return Err(A::Error::custom("JSON has no such key")),
            }
        }
        Ok(Payload::Map(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Payload, A::Error> {
        Err(A::Error::custom("tags are not understood"))
    }
}

/// The types that YAML 1.1 gives to plain texts and the library does not.
enum Plain {
    Text,
    Value(Payload),
    /// A whole number that does not fit into 64 bits.
    TooLarge,
}

fn plain_scalar(text: &str) -> Plain {
    if TRUE.contains(&text) {
        return Plain::Value(Payload::Bool(true));
    }
    if FALSE.contains(&text) {
        return Plain::Value(Payload::Bool(false));
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-')) {
        return Plain::Text;
    }
    let digits = text.replace('_', "");
    let (is_negative, unsigned) = match digits.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Plain::Text;
    }
    if let Some(number) = whole_number(unsigned) {
        let number = if is_negative { -number } else { number };
        let fits = i64::try_from(number).is_ok() || u64::try_from(number).is_ok();
        return match fits {
            true => Plain::Value(Payload::Integer(number)),
            false => Plain::TooLarge,
        };
    }
    let is_decimal = unsigned
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let number = digits.parse().ok();
    match number.filter(|number: &f64| is_decimal && number.is_finite()) {
        Some(number) => Plain::Value(Payload::Float(number)),
        None => Plain::Text,
    }
}

/// The number with these digits, which may have a prefix for its base.
fn whole_number(digits: &str) -> Option<i128> {
    let of_base = |prefixes: [&str; 2], base| {
        let digits = prefixes
            .iter()
            .find_map(|prefix| digits.strip_prefix(prefix))?;
        let is_signed = digits.starts_with(['+', '-']);
        Some(
            i128::from_str_radix(digits, base)
                .ok()
                .filter(|_| !is_signed),
        )
    };
    if let Some(number) = of_base(["0b", "0B"], 2)
        .or_else(|| of_base(["0x", "0X"], 16))
        .or_else(|| of_base(["0o", "0O"], 8))
    {
        return number;
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return i128::from_str_radix(digits, 8).ok();
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_and_numbers_are_read_as_yaml_1_1_has_them() {
        for (text, expected) in [
            ("", Payload::Null),
            (" \n", Payload::Null),
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
            ("-_2e3", Payload::Float(-2000.0)),
            ("+_.5", Payload::Float(0.5)),
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
            ("18446744073709551615", Payload::Integer(u64::MAX.into())),
            ("-9223372036854775808", Payload::Integer(i64::MIN.into())),
            ("0xFFFFFFFFFFFFFFFF", Payload::Integer(u64::MAX.into())),
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
    }

    #[test]
    fn what_yaml_takes_for_a_text_is_none_of_them() {
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
            "+_",
            "-e3",
            "+-5",
            "--5",
            "a # comment",
            "a\n---\nb: 1",
            "=",
        ] {
            assert_eq!(parse_rendered(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_would_lose_something_stays_a_text() {
        for text in [
            // Keys that JSON does not have.
            "[FIRING]: disk full",
            "{web1}: down",
            "[a, b]: c",
            "95: percent",
            "{a: {1: x}}",
            "on: x",
            "~: x",
            // What stands behind a list, a map or a number.
            "[FIRING:3] DiskFull web1",
            "{a} b",
            "- a\n---\n- b",
            "5\n--- x",
            // Comments that all of it is, or that stand behind a word.
            "#ff0000",
            "# Disk full",
            "no # 3 is down",
            "---",
            // Lines that begin alike.
            "Host: web1\nHost: web2",
            // Numbers that JSON or a double cannot hold.
            ".inf",
            "-.INF",
            ".nan",
            "[.inf]",
            "18446744073709551616",
            "-9223372036854775809",
            "1_8446744073709551616",
            "[99999999999999999999]",
        ] {
            assert_eq!(parse_rendered(text), None, "{text:?}");
        }
    }

    #[test]
    fn words_in_quotes_are_texts_wherever_they_stand() {
        let text = |text: &str| Payload::Text(text.into());
        let truth = Payload::Bool(true);
        for (written, expected) in [
            (r#"[yes, "yes"]"#, vec![truth.clone(), text("yes")]),
            ("['on', on]", vec![text("on"), truth.clone()]),
            (
                "[é, 'y', y, \"0x1\", 0x1]",
                vec![
                    text("é"),
                    text("y"),
                    truth.clone(),
                    text("0x1"),
                    Payload::Integer(1),
                ],
            ),
            (
                "- &a 'yes'\n- *a\n- |-\n  on\n- \"y\\x65s\"",
                vec![text("yes"), text("yes"), text("on"), text("yes")],
            ),
            ("- &a yes\n- *a", vec![truth.clone(), truth]),
        ] {
            assert_eq!(
                parse_rendered(written),
                Some(Payload::List(expected)),
                "{written}"
            );
        }
    }

    #[test]
    fn lists_and_maps_are_read_with_their_comments() {
        assert_eq!(
            parse_rendered("# all\na: [1, yes, x] # b"),
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
    fn of_equal_keys_the_last_one_holds_in_what_is_meant_to_be_a_map() {
        let twice = vec![
            ("a".into(), Payload::Integer(1)),
            ("a".into(), Payload::Integer(2)),
        ];
        assert_eq!(parse_rendered(" {a: 1, a: 2}"), Some(Payload::Map(twice)));
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
