//! Tests of valid and invalid matchers as filters of alerts, in each of the three modes: both daemons accept
//! the same matchers, refuse the others with the same text, and find the same alerts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::{Answer, Request, encoded};
use crate::pair::Pair;
use crate::peers::Peers;
use crate::random::Choices;

const CONFIGURATION: &str = "
route: {receiver: default, group_wait: 1h}
receivers: [{name: default}]
";

/// Matchers written by hand, one per line, from the first byte to the last.
const WRITTEN: &str = include_str!("matchers.txt");

/// Matchers put together from parts for each mode.
const MADE: usize = 400;

/// Matchers whose fate the daemons must share, at least, in each mode.
const ENOUGH: usize = 300;

/// Names of labels that alerts have; from the fourth on only the UTF-8 modes take them.
const LABELS: [&str; 8] = [
    "foo",
    "bar_1",
    "_x",
    "dotted.name",
    "größe",
    "with space",
    "a\"quote",
    "00",
];

const VALUES: [&str; 16] = [
    "bar",
    "baz",
    "BAR",
    "b",
    "0",
    "grün",
    "a b",
    " bar ",
    "a,b",
    "a=b",
    "x\ny",
    "say \"x\"",
    "b\\ar",
    "\\d",
    "{a}",
    "🙂",
];

/// What a name of a made matcher may be, quoted or not, valid or not.
const NAMES: [&str; 20] = [
    "foo",
    "bar_1",
    "_x",
    "dotted.name",
    "größe",
    "with space",
    "\"foo\"",
    "\"dotted.name\"",
    "\"with space\"",
    "\"a\\\"quote\"",
    "00",
    "\"00\"",
    "",
    "\"\"",
    "a:b",
    "'foo'",
    "fo\\o",
    "\"gr\\u00f6ße\"",
    "missing",
    "{foo",
];

const OPERATORS: [&str; 12] = [
    "=", "!=", "=~", "!~", "=", "!=", "=~", "!~", "==", "!", "~", "==",
];

/// What a value may be.
const OPERANDS: [&str; 40] = [
    "bar",
    "\"bar\"",
    "",
    "\"\"",
    "b.*",
    "\".*\"",
    ".+",
    "\"b(a|z)+r?\"",
    "(",
    "\"[\"",
    "\\d",
    "\"\\\\d\"",
    "\"\\d+\"",
    "grün",
    "\"gr\\u00fcn\"",
    "\"gr\\xc3\\xbcn\"",
    "\"\\xff\"",
    "a b",
    "\"a b\"",
    "a,b",
    "\"a,b\"",
    "a=b",
    "x\ny",
    "\"x\ny\"",
    "\"x\\ny\"",
    "\"say \\\"x\\\"\"",
    "\"open",
    "open\"",
    "bar}",
    "'bar'",
    "`bar`",
    "\"b\\\\ar\"",
    "b\\ar",
    "🙂",
    "\"\\U0001f642\"",
    "(?i)bar",
    "\"(?i:BAR)\"",
    "bar,",
    "\"bar\" x",
    "^bar$|\\pL",
];

const SPACES: [&str; 8] = ["", "", "", "", " ", "\t", "\n", "\u{a0}"];

fn made(choices: &mut Choices) -> String {
    let space = |choices: &mut Choices| choices.one_of(&SPACES);
    [
        space(choices),
        choices.one_of(&NAMES),
        space(choices),
        choices.one_of(&OPERATORS),
        space(choices),
        choices.one_of(&OPERANDS),
        space(choices),
    ]
    .concat()
}

/// Sixty alerts; those with names that are no classic ones are for the UTF-8 modes.
fn alerts() -> Value {
    let mut choices = Choices::seeded(11);
    let mut alert = |number: usize| {
        let names = if number.is_multiple_of(2) {
            &LABELS[..3]
        } else {
            &LABELS[..]
        };
        let mut labels = json!({"alertname": format!("n{number}")});
        for name in choices.some_of(names, 60) {
            labels[name] = json!(choices.one_of(&VALUES));
        }
        json!({"labels": labels, "endsAt": "2099-01-01T00:00:00Z"})
    };
    (0..60).map(&mut alert).collect()
}

/// What a filter comes to: a complaint, or the alerts that it finds.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Refused(u16, String),
    Alerts(BTreeSet<String>),
}

fn found(answer: &Answer) -> Found {
    match answer.json() {
        Some(Value::Array(alerts)) if answer.status == 200 => Found::Alerts(
            alerts
                .iter()
                .map(|alert| alert["labels"].to_string())
                .collect(),
        ),
        _ => Found::Refused(answer.status, answer.text()),
    }
}

/// How many of the matchers were refused, found nothing, and found something.
#[derive(Debug, Default)]
struct Tally {
    refused: usize,
    empty: usize,
    full: usize,
}

impl Tally {
    fn count(&mut self, found: &Found) {
        match found {
            Found::Refused(..) => self.refused += 1,
            Found::Alerts(alerts) if alerts.is_empty() => self.empty += 1,
            Found::Alerts(_) => self.full += 1,
        }
    }

    /// Whether all three outcomes were proved, and often.
    fn is_broad(&self) -> bool {
        let least = self.refused.min(self.empty).min(self.full);
        self.refused + self.empty + self.full >= ENOUGH && least >= ENOUGH / 20
    }
}

fn compare(test: &str, flags: &[&str]) {
    let Some(peers) = Peers::find(test) else {
        return;
    };
    let pair = Pair::start(&peers, CONFIGURATION, flags);
    let addresses = [pair.ours.address(), pair.theirs.address()];
    let post = Request::post("/api/v2/alerts", &alerts());
    // Which name of several wrong ones is told is random in Alertmanager.
    let [ours, theirs] = addresses.map(|address| {
        let answer = post.send(address);
        (answer.status, answer.text().matches("invalid name").count())
    });
    assert_eq!(ours, theirs);

    let mut choices = Choices::seeded(5);
    let made = (0..MADE).map(|_| made(&mut choices));
    let mut tally = Tally::default();
    let mut differences = Vec::new();
    for matcher in WRITTEN.lines().map(str::to_owned).chain(made) {
        let request = Request::get(format!("/api/v2/alerts?filter={}", encoded(&matcher)));
        let [ours, theirs] = addresses.map(|address| found(&request.send(address)));
        tally.count(&ours);
        if ours != theirs {
            differences.push(format!("{matcher:?}\n  ours {ours:?}\n  theirs {theirs:?}"));
        }
    }
    let report = differences.join("\n");
    assert!(
        differences.is_empty(),
        "{} differ:\n{report}",
        differences.len()
    );
    assert!(tally.is_broad(), "{tally:?}");
}

#[test]
fn filters_of_the_default_mode_find_the_same_alerts() {
    compare("filters_of_the_default_mode_find_the_same_alerts", &[]);
}

#[test]
fn filters_of_the_classic_mode_find_the_same_alerts() {
    compare(
        "filters_of_the_classic_mode_find_the_same_alerts",
        &["--enable-feature=classic-mode"],
    );
}

#[test]
fn filters_of_the_strict_mode_find_the_same_alerts() {
    compare(
        "filters_of_the_strict_mode_find_the_same_alerts",
        &["--enable-feature=utf8-strict-mode"],
    );
}
