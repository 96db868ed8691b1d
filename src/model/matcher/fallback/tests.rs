//! The vectors of Appendix A.3: which reading is taken, and when the user hears of it.

use super::*;

fn assert_list(input: &str, printed: &str, warning: Option<&str>) {
    let parsed = parse_matchers(input).expect("matchers");
    assert_eq!(format_matchers(&parsed.value), printed, "{input}");
    assert_eq!(parsed.warning.as_deref(), warning, "{input}");
}

#[test]
fn what_both_read_alike_or_only_utf8_reads_draws_no_warning() {
    assert_list("", "{}", None);
    assert_list("{}", "{}", None);
    assert_list("foo=bar", r#"{foo="bar"}"#, None);
    assert_list("{foo=~\"a|b\",}", r#"{foo=~"a|b"}"#, None);
    assert_list("foo🙂=bar", r#"{foo🙂="bar"}"#, None);
    assert_list("00=b", r#"{00="b"}"#, None);
    assert_list("Σ=c", r#"{Σ="c"}"#, None);
    assert_list(r#""\xf0\x9f\x99\x82"=x"#, r#"{🙂="x"}"#, None);
}

#[test]
fn what_only_the_classic_parser_reads_draws_a_warning() {
    assert_list(
        r"foo=!bar\n",
        r#"{foo="!bar\n"}"#,
        Some(
            "only the classic syntax allows the matchers `foo=!bar\\n` (UTF-8 syntax: 4:5: !: \
             expected one of '=~': expected label value); write {foo=\"!bar\\n\"} to be \
             understood in both",
        ),
    );
    let single = parse_matcher("foo=").expect("a matcher");
    assert_eq!(single.value.to_string(), r#"foo="""#);
    assert!(single.warning.is_some());
}

#[test]
fn where_the_two_disagree_the_classic_reading_wins() {
    assert_list(
        r#"foo="\u0062ar""#,
        r#"{foo="\\u0062ar"}"#,
        Some(
            "matchers input has disagreement: `foo=\"\\u0062ar\"` means {foo=\"\\\\u0062ar\"} in \
             the classic syntax, which is taken, and {foo=\"bar\"} in the UTF-8 syntax",
        ),
    );
    let single = parse_matcher(r#"foo="\xf0\x9f\x99\x82""#).expect("a matcher");
    assert_eq!(single.value.value(), r"\xf0\x9f\x99\x82");
    assert!(single.warning.is_some());
}

#[test]
fn where_both_fail_the_classic_error_counts() {
    for input in ["foo!bar", "{foo!bar}"] {
        assert_eq!(
            parse_matchers(input).expect_err("no matchers").to_string(),
            "bad matcher format: foo!bar"
        );
    }
    assert_eq!(
        parse_matcher("foo=~a(b")
            .expect_err("no matcher")
            .to_string(),
        "error parsing regexp: missing closing ): `^(?:a(b)$`"
    );
}
