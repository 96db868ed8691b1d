//! The accepted differences from Alertmanager in expressions, with their reasons.
//!
//! Owns the list. An entry that no longer explains any difference fails the test.

use super::Outcome;

/// A reason, and whether it explains what became of an expression: ours, then theirs.
pub type Explained = (&'static str, fn(&str, &Outcome, &Outcome) -> bool);

/// All reasons.
pub const EXPLAINED: &[Explained] = &[
    ("our values have no addresses", |expression, _, theirs| {
        let is_address =
            |text: &String| text.contains("0x") || text.chars().any(|c| c.is_ascii_hexdigit());
        expression.starts_with("printf")
            && verbs(expression).contains('p')
            && theirs.as_ref().is_ok_and(is_address)
    }),
    (
        "a zone is no address, and its rules are not told",
        |expression, ours, _| {
            let is_raw = ours.as_ref().is_ok_and(|text| text.contains('{'));
            expression.starts_with("printf") && expression.contains("(tz ") && is_raw
        },
    ),
    (
        "gotmpl's parser refuses the smallest integer, and the largest ones without a sign",
        |expression, ours, _| expression.contains("922337203685477580") && ours.is_err(),
    ),
    (
        "a span beyond 64 bits is told as the longest one, not as one that has turned negative",
        |expression, _, theirs| {
            let is_negative = theirs
                .as_ref()
                .is_ok_and(|text| text.starts_with("-1067519911"));
            expression.starts_with("humanizeDuration") && is_negative
        },
    ),
];

/// The letters of the format of a `printf`.
fn verbs(expression: &str) -> &str {
    expression.split('"').nth(1).unwrap_or_default()
}
