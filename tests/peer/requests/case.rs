//! Reads the files of requests: blocks of lines with an empty line between them.
//!
//! Owns their format, which `README.md` beside this file describes.

use std::fmt;

use alertwheel::clock::Clock;
use alertwheel::model::{Wall, format_rfc3339_millis, parse_duration};
use regex::{Captures, Regex};

use crate::client::Request;

use super::answer::Side;

/// A request and what it must come to.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The status of both answers, or of ours where they differ.
    pub status: u16,
    /// The comment above.
    pub reason: String,
    /// What must be in our answer.
    pub ours: String,
    /// What must be in Alertmanager's.
    pub theirs: String,
    method: String,
    target: String,
    headers: Vec<String>,
    body: String,
}

/// All requests of a file. Panics at a block that is none.
pub fn read(file: &str) -> Vec<Case> {
    file.split("\n\n").filter_map(read_block).collect()
}

fn read_block(block: &str) -> Option<Case> {
    let mut case = Case::default();
    let mut body = Vec::new();
    for line in block.trim_matches('\n').lines() {
        if case.method.is_empty() {
            if let Some(comment) = line.strip_prefix('#') {
                case.reason.push_str(comment);
            } else {
                case.read_first(line);
            }
        } else if let Some(header) = line.strip_prefix("> ") {
            case.headers.push(header.to_owned());
        } else if let Some(ours) = line.strip_prefix("ours: ") {
            case.ours = ours.to_owned();
        } else if let Some(theirs) = line.strip_prefix("theirs: ") {
            case.theirs = theirs.to_owned();
        } else {
            body.push(line);
        }
    }
    case.body = body.join("\n");
    (!case.method.is_empty()).then_some(case)
}

impl Case {
    fn read_first(&mut self, line: &str) {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let [status, method, target] = words[..] else {
            panic!("a request has a status, a method and a target, unlike {line:?}");
        };
        self.status = status.parse().expect("a status is a number");
        self.method = method.to_owned();
        self.target = target.to_owned();
    }

    /// Whether it may be sent twice.
    pub fn is_get(&self) -> bool {
        self.method == "GET"
    }

    /// The request as it goes to this side, whose ids it names.
    pub fn request(&self, side: &Side) -> Request {
        let mut headers: Vec<(String, String)> = Vec::new();
        let names_type = |header: &String| header.to_lowercase().starts_with("content-type");
        if !self.body.is_empty() && !self.headers.iter().any(names_type) {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        for header in &self.headers {
            // A name without a colon leaves the header out.
            if let Some((name, value)) = header.split_once(':') {
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        Request {
            method: self.method.clone(),
            target: side.fill_in(&with_times(&self.target)),
            headers,
            body: with_bytes(&side.fill_in(&with_times(&self.body))),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.status, self.method, self.target)?;
        for header in &self.headers {
            write!(out, "\n> {header}")?;
        }
        if !self.body.is_empty() {
            write!(out, "\n{}", self.body)?;
        }
        Ok(())
    }
}

/// `<now>`, `<now+5m>` and `<now-1h>` become times.
fn with_times(text: &str) -> String {
    let time = Regex::new(r"<now(?:([+-])(\w+))?>").expect("the pattern is right");
    let now = Clock::start().wall();
    let replaced = time.replace_all(text, |found: &Captures| {
        let at: Wall = match found.get(2) {
            None => now,
            Some(shift) => {
                let shift = parse_duration(shift.as_str()).expect("a shift is a duration");
                if &found[1] == "+" {
                    now + shift
                } else {
                    now - shift
                }
            }
        };
        format_rfc3339_millis(at)
    });
    replaced.into_owned()
}

/// `<byte ff>` becomes that byte, which may be no UTF-8.
fn with_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<byte ") {
        let (byte, after) = after.split_once('>').expect("a byte ends");
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(byte, 16).expect("a byte is two digits"));
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
