//! Tests of more than a thousand texts of payloads, as people write them and as templates make them: both
//! daemons post the same value for each.
//!
//! The texts are made from a fixed seed. One half is in the configuration, the other half in the annotations
//! of an alert. The values may differ for one of two reasons, which the test checks: Alertmanager 0.33 parses
//! the texts within a value once more, which 0.34 no longer does; and where a value holds less than the text,
//! our daemon keeps the text.

mod made;

use std::collections::BTreeSet;

use alertwheel::clock::Clock;
use alertwheel::config::parse_rendered;
use alertwheel::template::Payload;
use serde_json::{Map, Value, json};

use crate::client::Request;
use crate::hooks::Hooks;
use crate::pair::Pair;
use crate::peers::Peers;
use crate::random::Choices;
use crate::wait;

/// Texts that are compared.
const TEXTS: usize = 1500;

/// Texts of one webhook.
const AT_ONCE: usize = 100;

/// Values that must be no texts, texts that must be read as one, and texts that we keep, at least.
const ENOUGH: [usize; 3] = [300, 300, 50];

fn texts() -> Vec<String> {
    let mut choices = Choices::seeded(7);
    let mut found = BTreeSet::new();
    let mut texts = Vec::new();
    while texts.len() < TEXTS {
        let text = made::text(&mut choices);
        // What begins a template is none of these; within a value Alertmanager would even run it.
        if !text.contains("{{") && found.insert(text.clone()) {
            texts.push(text);
        }
    }
    texts
}

/// Whether the text with this number is an annotation of the alert.
fn is_annotation(number: usize) -> bool {
    number % 2 == 1
}

/// A webhook for each lot of texts, and a route to each.
fn configuration(texts: &[String], port: u16, side: &str) -> String {
    let lots: Vec<_> = texts.chunks(AT_ONCE).collect();
    let numbers = 0..lots.len();
    let routes: String = numbers
        .map(|lot| format!("  - {{receiver: r{lot}, continue: true}}\n"))
        .collect();
    let receivers = lots.iter().enumerate().map(|(lot, texts)| {
        let keys = texts.iter().enumerate().map(|(index, text)| {
            let number = lot * AT_ONCE + index;
            let value = match is_annotation(number) {
                true => json!(format!("{{{{ .CommonAnnotations.a{number} }}}}")),
                false => json!(text),
            };
            format!("      k{number}: {value}\n")
        });
        format!(
            "- name: r{lot}\n  webhook_configs:\n  - url: http://127.0.0.1:{port}/{side}/{lot}\n    \
             payload:\n{}",
            keys.collect::<String>()
        )
    });
    format!(
        "route:\n  receiver: r0\n  group_wait: 0s\n  routes:\n{routes}receivers:\n{}",
        receivers.collect::<String>()
    )
}

/// What was posted for each text.
fn posted(hooks: &Hooks, side: &str, lots: usize) -> Vec<Value> {
    let bodies = wait::until("all webhooks", || {
        let heard = hooks.heard();
        let body = |lot: usize| {
            let path = format!("/{side}/{lot}");
            let heard = heard.iter().find(|heard| heard.path == path)?;
            serde_json::from_str::<Map<String, Value>>(&heard.body).ok()
        };
        (0..lots).map(body).collect::<Option<Vec<_>>>()
    });
    let mut values: Vec<(usize, Value)> = bodies
        .into_iter()
        .flatten()
        .map(|(key, value)| (key[1..].parse().expect("a number"), value))
        .collect();
    values.sort_by_key(|(number, _)| *number);
    values.into_iter().map(|(_, value)| value).collect()
}

/// Why a value is not Alertmanager's; `None` if no reason is known.
fn reason(ours: &Value, theirs: &Value) -> Option<Reason> {
    match (ours, theirs) {
        _ if ours == theirs => Some(Reason::None),
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let pairs = ours.iter().zip(theirs);
            pairs
                .map(|(ours, theirs)| inner(ours, theirs))
                .collect::<Option<Vec<_>>>()?;
            Some(Reason::ReadTwice)
        }
        (Value::Object(ours), Value::Object(theirs)) if ours.len() == theirs.len() => {
            for (key, value) in ours {
                inner(value, theirs.get(key)?)?;
            }
            Some(Reason::ReadTwice)
        }
        (Value::String(text), _) if says_less(theirs, text) => Some(Reason::WouldLose),
        (_, Value::String(text)) if text.contains('?') && text.contains(['[', '{']) => {
            Some(Reason::QuestionMark)
        }
        _ => None,
    }
}

/// The same within a value: a text there may have been read once more.
fn inner(ours: &Value, theirs: &Value) -> Option<Reason> {
    if let Value::String(text) = ours
        && !theirs.is_string()
        && let Some(read) = parse_rendered(text)
    {
        return reason(&json_of(&read), theirs);
    }
    reason(ours, theirs)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// They are equal.
    None,
    /// Texts within the value were read once more.
    ReadTwice,
    /// The value lacks something that the text has.
    WouldLose,
    /// A plain text within brackets has a question mark, which YAML allows and Alertmanager's library
    /// does not.
    QuestionMark,
}

/// Whether the text has letters that the value lacks, or a whole number has become one that is only near
/// it.
fn says_less(value: &Value, text: &str) -> bool {
    match value {
        Value::String(_) => false,
        Value::Number(number) if number.is_f64() => true,
        // Null is the word for it, or nothing.
        Value::Null => !matches!(text.trim(), "" | "~" | "null" | "Null" | "NULL"),
        value => letters_in(value) < letters(text),
    }
}

/// The letters that say something: what YAML and JSON write around them does not count.
fn letters(text: &str) -> usize {
    let counts = |c: &char| !c.is_whitespace() && !"[]{},:\"'-|>".contains(*c);
    text.chars().filter(counts).count()
}

fn letters_in(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        // The shortest words for it are y and n.
        Value::Bool(_) => 1,
        Value::Number(number) => letters(&number.to_string()),
        Value::String(text) => letters(text),
        Value::Array(items) => items.iter().map(letters_in).sum(),
        Value::Object(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| letters(key) + letters_in(value))
                .sum()
        }
    }
}

fn json_of(payload: &Payload) -> Value {
    match payload {
        Payload::Null => Value::Null,
        Payload::Bool(truth) => json!(truth),
        Payload::Integer(number) => match u64::try_from(*number) {
            Ok(number) => json!(number),
            Err(_) => json!(i64::try_from(*number).expect("64 bits")),
        },
        Payload::Float(number) => json!(number),
        Payload::Text(text) | Payload::PlainText(text) => json!(text),
        Payload::List(items) => items.iter().map(json_of).collect(),
        Payload::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| (key.clone(), json_of(value)))
                .collect()
        }
    }
}

#[test]
fn both_daemons_read_the_same_values_out_of_texts() {
    let Some(peers) = Peers::find("both_daemons_read_the_same_values_out_of_texts") else {
        return;
    };
    let texts = texts();
    let hooks = Hooks::start(Clock::start());
    let [ours, theirs] = ["ours", "theirs"].map(|side| configuration(&texts, hooks.port(), side));
    let pair = Pair::start_each(&peers, [&ours, &theirs], &[]);
    let annotations = texts
        .iter()
        .enumerate()
        .filter(|(number, _)| is_annotation(*number));
    let annotations: Map<String, Value> = annotations
        .map(|(number, text)| (format!("a{number}"), json!(text)))
        .collect();
    let alerts = json!([{"labels": {"alertname": "Texts"}, "annotations": annotations}]);
    for daemon in [&pair.ours, &pair.theirs] {
        let answer = Request::post("/api/v2/alerts", &alerts).send(daemon.address());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let lots = texts.len().div_ceil(AT_ONCE);
    let [ours, theirs] = ["ours", "theirs"].map(|side| posted(&hooks, side, lots));

    let (mut differences, mut kept, mut values) = (Vec::new(), 0, 0);
    for (text, (ours, theirs)) in texts.iter().zip(ours.iter().zip(&theirs)) {
        values += usize::from(!ours.is_string());
        match reason(ours, theirs) {
            Some(Reason::WouldLose) => kept += 1,
            Some(_) => {}
            None => differences.push(format!("{text:?}\n  ours   {ours}\n  theirs {theirs}")),
        }
    }
    differences.sort_by_key(String::len);
    assert!(
        differences.is_empty(),
        "{} differ without a reason:\n{}",
        differences.len(),
        differences.join("\n")
    );
    let proved = [values, texts.len() - values, kept];
    assert!(
        proved
            .iter()
            .zip(ENOUGH)
            .all(|(proved, enough)| *proved >= enough),
        "values, texts and texts that a value would cut: {proved:?}"
    );
}
