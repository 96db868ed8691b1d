//! Tests of matches and error messages of patterns; each was checked against Alertmanager itself.

use proptest::prelude::*;
use regex_automata::nfa::thompson::backtrack::BoundedBacktracker;

use super::*;

struct Compiled(BoundedBacktracker);

impl Compiled {
    fn is_match(&self, text: &str) -> bool {
        let mut cache = self.0.create_cache();
        let found = self.0.try_is_match(&mut cache, text);
        found.expect("a short text")
    }
}

fn compile(pattern: &str) -> Compiled {
    let compiled = compile_anchored(pattern).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
    let built = BoundedBacktracker::builder().build_from_nfa(compiled.program);
    Compiled(built.expect("a program"))
}

/// Each pattern with texts it matches and texts it does not.
fn assert_matches(vectors: &[(&str, &[&str], &[&str])]) {
    for (pattern, matching, others) in vectors {
        let regex = compile(pattern);
        for text in *matching {
            assert!(regex.is_match(text), "{pattern} matches {text:?}");
        }
        for text in *others {
            assert!(!regex.is_match(text), "{pattern} does not match {text:?}");
        }
    }
}

fn refusal(pattern: &str) -> String {
    compile_anchored(pattern)
        .expect_err("a pattern that RE2 refuses")
        .to_string()
}

/// Each pattern with the reason and the excerpt of its fault.
fn assert_refused(vectors: &[(&str, &str, &str)]) {
    for (pattern, reason, excerpt) in vectors {
        assert_eq!(
            refusal(pattern),
            format!("error parsing regexp: {reason}: `{excerpt}`"),
            "{pattern}"
        );
    }
}

#[test]
fn whole_texts_match_and_a_dot_stops_at_a_newline() {
    assert_matches(&[
        ("", &[""], &["a", "\n"]),
        ("a|b", &["a", "b"], &["ab", "", "a\n"]),
        ("a.b", &["aéb", "a🙂b"], &["a\nb", "ab"]),
        ("(?s)a.b", &["a\nb"], &["ab"]),
        ("(?m)a$.^b", &[], &["a\nb"]),
        ("(?ms)a$.^b", &["a\nb"], &["ab"]),
        ("^(?:a)$", &["a"], &["ab"]),
        // Parentheses of the value may close the group that anchors it.
        ("a)|(?:b", &["a", "ax", "xb"], &["xa", "bx"]),
    ]);
}

#[test]
fn perl_and_posix_classes_are_ascii_and_the_rest_is_unicode() {
    assert_matches(&[
        (r"\d", &["1"], &["٣", "a"]),
        (r"\D", &["٣", "é", "\n"], &["1"]),
        (r"\w", &["a", "_", "1"], &["é", "-"]),
        (r"\W", &["é", "-"], &["a"]),
        (r"\s", &[" ", "\t", "\n"], &["\u{a0}", "\x0b"]),
        (r"\S", &["\u{a0}", "\x0b"], &[" "]),
        (r"[\d\s]", &["1", " "], &["٣", "\u{a0}"]),
        (r"[^\W]", &["a"], &["é", "-"]),
        (r"[^\S\d]", &[" "], &["1", "a"]),
        (r"[\W-]", &["-", "é"], &["a"]),
        (r"[[:alpha:]]", &["a"], &["é", ":"]),
        (r"[[:^alpha:]_]", &["é", "1"], &["a"]),
        (r"[[:space:]]", &["\x0b"], &["\u{a0}"]),
        (r"é[à-ü]", &["éé"], &["ée"]),
        (r"[^a]", &["🙂", "\n"], &["a"]),
    ]);
}

#[test]
fn word_boundaries_are_ascii() {
    assert_matches(&[
        (r"a\b.*", &["a", "a b", "aé"], &["ab"]),
        (r"a\B.*", &["ab"], &["a", "a b", "aé"]),
        (r"é\B.*", &["é", "éé"], &["éa"]),
        (r"\b{2}a", &["a"], &[]),
    ]);
}

#[test]
fn case_folds_as_in_unicode_and_before_a_class_is_negated() {
    assert_matches(&[
        ("(?i)é", &["É"], &["e"]),
        ("(?i)Σ", &["σ", "ς"], &["s"]),
        (r"(?i)\w", &["\u{212a}", "ſ"], &["é"]),
        (r"(?i)[^k]", &["a"], &["K", "\u{212a}"]),
        (r"(?i)[[:^lower:]]", &["1"], &["a", "A", "ſ"]),
        (r"(?i)\p{Lu}", &["a", "A"], &["1"]),
        (r"(?i:a)b", &["Ab"], &["AB"]),
        (r"(?i)a(?-i)b", &["Ab"], &["AB"]),
        (r"(?:(?i)a)b", &["Ab"], &["AB"]),
    ]);
}

#[test]
fn unicode_classes_go_by_category_or_script() {
    assert_matches(&[
        (r"\pL\p{N}\PL", &["é٣-"], &["1a-", "é٣é"]),
        (r"\p{Greek}", &["Σ"], &["a"]),
        (r"\p{^Greek}", &["a"], &["Σ"]),
        (r"\P{^Greek}", &["Σ"], &["a"]),
        (r"[\p{Han}a]", &["日", "a"], &["é"]),
        (
            r"\p{han_}\p{Letter}\p{Any}\p{ASCII}",
            &["日é🙂a"],
            &["日é🙂é"],
        ),
    ]);
    assert_refused(&[
        (r"\pX", "invalid character class range", r"\pX"),
        (r"\p{Foo}", "invalid character class range", r"\p{Foo}"),
        (r"\p{Greek", "invalid character class range", r"\p{Greek)$"),
        (r"\p{}", "invalid character class range", r"\p{}"),
        (r"a\p", "invalid character class range", r"\p)"),
        (
            r"\p{Alphabetic}",
            "invalid character class range",
            r"\p{Alphabetic}",
        ),
        (
            r"\p{sc=Greek}",
            "invalid character class range",
            r"\p{sc=Greek}",
        ),
    ]);
}

#[test]
fn what_has_no_meaning_in_re2_is_literal() {
    assert_matches(&[
        ("[a&&b]", &["a", "&", "b"], &["c"]),
        ("[x~~y]", &["x", "~", "y"], &["z"]),
        ("[[a]", &["[", "a"], &["]"]),
        ("[]a]", &["]", "a"], &["b"]),
        ("[^]a]", &["b"], &["]", "a"]),
        ("[a-]", &["a", "-"], &["b"]),
        (r"[\d-z]", &["1", "-", "z"], &["a"]),
        ("a{,5}", &["a{,5}"], &["aaa"]),
        ("a{1", &["a{1"], &["a"]),
        ("a{01}", &["a{01}"], &["a"]),
        ("{}-é# /", &["{}-é# /"], &[]),
        (r"\<\_\-\/", &["<_-/"], &[]),
        (r"\Qa.*\E+", &["a.*", "a.**"], &["abc"]),
        (r"a\Q\E*", &["aa", ""], &["b"]),
    ]);
}

#[test]
fn characters_may_be_written_as_numbers() {
    assert_matches(&[
        (r"\x41\x{e9}\101\07\0", &["AéA\x07\0"], &[]),
        (r"\a\f\n\r\t\v", &["\x07\x0c\n\r\t\x0b"], &[]),
        (r"\400", &["Ā"], &[]),
        (r"[\x{1F600}-\x{1F64F}]", &["🙂"], &["a"]),
        (r"\x{d800}|a", &["a"], &[]),
        (r"[\x{d800}-\x{e000}]", &["\u{e000}"], &["\u{d7ff}"]),
        (r"[^\x{d800}]", &["a"], &[]),
    ]);
    for (pattern, excerpt) in [
        (r"\C", r"\C"),
        (r"\Z", r"\Z"),
        (r"\1", r"\1"),
        (r"\8", r"\8"),
        (r"\é", r"\é"),
        (r"\x", r"\x)$"),
        (r"\x{", r"\x{)"),
        (r"\x{110000}", r"\x{110000"),
        (r"\x{}", r"\x{}"),
        (r"\x4", r"\x4)"),
        (r"\xzz", r"\xzz"),
        (r"[a-\d]", r"\d"),
        (r"[\b]", r"\b"),
    ] {
        assert_refused(&[(pattern, "invalid escape sequence", excerpt)]);
    }
}

#[test]
fn groups_may_be_named_and_carry_flags() {
    assert_matches(&[
        ("(?P<n>a)(?<n>b)(?P<1>c)", &["abc"], &["ab"]),
        ("(?)a(?U)b*", &["abb"], &["a\n"]),
        ("(?is-m:A.)", &["a\n"], &["a"]),
    ]);
    assert_refused(&[
        ("(?<=a)b", "invalid named capture", "(?<=a)b)$"),
        ("(?P<a b>x)", "invalid named capture", "(?P<a b>"),
        ("(?P<>a)", "invalid named capture", "(?P<>"),
        ("(?P<n", "invalid named capture", "(?P<n)$"),
        ("(?P=n)", "invalid or unsupported Perl syntax", "(?P"),
        ("(?=a)", "invalid or unsupported Perl syntax", "(?="),
        ("(?x)a", "invalid or unsupported Perl syntax", "(?x"),
        ("(?i-)a", "invalid or unsupported Perl syntax", "(?i-)"),
        ("(?--i)", "invalid or unsupported Perl syntax", "(?--"),
    ]);
}

#[test]
fn what_is_not_closed_or_never_opened_is_refused() {
    assert_refused(&[
        ("invalid[regexp", "missing closing ]", "[regexp)$"),
        ("[", "missing closing ]", "[)$"),
        ("[]", "missing closing ]", "[])$"),
        (r"[\", "missing closing ]", r"[\)$"),
        ("a(b", "missing closing )", "^(?:a(b)$"),
        (r"\", "missing closing )", r"^(?:\)$"),
        (r"\Q", "missing closing )", r"^(?:\Q)$"),
        ("a)", "unexpected )", "^(?:a))$"),
        ("[z-a]", "invalid character class range", "z-a"),
        ("[[:foo:]]", "invalid character class range", "[:foo:]"),
    ]);
}

#[test]
fn repetitions_need_something_to_repeat_that_is_not_one_itself() {
    assert_matches(&[
        ("a(?i)*", &["aa", ""], &["A"]),
        ("a{2}(?i)*B", &["b", "aab", "aaaaB"], &["ab"]),
        ("^*a$*", &["a"], &[]),
        ("(?:){3}a", &["a"], &[]),
    ]);
    assert_refused(&[
        ("*", "missing argument to repetition operator", "*"),
        ("(+?)", "missing argument to repetition operator", "+?"),
        ("a|?", "missing argument to repetition operator", "?"),
        ("{1}", "missing argument to repetition operator", "{1}"),
        ("(?i)*", "missing argument to repetition operator", "*"),
        ("a**", "invalid nested repetition operator", "**"),
        ("a*?*", "invalid nested repetition operator", "*?*"),
        ("a{1}{2}?", "invalid nested repetition operator", "{1}{2}?"),
    ]);
}

#[test]
fn repetitions_multiply_to_a_thousand_at_most() {
    assert_matches(&[
        ("a{1000}", &[], &["a"]),
        ("(?:a{10}){100}", &[], &["a"]),
        ("((?:a{500}){0}){3}", &[""], &["a"]),
        ("(?:a{500}|b{500}){2}", &[], &["a"]),
    ]);
    assert_refused(&[
        ("a{1001}", "invalid repeat count", "{1001}"),
        ("a{1,1001}", "invalid repeat count", "{1,1001}"),
        ("a{99999999999}", "invalid repeat count", "{99999999999}"),
        ("a{2,1}", "invalid repeat count", "{2,1}"),
        ("(a{10}){101}", "invalid repeat count", "{101}"),
        ("(?:a{10}b{501}){2}?", "invalid repeat count", "{2}?"),
    ]);
}

#[test]
fn huge_patterns_are_refused_before_they_cost_memory() {
    let prefixed = |pattern: &str, reason: &str| {
        let refusal = refusal(pattern);
        let expected = format!("error parsing regexp: {reason}: `");
        assert!(refusal.starts_with(&expected), "{reason}");
    };
    prefixed(
        &"a".repeat(limits::REGEX_TEXT_BYTES),
        "expression too large",
    );
    prefixed(&r"\pL".repeat(UNICODE_CLASS_LOT), "expression too large");
    prefixed(
        &format!("[{}]", r"\pL".repeat(UNICODE_CLASS_LOT)),
        "expression too large",
    );
    prefixed(&r"(?i)[\x00-\x{10ffff}]".repeat(2), "expression too large");
    compile(r"(?i)[\x00-\x{10ffff}]");
    prefixed(r"\pL{1000}", "expression too large");
    prefixed(r"(?i)\pL{190}", "expression too large");
    compile(r"\pL{50}");
    prefixed(
        &format!("a*{}", "(?i)*".repeat(200)),
        "expression nests too deeply",
    );
}

#[test]
fn classes_count_as_often_as_they_are_repeated() {
    let count = |pattern: &str| {
        let parsed = ParserBuilder::new().build().parse(pattern);
        class_bytes(&parsed.expect("a pattern"))
    };
    assert_eq!(count("ab|c+"), 0);
    assert_eq!(count("[a-cx-z]"), 2 * RANGE_BYTES);
    assert_eq!(count("(?:x[a-cx-z]{3}){2,5}"), 30 * RANGE_BYTES);
    assert_eq!(count("[a-cx-z]*|[0-9]"), 3 * RANGE_BYTES);
    assert!(count(r"\pL{190}") > limits::REGEX_BYTES);
}

#[test]
fn only_what_is_left_of_groups_counts_as_nested() {
    let nested =
        |open: &str, depth, close: &str| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    compile(&nested("(", 900, ")"));
    compile(&nested("(b", 900, "c)"));
    compile(&nested("(b|", 75, ")"));
    compile(&nested("(b|c", 37, ")*"));
    for pattern in [
        nested("(b|", 76, ")"),
        nested("(b|c", 38, ")*"),
        nested("(", 1000, ")"),
    ] {
        assert!(refusal(&pattern).contains("expression nests too deeply"));
    }
}

#[test]
fn what_is_too_large_names_the_bound_and_shows_its_beginning() {
    let told = refusal(&"a".repeat(70_000));
    assert!(
        told.contains("limit: 65536 bytes, 1048576 bytes once compiled"),
        "{told}"
    );
    assert!(told.len() < 400, "{told}");
}

/// More Unicode classes than one pattern may hold.
const UNICODE_CLASS_LOT: usize = 300;

proptest! {
    #[test]
    fn no_pattern_panics_and_every_literal_matches_itself(text in "[\\PC\\n]{0,20}") {
        let _ = compile_anchored(&text);
        let literal = format!("\\Q{}\\E", text.replace('\\', ""));
        prop_assert!(compile(&literal).is_match(&text.replace('\\', "")));
    }

    #[test]
    fn what_is_translated_is_sound(
        pieces in proptest::collection::vec(
            prop_oneof![
                "[\\[\\](){}|*+?^$.,:a0-2é\\\\-]",
                "\\(\\?[imsU-]{0,2}[:)]",
                "\\\\[dDsSwWbBAzQEpPx]",
                "\\{[0-3](,[0-3]?)?\\}",
                Just("[[:^word:]".to_string()),
            ],
            0..12,
        ),
    ) {
        // The crate refuses nothing of this size for its depth, so this would be its syntax.
        if let Err(fault) = compile_anchored(&pieces.concat()) {
            prop_assert_ne!(fault.reason, Reason::TooDeep);
        }
    }
}
