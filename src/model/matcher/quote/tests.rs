//! Tests of Go's double-quoted texts; the expectations come from Alertmanager itself.

use proptest::prelude::*;

use super::*;

#[test]
fn what_prints_stays_and_the_rest_is_escaped() {
    for (text, quoted) in [
        ("", r#""""#),
        ("a b", r#""a b""#),
        ("say \"x\" \\ y", r#""say \"x\" \\ y""#),
        ("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
        ("\0\x1b\x7f", r#""\x00\x1b\x7f""#),
        ("\u{80}\u{a0}\u{ad}", r#""\u0080\u00a0\u00ad""#),
        (
            "\u{200b}\u{2028}\u{3000}\u{feff}",
            r#""\u200b\u2028\u3000\ufeff""#,
        ),
        ("\u{e000}\u{fffe}\u{10ffff}", r#""\ue000\ufffe\U0010ffff""#),
        ("Σ é 日本 🙂 e\u{301}", "\"Σ é 日本 🙂 e\u{301}\""),
        ("\u{301}\u{fffd}", "\"\u{301}\u{fffd}\""),
    ] {
        assert_eq!(go_quote(text), quoted);
    }
}

#[test]
fn literals_decode_as_in_go() {
    for (literal, text) in [
        (r#""bar""#, "bar"),
        (r#""\a\b\f\n\r\t\v\\\"""#, "\x07\x08\x0c\n\r\t\x0b\\\""),
        (r#""\u0062ar""#, "bar"),
        (r#""\U0001f642""#, "🙂"),
        (r#""\xf0\x9f\x99\x82""#, "🙂"),
        (r#""\360\237\231\202""#, "🙂"),
        ("\"tab\there\r'\"", "tab\there\r'"),
    ] {
        assert_eq!(unquote(literal).as_deref(), Some(text), "{literal}");
    }
}

#[test]
fn what_is_no_literal_or_no_utf8_does_not_decode() {
    for literal in [
        "bar",
        "\"",
        "\"bar",
        r#""bar\w""#,
        r#""\d+""#,
        r#""\'""#,
        r#""a"b""#,
        r#""\""#,
        r#""\x4""#,
        r#""\x+1""#,
        r#""\400""#,
        r#""\18""#,
        r#""\ud800""#,
        r#""\U00110000""#,
        r#""\xf0\x9f""#,
        "\"two\nlines\"",
    ] {
        assert_eq!(unquote(literal), None, "{literal}");
    }
}

proptest! {
    #[test]
    fn every_text_survives_quoting_and_unquoting(text in any::<String>()) {
        prop_assert_eq!(unquote(&go_quote(&text)), Some(text));
    }

    #[test]
    fn no_text_makes_unquoting_panic(text in "\"[\\\\\"xuU0-9a-f🙂]{0,12}\"?|\\PC*") {
        let _ = unquote(&text);
    }
}
