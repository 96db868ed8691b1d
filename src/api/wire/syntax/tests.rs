//! Broken JSON and what is said of it. The vectors were tried on Alertmanager.

use super::*;

/// Checks each text against what Go says of it.
fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let fault = find_fault(text.as_bytes());
        assert_eq!(fault.as_deref(), Some(*expected), "{text}");
    }
}

#[test]
fn values_that_do_not_begin_are_told_as_go_tells_them() {
    let found =
        |character: &str| format!("invalid character '{character}' looking for beginning of value");
    let table = [
        ("x", "x"),
        ("é", "é"),
        ("\u{feff}[]", r"\ufeff"),
        ("[\0]", r"\x00"),
        ("[']", r"\'"),
        ("[1,]", "]"),
        ("[,]", ","),
        ("[}", "}"),
        ("[\\]", r"\\"),
        ("[\t\u{a0}]", r"\u00a0"),
    ];
    for (text, character) in table {
        assert_eq!(
            find_fault(text.as_bytes()),
            Some(found(character)),
            "{text}"
        );
    }
    assert_eq!(find_fault(b"[\xff]"), Some(found(r"\xff")));
}

#[test]
fn misplaced_characters_are_told_as_go_tells_them() {
    check(&[
        ("[1 2]", "invalid character '2' after array element"),
        ("[01]", "invalid character '1' after array element"),
        ("[\"a\" x", "invalid character 'x' after array element"),
        (
            "{]",
            "invalid character ']' looking for beginning of object key string",
        ),
        (
            "[{\"a\":1,}]",
            "invalid character '}' looking for beginning of object key string",
        ),
        ("[{\"a\" \"b\"}]", "invalid character '\"' after object key"),
        (
            "[{\"a\":1 x}]",
            "invalid character 'x' after object key:value pair",
        ),
        (
            "[{\"a\":{}]",
            "invalid character ']' after object key:value pair",
        ),
    ]);
}

#[test]
fn broken_scalars_are_told_as_go_tells_them() {
    check(&[
        ("[-x]", "invalid character 'x' in numeric literal"),
        ("[1.x]", "invalid character 'x' in numeric literal"),
        ("[1e+x]", "invalid character 'x' in numeric literal"),
        (
            "nulx",
            "invalid character 'x' in literal null (expecting 'l')",
        ),
        (
            "[tru]",
            "invalid character ']' in literal true (expecting 'e')",
        ),
        (
            "[falze]",
            "invalid character 'z' in literal false (expecting 's')",
        ),
        ("[\"\n\"]", r"invalid character '\n' in string"),
        ("[\"\x01\"]", r"invalid character '\x01' in string"),
        (r#"["\x"]"#, r"invalid escape sequence `\x` in string"),
        (r#"["\é"]"#, r#"invalid escape sequence "\\\xc3" in string"#),
        ("[\"\\\n\"]", r#"invalid escape sequence "\\\n" in string"#),
        (
            r#"["\u12"}]"#,
            "invalid escape sequence `\\u12\"}` in string",
        ),
        (
            r#"["\ud800\ux"]"#,
            "invalid escape sequence `\\ux\"]` in string",
        ),
    ]);
}

#[test]
fn text_that_ends_too_soon_says_so_wherever_it_ends() {
    let whole = br#"[{"a":-1.5e+3,"b":["x\u00e9\n",true,false,null]},{}]"#;
    assert_eq!(find_fault(whole), None);
    for length in 0..whole.len() {
        let fault = find_fault(&whole[..length]);
        assert_eq!(fault.as_deref(), Some("unexpected EOF"), "{length} bytes");
    }
}

#[test]
fn sound_text_has_no_fault_and_what_follows_is_not_looked_at() {
    for text in [
        "null",
        "nullx",
        "[] x",
        "{}",
        " 1 ",
        "[[],{\"a\":{}}]",
        "\"\\ud800\"",
    ] {
        assert_eq!(find_fault(text.as_bytes()), None, "{text}");
    }
    assert_eq!(find_fault(b"\"\xff\""), None);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(find_fault(nested(10_000).as_bytes()), None);
    let fault = find_fault(nested(10_001).as_bytes());
    assert_eq!(fault.as_deref(), Some("exceeded max depth"));
}

#[test]
fn a_repair_touches_nothing_but_what_is_broken() {
    let repaired = |text: &[u8]| String::from_utf8(repair(text)).expect("repaired text is UTF-8");
    assert_eq!(
        repaired(br"\ud83d\ude00 \\ud800 \u00e9"),
        r"\ud83d\ude00 \\ud800 \u00e9"
    );
    assert_eq!(repaired(br"\ud800 \uDC00\ud800"), r"\ufffd \ufffd\ufffd");
    assert_eq!(repaired(br"\ud800\ud83d\ude00"), r"\ufffd\ud83d\ude00");
    assert_eq!(repaired(b"\xffa\\"), "\u{fffd}a\\");
}
