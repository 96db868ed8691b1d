//! Writes texts as YAML scalars, quoted and folded in the style of Alertmanager's YAML library.
//!
//! Owns the decision whether a text needs quotes: it does if it would be read as another value without
//! them. Pure; runs on the thread that loads the configuration.

use std::fmt::Write;

/// Columns after which a line is folded at the next space.
pub const WIDTH: usize = 80;

/// The context of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The key of a map.
    Key,
    /// The key of a map on one line.
    ShortKey,
    /// A value.
    Block,
    /// A value within a list or map on one line.
    Short,
}

/// `text` as a scalar that begins at `column`. Further lines begin after `indent` spaces; keys have no
/// further lines.
pub fn scalar(text: &str, spot: Spot, column: usize, indent: usize) -> String {
    let written = match quoting(text, spot) {
        Quoting::Literal => return literal(text, indent),
        Quoting::None => text.to_owned(),
        Quoting::Single => format!("'{}'", text.replace('\'', "''")),
        Quoting::Double => double_quoted(text),
    };
    match spot {
        Spot::Key | Spot::ShortKey => written,
        Spot::Block | Spot::Short => folded(&written, column, indent),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    None,
    Single,
    Double,
    Literal,
}

fn quoting(text: &str, spot: Spot) -> Quoting {
    let is_printable = |letter: char| !letter.is_control() && letter != '\u{feff}';
    let is_short = matches!(spot, Spot::Short | Spot::ShortKey);
    if text.contains('\n') {
        let is_clean = text
            .chars()
            .all(|letter| letter == '\n' || is_printable(letter));
        let has_lost_spaces = text.ends_with(' ') || text.contains(" \n");
        if spot == Spot::Block && is_clean && !has_lost_spaces {
            Quoting::Literal
        } else {
            Quoting::Double
        }
    } else if !text.chars().all(is_printable) || reads_as_other_type(text) {
        Quoting::Double
    } else if has_indicators(text) || is_short && text.contains([',', '?', '[', ']', '{', '}', ':'])
    {
        Quoting::Single
    } else {
        Quoting::None
    }
}

/// The unchanged lines below a `|`, whose indicators describe the first and the last of them.
fn literal(text: &str, indent: usize) -> String {
    let mut out = String::from("|");
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    } else if text == "\n" || text.ends_with("\n\n") {
        out.push('+');
    }
    out.push('\n');
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str(line);
    }
    out
}

/// Whether YAML 1.1 would read it as null, a boolean, a number or a time.
fn reads_as_other_type(text: &str) -> bool {
    const WORDS: [&str; 10] = ["", "~", "null", "y", "yes", "on", "n", "no", "off", "true"];
    let lower = text.to_ascii_lowercase();
    let is_word = WORDS.contains(&lower.as_str()) || lower == "false";
    let unsigned = lower.trim_start_matches(['+', '-']).replace('_', "");
    let begins_number = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    is_word || begins_number && (is_number(&unsigned) || is_time(text))
}

fn is_number(unsigned: &str) -> bool {
    let has_radix = |prefix, radix| {
        let digits: Option<&str> = unsigned.strip_prefix(prefix);
        digits.is_some_and(|digits| u64::from_str_radix(digits, radix).is_ok())
    };
    unsigned.parse::<f64>().is_ok()
        || [".inf", ".nan"].contains(&unsigned)
        || has_radix("0x", 16)
        || has_radix("0o", 8)
        || has_radix("0b", 2)
        || is_sixties(unsigned)
}

/// Whether this is a number to the base of 60, such as 12:30:45. Every part after the first is below 60; the
/// last part may have a fraction.
fn is_sixties(unsigned: &str) -> bool {
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((whole, parts)) = unsigned.split_once(':') else {
        return false;
    };
    let (parts, fraction) = parts.split_once('.').unwrap_or((parts, ""));
    let is_part = |part: &str| match part.len() {
        1 => is_digits(part),
        2 => is_digits(part) && part < "60",
        _ => false,
    };
    !whole.is_empty() && is_digits(whole) && is_digits(fraction) && parts.split(':').all(is_part)
}

/// Whether this begins like a date: four digits, a dash, a month and a day.
fn is_time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    year.len() == 4
        && is_digits(year)
        && (1..=2).contains(&month.len())
        && is_digits(month)
        && rest.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether the text contains YAML syntax, so that it needs quotes.
fn has_indicators(text: &str) -> bool {
    const FIRST: &[char] = &[
        '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`',
    ];
    let begins_item = |mark: char| {
        let rest = text.strip_prefix(mark);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    text.starts_with(FIRST)
        || ['-', '?', ':'].into_iter().any(begins_item)
        || text.starts_with("---")
        || text.starts_with("...")
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.ends_with(':')
        || text.contains(": ")
        || text.contains(" #")
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{feff}' => out.push_str("\\uFEFF"),
            letter if letter.is_control() => {
                let number = u32::from(letter);
                write!(out, "\\x{number:02X}").expect("a string takes everything");
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// Breaks a line at single spaces beyond the width: in every kind of scalar a line break means a space.
fn folded(written: &str, column: usize, indent: usize) -> String {
    let mut out = String::with_capacity(written.len());
    let mut column = column;
    let letters: Vec<char> = written.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let stands_alone = index > 1
            && index + 2 < letters.len()
            && letters[index - 1] != ' '
            && letters[index + 1] != ' ';
        if *letter == ' ' && column > WIDTH && stands_alone {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else {
            out.push(*letter);
            column += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::node::Kind;
    use crate::config::yaml;

    /// How Alertmanager 0.34 writes these.
    const AS_ALERTMANAGER: &[(&str, &str)] = &[
        ("2", "\"2\""),
        ("yes", "\"yes\""),
        ("n", "\"n\""),
        ("2024-01-01", "\"2024-01-01\""),
        ("2024-01-01T00:00:00Z", "\"2024-01-01T00:00:00Z\""),
        (" lead", "' lead'"),
        ("#x", "'#x'"),
        ("", "\"\""),
        ("it's", "it's"),
        ("a: b", "'a: b'"),
        ("foo=\"it's: x\"", "'foo=\"it''s: x\"'"),
        ("\"a b\"=\"c\"", "'\"a b\"=\"c\"'"),
        ("1e3", "\"1e3\""),
        ("...", "'...'"),
        ("&a", "'&a'"),
        ("@a", "'@a'"),
        ("a\\b", "a\\b"),
        ("a]b", "a]b"),
        ("`a", "'`a'"),
        ("a,b", "a,b"),
        ("a:", "'a:'"),
        ("a\u{1}b", "\"a\\x01b\""),
        ("- x", "'- x'"),
        ("-x", "-x"),
        (".", "."),
        ("=", "="),
        ("0x1f", "\"0x1f\""),
        (".inf", "\".inf\""),
        ("<<", "<<"),
        ("~", "\"~\""),
        ("1_000", "\"1_000\""),
        ("017", "\"017\""),
        ("%a", "'%a'"),
        ("?x", "?x"),
        ("a #b", "'a #b'"),
        ("12:30:45", "\"12:30:45\""),
        ("a\tb", "\"a\\tb\""),
        ("é✓", "é✓"),
        ("produ.*", "produ.*"),
    ];

    #[test]
    fn texts_are_quoted_as_alertmanager_quotes_them() {
        for (text, written) in AS_ALERTMANAGER {
            assert_eq!(scalar(text, Spot::Block, 10, 2), *written, "{text:?}");
        }
    }

    #[test]
    fn long_texts_are_folded_at_spaces() {
        let long = format!("{} {} c", "a".repeat(90), "b".repeat(10));
        assert_eq!(
            scalar(&long, Spot::Block, 6, 6),
            format!("{}\n      {} c", "a".repeat(90), "b".repeat(10))
        );
    }

    proptest::proptest! {
        #[test]
        fn every_text_is_read_back(text in "[ -~\\n\\té✓]{0,120}( [a-z]{1,9}){0,20}") {
            let written = scalar(&text, Spot::Block, 7, 4);
            let end = if written.ends_with('\n') { "" } else { "\n" };
            let yaml = format!("  key: {written}{end}");
            let root = yaml::parse(&yaml).expect("what we write is YAML").root;
            let Kind::Map(entries) = root.kind else {
                panic!("{yaml:?} is no map");
            };
            proptest::prop_assert_eq!(&entries[0].value.kind, &Kind::Scalar(text));
        }
    }
}
