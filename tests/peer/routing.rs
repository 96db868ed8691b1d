//! Tests of random trees of routes with random alerts: both daemons send each alert to the same receivers and
//! put it into the same groups.
//!
//! Both daemons get one configuration per seed: many trees side by side, each below a route that matches the
//! alerts marked for it. One request posts all alerts, and two requests read all results.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::client::Request;
use crate::pair::Pair;
use crate::peers::Peers;
use crate::random::Choices;
use crate::wait;

/// Configurations, each with daemons of its own.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Trees of each configuration.
const TREES: usize = 40;

/// Alerts for each tree.
const ALERTS: usize = 60;

/// Levels of routes below the one that marks the tree.
const DEPTH: usize = 4;

/// Labels that routes ask for and alerts have.
const NAMES: [&str; 8] = [
    "team",
    "severity",
    "job",
    "instance",
    "_under",
    "dotted.name",
    "größe",
    "with space",
];

/// How many of them are classic names, the only ones that `match` and `match_re` take.
const CLASSIC: usize = 5;

const VALUES: [&str; 14] = [
    "",
    "a",
    "ab",
    "b",
    "c",
    "A",
    "7",
    "grün",
    "a b",
    "a.b",
    "x\ny",
    "say \"x\"",
    "back\\n",
    "{a}",
];

const PATTERNS: [&str; 26] = [
    "",
    ".*",
    ".+",
    "a|b",
    "a.*",
    "[a-c]+",
    "(?i)a",
    "\\w+",
    "\\d*",
    "gr.n",
    "a\\.b",
    "^a$",
    ".",
    "a?",
    "(a|ab)(c|)",
    "x.y",
    "(?s)x.y",
    "\\pL+",
    "[^a]",
    "\\S+",
    "a\\b.*",
    ".*\"x\"",
    "{a}",
    "back\\\\n",
    "|a",
    "(?:a|7){1,2}",
];

const RECEIVERS: [&str; 6] = ["r0", "r1", "r2", "r3", "r 4", "fünf"];

/// A route that is no root, with everything below it.
fn route(choices: &mut Choices, levels: usize) -> Value {
    let mut route = json!({});
    if choices.happens(70) {
        route["receiver"] = json!(choices.one_of(&RECEIVERS));
    }
    if choices.happens(35) {
        route["continue"] = json!(true);
    }
    add_group_by(&mut route, choices);
    add_matchers(&mut route, choices);
    if levels > 1 {
        let count = choices.below(4);
        let below: Vec<_> = (0..count)
            .map(|_| self::route(choices, levels - 1))
            .collect();
        route["routes"] = json!(below);
    }
    route
}

fn add_group_by(route: &mut Value, choices: &mut Choices) {
    match choices.below(10) {
        0 => route["group_by"] = json!(["..."]),
        1 => route["group_by"] = json!([]),
        2..6 => route["group_by"] = json!(choices.some_of(&NAMES, 30)),
        _ => {}
    }
}

/// Up to two matchers, in each of the three ways to write them.
fn add_matchers(route: &mut Value, choices: &mut Choices) {
    let (mut equal, mut regex, mut texts) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for _ in 0..choices.below(3) {
        let classic = choices.one_of(&NAMES[..CLASSIC]);
        match choices.below(5) {
            0 => {
                equal.insert(classic, choices.one_of(&VALUES));
            }
            1 => {
                regex.insert(classic, choices.one_of(&PATTERNS));
            }
            _ => texts.push(matcher(choices.one_of(&NAMES), choices)),
        }
    }
    route["match"] = json!(equal);
    route["match_re"] = json!(regex);
    route["matchers"] = json!(texts);
}

/// Quoted as JSON quotes, which both parsers of matchers can read, if not always alike.
fn matcher(name: &str, choices: &mut Choices) -> String {
    let operator = choices.one_of(&["=", "!=", "=~", "!~"]);
    let value = if operator.contains('~') {
        choices.one_of(&PATTERNS)
    } else {
        choices.one_of(&VALUES)
    };
    let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase());
    let name = if is_plain && choices.happens(80) {
        name.to_owned()
    } else {
        json!(name).to_string()
    };
    let space = choices.one_of(&["", "", " "]);
    format!("{name}{space}{operator}{space}{}", json!(value))
}

/// A configuration with many trees. JSON is YAML too, and needs no care with quotes.
fn configuration(choices: &mut Choices) -> String {
    let trees: Vec<Value> = (0..TREES)
        .map(|number| {
            let mut tree = route(choices, DEPTH);
            tree["match"] = json!({"tree": number.to_string()});
            tree["match_re"] = json!({});
            tree["matchers"] = json!([]);
            // A tree of one route would test nothing.
            let first: Vec<_> = (0..4).map(|_| route(choices, DEPTH)).collect();
            tree["routes"] = json!(first);
            tree
        })
        .collect();
    let receivers: Vec<_> = RECEIVERS.iter().map(|name| json!({"name": name})).collect();
    json!({
        "route": {
            "receiver": "r0",
            "group_by": ["team", "dotted.name"],
            "group_wait": "1h",
            "routes": trees,
        },
        "receivers": receivers,
    })
    .to_string()
}

fn alerts(choices: &mut Choices) -> Value {
    let alert = |number: usize, choices: &mut Choices| {
        let mut labels = BTreeMap::from([
            ("alertname", format!("n{number}")),
            ("tree", (number % TREES).to_string()),
        ]);
        for name in choices.some_of(&NAMES, 45) {
            labels.insert(name, choices.one_of(&VALUES).to_owned());
        }
        json!({
            "labels": labels,
            "startsAt": "2025-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z",
        })
    };
    (0..TREES * ALERTS)
        .map(|number| alert(number, choices))
        .collect()
}

/// What both answer, ours first, without the times of the alerts' arrival.
fn ask(pair: &Pair, request: &Request) -> [Vec<Value>; 2] {
    [&pair.ours, &pair.theirs].map(|daemon| {
        let answer = request.send(daemon.address());
        assert_eq!(answer.status, 200, "{}", answer.text());
        match answer.json() {
            Some(Value::Array(mut all)) => {
                all.iter_mut().for_each(forget_updates);
                all
            }
            _ => Vec::new(),
        }
    })
}

fn forget_updates(item: &mut Value) {
    let item = item.as_object_mut().expect("alerts and groups are objects");
    item.remove("updatedAt");
    if let Some(Value::Array(alerts)) = item.get_mut("alerts") {
        alerts.iter_mut().for_each(forget_updates);
    }
}

fn assert_equal(seed: u64, what: &str, [ours, theirs]: &[Vec<Value>; 2]) {
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours, theirs, "seed {seed}: ours, then Alertmanager's");
    }
    assert_eq!(ours.len(), theirs.len(), "seed {seed}: {what}");
}

/// Groups of equal labels and receivers come in any order, which nothing in them tells.
fn in_order(mut groups: Vec<Value>) -> Vec<Value> {
    groups.sort_by_cached_key(|group| {
        let alerts = group["alerts"].to_string();
        (
            group["labels"].to_string(),
            group["receiver"].to_string(),
            alerts,
        )
    });
    groups
}

fn has_many_receivers(alert: &Value) -> bool {
    alert["receivers"]
        .as_array()
        .is_some_and(|all| all.len() > 2)
}

/// How many different alerts are in these groups.
fn alerts_in(groups: &[Value]) -> usize {
    let alerts = groups.iter().filter_map(|group| group["alerts"].as_array());
    let names: BTreeSet<_> = alerts
        .flatten()
        .map(|alert| alert["fingerprint"].as_str())
        .collect();
    names.len()
}

fn labels_and_receiver(group: &Value) -> String {
    format!("{} to {}", group["labels"], group["receiver"])
}

#[test]
fn alerts_take_the_same_routes_to_the_same_groups() {
    let test = "alerts_take_the_same_routes_to_the_same_groups";
    let Some(peers) = Peers::find(test) else {
        return;
    };
    for seed in SEEDS {
        let mut choices = Choices::seeded(seed);
        let pair = Pair::start(&peers, &configuration(&mut choices), &[]);
        ask(
            &pair,
            &Request::post("/api/v2/alerts", &alerts(&mut choices)),
        );

        let alerts = ask(&pair, &Request::get("/api/v2/alerts"));
        assert_eq!(alerts[0].len(), TREES * ALERTS);
        assert_equal(seed, "alerts", &alerts);
        assert!(alerts[0].iter().any(has_many_receivers), "no route goes on");

        // Alertmanager forms groups a moment after it has taken the alerts.
        let [ours, theirs] = wait::until("groups of all alerts", || {
            let groups = ask(&pair, &Request::get("/api/v2/alerts/groups"));
            let are_whole = groups.iter().all(|all| alerts_in(all) == TREES * ALERTS);
            are_whole.then_some(groups)
        });
        let order =
            |groups: &[Value]| -> Vec<String> { groups.iter().map(labels_and_receiver).collect() };
        assert!(
            order(&ours) == order(&theirs),
            "seed {seed}: the order of groups"
        );
        assert_equal(seed, "groups", &[in_order(ours), in_order(theirs)]);
    }
}
