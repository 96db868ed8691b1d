//! Whether matchers imply others, as far as their texts prove it.
//!
//! Owns the reasoning about sets of matchers. An answer "yes" is certain; "no" means only that it is not
//! proved. Pure; runs on the thread that loads the configuration.

use crate::model::{MatchOp, Matcher};

/// Comparisons that may still be made. Without any left nothing more is proved.
pub struct Steps(pub usize);

impl Steps {
    fn take(&mut self) -> bool {
        let is_left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        is_left
    }
}

/// Whether every alert that satisfies all of `given` satisfies all of `wanted`.
pub fn implies(given: &[&Matcher], wanted: &[Matcher], steps: &mut Steps) -> bool {
    wanted.iter().all(|wanted| {
        given
            .iter()
            .filter(|given| given.name() == wanted.name())
            .any(|given| steps.take() && implies_one(given, wanted))
    })
}

fn implies_one(given: &Matcher, wanted: &Matcher) -> bool {
    if given == wanted {
        return true;
    }
    let values = values_of(given);
    values.is_some_and(|values| values.iter().all(|value| wanted.matches_value(value)))
}

/// Two matchers that no alert satisfies both, if there are such.
pub fn contradicted<'m>(
    all: &[&'m Matcher],
    steps: &mut Steps,
) -> Option<(&'m Matcher, &'m Matcher)> {
    for one in all {
        let Some(values) = values_of(one) else {
            continue;
        };
        for other in all.iter().filter(|other| other.name() == one.name()) {
            if !steps.take() {
                return None;
            }
            if values.iter().all(|value| !other.matches_value(value)) {
                return Some((one, other));
            }
        }
    }
    None
}

/// The values that satisfy a matcher, if it lists them: `a`, or a regex such as `a|b`.
fn values_of(matcher: &Matcher) -> Option<Vec<&str>> {
    match matcher.op() {
        MatchOp::Equal => Some(vec![matcher.value()]),
        MatchOp::Regex => {
            let regex = matcher.value();
            // The older form keeps its anchors.
            let inner = regex
                .strip_prefix("^(?:")
                .and_then(|rest| rest.strip_suffix(")$"));
            let inner = inner.unwrap_or(regex);
            let is_plain = !inner.contains([
                '\\', '.', '+', '*', '?', '(', ')', '[', ']', '{', '}', '^', '$',
            ]);
            is_plain.then(|| inner.split('|').collect())
        }
        MatchOp::NotEqual | MatchOp::NotRegex => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ParserMode, parse_matchers};

    fn matchers(text: &str) -> Vec<Matcher> {
        let parsed = parse_matchers(text, ParserMode::Utf8);
        parsed.expect("matchers").value
    }

    fn proved(given: &str, wanted: &str) -> bool {
        let given = matchers(given);
        let given: Vec<&Matcher> = given.iter().collect();
        implies(&given, &matchers(wanted), &mut Steps(1000))
    }

    #[test]
    fn narrower_matchers_imply_wider_ones() {
        for (given, wanted) in [
            (r#"{a="1",b="2"}"#, r#"{a="1"}"#),
            (r#"{a="1"}"#, r#"{a=~"1|2"}"#),
            (r#"{a=~"1|2"}"#, r#"{a=~"1|2|3"}"#),
            (r#"{a="1"}"#, r#"{a!="2"}"#),
            (r#"{a=~"x.*"}"#, r#"{a=~"x.*"}"#),
            (r#"{a="xy"}"#, r#"{a=~"x.*"}"#),
        ] {
            assert!(proved(given, wanted), "{given} implies {wanted}");
        }
    }

    #[test]
    fn what_is_not_certain_is_not_proved() {
        for (given, wanted) in [
            (r#"{a="1"}"#, r#"{a="1",b="2"}"#),
            (r#"{a=~"1|2|3"}"#, r#"{a=~"1|2"}"#),
            (r#"{a=~"x.+"}"#, r#"{a=~"x.*"}"#),
            (r#"{a!="1"}"#, r#"{a!="2"}"#),
            (r#"{b="1"}"#, r#"{a!="2"}"#),
        ] {
            assert!(!proved(given, wanted), "{given} and {wanted}");
        }
    }

    #[test]
    fn a_contradiction_is_found_where_values_are_listed() {
        let found = |text: &str| {
            let all = matchers(text);
            let all: Vec<&Matcher> = all.iter().collect();
            contradicted(&all, &mut Steps(1000)).is_some()
        };
        for text in [
            r#"{a="1",a="2"}"#,
            r#"{a="1",a!="1"}"#,
            r#"{a=~"1|2",a=~"3.*"}"#,
            r#"{a="1",a=""}"#,
        ] {
            assert!(found(text), "{text}");
        }
        for text in [
            r#"{a="1",a=~"1|2"}"#,
            r#"{a=~"x.*",a=~"y.*"}"#,
            r#"{a!="1",a!="2"}"#,
            r#"{a="1",b="2"}"#,
        ] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn nothing_is_proved_without_steps() {
        let given = matchers(r#"{a="1"}"#);
        let given: Vec<&Matcher> = given.iter().collect();
        assert!(!implies(&given, &matchers(r#"{a="1"}"#), &mut Steps(0)));
    }
}
