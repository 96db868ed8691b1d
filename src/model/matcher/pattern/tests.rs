//! Stories about what becomes of a pattern: a set or a program, of which size, and for which values.

use proptest::prelude::*;

use super::*;
use crate::model::{MatchOp, Matcher};

fn compiled(text: &str) -> Compiled {
    Compiled::new(text).unwrap_or_else(|fault| panic!("{fault}"))
}

fn is_set(text: &str) -> bool {
    matches!(compiled(text).program, Program::Texts(_))
}

fn is_match(text: &str, value: &str) -> bool {
    let found = compiled(text).program.is_match(value);
    found.unwrap_or_else(|| panic!("{value:?} is too large for {text}"))
}

/// The result of a compiled program for a pattern that is normally held as a set.
fn program_says(text: &str, value: &str) -> bool {
    let program = re2::compile_anchored(text).expect("a regex").program;
    Program::of(program).is_match(value).expect("a short value")
}

fn names(count: usize, make: impl Fn(usize) -> String) -> String {
    (0..count).map(make).collect::<Vec<_>>().join("|")
}

#[test]
fn alternatives_of_plain_text_are_a_set() {
    for (text, matching, others) in [
        ("", &[""] as &[_], &["a"] as &[_]),
        ("a|bc|", &["a", "bc", ""], &["b", "abc", "a|bc"]),
        ("(a|b)", &["a", "b"], &["", "ab"]),
        ("^(?:a|b)$", &["a", "b"], &["", "ab"]),
        ("^a$|b$", &["a", "b"], &["ab"]),
        (r"web\.1|web-2", &["web.1", "web-2"], &["webx1", "web"]),
        (
            r"web-(1|2|(3|4)x)(:9100|)",
            &["web-1:9100", "web-2", "web-4x:9100"],
            &["web-3", "web-1:9101", "web-1:9100:9100"],
        ),
        ("größe|x]}", &["größe", "x]}"], &["grosse", "gr", "x"]),
    ] {
        assert!(is_set(text), "{text}");
        for value in matching {
            assert!(is_match(text, value), "{text} matches {value}");
        }
        for value in others {
            assert!(!is_match(text, value), "{text} does not match {value}");
        }
    }
}

#[test]
fn alternatives_may_be_open_at_either_end() {
    for (text, matching, others) in [
        (".*", &["", "a"] as &[_], &["a\n"] as &[_]),
        (".+", &["a", "é"], &["", "\n"]),
        ("a.*|ab.+|b.+", &["a", "abc", "bc"], &["b", "", "ca"]),
        ("b.+|b.*", &["b", "bc"], &["a"]),
        (".*b|.+a", &["b", "ab", "xa", "éa"], &["a", "bx", ""]),
        (
            ".*disk.*|.+cpu.+",
            &["disk", "xdisky", "xcpuy"],
            &["cpu", "cpux", "xcpu"],
        ),
        (".+é.+", &["éée", "aéa"], &["éé", "é", "aé"]),
        (r"(n1|n2)\..+", &["n1.x", "n2.yz"], &["n1.", "n1", "n3.x"]),
        (r"(.*n|m)1", &["xn1", "n1", "m1"], &["xm1"]),
        (
            "a.b|ab.c.d",
            &["a.b", "aéb", "abxcyd"],
            &["ab", "a.b.", "ab.c.", "a\nb"],
        ),
        ("n1..+|(m|é).*", &["n1.x", "n1é.", "m", "é"], &["n1.", "n"]),
        (".*a.b|.+.", &["xa.b", "aéb", "xy"], &["", "x"]),
    ] {
        assert!(is_set(text), "{text}");
        for value in matching {
            assert!(is_match(text, value), "{text} matches {value:?}");
        }
        for value in others {
            assert!(!is_match(text, value), "{text} does not match {value:?}");
        }
    }
}

#[test]
fn whatever_is_not_plainly_a_list_stays_a_regex() {
    for text in [
        "a*", "a+", "a?", "a{2}", "[ab]", ".*a.b.*", "a.*b", ".*a.*b", r"\d", r"\Qa\E", "(?i)a",
        "(?P<n>a)", "a^b", "(a$|b)c", "(^a|b)", ".*.*", ".*?", "(a|b)*", "a\nb", ".?", r"a\nb",
    ] {
        assert!(!is_set(text), "{text}");
    }
}

#[test]
fn a_list_of_names_costs_what_the_names_cost() {
    // T9, and one of the thirty of T10.
    let text = names(2400, |number| format!("host-{number:05}.prod.example.com"));
    assert!(text.len() > limits::REGEX_TEXT_BYTES);
    let escaped = text.replace('.', r"\.");
    for text in [escaped, format!("({text})"), text] {
        let bytes = compiled(&text).bytes;
        assert!(bytes < 2400 * (27 + 8) + 1000, "{bytes}");
        assert!(is_match(&text, "host-01234.prod.example.com"));
        assert!(!is_match(&text, "host-02400.prod.example.com"));
    }
    let text = names(4000, |number| format!(r"node-{number}\..+"));
    let bytes = compiled(&text).bytes;
    assert!(bytes < 100_000, "{bytes}");
    assert!(is_match(&text, "node-3999.x") && !is_match(&text, "node-4000.x"));
}

#[test]
fn names_without_end_are_refused() {
    let text = names(50_000, |number| {
        format!("host-{number:05}.prod.example.com")
    });
    let fault = Compiled::new(&text).expect_err("over a mebibyte of names");
    assert!(fault.is_of_size(), "{fault}");
    let uneven = names(100, |number| format!("{}.b", "a".repeat(number)));
    assert!(!is_set(&uneven), "dots in a hundred places");
    // Groups multiply: 16^6 names.
    let text = "(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p)".repeat(6);
    assert!(!is_set(&text));
    assert!(is_match(&text, "aabbcc"));
}

#[test]
fn a_usual_regex_takes_a_few_kilobytes() {
    for text in [
        r"(?i)web[0-9]+\.(prod|staging)",
        r"web-[0-9]{2,4}\.dc[12]\.example\.com(:[0-9]+)?",
        r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(:[0-9]{1,5})?",
        r"(?i).*error.*",
    ] {
        let bytes = compiled(text).bytes;
        assert!((100..4000).contains(&bytes), "{text} takes {bytes}");
    }
}

#[test]
fn a_value_that_is_too_large_satisfies_neither_sign() {
    let of = |op, value: &str| Matcher::new(op, "a", value).expect("a regex");
    // H3: a program of 7,214 states.
    let (is, is_not) = (
        of(MatchOp::Regex, ".*a.{900}y"),
        of(MatchOp::NotRegex, ".*a.{900}y"),
    );
    let short = format!("{}y", "ab".repeat(200));
    assert!(!is.matches_value(&short) && is_not.matches_value(&short));
    let megabyte = "ab".repeat(500_000);
    assert!(!is.matches_value(&megabyte) && !is_not.matches_value(&megabyte));

    // Sets look at values of any size, unless for their parts.
    let begins = of(MatchOp::Regex, "ab.*|x");
    assert!(begins.matches_value(&megabyte));
    let parts = names(1000, |number| format!(".*{number}.*"));
    assert!(!of(MatchOp::NotRegex, &parts).matches_value(&megabyte));
    assert!(of(MatchOp::Regex, &parts).matches_value("x77x"));
}

#[test]
fn a_kept_pattern_is_compiled_when_it_is_needed_and_may_turn_out_too_large() {
    let kept = Pattern::kept("a.c");
    assert!(!kept.is_compiled());
    assert_eq!(kept.compiled_bytes(), 0);
    assert_eq!(kept.is_match("abc"), Some(true));
    assert!(kept.is_compiled() && kept.compiled_bytes() > 0);

    let large = Matcher::kept(MatchOp::NotRegex, "a", r"(?i)\pL{190}");
    assert!(!large.matches_value("1"));
    let fault = large.pattern().and_then(|it| it.fault());
    assert!(fault.is_some_and(|fault| fault.contains("expression too large")));
}

proptest! {
    #[test]
    fn a_set_says_what_the_program_would_say(
        pieces in proptest::collection::vec(
            prop_oneof![
                "[ab]", Just("|".to_owned()), Just("(".to_owned()), Just(")".to_owned()),
                Just(".*".to_owned()), Just(".+".to_owned()), Just(r"\.".to_owned()),
                Just(".".to_owned()),
                Just("^".to_owned()), Just("$".to_owned()), Just("é".to_owned()),
            ],
            0..10,
        ),
        values in proptest::collection::vec("[ab.é\\n]{0,5}", 10),
    ) {
        let text = pieces.concat();
        if let Ok(Compiled { program: Program::Texts(texts), .. }) = Compiled::new(&text) {
            for value in values {
                let says = texts.is_match(&value, usize::MAX);
                prop_assert_eq!(says, Some(program_says(&text, &value)), "{} on {:?}", text, value);
            }
        }
    }
}
