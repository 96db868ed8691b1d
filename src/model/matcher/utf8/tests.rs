//! The vectors of Appendix A.2, and what the real parser was seen to do.

use proptest::prelude::*;

use super::super::format_matchers;
use super::*;

/// The list as matchers print, or the error.
fn read(input: &str) -> String {
    match parse_matchers(input) {
        Ok(matchers) => format_matchers(&matchers),
        Err(error) => format!("error: {error}"),
    }
}

fn assert_reads(vectors: &[(&str, &str)]) {
    for (input, expected) in vectors {
        assert_eq!(read(input), *expected, "{input}");
    }
}

fn assert_refused(vectors: &[(&str, &str)]) {
    for (input, expected) in vectors {
        assert_eq!(read(input), format!("error: {expected}"), "{input}");
    }
}

#[test]
fn a_list_may_have_braces_and_a_comma_at_the_end() {
    assert_reads(&[
        ("", "{}"),
        ("{}", "{}"),
        (" { } ", "{}"),
        ("{foo=bar,}", r#"{foo="bar"}"#),
        ("foo=bar,", r#"{foo="bar"}"#),
        (" foo = bar , a != b ", r#"{foo="bar",a!="b"}"#),
        ("{foo=~[a-z]+}", r#"{foo=~"[a-z]+"}"#),
        ("{foo=🙂bar}", r#"{foo="🙂bar"}"#),
        (
            "{name-with-dashes = \"bar\"}",
            r#"{name-with-dashes="bar"}"#,
        ),
        ("00=b", r#"{00="b"}"#),
        ("Σ!~c", r#"{Σ!~"c"}"#),
        (r#"foo="""#, r#"{foo=""}"#),
        ("a\u{a0}=\u{2003}b", r#"{a="b"}"#),
    ]);
}

#[test]
fn quoted_names_and_values_decode_as_in_go() {
    assert_reads(&[
        (r#"{"foo"=~"\\d+"}"#, r#"{foo=~"\\d+"}"#),
        (r#"{"foo"="\xf0\x9f\x99\x82"}"#, r#"{foo="🙂"}"#),
        (r#"{"foo"="\U0001f642"}"#, r#"{foo="🙂"}"#),
        (r#"{"foo"="bar\t"}"#, "{foo=\"bar\t\"}"),
        (r#""a b"=c"#, r#"{"a b"="c"}"#),
        (r#""\xf0\x9f\x99\x82"=x"#, r#"{🙂="x"}"#),
    ]);
}

#[test]
fn braces_come_in_pairs() {
    assert_refused(&[
        ("{", "0:1: end of input: expected close brace"),
        ("}", "0:1: }: expected opening brace"),
        ("foo=bar}", "0:8: }: expected opening brace"),
        ("foo=bar}  ", "0:8: }: expected opening brace"),
        ("{foo=bar", "0:8: end of input: expected close brace"),
        ("{foo=bar  ", "0:8: end of input: expected close brace"),
        ("{foo=bar,", "0:9: end of input: expected close brace"),
        ("{{", "1:2: unexpected {: expected label name"),
        ("{} x", "3:4: x: expected end of input"),
        ("{}}", "2:3: }: expected end of input"),
        ("{}'", "2:3: ': invalid input: expected end of input"),
        (r#"{foo="a" } x"#, "11:12: x: expected end of input"),
    ]);
}

#[test]
fn errors_tell_what_was_expected_and_where() {
    assert_refused(&[
        (",", "0:1: unexpected ,: expected label name"),
        ("{,}", "1:2: unexpected ,: expected label name"),
        ("=", "0:1: unexpected =: expected label name"),
        (
            "foo",
            "end of input: expected an operator such as '=', '!=', '=~' or '!~'",
        ),
        ("foo= ", "end of input: expected label value"),
        ("foo==", "4:5: unexpected =: expected label value"),
        (
            "foo bar",
            "4:7: unexpected bar: expected an operator such as '=', '!=', '=~' or '!~'",
        ),
        (
            r#"{foo=:"bar"}"#,
            r#"6:11: unexpected "bar": expected a comma or close brace"#,
        ),
        (
            "foo=bar baz=x",
            "8:11: unexpected baz: expected a comma or close brace",
        ),
        (
            "foo=bar,,",
            "8:9: unexpected ,: expected a matcher or close brace after comma",
        ),
        (
            "foo=bar,=",
            "8:9: unexpected =: expected a matcher or close brace after comma",
        ),
        (
            "foo=~a(b",
            "failed to create matcher: error parsing regexp: missing closing ): `^(?:a(b)$`",
        ),
    ]);
}

#[test]
fn characters_that_begin_no_token_are_refused() {
    assert_refused(&[
        ("'", "0:1: ': invalid input"),
        (
            r"a\b=c",
            r"1:2: \: invalid input: expected an operator such as '=', '!=', '=~' or '!~'",
        ),
        (
            r"{foo=bar\n}",
            r"8:9: \: invalid input: expected a comma or close brace",
        ),
        (
            "foo🙂!bar",
            "4:5: !: expected one of '=~': expected an operator such as '=', '!=', '=~' or '!~'",
        ),
        ("!", "0:1: unexpected end of input, expected one of '=~'"),
        (
            "foo=bar !",
            "8:9: unexpected end of input, expected one of '=~': expected a comma or close brace",
        ),
    ]);
}

#[test]
fn quotes_that_do_not_decode_are_refused() {
    assert_refused(&[
        (r#"{foo="bar\w"}"#, r#"5:12: "bar\w": invalid input"#),
        (r#"{"foo"=~"\d+"}"#, r#"8:13: "\d+": invalid input"#),
        (
            r#"{"foo"="\xf0\x9f"}"#,
            r#"7:17: "\xf0\x9f": invalid input"#,
        ),
        (r#""\q"=a"#, r#"0:4: "\q": invalid input"#),
        ("a🙂=\"x\ny\"", "3:8: \"x\ny\": invalid input"),
        (
            r#"foo="a"#,
            r#"4:6: "a: missing end ": expected label value"#,
        ),
        (
            r#"foo="a\""#,
            r#"4:8: "a\": missing end ": expected label value"#,
        ),
    ]);
}

#[test]
fn the_single_entry_wants_exactly_one_matcher() {
    let refusal = |input| {
        parse_matcher(input)
            .expect_err("not one matcher")
            .to_string()
    };
    assert_eq!(refusal(""), "no matchers");
    assert_eq!(refusal("{}"), "no matchers");
    assert_eq!(refusal("foo=bar,bar=baz"), "expected 1 matcher, found 2");
    assert_eq!(
        parse_matcher("foo=bar,").map(|matcher| matcher.to_string()),
        Ok(r#"foo="bar""#.to_string())
    );
}

fn any_op() -> impl Strategy<Value = MatchOp> {
    prop_oneof![Just(MatchOp::Equal), Just(MatchOp::NotEqual)]
}

proptest! {
    #[test]
    fn a_printed_list_reads_back(
        parts in proptest::collection::vec(("\\PC{1,8}|[\\s\\x00-\\x7f]{1,8}", any_op(), any::<String>()), 0..4),
    ) {
        let matchers: Vec<Matcher> = parts
            .into_iter()
            .map(|(name, op, value)| Matcher::new(op, name, value).expect("needs no regex"))
            .collect();
        prop_assert_eq!(parse_matchers(&format_matchers(&matchers)), Ok(matchers));
    }
}
