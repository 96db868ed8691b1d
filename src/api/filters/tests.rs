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

#[test]
fn what_the_regexes_of_a_request_take_is_bounded_one_by_one_and_together() {
    // H1, with its signs encoded.
    let huge = "filter=a%3D~%22(%3Fi)%5C%5CpL%7B190%7D%22&".repeat(100);
    let told = refusal(&huge);
    assert!(told.contains("1048576 bytes once compiled"), "{told}");
    let large = |number: usize| format!("a=~\"{number}\\\\pL{{15}}\"");
    let query = |name: &str, count| -> String {
        let one = |number| format!("{name}={}&", large(number).replace('\\', "%5C"));
        (0..count).map(one).collect()
    };
    filters(&query("filter", 15));
    let told = refusal(&query("filter", 30));
    assert!(told.contains("limit: 4194304 bytes"), "{told}");
    let told = refusal(&(query("filter", 15) + &query("receiver_matchers", 15)));
    assert!(
        told.contains("receiver_matchers") && told.contains("4194304"),
        "{told}"
    );
    let told = refusal(&(query("filter", 15) + r"receiver=x%5CpL{50}"));
    assert!(
        told.contains("receiver param") && told.contains("4194304"),
        "{told}"
    );
}
