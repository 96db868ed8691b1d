//! Normalises the answers of two daemons for comparison.
//!
//! Ids of silences become numbers in the order in which the ids were given out. Times near the present may be
//! a few seconds apart, all others may not. Lists in random order are sorted. Build facts are left out. The
//! reason why a body or a header cannot be parsed is left out too, because each decoder has its own texts.

use std::net::SocketAddr;

use alertwheel::clock::Clock;
use alertwheel::model::Wall;
use serde_json::Value;

use crate::client::Answer;

/// How far apart the daemons may be when they note the time of the same request.
const APART_SECONDS: f64 = 20.0;

/// What counts as near the present: more than `resolve_timeout`, and all that a case asks for.
const NEAR_SECONDS: f64 = 3.0 * 3600.0;

/// Headers that are compared, besides all that begin with `access-control-`.
const HEADERS: [&str; 8] = [
    "allow",
    "cache-control",
    "content-encoding",
    "content-type",
    "location",
    "retry-after",
    "vary",
    "x-content-type-options",
];

/// Stands before what a decoder says, in the framework's object of code and message.
const BECAUSE: &str = ", because ";

/// One of the daemons, and the silences that it made.
#[derive(Debug)]
pub struct Side {
    address: SocketAddr,
    silences: Vec<String>,
}

impl Side {
    /// A daemon that has no silences yet.
    pub fn new(address: SocketAddr) -> Side {
        Side {
            address,
            silences: Vec::new(),
        }
    }

    /// Notes the id in the answer, if one is given out.
    pub fn remember(&mut self, answer: &Answer) {
        let json = answer.json().unwrap_or(Value::Null);
        if let Some(id) = json["silenceID"].as_str()
            && !self.silences.iter().any(|known| known == id)
        {
            self.silences.push(id.to_owned());
        }
    }

    /// `text` with `<silence 0>` and so on replaced by this side's ids.
    pub fn fill_in(&self, text: &str) -> String {
        let numbered = self.silences.iter().enumerate();
        numbered.fold(text.to_owned(), |text, (number, id)| {
            text.replace(&format!("<silence {number}>"), id)
        })
    }

    fn without_ids(&self, text: &str) -> String {
        let text = text.replace(&self.address.to_string(), "ADDRESS");
        let numbered = self.silences.iter().enumerate();
        numbered.fold(text, |text, (number, id)| {
            text.replace(id, &format!("<silence {number}>"))
        })
    }
}

/// Whether the two sides answered alike.
pub fn are_alike(sides: &[Side; 2], [ours, theirs]: &[Answer; 2]) -> bool {
    if ours.status != theirs.status || headers(&sides[0], ours) != headers(&sides[1], theirs) {
        return false;
    }
    match [body(&sides[0], ours), body(&sides[1], theirs)] {
        [Body::Json(ours), Body::Json(theirs)] => is_same(&ours, &theirs),
        bodies => bodies[0] == bodies[1],
    }
}

/// An answer for people.
pub fn render(side: &Side, answer: &Answer) -> String {
    let mut text = answer.status.to_string();
    for (name, value) in headers(side, answer) {
        text.push_str(&format!("\n{name}: {value}"));
    }
    let body = match body(side, answer) {
        Body::Json(json) => json.to_string(),
        Body::Text(body) => format!("{body:?}"),
    };
    format!("{text}\n{body}")
}

#[derive(Debug, PartialEq)]
enum Body {
    Json(Value),
    Text(String),
}

fn headers(side: &Side, answer: &Answer) -> Vec<(String, String)> {
    let weighs = |name: &str| HEADERS.contains(&name) || name.starts_with("access-control-");
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| weighs(name))
        .map(|(name, value)| (name.clone(), in_order(&side.without_ids(value), name)))
        .collect();
    headers.sort();
    headers
}

fn body(side: &Side, answer: &Answer) -> Body {
    let text = side.without_ids(&answer.text());
    match serde_json::from_str(&text) {
        Ok(mut json) => {
            tidy(&mut json);
            Body::Json(json)
        }
        Err(_) => Body::Text(text),
    }
}

/// Alertmanager lists the methods of a path in an order that changes from start to start.
fn in_order(text: &str, header: &str) -> String {
    if header != "allow" {
        return text.to_owned();
    }
    let mut methods: Vec<&str> = text.split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods.join(",")
}

fn tidy(value: &mut Value) {
    match value {
        Value::String(text) => {
            *text = text
                .replace("[POST,GET]", "[GET,POST]")
                .replace("[DELETE,GET]", "[GET,DELETE]");
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                tidy(value);
                match (name.as_str(), value) {
                    ("message", Value::String(text)) if text.starts_with("parsing ") => {
                        let head = text.split(BECAUSE).next().unwrap_or_default();
                        *text = head.to_owned();
                    }
                    ("silencedBy" | "inhibitedBy", Value::Array(ids)) => {
                        ids.sort_by_key(ToString::to_string);
                    }
                    ("versionInfo", Value::Object(build)) => {
                        build.values_mut().for_each(|text| *text = Value::Null);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Equal but for recent times that are a moment apart.
fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let has_same =
                |(name, value)| theirs.get(name).is_some_and(|other| is_same(value, other));
            ours.len() == theirs.len() && ours.iter().all(has_same)
        }
        (Value::String(ours), Value::String(theirs)) => {
            ours == theirs || is_a_moment_apart(ours, theirs)
        }
        _ => ours == theirs,
    }
}

fn is_a_moment_apart(ours: &str, theirs: &str) -> bool {
    let (Ok(a), Ok(b)) = (ours.parse::<Wall>(), theirs.parse::<Wall>()) else {
        return false;
    };
    let now = Clock::start().wall();
    now.duration_until(a).as_secs_f64().abs() < NEAR_SECONDS
        && a.duration_until(b).as_secs_f64().abs() < APART_SECONDS
}
