//! Filters, evaluated and refused. The vectors are those of Appendix A.4.

use std::collections::BTreeMap;

use super::*;

fn receiver(name: &str, owner: &str) -> Arc<Receiver> {
    let labels = [("name", name), ("owner", owner)];
    Arc::new(Receiver {
        name: name.into(),
        labels: BTreeMap::from(labels.map(|(name, value)| (name.to_owned(), value.to_owned()))),
        webhooks: Vec::new(),
    })
}

fn filters(query: &str) -> Filters {
    Filters::from_params(&Params::parse(query), ParserMode::Fallback).expect(query)
}

fn refusal(query: &str) -> String {
    match Filters::from_params(&Params::parse(query), ParserMode::Fallback) {
        Ok(_) => panic!("{query} was taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_empty_value_asks_whether_the_label_is_there() {
    use MatchOp::{Equal, NotEqual, NotRegex, Regex};
    let labels = Labels::from_pairs([("foo", "bar")]);
    let table = [
        ("foo", Equal, "bar", true),
        ("baz", Equal, "", true),
        ("baz", Equal, "qux", false),
        ("foo", Regex, "bar", true),
        ("baz", Regex, "", true),
        ("baz", Regex, "qux|", true),
        ("baz", Regex, "qux", false),
        ("foo", NotEqual, "bar", false),
        ("baz", NotEqual, "", false),
        ("baz", NotEqual, "qux", true),
        ("foo", NotRegex, "bar", false),
        ("baz", NotRegex, "", false),
        ("baz", NotRegex, "qux", true),
        ("baz", NotRegex, "qux|", false),
        ("foo", NotEqual, "", true),
        ("foo", Equal, "", false),
    ];
    for (name, op, value, expected) in table {
        let matcher = Matcher::new(op, name, value).expect("a matcher");
        assert_eq!(holds(&matcher, &labels), expected, "{name} {op:?} {value}");
    }
}

#[test]
fn the_receiver_is_a_whole_name_and_the_last_one_counts() {
    let receivers = [receiver("team-x", "bob")];
    let table = [
        ("receiver=team", false),
        ("receiver=team.*", true),
        ("receiver=default|team-x", true),
        ("receiver=default&receiver=team-x", true),
        ("receiver=default&receiver=", true),
        ("receiver=", true),
        ("receiver_matchers=owner=bob", true),
        (
            "receiver_matchers=owner=bob&receiver_matchers=name=other",
            false,
        ),
        ("receiver_matchers=missing=", true),
    ];
    for (query, expected) in table {
        assert_eq!(filters(query).wants_any(&receivers), expected, "{query}");
    }
}

#[test]
fn name_and_labels_may_be_satisfied_by_different_receivers_of_an_alert() {
    let receivers = [receiver("a", "ann"), receiver("b", "bob")];
    let filters = filters("receiver=a&receiver_matchers=owner=bob");
    assert!(filters.wants_any(&receivers));
    assert!(!filters.wants_receiver(&receivers[0]));
}

#[test]
fn the_first_fault_is_told_in_alertmanagers_words() {
    assert_eq!(
        refusal("filter=foo&receiver=%5B"),
        "bad matcher format: foo"
    );
    assert_eq!(refusal("filter="), "bad matcher format: ");
    assert_eq!(
        refusal("receiver=%5B&receiver_matchers=x"),
        "failed to parse receiver param: error parsing regexp: missing closing ]: `[)$`"
    );
    assert_eq!(
        refusal("receiver_matchers=x"),
        "failed to parse receiver_matchers param: bad matcher format: x"
    );
}
