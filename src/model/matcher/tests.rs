//! Stories about matchers as a whole: meaning, print, order and the choice of the parser.

use proptest::prelude::*;

use super::*;

fn matcher(op: MatchOp, name: &str, value: &str) -> Matcher {
    Matcher::new(op, name, value).expect("a sound matcher")
}

fn filter_holds(filter: &str, labels: &Labels) -> bool {
    parse_matcher(filter, ParserMode::Fallback)
        .unwrap_or_else(|error| panic!("{filter}: {error}"))
        .value
        .matches(labels)
}

#[test]
fn filters_treat_a_missing_label_as_an_empty_one() {
    let labels = Labels::from_pairs([("foo", "bar")]);
    for (filter, expected) in [
        (r#"foo="bar""#, true),
        (r#"baz="""#, true),
        (r#"baz="qux""#, false),
        (r#"foo=~"bar""#, true),
        (r#"baz=~"""#, true),
        (r#"baz=~"qux|""#, true),
        (r#"baz=~"qux""#, false),
        (r#"foo!="bar""#, false),
        (r#"baz!="""#, false),
        (r#"baz!="qux""#, true),
        (r#"foo!~"bar""#, false),
        (r#"baz!~"""#, false),
        (r#"baz!~"qux""#, true),
        (r#"baz!~"qux|""#, false),
        (r#"foo="""#, false),
        (r#"foo!="""#, true),
        (r#"foo!~"""#, true),
        (r#"baz=~".*""#, true),
        (r#"baz=~".+""#, false),
    ] {
        assert_eq!(filter_holds(filter, &labels), expected, "{filter}");
    }
}

#[test]
fn names_with_reserved_signs_are_quoted_and_values_escaped_in_two_ways() {
    for (name, value, printed) in [
        ("foo", "bar", r#"foo="bar""#),
        ("foo", "", r#"foo="""#),
        (
            "foo🙂-.:",
            "a\"b\\c\nd\te\u{7}",
            "foo🙂-.:=\"a\\\"b\\\\c\\nd\te\u{7}\"",
        ),
        ("a b", "x\ty\u{7}", r#""a b"="x\ty\a""#),
        ("a'b", "é\u{200b}", r#""a'b"="é\u200b""#),
        ("\u{2003}", "", r#""\u2003"="""#),
        ("", "x", r#"="x""#),
    ] {
        assert_eq!(matcher(MatchOp::Equal, name, value).to_string(), printed);
    }
    let legacy = matcher(MatchOp::Regex, "env", "^(?:produ.*)$");
    assert_eq!(legacy.to_string(), r#"env=~"^(?:produ.*)$""#);
    assert!(legacy.matches_value("production"));
}

#[test]
fn lists_print_without_spaces_and_sort_by_name_then_value_then_operator() {
    let mut matchers = vec![
        matcher(MatchOp::NotRegex, "b", "1"),
        matcher(MatchOp::Regex, "b", "1"),
        matcher(MatchOp::Equal, "b", "2"),
        matcher(MatchOp::NotEqual, "b", "1"),
        matcher(MatchOp::Equal, "b", "1"),
        matcher(MatchOp::NotRegex, "a", "9"),
    ];
    matchers.sort();
    assert_eq!(
        format_matchers(&matchers),
        r#"{a!~"9",b="1",b!="1",b=~"1",b!~"1",b="2"}"#
    );
    assert_eq!(format_matchers(&[]), "{}");
}

#[test]
fn the_single_entry_takes_no_braces_but_in_classic_mode() {
    let refusal = |input, mode| {
        parse_matcher(input, mode)
            .expect_err("no single matcher")
            .to_string()
    };
    for input in ["{foo=bar}", "{foo=bar", "foo=bar}"] {
        let expected = format!("unexpected open or close brace: {input}");
        assert_eq!(refusal(input, ParserMode::Fallback), expected);
        assert_eq!(refusal(input, ParserMode::Utf8), expected);
    }
    assert_eq!(
        refusal("{foo=bar}", ParserMode::Classic),
        "bad matcher format: {foo=bar}"
    );
    let classic = parse_matcher("foo=bar}", ParserMode::Classic).expect("a matcher");
    assert_eq!(classic.value.value(), "bar}");
}

#[test]
fn the_mode_chooses_the_parser_of_lists() {
    let read = |mode| {
        parse_matchers(r#"foo="\u0062ar""#, mode).map(|parsed| format_matchers(&parsed.value))
    };
    assert_eq!(read(ParserMode::Classic), Ok(r#"{foo="\\u0062ar"}"#.into()));
    assert_eq!(
        read(ParserMode::Fallback),
        Ok(r#"{foo="\\u0062ar"}"#.into())
    );
    assert_eq!(read(ParserMode::Utf8), Ok(r#"{foo="bar"}"#.into()));
}

#[test]
fn label_names_are_ascii_words_in_classic_mode_and_anything_else_otherwise() {
    for (name, in_classic) in [
        ("foo", true),
        ("_foo1", true),
        ("0foo", false),
        ("foo🙂", false),
        ("a:b", false),
        ("a b", false),
    ] {
        assert_eq!(is_valid_label_name(name, ParserMode::Classic), in_classic);
        assert!(is_valid_label_name(name, ParserMode::Utf8));
        assert!(is_valid_label_name(name, ParserMode::Fallback));
    }
    for mode in [ParserMode::Classic, ParserMode::Utf8, ParserMode::Fallback] {
        assert!(!is_valid_label_name("", mode));
    }
}

fn any_op() -> impl Strategy<Value = MatchOp> {
    prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex),
    ]
}

proptest! {
    #[test]
    fn a_printed_matcher_reads_back_in_every_mode(
        name in "[a-zA-Z_][a-zA-Z0-9_]{0,8}",
        op in any_op(),
        value in any::<String>(),
    ) {
        if let Ok(matcher) = Matcher::new(op, name, value) {
            let printed = matcher.to_string();
            for mode in [ParserMode::Classic, ParserMode::Utf8, ParserMode::Fallback] {
                let list = parse_matchers(&printed, mode).map(|parsed| parsed.value);
                prop_assert_eq!(list, Ok(vec![matcher.clone()]));
            }
        }
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "[{}a=~!,\\\\\"'n(🙂 ]{0,20}|\\PC{0,20}") {
        for mode in [ParserMode::Classic, ParserMode::Utf8, ParserMode::Fallback] {
            let _ = (parse_matcher(&text, mode), parse_matchers(&text, mode));
        }
    }
}
