//! Tests of the ends of strings, of escapes, and of texts that are left to the full parser.

use super::*;

/// What the string says that `text` begins with, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let mut cursor = Cursor::new(text);
    let said = cursor.string()?.read(&mut String::new())?.to_owned();
    Some((said, &text[cursor.at..]))
}

#[test]
fn a_string_ends_at_its_quote_wherever_in_a_word_that_stands() {
    for length in 0..40 {
        let said = "ä".repeat(length / 3) + &"x".repeat(length - length / 3);
        let written = format!("\"{said}\":\"y\"");
        assert_eq!(string(&written), Some((said, ":\"y\"")), "{written}");
    }
}

#[test]
fn escapes_are_resolved() {
    let table = [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""a\u0026b\u00e9\uFFFFc""#, "a&bé\u{ffff}c"),
        (r#""\ud83d\uDE00 \\""#, "😀 \\"),
        (r#""\\\"""#, "\\\""),
        (
            r#""1234567\n1234567\n12345678\n""#,
            "1234567\n1234567\n12345678\n",
        ),
    ];
    for (written, said) in table {
        assert_eq!(string(written), Some((said.to_owned(), "")), "{written}");
    }
}

#[test]
fn what_is_no_sound_string_is_not_taken() {
    let texts = [
        "",
        "x",
        "\"",
        "\"abc",
        "\"abcdefgh",
        "\"\\",
        "\"\\\"",
        "\"a\u{1f}\"",
        "\"abcdefghijk\n\"",
        r#""\x""#,
        r#""\é""#,
        r#""\u12""#,
        r#""\u+123""#,
        r#""\u12é""#,
        r#""\ud800""#,
        r#""\ud800\n1234""#,
        r#""\ud800\u0041""#,
        r#""\udc00\ud800""#,
    ];
    for text in texts {
        assert_eq!(string(text), None, "{text:?}");
    }
}

#[test]
fn white_space_is_passed_over_and_nothing_else() {
    let mut cursor = Cursor::new(" \t\r\n{ \u{b}}");
    assert!(!cursor.takes(b'['));
    assert_eq!(cursor.take(b'{'), Some(()));
    assert_eq!(cursor.take(b'}'), None);
    assert!(!Cursor::new("  ").takes(b'{'));
}

#[test]
fn a_name_with_escapes_is_not_simple() {
    assert_eq!(Cursor::new(r#""a""#).simple_string(), Some("a"));
    assert_eq!(Cursor::new(r#""\u0061""#).simple_string(), None);
}
