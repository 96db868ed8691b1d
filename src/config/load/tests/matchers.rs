//! Matchers in their three forms.

use super::*;

fn child(keys: &str) -> String {
    format_matchers(&route(&format!(", routes: [{{{keys}}}]")).routes[0].matchers)
}

#[test]
fn the_three_forms_are_joined_and_sorted() {
    assert_eq!(
        child("match: {c: 2, b: yes}, match_re: {a: x.*}, matchers: ['d=~\"z\",b!=q', '{a=b}']"),
        "{a=~\"^(?:x.*)$\",a=\"b\",b!=\"q\",b=\"yes\",c=\"2\",d=~\"z\"}"
    );
}

#[test]
fn values_are_the_text_that_was_written() {
    assert_eq!(
        child("match: {a: 017, b: 1e3, c: ~, d: 2024-01-01, e: True}"),
        "{a=\"017\",b=\"1e3\",c=\"\",d=\"2024-01-01\",e=\"True\"}"
    );
}

#[test]
fn bad_ones_are_faults() {
    for (keys, fault) in [
        (
            "matchers: ['a']",
            "route.routes[0].matchers[0]: bad matcher format: a; ",
        ),
        (
            "matchers: a=b",
            "route.routes[0].matchers: cannot unmarshal a string into a list",
        ),
        (
            "match: {'a b': x}",
            "route.routes[0].match.a b: invalid label name \"a b\"; ",
        ),
        (
            "match_re: {0: x}",
            "route.routes[0].match_re.0: invalid label name \"0\"; ",
        ),
        (
            "match_re: {a: }",
            "route.routes[0].match_re.a: invalid regexp value for \"a\"; ",
        ),
        (
            "match_re: {a: (}",
            "route.routes[0].match_re.a: error parsing regexp: missing closing ): `^(?:()$`; ",
        ),
        (
            "match: {a: [x]}",
            "route.routes[0].match.a: cannot unmarshal a list into a string",
        ),
    ] {
        let told = route_faults(&format!(", routes: [{{{keys}}}]"));
        let expected = format!("f.yml:1: {fault}");
        assert!(told.starts_with(&expected), "{told}\nis not\n{expected}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn the_mode_decides_about_names() {
    let text = format!(
        "route: {{receiver: a, group_by: ['a b'], routes: [{{matchers: ['\"é\"=x']}}]}}\n\
         {RECEIVERS}"
    );
    assert!(parse("f", &text, ParserMode::Fallback).is_ok());
    let classic = parse("f", &text, ParserMode::Classic).expect_err("classic names only");
    assert_eq!(classic.faults.len(), 2);
}

#[test]
fn a_disputed_matcher_is_a_warning() {
    let text = format!("route:\n  receiver: a\n  routes:\n  - matchers:\n    - foo=\n{RECEIVERS}");
    let warnings = loaded(&text).warnings;
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("f.yml:5: route.routes[0].matchers[0]: "),
        "{warnings:?}"
    );
}

#[test]
fn a_list_of_thousands_of_names_is_taken_and_a_regex_of_their_size_is_told_what_helps() {
    // T9.
    let names: Vec<String> = (0..2400)
        .map(|number| format!("host-{number:05}.prod.example.com"))
        .collect();
    let names = names.join("|");
    assert!(child(&format!("matchers: ['a=~\"{names}\"']")).len() > 64 * 1024);
    assert!(child(&format!("match_re: {{a: '{names}'}}")).len() > 64 * 1024);
    for keys in [
        format!("matchers: ['a=~\"{names}|[a-z]\"']"),
        format!("match_re: {{a: '{names}|[a-z]'}}"),
        r"match_re: {a: '(?i)\pL{190}'}".to_owned(),
    ] {
        let told = route_faults(&format!(", routes: [{{{keys}}}]"));
        for words in [
            "expression too large",
            "1048576 bytes once compiled",
            "plain list of names",
        ] {
            assert!(told.contains(words), "{told}");
        }
    }
}
