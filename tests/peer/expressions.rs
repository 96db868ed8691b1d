//! Tests of thousands of generated template expressions, odd ones among them: amtool renders the same text as
//! our binary, and fails where it fails.
//!
//! Each expression calls a function or a method, or formats by a verb, with valid or invalid arguments. The
//! seed is fixed, so that a difference is reproducible. `explained` lists the intended differences with their
//! reasons. Any other difference fails the test, which prints the shortest expression first.

mod amtool;
mod explained;
mod made;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use alertwheel::model::{Labels, Wall};
use alertwheel::template::{AlertData, Data, SAMPLE_NOW, Templates};
use serde_json::Value;

use crate::peers::Peers;
use crate::random::Choices;

use self::explained::EXPLAINED;

/// What both are given.
const DATA: &str = include_str!("templates.json");

/// Expressions that are compared.
const EXPRESSIONS: usize = 4000;

/// Those that must render to something, and those that must fail, at least.
const ENOUGH: [usize; 2] = [2500, 200];

/// Letters of an outcome that are printed.
const SHOWN_LETTERS: usize = 400;

/// Differences that are printed.
const SHOWN: usize = 25;

/// The data as our templates take it.
fn data() -> Data {
    let json: Value = serde_json::from_str(DATA).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let labels = |value: &Value| {
        let pairs = value.as_object().expect("an object").iter();
        Labels::from_pairs(pairs.map(|(name, value)| (name.clone(), text(value))))
    };
    let alert = |value: &Value| {
        let time = |key: &str| -> Wall { text(&value[key]).parse().expect("a timestamp") };
        Arc::new(AlertData {
            status: text(&value["status"]).into(),
            labels: labels(&value["labels"]),
            annotations: labels(&value["annotations"]),
            starts_at: time("startsAt"),
            ends_at: time("endsAt"),
            generator_url: text(&value["generatorURL"]).into(),
            fingerprint: text(&value["fingerprint"]).into(),
        })
    };
    let alerts = json["alerts"].as_array().expect("a list");
    Data {
        receiver: text(&json["receiver"]).into(),
        status: text(&json["status"]).into(),
        alerts: alerts.iter().map(alert).collect(),
        notification_reason: text(&json["notification_reason"]).into(),
        group_labels: labels(&json["groupLabels"]),
        common_labels: labels(&json["commonLabels"]),
        common_annotations: labels(&json["commonAnnotations"]),
        route_labels: Labels::default(),
        external_url: text(&json["externalURL"]).into(),
    }
}

fn expressions() -> Vec<String> {
    let mut choices = Choices::seeded(34);
    let mut found = BTreeSet::new();
    let mut expressions = Vec::new();
    while expressions.len() < EXPRESSIONS {
        let expression = made::expression(&mut choices);
        if found.insert(expression.clone()) {
            expressions.push(expression);
        }
    }
    expressions
}

/// What an expression comes to: a text, or the fault.
type Outcome = Result<String, String>;

/// Whether both came to the same. Which words a fault is told in is a matter of `templates.txt`.
fn are_alike(ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

fn difference(expression: &str, ours: &Outcome, theirs: &Outcome) -> String {
    let [ours, theirs] = [ours, theirs].map(|outcome| {
        let shown = format!("{outcome:?}");
        shown.chars().take(SHOWN_LETTERS).collect::<String>()
    });
    format!("{{{{ {expression} }}}}\n  ours   {ours}\n  theirs {theirs}")
}

#[test]
fn amtool_makes_of_generated_expressions_what_we_make_of_them() {
    let Some(peers) = Peers::find("amtool_makes_of_generated_expressions_what_we_make_of_them")
    else {
        return;
    };
    let expressions = expressions();
    let (templates, data) = (Templates::default(), data());
    let ours: Vec<Outcome> = expressions
        .iter()
        .map(|expression| {
            let text = format!("{{{{ {expression} }}}}");
            let rendered = templates.render_text(&text, &data, SAMPLE_NOW);
            rendered.map_err(|fault| fault.text)
        })
        .collect();
    let should_render: Vec<bool> = ours.iter().map(Result::is_ok).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/templates.json");
    let theirs = amtool::outcomes(&peers.amtool(), &file, &expressions, &should_render);

    let mut used = BTreeSet::new();
    let mut differences = Vec::new();
    for ((expression, ours), theirs) in expressions.iter().zip(&ours).zip(&theirs) {
        if are_alike(ours, theirs) {
            continue;
        }
        let explained = EXPLAINED
            .iter()
            .position(|(_, is_it)| is_it(expression, ours, theirs));
        match explained {
            Some(position) => drop(used.insert(position)),
            None => differences.push(difference(expression, ours, theirs)),
        }
    }
    differences.sort_by_key(String::len);
    let count = differences.len();
    differences.truncate(SHOWN);
    assert!(
        differences.is_empty(),
        "{count} differ without a reason, the shortest of them:\n{}",
        differences.join("\n")
    );
    let unused = EXPLAINED.iter().enumerate();
    let unused: Vec<&str> = unused
        .filter(|(position, _)| !used.contains(position))
        .map(|(_, (reason, _))| *reason)
        .collect();
    assert!(unused.is_empty(), "these no longer differ: {unused:?}");
    let rendered = theirs.iter().filter(|theirs| theirs.is_ok()).count();
    let proved = [rendered, theirs.len() - rendered];
    assert!(
        proved[0] >= ENOUGH[0] && proved[1] >= ENOUGH[1],
        "rendered and failed: {proved:?}"
    );
}
