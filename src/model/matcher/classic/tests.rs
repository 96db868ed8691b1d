//! The vectors of Appendix A.1, and what the real parser was seen to do.

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

#[test]
fn lists_may_have_braces_spaces_and_a_comma_at_the_end() {
    assert_reads(&[
        ("", "{}"),
        ("{}", "{}"),
        ("  ", "{}"),
        (
            r#"{foo = "bar", dings != "bums", }"#,
            r#"{foo="bar",dings!="bums"}"#,
        ),
        (
            r#"{foo="bar,quux", job="job1"}"#,
            r#"{foo="bar,quux",job="job1"}"#,
        ),
        (
            r#"contains_quote != "\"" , contains_comma !~ "foo,bar" , "#,
            r#"{contains_quote!="\"",contains_comma!~"foo,bar"}"#,
        ),
        ("\t\x0c\r\na:b\n!~ \nx", r#"{a:b!~"x"}"#),
        ("foo=bar\u{a0}", r#"{foo="bar"}"#),
        ("foo=bar\u{a0},", "{foo=\"bar\u{a0}\"}"),
    ]);
}

#[test]
fn values_need_no_quotes() {
    assert_reads(&[
        ("{foo='}", r#"{foo="'"}"#),
        ("{foo=`}", r#"{foo="`"}"#),
        (r#"{foo=\"}"#, r#"{foo="\""}"#),
        ("foo=bar baz", r#"{foo="bar baz"}"#),
        ("foo=bar baz=x", r#"{foo="bar baz=x"}"#),
        ("foo=b\na", r#"{foo="b\na"}"#),
        ("tricky=~~~", r#"{tricky=~"~~"}"#),
        (r#"trickier==\\=\=\""#, r#"{trickier="=\\=\\=\""}"#),
        ("job=", r#"{job=""}"#),
        ("{foo=", r#"{foo=""}"#),
        ("foo==~x", r#"{foo="=~x"}"#),
    ]);
}

#[test]
fn braces_inside_belong_to_the_value() {
    assert_reads(&[
        ("{foo=bar}}", r#"{foo="bar}"}"#),
        ("{foo=bar}},}", r#"{foo="bar}}"}"#),
        ("{foo=,bar=}}", r#"{foo="",bar="}"}"#),
        ("{foo=}b", r#"{foo="}b"}"#),
    ]);
}

#[test]
fn a_backslash_escapes_itself_the_quote_and_n_only() {
    assert_reads(&[
        (r"{foo=bar\t}", r#"{foo="bar\\t"}"#),
        (r"{foo=bar\n}", r#"{foo="bar\n"}"#),
        (r"{foo=bar\}", r#"{foo="bar\\"}"#),
        (r"{foo=bar\\}", r#"{foo="bar\\"}"#),
        (
            r#"{quote="She said: \"Hi, ladies! That's gender-neutral…\""}"#,
            r#"{quote="She said: \"Hi, ladies! That's gender-neutral…\""}"#,
        ),
        // The backslash reaches over the comma to the quote behind it.
        (
            r#"a="\,",b=c"#,
            r#"error: matcher value contains unescaped double quote: "\,",b=c"#,
        ),
    ]);
    let newline = parse_matcher(r"foo=bar\n").expect("a matcher");
    assert_eq!(newline.value(), "bar\n");
}

#[test]
fn lists_that_are_none_are_refused_with_the_token_at_fault() {
    assert_reads(&[
        (",", "error: bad matcher format: "),
        ("{,}", "error: bad matcher format: "),
        ("foo=bar,,", "error: bad matcher format: "),
        (
            r#"job="value"#,
            r#"error: matcher value contains unescaped double quote: "value"#,
        ),
        (
            r#"job=value""#,
            r#"error: matcher value contains unescaped double quote: value""#,
        ),
        (
            r#"foo="a" b"#,
            r#"error: matcher value contains unescaped double quote: "a" b"#,
        ),
        (
            r#"{invalid-name = "valid label"}"#,
            r#"error: bad matcher format: invalid-name = "valid label""#,
        ),
        (
            r#"{foo=~"invalid[regexp"}"#,
            "error: error parsing regexp: missing closing ]: `[regexp)$`",
        ),
        (
            r#""foo="bar"""#,
            r#"error: bad matcher format: "foo="bar"""#,
        ),
        (
            r#"{"foo=\"bar"}"#,
            r#"error: bad matcher format: "foo=\"bar""#,
        ),
        ("{{foo=", "error: bad matcher format: {foo="),
        ("{}}", "error: bad matcher format: }"),
        ("0a=b", "error: bad matcher format: 0a=b"),
        ("foo!bar", "error: bad matcher format: foo!bar"),
        ("foo🙂=bar", "error: bad matcher format: foo🙂=bar"),
    ]);
}
